"""Cables at constant moment arms: length and torque, tension distribution, balance and what the wrist does to them."""

from __future__ import annotations

from dataclasses import dataclass

import daqp
import numpy as np

from bunraku.errors import UserError
from bunraku.hands.spec import HandSpec

EQUALITY = 5
"""daqp's flag of a row whose two bounds are equal."""


def cable_arms(hand: HandSpec) -> np.ndarray:
    """Moment arms R (m cables, n joints) in m: cable travel = R q, joint torque = Rᵀ tension."""
    column = {name: i for i, name in enumerate(hand.joint_names)}
    arms = np.zeros((len(hand.cables), hand.dof))
    for row, cable in enumerate(hand.cables):
        for joint, arm in cable.arms.items():
            arms[row, column[joint]] = arm
    return arms


def run_arms(hand: HandSpec) -> np.ndarray:
    """Moment arms (k, n) m of the single runs, which can only pull: each cable, then the other run of each loop."""
    arms = cable_arms(hand)
    loops = [cable.kind == "loop" for cable in hand.cables]
    return np.concatenate([arms, -arms[loops]])


@dataclass(frozen=True)
class Tensions:
    """`tension` (k,) N; `shortfall` (n,) N·m is the torque that the limits leave out; `slack` marks runs at the least
    tension which would have to push."""

    tension: np.ndarray
    shortfall: np.ndarray
    slack: np.ndarray


class TensionDistribution:
    """Shares joint torques among pulling cables: the smallest tensions above `least` that make the torque exactly.

    Solves min |T − T_min|² subject to Rᵀ T = τ and T_min ≤ T ≤ T_max, digit by digit; where that has no solution, the
    closest torque is made and the shortfall reported. `arms` is (k, n) m, `most` (k,) N.
    """

    def __init__(self, arms: np.ndarray, most: np.ndarray, least: float = 1.5) -> None:
        if arms.shape[0] != len(most):
            raise ValueError(f"arms has {arms.shape[0]} rows but most has {len(most)} entries")
        if np.any(most < least):
            raise UserError(
                f"The tension limits must be at least the least tension of {least} N, got {most.min():.2f} N."
            )
        self.arms, self.least, self.most = arms, least, np.asarray(most, float)
        self._blocks = [
            _Block(arms[np.ix_(rows, columns)], rows, columns, least, self.most[rows])
            for rows, columns in joint_groups(arms)
        ]

    def solve(self, torque: np.ndarray) -> Tensions:
        """Tensions for joint torques (n,) N·m."""
        tension = np.full(len(self.arms), self.least)
        for block in self._blocks:
            tension[block.rows] = block.solve(torque[block.columns])
        shortfall = torque - self.arms.T @ tension
        shortfall[np.abs(shortfall) < 1e-9] = 0.0
        slack = (tension <= self.least + 1e-9) & (self.arms @ shortfall < -1e-9)
        return Tensions(tension, shortfall, slack)


class _Block:
    """The cables and joints of one digit."""

    def __init__(self, arms: np.ndarray, rows: np.ndarray, columns: np.ndarray, least: float, most: np.ndarray) -> None:
        self.arms, self.rows, self.columns = arms, rows, columns
        cables, joints = arms.shape
        self._hessian, self._linear = np.eye(cables), np.full(cables, -least)
        self._rows = np.ascontiguousarray(arms.T)
        self._upper = np.concatenate([most, np.zeros(joints)])
        self._lower = np.concatenate([np.full(cables, least), np.zeros(joints)])
        self._sense = np.array([0] * cables + [EQUALITY] * joints, dtype=np.int32)
        self._soft = np.eye(cables) + 1e8 * arms @ arms.T
        self._box = np.zeros((0, cables))

    def solve(self, torque: np.ndarray) -> np.ndarray:
        cables = len(self.arms)
        self._upper[cables:] = self._lower[cables:] = torque
        tension, _, status, _ = daqp.solve(
            self._hessian, self._linear, self._rows, self._upper, self._lower, self._sense
        )
        if status == 1:
            return tension
        linear = self._linear - 1e8 * self.arms @ torque
        bounds = self._upper[:cables], self._lower[:cables], self._sense[:cables]
        return daqp.solve(self._soft, linear, self._box, *bounds)[0]


def joint_groups(arms: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Groups of (cables, joints) between which no cable runs: the digits, as a rule."""
    left, groups = set(range(arms.shape[1])), []
    while left:
        columns = {left.pop()}
        while True:
            rows = np.flatnonzero(np.any(arms[:, sorted(columns)] != 0, axis=1))
            grown = columns | set(np.flatnonzero(np.any(arms[rows] != 0, axis=0)).tolist())
            if grown == columns:
                break
            columns = grown
        left -= columns
        groups.append((rows, np.array(sorted(columns))))
    return groups


def balancing_tension(arms: np.ndarray) -> np.ndarray | None:
    """A strictly positive tension vector (k,) that turns no joint, mean 1; None if none exists.

    Such a null vector of Rᵀ is what lets n + 1 pulling cables move n joints both ways (Abdallah et al. 2010).
    """
    from scipy.optimize import linprog

    count, joints = arms.shape
    cost = np.zeros(count + 1)
    cost[-1] = -1
    equal = np.zeros((joints + 1, count + 1))
    equal[:joints, :count] = arms.T / max(1e-12, float(np.abs(arms).max()))
    equal[joints, :count] = 1
    rhs = np.zeros(joints + 1)
    rhs[-1] = count
    above = np.hstack([-np.eye(count), np.ones((count, 1))])
    answer = linprog(cost, A_ub=above, b_ub=np.zeros(count), A_eq=equal, b_eq=rhs, bounds=[(None, None)] * (count + 1))
    return answer.x[:count] if answer.status == 0 and answer.x[-1] > 1e-6 else None


def check_balance(hand: HandSpec, source: str = "hand") -> None:
    """Raise UserError, naming the digit, if pulling cables and springs cannot keep their joints in balance."""
    springs = -np.diag([float(joint.stiffness > 0) for joint in hand.joints])
    arms = np.concatenate([run_arms(hand), springs[np.any(springs != 0, axis=1)]])
    for rows, columns in joint_groups(arms):
        if balancing_tension(arms[np.ix_(rows, columns)]) is None:
            joint = hand.joint_names[columns[0]]
            raise UserError(
                f"{source}: the cables around joint '{joint}' cannot balance: no tensions above zero hold them still."
            )


def wrist_arms(hand: HandSpec) -> np.ndarray:
    """Moment arms (m, 2) m of the cables at wrist flexion and deviation; zero if the motors sit in the palm.

    The cables pass the wrist on a circle of radius `wrist_offset`, a loop's two runs on opposite sides.
    """
    count = len(hand.cables)
    if hand.actuation.place == "palm":
        return np.zeros((count, 2))
    angle = 2 * np.pi * np.arange(count) / count
    return hand.actuation.wrist_offset * np.stack([np.cos(angle), np.sin(angle)], 1)


def wrist_compensation(hand: HandSpec, wrist: np.ndarray) -> np.ndarray:
    """Cable length (m,) m to add to `R q` so that the fingers stay while the `wrist` (2,) rad moves."""
    return wrist_arms(hand) @ np.asarray(wrist)


def crosstalk(hand: HandSpec, wrist: np.ndarray) -> np.ndarray:
    """Joint motion (n,) rad of the fingers that a `wrist` motion (2,) rad causes while the motors stand still."""
    return -np.linalg.pinv(cable_arms(hand)) @ wrist_compensation(hand, wrist)
