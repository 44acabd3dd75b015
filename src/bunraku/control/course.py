"""The course of waist and arms through postures: which way between them, and how long it takes."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

UPPER = slice(7, 25)
"""Waist, neck and arms in a configuration (37,)."""
WAIST_SPEED, ARM_SPEED, PELVIS_SPEED = 0.4, 1.1, 0.06
"""Mean speeds on the way between postures, rad/s, and m/s of the pelvis: its peak, 1.9 times as high, is what inverse
kinematics allows."""


def course(knots: np.ndarray) -> tuple[PchipInterpolator, float]:
    """A smooth course (18,) rad of waist, neck and arms through the configurations `knots` (n, 37), from 0 to the time
    (s) that it takes.

    Between two knots no joint goes beyond either (Fritsch & Carlson 1980); the neck, which follows the gaze, takes no
    time.
    """
    turns = np.abs(np.diff(knots, axis=0))
    waist, arms = turns[:, UPPER][:, :2].max(axis=1), turns[:, UPPER][:, 4:].max(axis=1)
    pelvis = np.hypot(turns[:, 0], turns[:, 1])
    needed = np.max([waist / WAIST_SPEED, arms / ARM_SPEED, pelvis / PELVIS_SPEED], axis=0)
    times = np.r_[0.0, np.cumsum(np.maximum(needed, 1e-3))]
    return PchipInterpolator(times, knots[:, UPPER]), float(times[-1])
