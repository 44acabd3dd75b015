import mujoco
import numpy as np
import pytest

from bunraku.hands import load_hand
from bunraku.hands.cables import run_arms, wrist_arms
from bunraku.hands.routed import build_routed_hand, capstan_efficiency, routed_arms, runs, slack_runs


@pytest.fixture(scope="module")
def routed():
    hand = load_hand("h22")
    model = build_routed_hand(hand).compile()
    return hand, model, mujoco.MjData(model)


def test_routed_arms_agree_with_the_pulleys_at_rest(routed):
    hand, model, data = routed
    mujoco.mj_resetData(model, data)
    arms = routed_arms(model, data)
    fingers = [i for i, run in enumerate(runs(hand)) if not run.name.startswith("thumb")]
    np.testing.assert_allclose(arms[fingers, 2:], run_arms(hand)[fingers], atol=3e-4)
    np.testing.assert_allclose(arms[:22, :2], wrist_arms(hand), atol=3e-4)


@pytest.mark.parametrize("bend", [0.4, 0.8, 1.2])
def test_bent_extensors_keep_their_arms_and_flexors_bowstring(routed, bend):
    hand, model, data = routed
    mujoco.mj_resetData(model, data)
    data.qpos[2:] = [bend * ("abduction" not in name and "cmc" not in name) for name in hand.joint_names]
    routed_row, pulley_row = routed_arms(model, data)[:, 2:], run_arms(hand)
    column = hand.joint_names.index("index_mcp_flexion")
    names = [run.name for run in runs(hand)]
    flexor, extensor = names.index("index_mcp_flexion_cable"), names.index("index_mcp_flexion_cable_return")
    assert routed_row[extensor, column] == pytest.approx(pulley_row[extensor, column], rel=0.05)
    assert 1.0 < routed_row[flexor, column] / pulley_row[flexor, column] < 1.6


def test_arms_are_the_slope_of_the_length(routed):
    hand, model, data = routed
    rng = np.random.default_rng(0)
    mujoco.mj_resetData(model, data)
    posture = np.array([0.2, -0.1, *(0.3 + 0.1 * rng.uniform(size=hand.dof))])
    data.qpos[:] = posture
    arms = routed_arms(model, data)
    step = rng.normal(size=model.nq) * 1e-6
    lengths = []
    for sign in (1, -1):
        data.qpos[:] = posture + sign * step
        mujoco.mj_forward(model, data)
        lengths.append(data.actuator_length[:44].copy())
    np.testing.assert_allclose(lengths[1] - lengths[0], 2 * arms @ step, atol=1e-10)


def test_runs_can_only_pull_and_go_slack_when_wound_off(routed):
    _, model, data = routed
    mujoco.mj_resetData(model, data)
    mujoco.mj_forward(model, data)
    data.ctrl[:44] = data.actuator_length[:44] + 0.01
    mujoco.mj_step(model, data, 5)
    assert data.actuator_force[:44].max() <= 0
    assert len(slack_runs(model, data)) == 44


def test_capstan_share_at_144_degrees():
    assert capstan_efficiency(np.radians(144), 0.1) == pytest.approx(0.78, abs=0.005)
