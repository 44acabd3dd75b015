"""Whole-body inverse dynamics: one quadratic program from desired accelerations to joint torques.

Unknowns are the generalised accelerations q̈ (36) and the wrenches of the ground on the left and right sole (6 + 6, in
each sole's frame). The equations of the floating base hold exactly, joint torques, friction, centre of pressure and
joint limits bound it, and every task is a weighted square. The centre of mass and the angular momentum are written on
the wrenches, which is exact and needs no J̇ (see Wensing & Orin 2013, Herzog et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

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
    """What the ground can give: `friction` per axis, and half extents (m) of the area in which the centre of pressure
    may lie; the yaw torque follows from both."""

    friction: float = 0.45
    half_length: float = 0.105
    half_width: float = 0.045
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
        self._nv, self._n = nv, nv + 12
        cone = _contact_rows(self.contact)
        rows, legs = len(cone), len(LEGS)
        self._matrix = np.zeros((FREE + legs + 2 * rows, self._n))
        self._matrix[FREE + legs : FREE + legs + rows, nv : nv + 6] = cone
        self._matrix[FREE + legs + rows :, nv + 6 :] = cone
        self._upper_bound = np.full(self._n + len(self._matrix), 1e30)
        self._lower_bound = np.full(self._n + len(self._matrix), -1e30)
        self._upper_bound[self._n + FREE + legs :] = 0.0
        self._sense = np.zeros(len(self._upper_bound), np.intc)
        self._sense[self._n : self._n + FREE] = 5
        self._contacts = {
            touching: _ContactState.of(touching, self.weights, self.contact)
            for touching in product((True, False), repeat=2)
        }
        self._hessian = np.zeros((self._n, self._n))
        self._hessian_diagonal = self._hessian.reshape(-1)[:: self._n + 1]
        self._linear = np.zeros(self._n)
        self._momentum = np.zeros((6, 12))
        w = self.weights
        self._momentum_weights = np.array(
            [[w.com_horizontal], [w.com_horizontal], [w.com_vertical], *[[w.angular_momentum]] * 3]
        )
        joint_weights = np.full(len(spec.joints), w.posture)
        joint_weights[LEGS] = w.legs
        self._diagonal = np.concatenate(
            [
                np.full(3, 1e-6),
                np.full(3, w.pelvis),
                joint_weights,
                np.tile(np.repeat([w.force, w.moment], 3), 2),
            ]
        )

    def solve(self, nominal: NominalModel, joints: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> Solution:
        """Accelerations, wrenches and torques that serve `tasks` best.

        Args:
            nominal: updated at the present state.
            joints, velocity: body joint angles and rates (30,), for the joint limits.
            tasks: what to accelerate towards.
        """
        nv, n = self._nv, self._n
        in_soles = nominal.sole_rotation.transpose(0, 2, 1)[:, None] @ nominal.sole_jacobian.reshape(2, 2, 3, nv)
        jacobian = in_soles.reshape(12, nv)
        contact = self._contacts[bool(tasks.contact[0]), bool(tasks.contact[1])]
        self._set_cost(nominal, tasks, contact)
        matrix, lower, upper = self._matrix, self._lower_bound, self._upper_bound
        legs, end = FREE + LEGS[0], FREE + len(LEGS)
        matrix[:FREE, :nv] = nominal.mass[:FREE]
        matrix[:FREE, nv:] = -jacobian[:, :FREE].T
        matrix[FREE:end, :nv] = nominal.mass[legs:]
        matrix[FREE:end, nv:] = -jacobian[:, legs:].T
        lower[n : n + FREE] = upper[n : n + FREE] = -nominal.bias[:FREE]
        limits = self.torque_limits[LEGS[0] :]
        np.subtract(-limits, nominal.bias[legs:], out=lower[n + FREE : n + end])
        np.subtract(limits, nominal.bias[legs:], out=upper[n + FREE : n + end])
        lower[FREE:nv], upper[FREE:nv] = self._acceleration_bounds(joints, velocity)
        lower[nv:n], upper[nv:n] = contact.lowest, contact.highest
        x, _, flag, _ = daqp.solve(self._hessian, self._linear, matrix, upper, lower, self._sense, eps_prox=0.0)
        feasible = flag > 0 and bool(np.isfinite(x).all())
        if not feasible:
            x = np.zeros(n)
            x[nv + 2 :: 6] = nominal.total_mass * nominal.gravity * tasks.load
        acceleration, wrench = x[:nv], x[nv:]
        joint_torque = nominal.mass[FREE:] @ acceleration + nominal.bias[FREE:] - wrench @ jacobian[:, FREE:]
        joint_torque = clamp(joint_torque, -self.torque_limits, self.torque_limits)
        return Solution(acceleration, wrench.reshape(2, 6), joint_torque, feasible)

    def _set_cost(self, nominal: NominalModel, tasks: Tasks, contact: _ContactState) -> None:
        """½ xᵀ H x + fᵀ x of all tasks."""
        nv, mass, hessian, linear = self._nv, nominal.total_mass, self._hessian, self._linear
        feet = nominal.sole_jacobian.reshape(12, nv)
        weighted = (feet * contact.foot_weights).T
        linear[:nv] = weighted @ (nominal.sole_drift - tasks.soles).reshape(12)
        hessian[:nv, :nv] = weighted @ feet
        momentum = self._momentum
        arms = (nominal.sole_position - nominal.com).tolist()
        for i in range(2):
            rotation = nominal.sole_rotation[i]
            momentum[:3, 6 * i : 6 * i + 3] = rotation / mass
            momentum[3:, 6 * i : 6 * i + 3] = _cross_matrix(*arms[i]) @ rotation
            momentum[3:, 6 * i + 3 : 6 * i + 6] = rotation
        target = np.concatenate([tasks.com, tasks.angular_momentum_rate])
        target[2] += nominal.gravity
        weighted = (momentum * self._momentum_weights).T
        hessian[nv:, nv:] = weighted @ momentum
        linear[nv:] = weighted @ target
        wanted = np.zeros((2, 6))
        wanted[:, :3] = (mass * target[:3]) @ nominal.sole_rotation
        wanted *= tasks.load[:, None]
        diagonal = self._diagonal
        self._hessian_diagonal += diagonal
        linear[3:FREE] -= diagonal[3:FREE] * tasks.pelvis
        linear[FREE:nv] -= diagonal[FREE:nv] * tasks.joints
        linear[nv:] = -linear[nv:] - diagonal[nv:] * wanted.reshape(12)

    def _acceleration_bounds(self, joints: np.ndarray, velocity: np.ndarray, horizon: float = 0.06):
        """Accelerations that keep every joint within its range over `horizon` s."""
        scale = 2 / horizon**2
        ahead = joints + velocity * horizon
        return clamp((self._lower - ahead) * scale, -1e4, 300.0), clamp((self._upper - ahead) * scale, -300.0, 1e4)


@dataclass(frozen=True)
class _ContactState:
    """What depends on which feet touch: weights (12, 1) of the feet's tasks, bounds (12,) of the wrenches."""

    foot_weights: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, touching: tuple[bool, ...], weights: Weights, contact: Contact) -> _ContactState:
        swing = np.repeat([weights.swing_position, weights.swing_rotation], 3)
        planted = np.full(6, weights.stance)
        free = np.array([1e30 if touches else 0.0 for touches in touching for _ in range(6)])
        lowest = -free
        lowest[2::6] = np.where(touching, contact.smallest_force, 0.0)
        return cls(np.concatenate([planted if touches else swing for touches in touching])[:, None], lowest, free)


def _contact_rows(contact: Contact) -> np.ndarray:
    """Rows C (16, 6) with C @ wrench ≤ 0: all that point forces at the corners of the area, each within its friction
    pyramid, can add up to (Caron, Pham, Nakamura 2015): friction, centre of pressure, and the yaw torque, of which
    nothing is left to a foot that is pressed on one corner or sheared as hard as it holds."""
    friction, length, width = contact.friction, contact.half_length, contact.half_width
    rows = []
    for axis, share in ((0, friction), (1, friction), (3, width), (4, length)):
        for sign in (1.0, -1.0):
            row = np.zeros(6)
            row[axis], row[2] = sign, -share
            rows.append(row)
    for turn, a, b in product((1.0, -1.0), repeat=3):
        lever = -friction * (length + width)
        rows.append(np.array([a * width, b * length, lever, a * turn * friction, b * turn * friction, turn]))
    return np.array(rows)


def _cross_matrix(x: float, y: float, z: float) -> np.ndarray:
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
