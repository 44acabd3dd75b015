from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.control.lying import UPRIGHT_TILT, Lying, lying, pitch, upward

OUTWARD = {Lying.FRONT: [1, 0, 0], Lying.BACK: [-1, 0, 0], Lying.LEFT: [0, 1, 0], Lying.RIGHT: [0, -1, 0]}

orientations = (
    st.tuples(*[st.floats(-1, 1)] * 4)
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: np.array(q) / np.linalg.norm(q))
)


def turned(axis, angle, orientation=(1.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    turn, result = np.empty(4), np.empty(4)
    mujoco.mju_axisAngle2Quat(turn, np.array(axis, float), angle)
    mujoco.mju_mulQuat(result, turn, np.array(orientation, float))
    return result


@given(orientations)
def test_the_side_it_lies_on_is_the_lowest_one(orientation):
    side, down = lying(orientation), -upward(orientation)
    if side is Lying.UPRIGHT:
        assert down[2] <= -np.cos(UPRIGHT_TILT)
    else:
        assert down @ OUTWARD[side] == pytest.approx(max(down @ np.array(axis) for axis in OUTWARD.values()))


@given(orientations, st.floats(-np.pi, np.pi))
def test_where_it_faces_does_not_matter(orientation, heading):
    np.testing.assert_allclose(upward(turned([0, 0, 1], heading, orientation)), upward(orientation), atol=1e-9)


@pytest.mark.parametrize(
    ("axis", "degrees", "side"),
    [
        ([0, 1, 0], 90, Lying.FRONT),
        ([0, 1, 0], -90, Lying.BACK),
        ([1, 0, 0], -90, Lying.LEFT),
        ([1, 0, 0], 90, Lying.RIGHT),
        ([0, 1, 0], 30, Lying.UPRIGHT),
    ],
)
def test_it_knows_the_side_it_was_turned_onto(axis, degrees, side):
    assert lying(turned(axis, np.deg2rad(degrees))) is side


@given(st.floats(-3.0, 3.0))
def test_it_leans_as_far_as_it_was_bent_forward(angle):
    assert pitch(turned([0, 1, 0], angle)) == pytest.approx(angle, abs=1e-6)
