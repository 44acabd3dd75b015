from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.sim.liquid import Cup, Liquid

CUP = Cup(0.036, 0.089)
STEP = 0.004
UPRIGHT = np.eye(3)


def after(liquid: Liquid, seconds: float, rotation=UPRIGHT, acceleration=(0.0, 0.0, 0.0)) -> Liquid:
    for i in range(round(seconds / STEP)):
        liquid.move(rotation, i * STEP * np.array(acceleration), STEP)
    return liquid


def test_a_cup_swings_as_often_as_cups_of_coffee_do():
    assert 2.6 < CUP.frequency / (2 * np.pi) < 4.3


@settings(max_examples=10, deadline=None)
@given(st.floats(-np.pi, np.pi), st.floats(0.0, 3.0))
def test_at_rest_or_at_an_even_speed_nothing_moves(heading, speed):
    liquid, velocity = Liquid(CUP), speed * np.array([np.cos(heading), np.sin(heading), 0.0])
    for _ in range(100):
        liquid.move(np.eye(3), velocity, STEP)
    assert liquid.highest == pytest.approx(0, abs=1e-12) and not liquid.spilled


@settings(max_examples=10, deadline=None)
@given(st.floats(0.02, 0.5), st.floats(-np.pi, np.pi))
def test_in_a_tilted_cup_the_surface_comes_to_lie_level(tilt, about):
    rotation = Rotation.from_rotvec(tilt * np.array([np.cos(about), np.sin(about), 0.0])).as_matrix()
    liquid = after(Liquid(CUP), 12.0, rotation)
    level = rotation.T @ [0, 0, 1]
    # The surface z = slope · (x, y) has the vertical as its normal.
    assert np.allclose(liquid.slope, -level[:2] / level[2], atol=0.01)


def test_a_steady_push_tilts_the_surface_as_the_felt_gravity_says():
    liquid = after(Liquid(CUP), 12.0, acceleration=(1.0, 0.0, 0.0))
    assert liquid.slope == pytest.approx([-1.0 / 9.81, 0.0], abs=0.002)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.5, 6.0))
def test_a_fuller_cup_never_spills_less(acceleration):
    fates = [
        after(Liquid(Cup(0.036, 0.089, freeboard)), 2.0, acceleration=(acceleration, 0, 0))
        for freeboard in (0.004, 0.02)
    ]
    assert fates[0].spilled >= fates[1].spilled


def test_shaken_at_its_own_pace_it_spills_though_the_push_is_small():
    liquid, pace = Liquid(CUP), CUP.frequency
    for i in range(1500):
        liquid.move(np.eye(3), np.array([0.6 / pace * np.sin(pace * i * STEP), 0, 0]), STEP)
    assert liquid.spilled
    assert not after(Liquid(CUP), 3.0, acceleration=(0.6, 0, 0)).spilled


def test_upside_down_it_is_empty():
    assert after(Liquid(CUP), 0.1, np.diag([1.0, -1.0, -1.0])).spilled
