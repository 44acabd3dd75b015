"""Walking with a purpose: to a place."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.control.legs import Legs
from bunraku.control.steps import Velocity
from bunraku.control.walking import FASTEST, Walker

__all__ = ["Legs", "Velocity", "walk_to"]

ARRIVED, ALIGNED = 0.04, 0.05
"""Distance (m) and angle (rad) at which a place counts as reached."""
APPROACH, TURNING = 0.9, 1.2
"""Speed per distance left, 1/s."""
BRAKING = 0.35
"""Slowest useful slow-down, m/s²."""


def walk_to(walker: Walker, x: float, y: float, yaw: float) -> Generator[Velocity, None, bool]:
    """Velocities that bring the pelvis to `x`, `y` (m) and `yaw` (rad) in the frame of the first stance.

    Yields one velocity a tick; returns True once it stands there. It turns towards far goals and walks to near ones
    without turning first. Closing the generator leaves the robot to stop by itself.
    """
    while True:
        px, py, heading = walker.pose
        ahead = np.array([x - px, y - py])
        distance = float(np.hypot(*ahead))
        bearing = _wrap(float(np.arctan2(ahead[1], ahead[0])) - heading)
        final = _wrap(yaw - heading)
        if distance < ARRIVED and abs(final) < ALIGNED:
            if walker.is_standing:
                return True
            yield Velocity()
            continue
        if distance > 0.6:
            facing = max(0.0, np.cos(bearing)) ** 3
            turn = float(np.clip(TURNING * bearing, -FASTEST[2], FASTEST[2]))
            yield Velocity(float(FASTEST[0]) * facing, 0.0, turn)
            continue
        speed = min(APPROACH * distance, float(np.sqrt(2 * BRAKING * distance)))
        forward, left = speed * np.cos(bearing), speed * np.sin(bearing)
        turn = float(np.clip(TURNING * final, -FASTEST[2], FASTEST[2]))
        yield Velocity(float(np.clip(forward, -0.3, FASTEST[0])), float(np.clip(left, -FASTEST[1], FASTEST[1])), turn)


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
