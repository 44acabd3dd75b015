from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.control.steps import (
    Gait,
    Progress,
    Velocity,
    nominal_foothold,
    nominal_offset,
    plan_step,
)

GAIT, OMEGA = Gait(), 3.2
sides = st.sampled_from([1.0, -1.0])
velocities = st.builds(Velocity, st.floats(-0.4, 0.6), st.floats(-0.15, 0.15), st.floats(-0.6, 0.6))


@given(velocity=velocities, side=sides)
def test_two_mirrored_walks_have_mirrored_footholds(velocity, side):
    mirrored = Velocity(velocity.forward, -velocity.left, -velocity.turn)
    foothold, yaw = nominal_foothold(GAIT, velocity, side)
    other, other_yaw = nominal_foothold(GAIT, mirrored, -side)
    np.testing.assert_allclose(foothold, other * [1, -1], atol=1e-12)
    assert yaw == pytest.approx(-other_yaw)


@given(forward=st.floats(-0.4, 0.5), side=sides)
def test_the_nominal_offset_makes_a_straight_gait_periodic(forward, side):
    velocity = Velocity(forward)
    first, _ = nominal_foothold(GAIT, velocity, side)
    second, _ = nominal_foothold(GAIT, velocity, -side)
    offset = nominal_offset(GAIT, velocity, side, OMEGA)
    later = offset * np.exp(OMEGA * GAIT.duration) - second
    np.testing.assert_allclose(later, nominal_offset(GAIT, velocity, -side, OMEGA), atol=1e-3)
    assert abs(first[1]) >= GAIT.narrowest


@settings(max_examples=100, deadline=None)
@given(
    velocity=velocities,
    side=sides,
    dcm=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    elapsed=st.floats(0.0, 0.6),
)
def test_every_step_is_within_the_legs_and_the_feet(velocity, side, dcm, elapsed):
    swing = np.array([0.0, side * GAIT.width])
    step = plan_step(GAIT, velocity, side, OMEGA, Progress(elapsed, np.array(dcm), swing))
    assert abs(step.foothold[0]) <= GAIT.longest_step
    assert GAIT.narrowest - 1e-9 <= side * step.foothold[1] <= GAIT.widest + 1e-9
    assert step.duration > elapsed
    assert abs(step.pressure[0]) <= GAIT.act_half_length
    assert abs(step.pressure[1]) <= GAIT.act_half_width
    assert step.cost >= 0


@given(side=sides, shove=st.floats(0.08, 0.15))
def test_pushed_towards_the_swing_foot_it_steps_wider(side, shove):
    swing = np.array([0.0, side * GAIT.width])
    offset = nominal_offset(GAIT, Velocity(), side, OMEGA)
    at_rest = (np.array([0, side * GAIT.width]) + offset) * np.exp(-OMEGA * (GAIT.duration - 0.2))
    calm = plan_step(GAIT, Velocity(), side, OMEGA, Progress(0.2, at_rest, swing))
    shoved = plan_step(GAIT, Velocity(), side, OMEGA, Progress(0.2, at_rest + np.array([0, side * shove]), swing))
    assert side * shoved.foothold[1] > side * calm.foothold[1] + 0.02
    assert calm.cost < shoved.cost
    np.testing.assert_allclose(calm.foothold, swing, atol=0.01)


@settings(deadline=None)
@given(side=sides, elapsed=st.floats(0.3, 0.7), drift=st.floats(-0.05, 0.05))
def test_a_foot_that_must_land_now_goes_where_the_dcm_went(side, elapsed, drift):
    """A late foot has no time to choose: the duration is given, and only the foothold answers."""
    swing = np.array([0.0, side * 0.25])
    dcm = swing + nominal_offset(GAIT, Velocity(), side, OMEGA) + [drift, 0.0]
    step = plan_step(GAIT, Velocity(), side, OMEGA, Progress(elapsed, dcm, swing), lasting=elapsed + 0.02)
    assert step.duration == elapsed + 0.02
    assert step.foothold[0] == pytest.approx(drift, abs=0.02)
