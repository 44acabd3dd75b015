"""What a skill holds in its hands: the latest observation, the reference it moves, and its eyes.

A skill is a generator. It changes the `Body`'s reference, yields to let one tick pass, and returns an `Outcome`. Closing
the generator cancels it at that tick; the reference then stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bunraku.control.grasping import relaxed
from bunraku.control.reach import IK_PERIOD, Pose, ReachPlanner
from bunraku.hands import HandSpec, load_hand, tension_limits
from bunraku.robot import SIDES, Observation

Skill = Generator[None, None, "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a skill measured in the end: `success`, and `reason` in words, with figures in `measured`."""

    skill: str
    success: bool
    reason: str
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HandTarget:
    """Where a hand's cables are wound to, `posture` (n,) rad, and the largest `tension` N of each loop."""

    posture: np.ndarray
    tension: float


class Body:
    """The reference of the whole body and what it perceives; the runtime reads one and writes the other.

    Attributes:
        planner: inverse kinematics.
        reference: configuration (37,) to track, and its `velocity` (36,).
        hands: target of each hand by side.
        observation: the latest observation.
        configuration: estimated configuration (37,) of the pelvis and the joints.
        say: told what is going on, in words.
    """

    def __init__(self, planner: ReachPlanner, say: Callable[[str], None] = lambda text: None):
        self.planner = planner
        self.hand: HandSpec = load_hand(planner.spec.hand)
        self.reference = planner.nominal.copy()
        self.velocity = np.zeros(planner.model.nv)
        limit = float(tension_limits(self.hand).max())
        self.hands = {side: HandTarget(relaxed(self.hand), 0.7 * limit) for side in SIDES}
        self.full_tension = limit
        self.observation: Observation | None = None
        self.configuration = planner.nominal.copy()
        self.posture = planner.nominal.copy()
        self.say = say

    @property
    def time(self) -> float:
        """Time of the latest observation, s."""
        return 0.0 if self.observation is None else self.observation.time

    def palm(self, side: str) -> Pose:
        """Where the palm is meant to be now."""
        return self.planner.palm(self.reference, side)

    def measured_palm(self, side: str) -> Pose:
        """Where the palm is by the encoders and the estimated pelvis."""
        return self.planner.palm(self.configuration, side)

    def track(self, palms: dict[str, Pose]) -> None:
        """Advance the reference by one step towards `palms`."""
        goal = self.planner.step(self.reference, palms, posture=self.posture)
        self.reference, self.velocity = goal.configuration, goal.velocity

    def hold(self) -> None:
        """Let the reference rest."""
        self.velocity = np.zeros_like(self.velocity)

    def set_hand(self, side: str, posture: np.ndarray, tension: float | None = None) -> None:
        """Wind the cables of a hand to `posture` (n,) rad, none tighter than `tension` N."""
        self.hands[side] = replace(
            self.hands[side], posture=posture, tension=self.hands[side].tension if tension is None else tension
        )


def wait(body: Body, seconds: float) -> Generator[None, None, None]:
    """Keep still for `seconds`."""
    for _ in range(round(seconds / IK_PERIOD)):
        body.hold()
        yield


def minimum_jerk(share: float) -> float:
    """Smooth 0 → 1 with zero velocity and acceleration at both ends (Flash & Hogan 1985)."""
    share = min(max(share, 0.0), 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)
