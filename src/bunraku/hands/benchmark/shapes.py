"""Signed distances to the objects that hands hold: spheres, cylinders and boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np


@dataclass(frozen=True)
class Shape:
    """An object. `size` is (radius,), (radius, half length along z) or three half sizes, m; `mass` kg."""

    kind: Literal["sphere", "cylinder", "box"]
    size: tuple[float, ...]
    mass: float

    def signed_distance(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance (...) m of `points` (..., 3) in the object's frame, negative inside, and its gradient (..., 3)."""
        if self.kind == "sphere":
            length = np.linalg.norm(points, axis=-1)
            return length - self.size[0], points / np.maximum(length, 1e-9)[..., None]
        if self.kind == "box":
            return _box_distance(points, np.array(self.size))
        radius, half = self.size
        across = np.linalg.norm(points[..., :2], axis=-1)
        flat = np.stack([across, points[..., 2]], -1)
        distance, gradient = _box_distance(flat, np.array([radius, half]))
        outward = points[..., :2] / np.maximum(across, 1e-9)[..., None]
        return distance, np.concatenate([gradient[..., :1] * outward, gradient[..., 1:]], -1)

    @property
    def extent(self) -> np.ndarray:
        """Half sizes (3,) m of the bounding box."""
        if self.kind == "sphere":
            return np.full(3, self.size[0])
        return np.array(self.size) if self.kind == "box" else np.array([self.size[0], self.size[0], self.size[1]])

    def geom(self) -> dict:
        """Keyword arguments of `MjsBody.add_geom`."""
        kinds = {
            "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
            "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
            "box": mujoco.mjtGeom.mjGEOM_BOX,
        }
        return {"type": kinds[self.kind], "size": [*self.size, 0, 0][:3], "mass": self.mass}


def _box_distance(points: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    beyond = np.abs(points) - half
    outside = np.maximum(beyond, 0)
    length = np.linalg.norm(outside, axis=-1)
    inside = np.minimum(beyond.max(-1), 0)
    nearest = np.zeros_like(points)
    np.put_along_axis(nearest, beyond.argmax(-1)[..., None], 1.0, -1)
    gradient = np.where((length > 1e-9)[..., None], outside / np.maximum(length, 1e-9)[..., None], nearest)
    return length + inside, gradient * np.where(points < 0, -1.0, 1.0)
