"""What a robot says and what it can be told: `Observation` and `Command`.

A simulated robot and a real one stand behind the same three calls. Everything above (control, skills, policies,
minds) sees these types and nothing else of the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

CAMERAS = ("head_left", "head_right", "chest", "palm_left", "palm_right", "ground", "back")
"""Names of the seven cameras, in the order in which they are staggered."""

SIDES = ("left", "right")

JOINTS = (
    "waist_yaw",
    "waist_pitch",
    "neck_yaw",
    "neck_pitch",
    *(
        f"{side}_{joint}"
        for side in SIDES
        for joint in (
            "shoulder_pitch",
            "shoulder_roll",
            "shoulder_yaw",
            "elbow",
            "forearm_roll",
            "wrist_flexion",
            "wrist_deviation",
        )
    ),
    *(
        f"{side}_{joint}"
        for side in SIDES
        for joint in ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ankle_pitch", "ankle_roll")
    ),
)
"""The 30 body joints, in the order of every (30,) array and of the model's own tree."""


@dataclass(frozen=True)
class CameraFrame:
    """One picture. `time` (s) is when it was taken, never when it was due; `image` is (h, w, 3) uint8 RGB.

    A simulated robot draws an image when it is first looked at; do so in the thread that moves the robot.
    """

    camera: str
    time: float
    image: np.ndarray


@dataclass(frozen=True)
class JointReading:
    """Body joint encoders: `position` (30,) rad, `velocity` (30,) rad/s, in the order of `JOINTS`."""

    time: float
    position: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True)
class HandReading:
    """One hand: joint `position` (n,) rad, `velocity` (n,) rad/s, cable-loop `tension` (m,) N.

    A loop's tension is signed: positive pulls the joint towards flexion, negative towards extension.
    """

    time: float
    position: np.ndarray
    velocity: np.ndarray
    tension: np.ndarray


@dataclass(frozen=True)
class ImuReading:
    """Pelvis IMU: `orientation` (4,) wxyz world-from-imu (attitude filter), `angular_velocity` (3,) rad/s and
    `acceleration` (3,) m/s² (specific force), both in the IMU frame."""

    time: float
    orientation: np.ndarray
    angular_velocity: np.ndarray
    acceleration: np.ndarray


@dataclass(frozen=True)
class FootReading:
    """Six-axis force sensors of the feet, left then right: `wrench` (2, 6) = force N, torque N·m, in the sole frame,
    as exerted by the ground on the robot."""

    time: float
    wrench: np.ndarray


@dataclass(frozen=True)
class Observation:
    """All that the robot knows of itself and the world at `time` (s); each part carries its own time stamp.

    `frames` holds the latest frame of each camera that has taken one.
    """

    time: float
    joints: JointReading
    left_hand: HandReading
    right_hand: HandReading
    imu: ImuReading
    feet: FootReading
    frames: Mapping[str, CameraFrame] = field(default_factory=dict)

    def hand(self, side: str) -> HandReading:
        """The reading of the hand on `side` ("left" or "right")."""
        return self.left_hand if side == "left" else self.right_hand


@dataclass(frozen=True)
class JointCommand:
    """Impedance command of the body joints, each array (30,):

    torque = `torque` + `stiffness` (`position` − q) + `damping` (`velocity` − q̇), evaluated at the motor driver's own
    rate, clipped to the motor's limit. N·m, rad, rad/s, N·m/rad, N·m·s/rad.
    """

    position: np.ndarray
    velocity: np.ndarray
    torque: np.ndarray
    stiffness: np.ndarray
    damping: np.ndarray


@dataclass(frozen=True)
class HandCommand:
    """Cable command of one hand: joint `position` (n,) rad to which the motors wind the cable loops, and the
    `tension_limit` (m,) N that no loop may exceed: the grip force."""

    position: np.ndarray
    tension_limit: np.ndarray


@dataclass(frozen=True)
class Command:
    """One control tick's command to the whole robot."""

    time: float
    joints: JointCommand
    left_hand: HandCommand
    right_hand: HandCommand
