from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.control.stance import Stance
from bunraku.control.walking import FASTEST
from bunraku.house import Block
from bunraku.skills.following import DISTANCE, SLACK, TOO_NEAR, following_velocity
from bunraku.skills.paths import FloorMap
from bunraku.skills.people import Person

OPEN = FloorMap([Block("post", (at, at + 0.1), (at, at + 0.1), (0, 1)) for at in (-8, 8)])


def test_the_open_floor_is_open():
    assert OPEN.is_open(np.zeros(2), np.array([2.0, 2.0]))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.3, 4.0), st.floats(-3.1, 3.1), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.booleans())
def test_it_never_asks_for_more_than_the_legs_can_nor_walks_up_to_somebody_near(distance, bearing, vx, vy, standing):
    place = distance * np.array([np.cos(bearing), np.sin(bearing)])
    velocity = following_velocity(OPEN, Stance(), Person(place, np.array([vx, vy]), 0.0), 0.0, standing)
    assert (np.abs([velocity.forward, velocity.left, velocity.turn]) <= FASTEST + 1e-9).all()
    if distance < TOO_NEAR:
        assert velocity.forward <= 0


@settings(max_examples=30, deadline=None)
@given(st.floats(TOO_NEAR + 0.01, DISTANCE + SLACK - 0.01), st.floats(-0.3, 0.3))
def test_with_somebody_who_stands_it_stands(distance, bearing):
    place = distance * np.array([np.cos(bearing), np.sin(bearing)])
    assert following_velocity(OPEN, Stance(), Person(place, np.zeros(2), 0.0), 0.0, standing=True).is_zero


@settings(max_examples=6, deadline=None)
@given(st.floats(0.2, 0.5))
def test_it_keeps_the_pace_of_whom_it_follows(pace):
    distance, time = DISTANCE, 0.0
    for _ in range(150):
        person = Person(np.array([distance, 0.0]), np.array([pace, 0.0]), time)
        velocity = following_velocity(OPEN, Stance(), person, time, standing=False)
        distance += 0.1 * (pace - velocity.forward)
    assert TOO_NEAR < distance < 2.3
