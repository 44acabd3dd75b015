from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.control.falling import POSTURES, Fall, is_lost
from bunraku.control.getting_up import Move, curled, fist, posture
from bunraku.control.lying import Lying
from bunraku.hands import load_hand
from bunraku.robot import JOINTS, HandReading, ImuReading, JointReading, Observation
from bunraku.robot.interface import FootReading
from bunraku.tasks.falling import fall


def tilted(axis, angle, rate=0.0) -> Observation:
    """What the robot reads when it is tilted about a level `axis` (3,) of the pelvis, and turning about it."""
    quaternion, nothing = np.empty(4), np.zeros(22)
    axis = np.array(axis, float) / np.linalg.norm(axis)
    mujoco.mju_axisAngle2Quat(quaternion, axis, angle)
    hand = HandReading(0.0, nothing, nothing, nothing)
    return Observation(
        time=0.0,
        joints=JointReading(0.0, np.zeros(len(JOINTS)), np.zeros(len(JOINTS))),
        left_hand=hand,
        right_hand=hand,
        imu=ImuReading(0.0, quaternion, rate * axis, np.array([0, 0, 9.81])),
        feet=FootReading(0.0, np.zeros((2, 6))),
    )


level_axes = st.floats(-np.pi, np.pi).map(lambda heading: (np.cos(heading), np.sin(heading), 0.0))


@given(level_axes, st.floats(0, np.deg2rad(14)), st.floats(-10, 10))
def test_nearly_upright_nothing_is_lost_yet(axis, tilt, rate):
    assert not is_lost(tilted(axis, tilt, rate))


@given(level_axes, st.floats(np.deg2rad(41), np.deg2rad(170)), st.floats(0, 3))
def test_tilted_beyond_return_all_is_lost(axis, tilt, rate):
    assert is_lost(tilted(axis, tilt, rate))


@given(level_axes, st.floats(np.deg2rad(16), np.deg2rad(39)))
def test_coming_back_up_is_no_fall(axis, tilt):
    assert not is_lost(tilted(axis, tilt, -2.0))


@pytest.mark.parametrize(
    ("axis", "side"),
    [([0, 1, 0], Lying.FRONT), ([0, -1, 0], Lying.BACK), ([-1, 0, 0], Lying.LEFT), ([1, 0, 0], Lying.RIGHT)],
)
def test_it_knows_what_it_falls_onto(spec, axis, side):
    falling = Fall(spec, 0.004, tilted(axis, 0.5, 2.0))
    assert falling.side is side
    assert side.value in falling.sentence


@pytest.mark.parametrize("side", POSTURES)
def test_every_side_is_met_with_bent_knees(spec, side):
    angles = posture(spec, Move("fall", POSTURES[side], 1.0))
    assert angles[JOINTS.index("left_knee")] > 1.0
    assert angles[JOINTS.index("right_knee")] > 1.0


def test_it_is_still_only_after_it_has_lain_calm_for_a_while(spec):
    falling = Fall(spec, 0.1, tilted([0, 1, 0], 0.6, 2.0))
    lying, turning = tilted([0, 1, 0], np.pi / 2), tilted([0, 1, 0], np.pi / 2, 1.0)
    for observation in [*[lying] * 4, turning, *[lying] * 5]:
        falling.compute(observation)
        assert not falling.still
    for _ in range(5):
        falling.compute(lying)
    assert falling.still
    assert "still" in falling.sentence


@given(st.lists(st.floats(0, 1.5), min_size=22, max_size=22))
def test_fingers_curl_without_opening_what_they_hold(angles):
    closed = fist(load_hand("h22"))
    held = np.array(angles)
    target = curled(closed, held).position
    flexing = closed.position > 0
    assert (target[flexing] >= np.maximum(held, closed.position)[flexing] - 1e-12).all()
    assert replace(closed, position=target).tension_limit is closed.tension_limit


def test_a_guarded_fall_spares_the_head_and_ends_in_lying_still():
    guarded = fall(0, "guarded")
    assert guarded.side is not None
    assert guarded.still is not None
    assert (guarded.speed["head"] or 0.0) < 2.5
