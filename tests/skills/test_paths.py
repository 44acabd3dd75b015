from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.control.stance import Stance
from bunraku.house import Block, blocks
from bunraku.skills.paths import CELL, RADIUS, FloorMap


@pytest.fixture(scope="module")
def house() -> FloorMap:
    return FloorMap(blocks())


def test_a_way_from_the_living_room_to_the_kitchen_keeps_clear_of_everything(house):
    route = house.route(np.array([-4.4, 0.4]), np.array([-0.4, 0.0]))
    assert route is not None
    assert min(house.clearance(point) for point in route) >= RADIUS - CELL
    assert np.hypot(*np.diff(route, axis=0).T).max() < 3 * CELL
    assert np.hypot(*np.diff(route, axis=0).T).sum() < 5.5


places = st.tuples(st.floats(-7.5, 3.0), st.floats(-2.9, 6.0)).map(np.array)


@given(places, places)
@settings(max_examples=25, deadline=None)
def test_there_is_a_way_back_wherever_there_is_one_there(house, start, goal):
    there, back = house.route(start, goal), house.route(goal, start)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        np.testing.assert_allclose(there[[0, -1]], [start, goal])
        assert min(house.clearance(point) for point in there) >= RADIUS - CELL


def test_a_person_in_the_doorway_closes_it_and_one_beside_the_way_moves_it(house):
    start, goal = np.array([-4.4, 0.8]), np.array([-0.2, -0.2])
    assert house.route(start, goal, [np.array([-3.15, 0.75])]) is None
    person = np.array([-0.9, -0.7])
    route = house.route(start, goal, [person])
    assert route is not None
    assert np.hypot(*(route - person).T).min() > 0.6


def test_nobody_stands_in_furniture_and_everybody_may_leave_it_backwards(house):
    assert not house.fits(Stance(0.5, 0.0, 0.0))
    assert house.nearest(np.array([0.5, 0.0])) == "counter"
    assert house.nearest(np.array([-1.75, 1.0])) == "wall"
    at_the_counter = Stance(0.0, 0.0, 0.0)
    assert house.fits(at_the_counter)
    gateway = house.gateway(at_the_counter)
    assert gateway is not None and gateway[0] < -0.1
    assert not house.fits(Stance(100.0, 0.0, 0.0))


def test_a_closed_room_has_no_way_out():
    walls = [
        Block("wall", (-1, -0.9), (-1, 1), (0, 2)),
        Block("wall", (0.9, 1), (-1, 1), (0, 2)),
        Block("wall", (-1, 1), (-1, -0.9), (0, 2)),
        Block("wall", (-1, 1), (0.9, 1), (0, 2)),
        Block("far", (3, 3.1), (-1, 1), (0, 2)),
    ]
    floor = FloorMap(walls)
    assert floor.route(np.zeros(2), np.array([2.0, 0.0])) is None
    assert floor.route(np.zeros(2), np.array([0.3, 0.0])) is not None
