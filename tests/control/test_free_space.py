from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bunraku.control.free_space import ARMS, FreeSpace, Standing
from bunraku.control.reach import Pose, ReachPlanner
from bunraku.robot import RobotSpec
from bunraku.runtime import furniture

CHECKS = 40


@pytest.fixture(scope="module")
def planner() -> ReachPlanner:
    return ReachPlanner(RobotSpec(), furniture())


def over_the_counter(planner: ReachPlanner, x: float = 0.5, y: float = -0.1) -> np.ndarray:
    """The right hand above the counter, its fingers pointing forwards."""
    pose = Pose(np.array([x, y, 1.05]), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]))
    solution = planner.solve("right", pose)
    assert solution.reached
    return solution.configuration


def rooms_along(space: FreeSpace, knots: list[np.ndarray]) -> np.ndarray:
    shares = np.linspace(0, 1, CHECKS)[:, None]
    return np.array([space.room(q) for a, b in pairwise(knots) for q in a + shares * (b - a)])


def test_the_arms_are_where_the_robot_has_them():
    names = [joint.name for joint in RobotSpec().joints]
    for side, arm in ARMS.items():
        assert all(name.startswith(side) for name in names[arm.start - 7 : arm.stop - 7])


def test_a_free_way_is_straight(planner):
    goal = over_the_counter(planner)
    way = FreeSpace(planner, "right").way(planner.nominal, goal)
    assert way is not None and len(way) == 1
    np.testing.assert_array_equal(way[0], goal)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.22, 0.40), st.floats(-0.35, -0.05), st.floats(0.05, 0.11), st.integers(0, 5))
def test_a_way_keeps_clear_of_what_stands_in_it(planner, x, y, width, seed):
    box = Standing(np.array([x, y, 1.02]), np.array([width / 2, width / 2, 0.12]), 0.3)
    space = FreeSpace(planner, "right", [box])
    start, goal = planner.nominal, over_the_counter(planner)
    way = space.way(start, goal, seed)
    assume(way is not None)
    least = np.minimum(0.0, np.minimum(space.room(start), space.room(goal)))
    assert (rooms_along(space, [start, *way]) > least - 0.01).all()


def test_a_box_in_the_straight_way_is_gone_around(planner):
    start, goal = planner.nominal, over_the_counter(planner)
    middle = planner.palm((start + goal) / 2, "right").position
    space = FreeSpace(planner, "right", [Standing(middle + [0.05, 0, -0.05], np.full(3, 0.06))])
    assert rooms_along(space, [start, goal]).min() < -0.02
    way = space.way(start, goal)
    assert way is not None and len(way) > 1


def test_room_shrinks_as_a_thing_comes_nearer(planner):
    hand = planner.palm(planner.nominal, "right").position
    rooms = [
        FreeSpace(planner, "right", [Standing(hand + [d, 0, 0], np.full(3, 0.02), round=True)]).room(planner.nominal)[
            -4
        ]
        for d in (0.6, 0.45, 0.3)
    ]
    assert rooms[0] > rooms[1] > rooms[2]


def test_what_is_carried_stays_upright(planner):
    palm = planner.palm(planner.nominal, "right")
    upright = palm.rotation.T @ [0, 0, 1]
    space = FreeSpace(planner, "right", upright=upright)
    goal = planner.nominal.copy()
    goal[ARMS["right"].stop - 3] += 1.0
    way = space.way(planner.nominal, goal)
    assert way is not None
    tilts = []
    for q in np.linspace(planner.nominal, way[0], 10):
        space.room(q)
        tilts.append(space.tilt())
    assert max(tilts) < 0.7 + max(tilts[0], tilts[-1])
