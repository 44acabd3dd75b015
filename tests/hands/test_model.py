import mujoco
import numpy as np
import pytest

from bunraku.hands import build_hand, cable_arms, load_hand


@pytest.fixture(params=["right", "left"])
def hand_model(request):
    hand = load_hand("h22")
    return hand, request.param, build_hand(hand, request.param).compile()


def test_order_of_joints_and_cables_is_the_specs(hand_model):
    hand, side, model = hand_model
    assert hand.dof == 22
    assert [model.joint(i).name for i in range(model.njnt)] == [f"{side}_{name}" for name in hand.joint_names]
    assert [model.actuator(i).name for i in range(model.nu)] == [f"{side}_{name}" for name in hand.cable_names]
    assert sum(model.body_mass) == pytest.approx(hand.mass)


def test_cable_length_and_torque_follow_the_arms(hand_model):
    hand, _, model = hand_model
    arms = cable_arms(hand)
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    data.qpos[:] = rng.uniform(*model.jnt_range.T)
    data.ctrl[:] = arms @ data.qpos + rng.uniform(-5e-4, 5e-4, len(arms))
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.ten_length, arms @ data.qpos, atol=1e-9)
    assert np.abs(data.actuator_force).max() > 1
    np.testing.assert_allclose(data.qfrc_actuator, arms.T @ data.actuator_force, atol=1e-9)
    np.testing.assert_allclose(data.sensordata, data.actuator_force)


def test_left_hand_mirrors_the_right():
    hand = load_hand("h22")
    tips = {}
    posture = np.random.default_rng(1).uniform(0, 0.6, hand.dof)
    for side in ("right", "left"):
        model = build_hand(hand, side).compile()
        data = mujoco.MjData(model)
        data.qpos[:] = posture
        mujoco.mj_kinematics(model, data)
        tips[side] = np.array([data.site(f"{side}_{digit.name}_tip").xpos for digit in hand.digits])
    np.testing.assert_allclose(tips["left"] * [1, -1, 1], tips["right"], atol=1e-12)


def test_a_free_swing_keeps_its_energy():
    spec = build_hand(load_hand("h22"))
    spec.option.timestep = 2e-4
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
    spec.option.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_ACTUATION | mujoco.mjtDisableBit.mjDSBL_CONTACT
    model = spec.compile()
    model.dof_damping[:] = 0
    data = mujoco.MjData(model)
    data.qpos[:] = model.jnt_range.mean(1)
    mujoco.mj_forward(model, data)
    start = data.energy.sum()
    lowest = data.energy[0]
    for _ in range(1000):
        mujoco.mj_step(model, data)
        lowest = min(lowest, data.energy[0])
    assert np.all((data.qpos > model.jnt_range[:, 0]) & (data.qpos < model.jnt_range[:, 1]))
    swung = data.energy[1]
    assert swung > 1e-4
    assert abs(data.energy.sum() - start) < 1e-3 * swung
