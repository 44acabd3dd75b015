"""Where the robot is on its map, by where it sees the floor end.

Odometry drifts by a few centimetres a room. In every picture of the eyes the floor is told from what is not floor by
its colour before the feet; where it ends, column by column, is a scan of distances (free space by appearance, Ulrich &
Nourbakhsh 2000). The scan is laid on the lines of the map at which floors end, by Gauss–Newton steps on the distances
from the nearest lines with robust weights, held near odometry (scan matching, Lu & Milios 1997).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bunraku.control.stance import Stance
from bunraku.house import Block
from bunraku.vision.detect import View

COLUMNS = 96
"""Columns of a picture in which the floor's end is looked for."""
TOLERANCE = 14
"""Largest difference of a channel from the floor's colour, of 255."""
RUN = 5
"""Pixels beyond the floor that make its end."""
PATCH = (40, 4, 60)
"""Pixels above the picture's lower edge, from and to, and to either side, by which the floor's colour is told."""
FLAT = 0.02
"""What is no higher than this (m) is floor."""
NEAREST, FARTHEST = 0.5, 4.0
"""Distances (m) between which a point of the scan counts."""
GATE = 0.25
"""Distance (m) from all lines at which a point is something that is not on the map."""
PAST_END = 0.06
"""How far (m) past the end of a line a point may still belong to it."""
SOFT = 0.05
"""Distance (m) at which a point counts half (Cauchy weights)."""
NOISE = 0.10
"""Standard deviation (m) of one near point: its neighbours err together with it."""
PRIOR = np.array([0.03, 0.03, 0.015, 0.01])
"""How far (m, m, rad) one picture may easily move the pose, and the camera's pitch (rad)."""
FEWEST = 25
"""Points that must lie on lines for a picture to count."""
LARGEST = np.array([0.05, 0.05, 0.02])
"""Largest step (m, m, rad) from one picture."""


