"""Falling: seen early by the IMU, broken by bent limbs, ended by lying still.

Knees and hips give way, so that the trunk has less far to fall; the chin goes in or the face away from the ground; arms
get between ground and head, softly, and fingers curl.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bunraku.control.getting_up import Move, posture
from bunraku.control.lying import Lying, upward
from bunraku.control.nominal import LEGS
from bunraku.control.supervisor import HOLD_DAMPING
from bunraku.robot import JOINTS, JointCommand, Observation, RobotSpec

LOST_TILT, FORESIGHT = np.deg2rad(40), 0.2
"""A fall cannot be caught once the tilt that is `FORESIGHT` s away lies beyond `LOST_TILT`, rad and s."""
LEAST_TILT = np.deg2rad(15)
"""Tilt (rad) below which nothing counts as a fall: a foot that is set down hard shakes the pelvis."""
SOFT, FIRM = 2.0, 6.0
"""Servo stiffness of arms and of the rest, as multiples of a joint's peak torque, 1/rad."""
STILL_RATE, STILL_TIME = 0.15, 0.6
"""It lies still when the pelvis has turned slower than this for so long, rad/s and s."""
QUICKLY, SLOWLY = 0.25, 0.6
"""Time in which the limbs take their posture, s; legs that fold slowly brake a fall backwards."""

_KNEES_BENT = {"hip_pitch": 50, "knee": 90, "ankle_pitch": 15}
_ARMS_TUCKED = {"neck_pitch": 20, "shoulder_pitch": 25, "shoulder_roll": 12, "elbow": 100}
POSTURES: Mapping[Lying, Mapping[str, float]] = {
    Lying.FRONT: _KNEES_BENT | {"neck_pitch": -40, "shoulder_pitch": 70, "shoulder_roll": 15, "elbow": 75},
    Lying.BACK: {"neck_pitch": 58, "waist_pitch": 50, "hip_pitch": 105, "knee": 125, "ankle_pitch": 10}
    | {"shoulder_pitch": 50, "shoulder_roll": 15, "elbow": 60},
    Lying.LEFT: _KNEES_BENT | _ARMS_TUCKED,
    Lying.RIGHT: _KNEES_BENT | _ARMS_TUCKED,
}
"""How it wants to meet the ground, by the side that will touch it, degrees."""


def is_lost(observation: Observation) -> bool:
    """Whether the robot topples so far, or so fast, that no step will catch it."""
    up, rate = _tilting(observation)
    tilt = np.arccos(np.clip(up[2], -1.0, 1.0))
    return bool(tilt > LEAST_TILT and tilt + FORESIGHT * rate > LOST_TILT)


class Fall:
    """A fall under way.

    Attributes:
        side: what it falls onto.
        still: whether it lies and has come to rest.
    """

    def __init__(self, spec: RobotSpec, period: float, observation: Observation) -> None:
        """Begin where the limbs are, one control period of `period` s after the other."""
        self._period = period
        self._start = observation.joints.position.copy()
        self.side = _side(observation)
        self.still = False
        self._course = np.full(len(JOINTS), QUICKLY)
        if self.side is Lying.BACK:
            self._course[LEGS] = SLOWLY
        self._end = posture(spec, Move("fall", POSTURES[self.side], QUICKLY))
        stiffness = np.full(len(JOINTS), SOFT)
        stiffness[[i for i, name in enumerate(JOINTS) if name.startswith(("neck", "waist"))]] = FIRM
        stiffness[LEGS] = FIRM
        self._stiffness = stiffness * spec.torque_limits
        self._damping = HOLD_DAMPING * spec.armatures
        self._elapsed = self._calm = 0.0

    def compute(self, observation: Observation) -> JointCommand:
        """The command of this tick."""
        self._elapsed += self._period
        calm = (
            np.linalg.norm(observation.imu.angular_velocity) < STILL_RATE
            and upward(observation.imu.orientation)[2] < 0.7
        )
        self._calm = self._calm + self._period if calm else 0.0
        self.still = self.still or self._calm > STILL_TIME
        share = np.minimum(self._elapsed / self._course, 1.0)
        still = np.zeros(len(JOINTS))
        way = self._end - self._start
        return JointCommand(self._start + share * way, still, still, self._stiffness.copy(), self._damping.copy())

    @property
    def sentence(self) -> str:
        """What there is to say of it."""
        return f"I lost my balance and fell onto my {self.side.value}" + ("; I lie still" if self.still else "")


def _tilting(observation: Observation) -> tuple[np.ndarray, float]:
    """The upward direction (3,) in the pelvis, and how fast the tilt grows, rad/s."""
    up, rate = upward(observation.imu.orientation), observation.imu.angular_velocity
    change = -np.cross(rate, up)
    return up, float(-change[2] / max(np.hypot(up[0], up[1]), 0.05))


def _side(observation: Observation) -> Lying:
    """Where the trunk will land: the way it leans, and is about to."""
    up = upward(observation.imu.orientation)
    lean = -(up + FORESIGHT * -np.cross(observation.imu.angular_velocity, up))
    if abs(lean[0]) >= abs(lean[1]):
        return Lying.FRONT if lean[0] > 0 else Lying.BACK
    return Lying.LEFT if lean[1] > 0 else Lying.RIGHT
