"""Whole-body inverse dynamics: one quadratic program from desired accelerations to joint torques.

Unknowns are the generalised accelerations q̈ (36) and the wrenches of the ground on the left and right sole (6 + 6, in
each sole's frame). The equations of the floating base hold exactly, joint torques, friction, centre of pressure and
joint limits bound it, and every task is a weighted square. The centre of mass and the angular momentum are written on
the wrenches, which is exact and needs no J̇ (see Wensing & Orin 2013, Herzog et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import daqp
import numpy as np

from bunraku.control.limits import clamp
from bunraku.control.nominal import LEGS, NominalModel
from bunraku.robot import RobotSpec

FREE = 6
"""Velocities of the floating base."""


@dataclass(frozen=True)
class Weights:
    """Weights of the squared task errors: accelerations in m/s² and rad/s², wrenches in N and N·m."""

    stance: float = 300.0
    swing_position: float = 6.0
    swing_rotation: float = 5.0
    com_horizontal: float = 20.0
    com_vertical: float = 12.0
    pelvis: float = 5.0
    posture: float = 1.0
    legs: float = 0.001
    angular_momentum: float = 0.005
    force: float = 2e-5
    moment: float = 4e-4


@dataclass(frozen=True)
class Contact:
    """What the ground can give: `friction` per axis, half extents (m) of the area in which the centre of pressure may
    lie, and the yaw torque as a share (m) of the normal force."""

    friction: float = 0.45
    half_length: float = 0.105
    half_width: float = 0.045
    yaw: float = 0.05
    smallest_force: float = 5.0
    """Normal force (N) that a foot in contact keeps."""


@dataclass(frozen=True)
class Tasks:
    """Desired accelerations at one instant.

    com (3,) m/s²; angular_momentum_rate (3,) N·m; pelvis (3,) rad/s² in the pelvis frame; joints (30,) rad/s²;
    soles (2, 6) linear and angular in the world frame; contact (2,) bool; load (2,): share of the weight that each foot
    should carry where the tasks leave it open.
    """

    com: np.ndarray
    angular_momentum_rate: np.ndarray
    pelvis: np.ndarray
    joints: np.ndarray
    soles: np.ndarray
    contact: np.ndarray
    load: np.ndarray


@dataclass(frozen=True)
class Solution:
    """acceleration (36,), wrench (2, 6) in the sole frames, torque (30,) N·m; `feasible` is False when the program had
    no solution and the torque only holds the weight of the limbs."""

    acceleration: np.ndarray
    wrench: np.ndarray
    torque: np.ndarray
    feasible: bool


class InverseDynamics:
    """The quadratic program, with everything constant built once."""

    def __init__(self, spec: RobotSpec, weights: Weights | None = None, contact: Contact | None = None) -> None:
        """Build the constant rows for `spec`."""
        self.weights = weights or Weights()
        self.contact = contact or Contact()
        self.torque_limits = spec.torque_limits
        self._lower, self._upper = spec.lower_limits, spec.upper_limits
        nv = FREE + len(spec.joints)
        self._n = nv + 12
        self._torque_rows = LEGS
        cone = _contact_rows(self.contact)
        rows, legs = len(cone), len(self._torque_rows)
        self._matrix = np.zeros((FREE + legs + 2 * rows, self._n))
        self._matrix[FREE + legs : FREE + legs + rows, nv : nv + 6] = cone
        self._matrix[FREE + legs + rows :, nv + 6 :] = cone
        self._upper_bound = np.full(self._n + len(self._matrix), 1e30)
        self._lower_bound = np.full(self._n + len(self._matrix), -1e30)
        self._upper_bound[self._n + FREE + legs :] = 0.0
        self._sense = np.zeros(len(self._upper_bound), np.intc)
        self._sense[self._n : self._n + FREE] = 5
        self._hessian = np.zeros((self._n, self._n))
        self._nv = nv
        joint_weights = np.full(len(spec.joints), self.weights.posture)
        joint_weights[LEGS] = self.weights.legs
        self._diagonal = np.concatenate(
            [
                np.full(3, 1e-6),
                np.full(3, self.weights.pelvis),
                joint_weights,
                np.tile(_wrench_weights(self.weights), 2),
            ]
        )

    def solve(self, nominal: NominalModel, joints: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> Solution:
        """Accelerations, wrenches and torques that serve `tasks` best.

        Args:
            nominal: updated at the present state.
            joints, velocity: body joint angles and rates (30,), for the joint limits.
            tasks: what to accelerate towards.
        """
        nv = self._nv
        jacobian = np.concatenate(
            [_rotated(nominal.sole_rotation[i].T, nominal.sole_jacobian[i]) for i in range(2)]
        )  # in the sole frames
        self._set_cost(nominal, tasks)
        matrix, lower, upper = self._matrix, self._lower_bound, self._upper_bound
        rows = FREE + self._torque_rows
        matrix[:FREE, :nv] = nominal.mass[:FREE]
        matrix[:FREE, nv:] = -jacobian[:, :FREE].T
        legs = slice(FREE, FREE + len(rows))
        matrix[legs, :nv] = nominal.mass[rows]
        matrix[legs, nv:] = -jacobian[:, rows].T
        equality = slice(self._n, self._n + FREE)
        lower[equality] = upper[equality] = -nominal.bias[:FREE]
        torque = slice(self._n + FREE, self._n + FREE + len(rows))
        limits = self.torque_limits[self._torque_rows]
        lower[torque], upper[torque] = -limits - nominal.bias[rows], limits - nominal.bias[rows]
        lower[FREE:nv], upper[FREE:nv] = self._acceleration_bounds(joints, velocity)
        for i, touching in enumerate(tasks.contact):
            wrench = slice(nv + 6 * i, nv + 6 * i + 6)
            lower[wrench], upper[wrench] = (-1e30, 1e30) if touching else (0.0, 0.0)
            if touching:
                lower[nv + 6 * i + 2] = self.contact.smallest_force
        x, _, flag, _ = daqp.solve(self._hessian, self._linear, matrix, upper, lower, self._sense, eps_prox=0.0)
        feasible = flag > 0 and bool(np.isfinite(x).all())
        if not feasible:
            x = np.zeros(self._n)
            x[nv + 2 :: 6] = nominal.total_mass * nominal.gravity * tasks.load
        acceleration, wrench = x[:nv], x[nv:]
        joint_torque = nominal.mass[FREE:] @ acceleration + nominal.bias[FREE:] - jacobian[:, FREE:].T @ wrench
        joint_torque = clamp(joint_torque, -self.torque_limits, self.torque_limits)
        return Solution(acceleration, wrench.reshape(2, 6), joint_torque, feasible)

    def _set_cost(self, nominal: NominalModel, tasks: Tasks) -> None:
        """½ xᵀ H x + fᵀ x of all tasks."""
        nv, w, mass = self._nv, self.weights, nominal.total_mass
        hessian = self._hessian
        feet = nominal.sole_jacobian.reshape(12, nv)
        foot_weights = np.concatenate(
            [
                np.full(6, w.stance) if touching else np.repeat([w.swing_position, w.swing_rotation], 3)
                for touching in tasks.contact
            ]
        )
        weighted = feet * foot_weights[:, None]
        linear = np.zeros(self._n)
        linear[:nv] = -weighted.T @ (tasks.soles - nominal.sole_drift).ravel()
        hessian[:nv, :nv] = weighted.T @ feet
        momentum = np.zeros((6, 12))
        for i in range(2):
            rotation = nominal.sole_rotation[i]
            arm = nominal.sole_position[i] - nominal.com
            momentum[:3, 6 * i : 6 * i + 3] = rotation / mass
            momentum[3:, 6 * i : 6 * i + 3] = _cross_matrix(arm) @ rotation
            momentum[3:, 6 * i + 3 : 6 * i + 6] = rotation
        force_weights = np.array([w.com_horizontal, w.com_horizontal, w.com_vertical, *[w.angular_momentum] * 3], float)
        target = np.concatenate([[*tasks.com[:2], tasks.com[2] + nominal.gravity], tasks.angular_momentum_rate])
        weighted = momentum * force_weights[:, None]
        hessian[nv:, nv:] = weighted.T @ momentum
        linear[nv:] = -weighted.T @ target
        wanted = np.zeros(12)
        for i in range(2):
            wanted[6 * i : 6 * i + 3] = nominal.sole_rotation[i].T @ (target[:3] * mass * tasks.load[i])
        diagonal = self._diagonal
        hessian[np.diag_indices(self._n)] += diagonal
        linear[3:FREE] -= diagonal[3:FREE] * tasks.pelvis
        linear[FREE:nv] -= diagonal[FREE:nv] * tasks.joints
        linear[nv:] -= diagonal[nv:] * wanted
        self._linear = linear

    def _acceleration_bounds(self, joints: np.ndarray, velocity: np.ndarray, horizon: float = 0.06):
        """Accelerations that keep every joint within its range over `horizon` s."""
        scale = 2 / horizon**2
        highest = (self._upper - joints - velocity * horizon) * scale
        lowest = (self._lower - joints - velocity * horizon) * scale
        return clamp(lowest, -1e4, 300.0), clamp(highest, -300.0, 1e4)


def _wrench_weights(weights: Weights) -> np.ndarray:
    return np.repeat([weights.force, weights.moment], 3)


def _contact_rows(contact: Contact) -> np.ndarray:
    """Rows C (10, 6) with C @ wrench ≤ 0: friction pyramid, centre of pressure, yaw torque."""
    pairs = (
        (0, contact.friction),
        (1, contact.friction),
        (3, contact.half_width),
        (4, contact.half_length),
        (5, contact.yaw),
    )
    rows = []
    for axis, share in pairs:
        for sign in (1.0, -1.0):
            row = np.zeros(6)
            row[axis], row[2] = sign, -share
            rows.append(row)
    return np.array(rows)


def _rotated(rotation: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    return (rotation @ jacobian.reshape(2, 3, -1)).reshape(6, -1)


def _cross_matrix(v: np.ndarray) -> np.ndarray:
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
