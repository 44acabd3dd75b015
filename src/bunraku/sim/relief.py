"""Stairs and ramps in an open field: slabs that lie across the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

WIDTH = 2.0
"""Of every slab across the way, m."""
_THICK = 0.2


@dataclass(frozen=True)
class Slab:
    """A flat slab between two `x` m whose top rises from one of the `heights` m to the other."""

    x: tuple[float, float]
    heights: tuple[float, float]


def stairs(start: float, count: int = 3, rise: float = 0.15, tread: float = 0.30, landing: float = 1.5) -> list[Slab]:
    """`count` steps up from `start` m on, the last of which is a landing."""
    depths = [tread] * (count - 1) + [landing]
    begins = start + np.cumsum([0.0, *depths[:-1]])
    return [
        Slab((float(x), float(x) + depth), (rise * (i + 1), rise * (i + 1)))
        for i, (x, depth) in enumerate(zip(begins, depths, strict=True))
    ]


def ramp(start: float, slope: float = np.deg2rad(10), length: float = 1.5, landing: float = 1.0) -> list[Slab]:
    """Up at `slope` rad over `length` m of way from `start` m on, a landing, and down again."""
    top, up = length * np.sin(slope), length * np.cos(slope)
    corners = start + np.cumsum([0.0, up, landing, up])
    heights = [0.0, top, top, 0.0]
    return [
        Slab((float(corners[i]), float(corners[i + 1])), (float(heights[i]), float(heights[i + 1]))) for i in range(3)
    ]


def height_at(slabs: tuple[Slab, ...], x: np.ndarray) -> np.ndarray:
    """Height (n,) m of the ground at `x` (n,) m: that of the slab there, else 0."""
    height = np.zeros(len(x))
    for slab in slabs:
        inside = (x >= slab.x[0]) & (x < slab.x[1])
        height[inside] = np.interp(x[inside], slab.x, slab.heights)
    return height


def lay_slab(spec: mujoco.MjSpec, slab: Slab, parameters: dict[str, Any]) -> None:
    """Add a slab to `spec` as a box with the geom `parameters`."""
    run, rise = slab.x[1] - slab.x[0], slab.heights[1] - slab.heights[0]
    slope = np.arctan2(rise, run)
    middle = np.array([np.mean(slab.x), 0.0, np.mean(slab.heights)])
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * np.hypot(run, rise), WIDTH / 2, _THICK / 2],
        pos=middle - 0.5 * _THICK * np.array([-np.sin(slope), 0.0, np.cos(slope)]),
        quat=[np.cos(slope / 2), 0.0, -np.sin(slope / 2), 0.0],
        rgba=[0.75, 0.68, 0.58, 1.0],
        **parameters,
    )
