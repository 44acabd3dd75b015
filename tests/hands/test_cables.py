from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.hands import cable_arms, load_hand
from bunraku.hands.cables import (
    TensionDistribution,
    balancing_tension,
    check_balance,
    crosstalk,
    run_arms,
    wrist_compensation,
)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_tensions_make_the_torque_within_their_limits(seed):
    arms = run_arms(load_hand("h22"))
    torque = np.random.default_rng(seed).normal(0, 0.15, arms.shape[1])
    solution = TensionDistribution(arms, np.full(len(arms), 200.0), least=2.0).solve(torque)
    assert np.all(solution.shortfall == 0) and not solution.slack.any()
    np.testing.assert_allclose(arms.T @ solution.tension, torque, atol=1e-9)
    assert solution.tension.min() >= 2.0 - 1e-9 and solution.tension.max() <= 200.0 + 1e-9


def test_an_impossible_torque_is_reported_as_shortfall():
    arms = run_arms(load_hand("h22"))
    solution = TensionDistribution(arms, np.full(len(arms), 20.0)).solve(np.full(arms.shape[1], 1.0))
    assert solution.shortfall.max() > 0.5
    assert solution.tension.max() <= 20.0 + 1e-6
    assert solution.slack.any()


def test_two_runs_per_joint_make_torques_that_n_plus_one_cables_cannot():
    rng = np.random.default_rng(0)
    torques = rng.normal(0, 0.15, (60, 22))
    shares = {}
    for name in ("h22", "h22-n1"):
        arms = run_arms(load_hand(name))
        distribution = TensionDistribution(arms, np.full(len(arms), 60.0))
        shares[name] = np.mean([not distribution.solve(torque).shortfall.any() for torque in torques])
    assert shares["h22"] > shares["h22-n1"]


@pytest.mark.parametrize("name", ["h22", "h22-n1", "h22-palm"])
def test_balancing_tension_is_positive_and_turns_nothing(name):
    arms = run_arms(load_hand(name))
    tension = balancing_tension(arms)
    assert tension is not None and tension.min() > 0
    np.testing.assert_allclose(arms.T @ tension, 0, atol=1e-9)


def test_equal_extensor_arms_cannot_balance():
    hand = load_hand("h22-n1")
    cables = tuple(
        replace(c, arms={"index_mcp_flexion": -0.01, "index_pip": -0.01, "index_dip": -0.02})
        if c.name == "index_extensor_cable"
        else c
        for c in hand.cables
    )
    with pytest.raises(UserError, match="cannot balance"):
        check_balance(replace(hand, cables=cables))


def test_wrist_compensation_cancels_the_crosstalk_of_loops():
    hand = load_hand("h22")
    wrist = np.array([0.7, -0.2])
    moved = crosstalk(hand, wrist)
    assert np.abs(moved).max() > 0.1
    np.testing.assert_allclose(cable_arms(hand) @ moved + wrist_compensation(hand, wrist), 0, atol=1e-12)
    assert not wrist_compensation(load_hand("h22-palm"), wrist).any()
