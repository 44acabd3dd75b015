"""Disturbed demonstrations: the body is pushed off its way while the expert's wishes stay right.

Noise on what is carried out and none on the labels shows a learner how to come back (DART, Laskey et al. 2017).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bunraku.robot import JOINTS, SIDES, Command, HandCommand, RobotSpec
from bunraku.skills import Body

ARM_NOISE, HAND_NOISE = 0.06, 0.06
"""Standard deviation of the disturbance of each arm and finger joint, rad."""
CORRELATION = 0.6
"""Time (s) after which a disturbance has faded to 1/e."""
NEAR, FAR = 0.16, 0.30
"""Distance (m) of a palm from the nearest thing at which the disturbance is least and at which it is whole."""
LEAST = 0.2
"""Share of the disturbance that is left near things: a push at the moment of grasping shows nothing but failure."""


class Disturbance:
    """Ornstein–Uhlenbeck noise on the joint targets of both arms and hands."""

    def __init__(self, spec: RobotSpec, body: Body, things: np.ndarray, seed: int) -> None:
        """For episodes in which `things` (n, 3) m stand about."""
        hand = spec.hand_spec
        self._body, self._things = body, things
        self._rng = np.random.default_rng([seed, 0xDA])
        self._arms = {s: np.array([i for i, n in enumerate(JOINTS) if n.startswith(s) and _is_arm(n)]) for s in SIDES}
        self._low, self._high = spec.lower_limits, spec.upper_limits
        self._hand_low, self._hand_high = np.deg2rad([joint.range_deg for joint in hand.joints]).T
        self._state = {s: np.zeros(len(self._arms[s]) + len(hand.joints)) for s in SIDES}
        self._time: float | None = None

    def __call__(self, command: Command) -> Command:
        """`command` as it is carried out."""
        period = 0.0 if self._time is None else command.time - self._time
        self._time = command.time
        position, hands = command.joints.position.copy(), {"left": command.left_hand, "right": command.right_hand}
        for side in SIDES:
            noise = self._advance(side, period) * self._share(side)
            arm, fingers = np.split(noise, [len(self._arms[side])])
            joints = self._arms[side]
            position[joints] = np.clip(position[joints] + arm, self._low[joints], self._high[joints])
            posture = np.clip(hands[side].position + fingers, self._hand_low, self._hand_high)
            hands[side] = HandCommand(posture, hands[side].tension_limit)
        joints = replace(command.joints, position=position)
        return replace(command, joints=joints, left_hand=hands["left"], right_hand=hands["right"])

    def _advance(self, side: str, period: float) -> np.ndarray:
        state, arm = self._state[side], len(self._arms[side])
        deviation = np.concatenate([np.full(arm, ARM_NOISE), np.full(len(state) - arm, HAND_NOISE)])
        fade = np.exp(-period / CORRELATION)
        state *= fade
        state += deviation * np.sqrt(1 - fade**2) * self._rng.standard_normal(len(state))
        return state

    def _share(self, side: str) -> float:
        palm = self._body.measured_palm(side).position
        distance = float(np.linalg.norm(self._things - palm, axis=1).min()) if len(self._things) else FAR
        return LEAST + (1 - LEAST) * float(np.clip((distance - NEAR) / (FAR - NEAR), 0, 1))


def _is_arm(joint: str) -> bool:
    return any(part in joint for part in ("shoulder", "elbow", "forearm", "wrist"))
