"""What a skill asks of the body: a reference configuration to track while staying on its feet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BodyGoal:
    """Reference motion of the whole body at one instant, in the stance frame.

    The stance frame lies on the floor midway between the feet, x forward, z up. `configuration` (37,) is MuJoCo's
    qpos of the robot without hands: pelvis position (3) m, pelvis quaternion wxyz (4), body joints (30) rad in the
    order of `bunraku.robot.JOINTS`. `velocity` (36,) is its qvel: linear (3) m/s, angular (3) rad/s, joints (30) rad/s.
    """

    configuration: np.ndarray
    velocity: np.ndarray
