from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bunraku.control.inverse_dynamics import Contact, InverseDynamics, Tasks, _contact_rows, _cross_matrix
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
        assert abs(tz) <= contact.friction * (contact.half_length + contact.half_width) * fz + 1e-4
    assert (np.abs(solution.torque) <= SPEC.torque_limits + 1e-6).all()


@pytest.mark.parametrize("com", [(0.6, 0, 0), (0, -0.5, 0), (0, 0, 0.8), (0, 0, 0)])
def test_feasible_com_accelerations_are_given(com):
    configuration = standing_configuration(SPEC)
    NOMINAL.update(configuration, np.zeros(36))
    solution = INVERSE.solve(NOMINAL, configuration[7:], np.zeros(30), tasks(com))
    jacobian = np.empty((3, 36))
    mujoco.mj_jacSubtreeCom(NOMINAL.model, NOMINAL.data, jacobian, NOMINAL.pelvis)
    np.testing.assert_allclose(jacobian @ solution.acceleration, com, atol=0.08)


@settings(max_examples=100, deadline=None)
@given(
    shear=st.tuples(*[st.floats(-1, 1)] * 2),
    pressure=st.tuples(*[st.floats(-1, 1)] * 2),
    turn=st.floats(-1.2, 1.2),
)
def test_a_wrench_is_within_the_cone_exactly_when_friction_at_the_corners_can_give_it(shear, pressure, turn):
    contact = Contact()
    sides = np.array([contact.half_length, contact.half_width])
    corners = np.array([[x, y, 0.0] for x in (sides[0], -sides[0]) for y in (sides[1], -sides[1])])
    force = np.array([*(contact.friction * np.array(shear)), 1.0])
    at = np.array([*(sides * pressure), 0.0])
    wrench = np.concatenate([force, np.cross(at, [0.0, 0.0, 1.0])])
    wrench[5] = turn * contact.friction * sides.sum()
    grid = np.concatenate([np.vstack([np.eye(3), _cross_matrix(*corner)]) for corner in corners], axis=1)
    pyramids = np.zeros((4, 4, 4, 3))
    for i in range(4):
        for j, (x, y) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
            pyramids[i, j, i] = x, y, -contact.friction
    # The least by which some corner would leave its pyramid, were the corners to give this wrench.
    found = linprog(
        np.array([*np.zeros(12), 1.0]),
        A_ub=np.hstack([pyramids.reshape(16, 12), -np.ones((16, 1))]),
        b_ub=np.zeros(16),
        A_eq=np.hstack([grid, np.zeros((6, 1))]),
        b_eq=wrench,
        bounds=(None, None),
    )
    assert found.success
    outside = float((_contact_rows(contact) @ wrench).max())
    if abs(found.fun) > 1e-6 and abs(outside) > 1e-6:
        assert (outside > 0) == (found.fun > 0)


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
