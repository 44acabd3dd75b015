"""What the legs know of the ground: a height map, and where a sole fits on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.errors import UserError
from bunraku.robot.model import SOLE_SIZE

_ALONG, _ACROSS = (np.linspace(-1, 1, n) for n in (9, 5))
_UNIT_PATCH = np.stack([grid.ravel() for grid in np.meshgrid(_ALONG, _ACROSS, indexing="ij")], axis=1)
"""Points (45, 2) of a sole of half extents 1."""


@dataclass(frozen=True)
class Patch:
    """The ground under one sole: `height` m of the plane through it at the sole's middle, its `normal` (3,), and its
    `roughness` m, the largest departure from that plane."""

    height: float
    normal: np.ndarray
    roughness: float


@dataclass(frozen=True)
class HeightMap:
    """Heights of the ground on a grid, in the frame of the first stance: x forward, y left, z up.

    `heights` (n, m) m at x = `origin[0]` + i · `cell` and y = `origin[1]` + j · `cell`; beyond its border the map
    goes on as it is there.

    Raises:
        UserError: if the heights are not a finite grid of at least 2 × 2.
    """

    origin: tuple[float, float]
    cell: float
    heights: np.ndarray

    def __post_init__(self) -> None:
        """Check that it is a map."""
        if self.heights.ndim != 2 or min(self.heights.shape) < 2 or not np.isfinite(self.heights).all():
            raise UserError(f"a height map is a finite grid of at least 2 × 2 cells, got shape {self.heights.shape}")
        if not self.cell > 0:
            raise UserError(f"a height map needs a positive cell size, got {self.cell}")

    def height(self, points: np.ndarray) -> np.ndarray:
        """Heights (n,) m at `points` (n, 2), those of the nearest cells: an edge stays an edge."""
        index = np.rint((points - np.array(self.origin)) / self.cell).astype(int)
        rows, columns = np.minimum(np.maximum(index, 0), np.array(self.heights.shape) - 1).T
        return self.heights[rows, columns]

    def patch(self, position: np.ndarray, yaw: float, margin: float = 0.0) -> Patch:
        """The ground under a sole at `position` (2,) m, turned by `yaw` rad and wider by `margin` m all around."""
        c, s = np.cos(yaw), np.sin(yaw)
        offsets = _UNIT_PATCH * (np.array(SOLE_SIZE[:2]) + margin)
        heights = self.height(position + offsets @ np.array([[c, s], [-s, c]]))
        along, across = offsets.T
        slopes = along @ heights / (along @ along), across @ heights / (across @ across)
        middle = float(heights.mean())
        roughness = np.abs(heights - middle - slopes[0] * along - slopes[1] * across).max()
        normal = np.array([-slopes[0] * c + slopes[1] * s, -slopes[0] * s - slopes[1] * c, 1.0])
        return Patch(middle, normal / np.linalg.norm(normal), float(roughness))
