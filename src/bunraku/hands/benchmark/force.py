"""Statics of a grasp: contact forces that tensions within their limits can make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import daqp
import numpy as np
from scipy.optimize import linprog

from bunraku.hands.benchmark.fit import Fit
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.cables import joint_groups

FRICTION = 0.9
EDGES = 6
LARGE = 1e6
STOP = np.radians(1.0)
"""A joint so close to its limit leans on it."""


@dataclass(frozen=True)
class Statics:
    """Linear maps of one grasp with k contacts, each a friction pyramid of EDGES unit-normal edges.

    `wrench` (6, k·EDGES): edge weights to force and torque (scaled by the object's size) on the object; `torque`
    (n, k·EDGES): to the joint torques that make them; `normal` (k, k·EDGES): to normal forces; `arms` (m, n). `springs`
    (n,) N·m act by themselves, and the columns of `stops` (n, s) are the torques of joints that rest on a limit.
    """

    wrench: np.ndarray
    torque: np.ndarray
    normal: np.ndarray
    arms: np.ndarray
    springs: np.ndarray
    stops: np.ndarray


def statics(kinematics: Kinematics, fit: Fit, digit_friction: Mapping[str, float] | None = None) -> Statics:
    """The statics of a fitted grasp, with FRICTION at all contacts but those of the digits in `digit_friction`."""
    special = digit_friction or {}
    placement = kinematics.place(fit.posture[None])
    scale = float(np.linalg.norm(fit.grasp.shape.extent))
    wrench, torque, normal = [], [], []
    for number, contact in enumerate(fit.contacts):
        jacobian = kinematics.jacobian(fit.posture, placement, contact.body, contact.point)
        for edge in friction_pyramid(contact.normal, special.get(contact.digit, FRICTION)):
            moment = np.cross(contact.point - fit.position, edge) / scale
            wrench.append([*edge, *moment])
            torque.append(jacobian.T @ edge)
            normal.append(np.eye(len(fit.contacts))[number])
    return Statics(np.array(wrench).T, np.array(torque).T, np.array(normal).T, *passive(kinematics, fit.posture))


def passive(kinematics: Kinematics, posture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the hand itself brings at `posture`: moment arms (m, n), spring torques (n,) and stops (n, s)."""
    model = kinematics.subject.model
    springs = -model.jnt_stiffness * (posture - model.qpos_spring)
    low, high = posture < kinematics.lower + STOP, posture > kinematics.upper - STOP
    stops = np.diag(low.astype(float) - high)[:, low | high]
    return kinematics.subject.moment_arms(posture), springs, stops


def friction_pyramid(normal: np.ndarray, friction: float) -> np.ndarray:
    """Edges (EDGES, 3) of the cone about `normal`, each with unit normal component."""
    helper = np.eye(3)[np.abs(normal).argmin()]
    u = np.cross(normal, helper)
    u /= np.linalg.norm(u)
    v = np.cross(normal, u)
    angles = np.arange(EDGES) * 2 * np.pi / EDGES
    return normal + friction * (np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v)


def grip_tensions(s: Statics, wanted: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Tensions (m,) N which press with about the `wanted` (k,) normal forces, in balance and within `limits` (m, 2).

    Bounded least squares over edge weights and tensions; joint torques and balance weigh most.
    """
    m, edges, stops = len(s.arms), s.wrench.shape[1], s.stops.shape[1]
    per_metre = 500.0
    rows = np.block(
        [
            [3 * s.wrench, np.zeros((6, m + stops))],
            [per_metre * s.torque, -per_metre * s.arms.T, -per_metre * s.stops],
            [5 * s.normal, np.zeros((len(wanted), m + stops))],
            [np.zeros((m, edges)), 0.05 * np.eye(m), np.zeros((m, stops))],
            [0.02 * np.eye(edges), np.zeros((edges, m + stops))],
            [np.zeros((stops, edges + m)), 0.02 * np.eye(stops)],
        ]
    )
    target = np.concatenate([np.zeros(6), per_metre * s.springs, 5 * wanted, np.zeros(m + edges + stops)])
    lower = np.concatenate([np.zeros(edges), limits[:, 0], np.zeros(stops)])
    upper = np.concatenate([np.full(edges, LARGE), limits[:, 1], np.full(stops, LARGE)])
    free = np.zeros(len(lower), dtype=np.int32)
    nothing = np.zeros((0, len(lower)))
    answer = daqp.solve(rows.T @ rows, -rows.T @ target, nothing, np.maximum(upper, lower + 1e-6), lower, free)
    return np.clip(answer[0][edges : edges + m], limits[:, 0], limits[:, 1])


def greatest_force(s: Statics, limits: np.ndarray, weights: np.ndarray, load: np.ndarray | None = None) -> float:
    """Greatest `weights` (k,) · normal forces, N, in balance; with `load` (6,) the greatest multiple of it borne.

    `limits` (m, 2) bounds the tensions. Digits that touch nothing need no balance here: they settle by themselves.
    """
    m, edges, stops = len(s.arms), s.wrench.shape[1], s.stops.shape[1]
    extra = 0 if load is None else 1
    groups = [columns for _, columns in joint_groups(s.arms) if np.any(s.torque[columns])]
    loaded = np.concatenate([np.arange(6), *(6 + columns for columns in groups)]).astype(int)
    equal = np.zeros((6 + len(s.torque), edges + m + stops + extra))
    equal[:6, :edges] = s.wrench
    equal[6:, :edges] = s.torque
    equal[6:, edges : edges + m] = -s.arms.T
    equal[6:, edges + m : edges + m + stops] = -s.stops
    cost = np.zeros(equal.shape[1])
    if load is None:
        cost[:edges] = -weights @ s.normal
    else:
        equal[:6, -1] = load
        cost[-1] = -1
    rhs = np.concatenate([np.zeros(6), s.springs])
    bounds = [(0, None)] * edges + [tuple(row) for row in limits] + [(0, None)] * (stops + extra)
    answer = linprog(cost, A_eq=equal[loaded], b_eq=rhs[loaded], bounds=bounds, method="highs")
    return float(-answer.fun) if answer.status == 0 else 0.0


def ferrari_canny(s: Statics, limits: np.ndarray, directions: int = 30, seed: int = 0) -> float:
    """ε, N: the radius of the greatest ball of wrenches that the grasp resists, tensions limited.

    Least over sampled `directions` of the wrench space (Ferrari & Canny 1992), so an upper bound of the exact ε.
    """
    rng = np.random.default_rng(seed)
    samples = np.concatenate([np.eye(6), -np.eye(6), rng.normal(size=(directions - 12, 6))])
    samples /= np.linalg.norm(samples, axis=1)[:, None]
    smallest = np.inf
    for direction in samples:
        smallest = min(smallest, greatest_force(s, limits, np.zeros(len(s.normal)), load=-direction))
        if smallest < 1e-6:
            return 0.0
    return smallest
