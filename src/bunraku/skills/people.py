"""Where people are, by their sweaters, whose lower edge hangs at a known height: so that one camera tells how far."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np

from bunraku.house import SWEATER, SWEATER_EXTENT
from bunraku.vision.detect import View

HUE_TOLERANCE = 10
"""Largest difference of hue, in 1/256 turn."""
LEAST_SATURATION = 110
LEAST_AREA = 250
"""Smaller regions are no person within reach of the eyes, px."""
FARTHEST = 8.0
"""Distance (m) beyond which the lower edge says too little."""
TOO_CLOSE = 0.7
"""Distance (m) of a person whose sweater fills the picture down to its lower border."""


def find_people(view: View) -> list[np.ndarray]:
    """Where people stand in the picture `view`, (2,) m each on the floor, in the view's frame."""
    return [position for mask in _sweaters(view) if (position := _position(view, mask)) is not None]


def _sweaters(view: View) -> Sequence[np.ndarray]:
    hue, saturation, value = cv2.split(cv2.cvtColor(view.image, cv2.COLOR_RGB2HSV_FULL))
    wanted = round(255 * colorsys.rgb_to_hsv(*SWEATER)[0])
    near = (np.abs(hue.astype(np.int16) - wanted) <= HUE_TOLERANCE) & (saturation >= LEAST_SATURATION) & (value > 40)
    if view.hidden is not None:
        near &= ~view.hidden
    # What the person holds may cut the sweater in two.
    closed = cv2.morphologyEx(near.view(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= LEAST_AREA]
    return [(labels == i) & near for i in large]


def _position(view: View, mask: np.ndarray) -> np.ndarray | None:
    """Where the ray through the middle of the sweater's lower edge comes down to the height at which it hangs."""
    rows, columns = np.nonzero(mask)
    low, middle = int(rows.max()), float(np.median(columns)) + 0.5
    pixel = np.array([middle, low + 1.0, 1.0])
    way = view.rotation_stance_from_camera @ np.linalg.solve(view.intrinsics, pixel)
    ahead = way[:2] / np.hypot(*way[:2])
    if low >= mask.shape[0] - 2:
        return view.position_stance[:2] + TOO_CLOSE * ahead
    if way[2] >= 0:
        return None
    distance = (SWEATER_EXTENT[0] - view.position_stance[2]) / way[2] * np.hypot(*way[:2])
    return view.position_stance[:2] + distance * ahead if 0 < distance < FARTHEST else None
