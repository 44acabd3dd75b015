"""Uneven ground: bumps and hollows, laid of flat tiles."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from scipy.interpolate import RectBivariateSpline

EXTENT = 5.0
"""Half the side of an uneven field, m."""
TILE, BUMP_DISTANCE = 0.25, 0.5
"""Side of the flat tiles that an uneven field is laid of, and distance between its bumps and hollows, m."""


def lay_tile(spec: mujoco.MjSpec, tile: np.ndarray, parameters: dict[str, Any]) -> None:
    """Add one of `tiles` (5,) to `spec` as a box with the geom `parameters`."""
    x, y, height, slope_x, slope_y = tile
    normal = np.array([-slope_x, -slope_y, 1.0])
    normal /= np.linalg.norm(normal)
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * TILE, 0.5 * TILE, 0.1],
        pos=[x, y, height] - 0.1 * normal,
        quat=_tilting(normal),
        **parameters,
    )


def tiles(bump: float, rng: np.random.Generator, extent: float = EXTENT) -> np.ndarray:
    """Centre x, y, height (m) and slopes along x and y of every tile, (n, 5), within ± `extent` m; level in the middle,
    where a robot starts."""
    knots = np.arange(-extent - BUMP_DISTANCE, extent + 2 * BUMP_DISTANCE, BUMP_DISTANCE)
    heights = rng.uniform(-bump, bump, (len(knots), len(knots)))
    level = np.abs(knots) < 1.1 * BUMP_DISTANCE
    heights[np.ix_(level, level)] = 0.0
    surface = RectBivariateSpline(knots, knots, heights, kx=1, ky=1)
    centres = np.arange(-extent, extent, TILE) + TILE / 2
    x, y = (grid.ravel() for grid in np.meshgrid(centres, centres, indexing="ij"))
    half = TILE / 2
    slope_x = (surface.ev(x + half, y) - surface.ev(x - half, y)) / TILE
    slope_y = (surface.ev(x, y + half) - surface.ev(x, y - half)) / TILE
    return np.stack([x, y, surface.ev(x, y), slope_x, slope_y], axis=1)


def _tilting(normal: np.ndarray) -> np.ndarray:
    """Quaternion (4,) wxyz of the shortest turn of z to `normal`."""
    quaternion = np.array([1 + normal[2], -normal[1], normal[0], 0.0])
    return quaternion / np.linalg.norm(quaternion)
