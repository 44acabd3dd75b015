"""Where people are, by their sweaters, whose lower edge hangs at a known height: so that one camera tells how far."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bunraku.house import SWEATER, SWEATER_EXTENT
from bunraku.vision.detect import View

HUE_TOLERANCE = 10
"""Largest difference of hue, in 1/256 turn."""
LEAST_SATURATION = 110
LEAST_AREA = 250
"""Smaller regions are no person within reach of the eyes, px."""
SLIMMEST = 0.4
"""Least width, as a share of its height, of a region that the picture's border cuts."""
PARTS = 0.5
"""Regions nearer to each other than this (m) are parts of one sweater."""
FARTHEST = 8.0
"""Distance (m) beyond which the lower edge says too little."""
TOO_CLOSE = 0.7
"""Distance (m) of a person whose sweater fills the picture down to its lower border."""
SIGHT = 3.0
"""Distance (m) within which nobody in the middle of the picture is missed."""
SAME = 0.8
"""People nearer to each other than this (m) are one."""
SMOOTHING = (0.6, 0.25)
"""Shares of a surprise by which position and velocity are corrected (α–β filter, Kalata 1984)."""
FASTEST = 1.5
"""Nobody is taken to walk faster than this, m/s."""
FORGET_VELOCITY = 1.0
"""Seconds out of sight after which a person is taken to stand where it was seen last."""


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody who was seen: `position` (2,) m on the floor at `time` s, and `velocity` (2,) m/s."""

    position: np.ndarray
    velocity: np.ndarray
    time: float

    def at(self, time: float) -> np.ndarray:
        """Where the person is at `time` s (2,), if it walks on; not farther than it walks within a second out of
        sight."""
        return self.position + min(max(time - self.time, 0.0), FORGET_VELOCITY) * self.velocity


def tracked(people: Sequence[Person], seen: Sequence[np.ndarray], view: View) -> list[Person]:
    """The `people` known before, when somebody was `seen` at each of those places (2,) m in the picture `view`: moved,
    met for the first time, or gone. People out of sight are kept.
    """
    found = [_moved(people, position, view.time) for position in seen]
    away = [p for p in people if all(np.hypot(*(p.at(view.time) - position)) > SAME for position in seen)]
    kept = [p for p in away if not _should_be_seen(p.position, view)]
    return found + [p if view.time - p.time < FORGET_VELOCITY else replace(p, velocity=np.zeros(2)) for p in kept]


def _moved(people: Sequence[Person], position: np.ndarray, time: float) -> Person:
    """Who was seen at `position` (2,) at `time` s."""
    near = [p for p in people if np.hypot(*(p.at(time) - position)) <= SAME]
    if not near:
        return Person(position, np.zeros(2), time)
    before = min(near, key=lambda p: float(np.hypot(*(p.at(time) - position))))
    passed, surprise = max(time - before.time, 0.05), position - before.at(time)
    velocity = before.velocity + SMOOTHING[1] / passed * surprise
    velocity = velocity * min(1.0, FASTEST / max(float(np.hypot(*velocity)), 1e-6))
    return Person(before.at(time) + SMOOTHING[0] * surprise, velocity, time)


def _should_be_seen(person: np.ndarray, view: View) -> bool:
    way = np.array([*person, 1.2]) - view.position_stance
    distance = float(np.linalg.norm(way))
    return bool(distance < SIGHT and way @ view.rotation_stance_from_camera[:, 2] > 0.94 * distance)


def find_people(view: View) -> list[np.ndarray]:
    """Where people stand in the picture `view`, (2,) m each on the floor, in the view's frame."""
    found: list[np.ndarray] = []
    for mask in _sweaters(view):
        position = _position(view, mask)
        if position is not None and all(np.hypot(*(position - other)) > PARTS for other in found):
            found.append(position)
    return found


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
    large.sort(key=lambda i: -stats[i, cv2.CC_STAT_AREA])
    return [(labels == i) & near for i in large]


def _position(view: View, mask: np.ndarray) -> np.ndarray | None:
    """Where the ray through the middle of the sweater's lower edge comes down to the height at which it hangs."""
    rows, columns = np.nonzero(mask)
    cut = columns.min() == 0 or columns.max() == mask.shape[1] - 1
    if cut and np.ptp(columns) < SLIMMEST * np.ptp(rows):
        return None  # the lower edge is round: its outer part alone would seem too far away
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
