from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunraku.control.stance import Stance, stance_of, wrapped
from bunraku.robot import RobotSpec, standing_configuration

metres = st.floats(-10, 10)
stances = st.builds(Stance, metres, metres, st.floats(-3, 3))


def as_array(stance: Stance) -> np.ndarray:
    return np.array([stance.x, stance.y, np.cos(stance.yaw), np.sin(stance.yaw)])


@given(stances, stances)
def test_going_there_and_back_leads_home(first, second):
    np.testing.assert_allclose(as_array(first.then(first.inverse)), as_array(Stance()), atol=1e-9)
    there = first.then(second)
    np.testing.assert_allclose(as_array(there.then(second.inverse)), as_array(first), atol=1e-8)


@given(stances, stances)
def test_a_point_may_be_moved_in_one_step_or_in_two(first, second):
    point = np.array([0.3, -0.7, 1.1])
    np.testing.assert_allclose(first.then(second).point(point), first.point(second.point(point)), atol=1e-8)


@given(stances)
def test_a_moved_robot_stands_where_it_was_moved_to(stance):
    standing = standing_configuration(RobotSpec())
    moved = stance_of(stance.configuration(standing))
    here = stance.point(np.array([*standing[:2], 0.0]))
    np.testing.assert_allclose(moved.position, here[:2], atol=1e-9)
    assert abs(wrapped(moved.yaw - stance.yaw)) < 1e-9


def test_the_first_stance_changes_nothing_to_the_last_bit():
    standing = standing_configuration(RobotSpec())
    assert (Stance().configuration(standing) == standing).all()
    assert (Stance().inverse.configuration(standing) == standing).all()
