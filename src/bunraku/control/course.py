"""The course of waist and arms through postures: which way between them, and how long it takes."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

UPPER = slice(7, 25)
"""Waist, neck and arms in a configuration (37,)."""
WAIST_SPEED, ARM_SPEED = 0.4, 1.1
"""Mean joint speeds on the way between postures, rad/s."""


def course(knots: np.ndarray) -> tuple[PchipInterpolator, float]:
    """A smooth course through `knots` (n, 18) rad of waist, neck and arms, from 0 to the time (s) that it takes.

    Between two knots no joint goes beyond either (Fritsch & Carlson 1980); the neck, which follows the gaze, takes no
    time.
    """
    turns = np.abs(np.diff(knots, axis=0))
    needed = np.maximum(turns[:, :2].max(axis=1) / WAIST_SPEED, turns[:, 4:].max(axis=1) / ARM_SPEED)
    times = np.r_[0.0, np.cumsum(np.maximum(needed, 1e-3))]
    return PchipInterpolator(times, knots), float(times[-1])
