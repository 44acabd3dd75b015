from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.control.inverse_dynamics import InverseDynamics, Tasks
from bunraku.control.nominal import NominalModel
from bunraku.robot import RobotSpec, standing_configuration

SPEC = RobotSpec()
NOMINAL = NominalModel(SPEC)
INVERSE = InverseDynamics(SPEC)


def tasks(com=(0, 0, 0), joints=None, contact=(True, True)) -> Tasks:
    return Tasks(
        com=np.asarray(com, float),
        angular_momentum_rate=np.zeros(3),
        pelvis=np.zeros(3),
        joints=np.zeros(30) if joints is None else joints,
        soles=np.zeros((2, 6)),
        contact=np.array(contact),
        load=np.array([0.5, 0.5]),
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), com=st.tuples(*[st.floats(-3, 3)] * 3))
def test_solution_obeys_the_equations_of_motion_and_the_contact_cone(seed, com):
    rng = np.random.default_rng(seed)
    configuration = standing_configuration(SPEC)
    configuration[7:25] += rng.uniform(-0.1, 0.3, 18)
    velocity = 0.2 * rng.standard_normal(36)
    NOMINAL.update(configuration, velocity)
    solution = INVERSE.solve(NOMINAL, configuration[7:], velocity[6:], tasks(com, 5 * rng.standard_normal(30)))
    assert solution.feasible

    data = mujoco.MjData(NOMINAL.model)
    data.qpos[:], data.qvel[:], data.qacc[:] = configuration, velocity, solution.acceleration
    data.ctrl[:] = solution.torque
    mujoco.mj_inverse(NOMINAL.model, data)
    needed = data.qfrc_inverse.copy()
    for jacobian, rotation, wrench in zip(NOMINAL.sole_jacobian, NOMINAL.sole_rotation, solution.wrench, strict=True):
        needed -= jacobian.T @ np.concatenate([rotation @ wrench[:3], rotation @ wrench[3:]])
    np.testing.assert_allclose(needed[:6], 0, atol=1e-3)

    contact = INVERSE.contact
    for fx, fy, fz, tx, ty, tz in solution.wrench:
        assert fz >= contact.smallest_force - 1e-6
        assert max(abs(fx), abs(fy)) <= contact.friction * fz + 1e-4
        assert abs(tx) <= contact.half_width * fz + 1e-4
        assert abs(ty) <= contact.half_length * fz + 1e-4
        assert abs(tz) <= contact.yaw * fz + 1e-4
    assert (np.abs(solution.torque) <= SPEC.torque_limits + 1e-6).all()


@pytest.mark.parametrize("com", [(0.6, 0, 0), (0, -0.5, 0), (0, 0, 0.8), (0, 0, 0)])
def test_feasible_com_accelerations_are_given(com):
    configuration = standing_configuration(SPEC)
    NOMINAL.update(configuration, np.zeros(36))
    solution = INVERSE.solve(NOMINAL, configuration[7:], np.zeros(30), tasks(com))
    jacobian = np.empty((3, 36))
    mujoco.mj_jacSubtreeCom(NOMINAL.model, NOMINAL.data, jacobian, NOMINAL.pelvis)
    np.testing.assert_allclose(jacobian @ solution.acceleration, com, atol=0.08)


def test_a_lifted_foot_bears_nothing():
    configuration = standing_configuration(SPEC)
    NOMINAL.update(configuration, np.zeros(36))
    solution = INVERSE.solve(NOMINAL, configuration[7:], np.zeros(30), tasks(contact=(True, False)))
    np.testing.assert_allclose(solution.wrench[1], 0, atol=1e-9)


def test_accelerations_respect_joint_limits():
    configuration = standing_configuration(SPEC)
    configuration[7 + 7] = SPEC.upper_limits[7] - 1e-3
    NOMINAL.update(configuration, np.zeros(36))
    wanted = np.zeros(30)
    wanted[7] = 100.0
    solution = INVERSE.solve(NOMINAL, configuration[7:], np.zeros(30), tasks(joints=wanted))
    assert solution.acceleration[6 + 7] * 0.06**2 / 2 <= 1e-3 + 1e-9