class Localizer:
    """Lays what the eyes see of the floor on the lines of a map."""

    def __init__(self, lines: Sequence[Block]) -> None:
        """Prepare for a map on which floors end at the outlines of `lines`."""
        edges = [
            (axis, value, *(line.y if axis == 0 else line.x))
            for line in lines
            for axis, extent in enumerate((line.x, line.y))
            for value in extent
        ]
        solid = [(line.x, line.y) for line in lines if line.z[1] > FLAT]
        self._solid = np.array(solid).reshape(-1, 2, 2)
        self._axis = np.array([edge[0] for edge in edges])
        self._value, self._low, self._high = np.array([edge[1:] for edge in edges]).T

    def correction(self, view: View) -> Stance | None:
        """How the frame of `view` must be moved about its origin for the scan to fit; None if it says nothing.

        The camera's pitch is estimated along with it, and forgotten: half a degree of it is worth three centimetres.
        """
        points = floor_ends(view)
        if len(points) < FEWEST or not self._begins_on_floor(view):
            return None
        centre, height = view.position_stance[:2], view.position_stance[2]
        reach = np.hypot(*(points - centre).T)
        # How far a ray's end moves away when the camera looks up, m/rad.
        lever = (height**2 + reach**2) / height
        noise = NOISE * lever / height
        move, weight = np.zeros(4), np.zeros(len(points))
        for _ in range(6):
            c, s = np.cos(move[2]), np.sin(move[2])
            outward = (points - centre) / reach[:, None]
            arms = ((reach + lever * move[3])[:, None] * outward) @ np.array([[c, s], [-s, c]])
            distance, slope = self._at(centre + arms + move[:2])
            weight = np.where(np.abs(distance) < GATE, 1 / (1 + (distance / SOFT) ** 2), 0.0)
            distance = np.where(weight > 0, distance, 0.0)
            turn = slope[:, 1] * arms[:, 0] - slope[:, 0] * arms[:, 1]
            away = lever * (slope * arms).sum(axis=1) / np.hypot(*arms.T)
            jacobian = np.column_stack([slope, turn, away]) / noise[:, None]
            normal = (jacobian * weight[:, None]).T @ jacobian + np.diag(1 / PRIOR**2)
            gradient = (jacobian * weight[:, None]).T @ (distance / noise) + move / PRIOR**2
            move = move - np.linalg.solve(normal, gradient)
        if (weight > 0.5).sum() < FEWEST:
            return None
        move = np.clip(move[:3], -LARGEST, LARGEST)
        c, s = np.cos(move[2]), np.sin(move[2])
        x, y = centre + move[:2] - np.array([[c, -s], [s, c]]) @ centre
        return Stance(float(x), float(y), float(move[2]))

    def _begins_on_floor(self, view: View) -> bool:
        """Whether what the floor is known by, low in the picture, is floor by the map: no step, no wall."""
        height, width = view.image.shape[:2]
        pixels = [
            [u, v, 1.0]
            for v in (height - PATCH[0], height - PATCH[1])
            for u in (width / 2 - PATCH[2], width / 2 + PATCH[2])
        ]
        ways = np.linalg.solve(view.intrinsics, np.transpose(pixels)).T @ view.rotation_stance_from_camera.T
        if (ways[:, 2] > -0.05).any():
            return False
        eye = view.position_stance[:2]
        corners = ways[:, :2] * (-view.position_stance[2] / ways[:, 2:])
        points = (eye + np.linspace(0.5, 1.0, 12)[:, None, None] * corners).reshape(-1, 1, 2)
        low, high = self._solid[..., 0], self._solid[..., 1]
        return not ((points > low) & (points < high)).all(axis=2).any()

    def _at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Signed distance (n,) across the nearest line to `points` (n, 2), and the line's normal (n, 2)."""
        across, along = points[:, self._axis], points[:, 1 - self._axis]
        beyond = np.maximum(np.maximum(self._low - along, along - self._high), 0.0)
        nearest = np.hypot(across - self._value, 3 * beyond).argmin(axis=1)
        rows = np.arange(len(points))
        distance = (across - self._value)[rows, nearest]
        far = beyond[rows, nearest] > PAST_END
        return np.where(far, np.inf, distance), np.eye(2)[self._axis[nearest]]


def floor_ends(view: View) -> np.ndarray:
    """Points (n, 2) m on the floor at which it ends, in the view's frame."""
    image = cv2.medianBlur(view.image, 3)
    height, width = image.shape[:2]
    far, near, aside = PATCH
    patch = image[height - far : height - near, width // 2 - aside : width // 2 + aside].reshape(-1, 3)
    colour = np.median(patch, axis=0)
    if np.abs(patch - colour).max(axis=1).mean() > TOLERANCE:
        return np.empty((0, 2))
    columns = np.linspace(8, width - 9, COLUMNS).astype(int)
    strip = image[:, columns].astype(np.int16)
    floor = np.abs(strip - colour).max(axis=2) <= TOLERANCE
    if view.hidden is not None:
        floor &= ~view.hidden[:, columns]
    upwards = ~floor[::-1]
    ended = np.stack([upwards[i : height - RUN + i] for i in range(RUN)]).all(axis=0)
    first = ended.argmax(axis=0)
    usable = ended.any(axis=0) & (first > 8)
    if view.hidden is not None:
        # Where its own body begins the floor does not end.
        above = np.clip(height - 1 - first - 3, 0, height - 1)
        usable &= ~view.hidden[above, columns]
    pixels = np.stack([columns[usable] + 0.5, height - first[usable] + 0.0, np.ones(usable.sum())])
    ways = view.rotation_stance_from_camera @ np.linalg.solve(view.intrinsics, pixels)
    ways = ways[:, ways[2] < -0.05]
    ends = view.position_stance[:2] + (ways[:2] * (-view.position_stance[2] / ways[2])).T
    far = np.hypot(*(ends - view.position_stance[:2]).T)
    return ends[(far > NEAREST) & (far < FARTHEST)]
