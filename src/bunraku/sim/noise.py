"""How wrong the simulated sensors are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SensorNoise:
    """Standard deviations of white noise per reading, and of biases that are drawn once per run.

    - `joint_position` rad: 14-bit magnetic encoder at the output, one count is 0.38 mrad (RobStride manuals).
    - `joint_velocity` rad/s: those counts, differenced in the driver at 1 kHz and filtered at 20 Hz.
    - `hand_position` rad, `hand_velocity` rad/s: 12-bit encoders (AS5600 data sheet), one count is 1.5 mrad.
    - `tension` N: button load cell, 0.1 % of 200 N.
    - `angular_velocity` rad/s, `acceleration` m/s²: Bosch BMI088 data sheet, 0.014 °/s/√Hz and 175 µg/√Hz at 116 Hz.
    - `tilt_bias` rad: error of the attitude filter's roll and pitch, 0.2° (Xsens MTi-630 data sheet);
      `orientation` rad is its white part. Heading starts at the true one.
    - `foot_force` N, `foot_torque` N·m: 0.05 % of a six-axis cell of 1,200 N and 40 N·m.
    """

    joint_position: float = 0.00011
    joint_velocity: float = 0.005
    hand_position: float = 0.00045
    hand_velocity: float = 0.02
    tension: float = 0.2
    angular_velocity: float = 0.0026
    acceleration: float = 0.018
    tilt_bias: float = 0.0035
    orientation: float = 0.0003
    foot_force: float = 0.6
    foot_torque: float = 0.02


NO_NOISE = SensorNoise(*(0.0 for _ in SensorNoise.__dataclass_fields__))
"""Perfect sensors."""


def rotate_by(quaternion: np.ndarray, rotation_vector: np.ndarray) -> np.ndarray:
    """`quaternion` (4,) wxyz, then turned by a small `rotation_vector` (3,) rad in the world frame."""
    w, x, y, z = quaternion.tolist()
    a, b, c = (rotation_vector / 2).tolist()
    turned = np.array(
        [w - a * x - b * y - c * z, x + a * w + b * z - c * y, y - a * z + b * w + c * x, z + a * y - b * x + c * w]
    )
    return turned / math.sqrt(turned @ turned)
