"""How the body lies, told by where gravity pulls in the pelvis."""

from __future__ import annotations

from enum import Enum

import mujoco
import numpy as np


class Lying(Enum):
    """The side of the trunk that faces the ground; `UPRIGHT` when none does."""

    UPRIGHT = "upright"
    FRONT = "front"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"


UPRIGHT_TILT = np.deg2rad(40)
"""Tilt (rad) of the pelvis up to which the trunk does not lie."""


def upward(orientation: np.ndarray) -> np.ndarray:
    """The direction (3,) away from the ground, in the pelvis frame, of an `orientation` (4,) wxyz world-from-pelvis."""
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, orientation)
    return matrix[6:].copy()


def pitch(orientation: np.ndarray) -> float:
    """How far the trunk leans, rad: 0 upright, π/2 face down, −π/2 on the back."""
    x, _, z = upward(orientation)
    return float(np.arctan2(-x, z))


def lying(orientation: np.ndarray) -> Lying:
    """How a body of `orientation` (4,) wxyz lies; head down, it is told as the side nearest to the ground."""
    x, y, z = upward(orientation)
    if z > np.cos(UPRIGHT_TILT):
        return Lying.UPRIGHT
    if abs(x) >= abs(y):
        return Lying.BACK if x > 0 else Lying.FRONT
    return Lying.RIGHT if y > 0 else Lying.LEFT
