"""What a detector knows of a kind of object: colour and outline, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull

from bunraku.errors import UserError


@dataclass(frozen=True, eq=False)
class Rest:
    """A way of resting: `rotation` (3, 3) of the object before yaw, and the `yaw_period` rad after which a turn about z
    makes it look the same; 0 if it is round."""

    rotation: np.ndarray
    yaw_period: float


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """Shape and colour of one kind of object in one colour.

    The object frame may lie anywhere in the object: a detection reports where its origin is.

    Attributes:
        kind: name of the kind.
        colour: name of the colour.
        rgb: that colour (3,) in [0, 1].
        outline: points (n, 3) m on the parts that have this colour; only their convex hull matters.
        normals: outward normals (n, 3) of the outline, so that what faces away is not expected in the picture. Needed
            where another colour covers a face (the lid of a can). A zero normal, or None, means visible from anywhere.
        size: bounding box (3,) m of the whole object in its frame; the outline's own if None.
        bottom: height m of the object's lowest point in its frame; the outline's own if None.
        yaw_period: the outline repeats after a turn by this angle about z, rad; 0 if it is round.
        lying: other ways in which it may rest, once it has fallen.
    """

    kind: str
    colour: str
    rgb: tuple[float, float, float]
    outline: np.ndarray
    normals: np.ndarray | None = None
    size: tuple[float, float, float] | None = None
    bottom: float | None = None
    yaw_period: float = 2 * np.pi
    lying: tuple[Rest, ...] = ()

    def __post_init__(self) -> None:
        if self.outline.ndim != 2 or self.outline.shape[1] != 3 or len(self.outline) < 4:
            raise UserError(f"the outline of a {self.kind} must be (n ≥ 4, 3) in m, got {self.outline.shape}")
        if self.normals is not None and self.normals.shape != self.outline.shape:
            raise UserError(f"a {self.kind} needs one normal per outline point, got {self.normals.shape}")

    @property
    def name(self) -> str:
        """Colour and kind, as in "red mug"."""
        return f"{self.colour} {self.kind}"

    @cached_property
    def upright(self) -> Rest:
        """Standing as its frame stands."""
        return Rest(np.eye(3), self.yaw_period)

    @cached_property
    def extent(self) -> np.ndarray:
        """Bounding box (3,) m of the object in its frame."""
        return np.ptp(self.outline, axis=0) if self.size is None else np.asarray(self.size, float)

    @cached_property
    def hull(self) -> tuple[np.ndarray, np.ndarray]:
        """The points (m, 3) m that can touch a silhouette, and their normals (m, 3)."""
        return self._reduced(96)

    @cached_property
    def coarse_hull(self) -> tuple[np.ndarray, np.ndarray]:
        """As `hull`, with the fewest points that still tell one kind from another."""
        return self._reduced(32)

    def _reduced(self, directions: int) -> tuple[np.ndarray, np.ndarray]:
        corners = self.outline[ConvexHull(self.outline).vertices]
        corners = corners[np.unique((corners @ _sphere(directions).T).argmax(axis=0))]
        if self.normals is None:
            return corners, np.zeros_like(corners)
        kept = (np.abs(self.outline[:, None] - corners).max(axis=2) < 1e-6).any(axis=1)
        return self.outline[kept], self.normals[kept]

    @cached_property
    def diameters(self) -> tuple[float, float]:
        """Least and greatest width m that the silhouette's longest side can have, from any direction."""
        along = _sphere(64)
        aside = np.cross(along, np.roll(along, 1, axis=1))
        aside /= np.linalg.norm(aside, axis=1, keepdims=True)
        turn = np.arange(8)[:, None, None] * np.pi / 8
        across = np.cos(turn) * aside + np.sin(turn) * np.cross(along, aside)
        longest = np.ptp(across @ self.hull[0].T, axis=2).max(axis=0)
        return float(longest.min()), float(longest.max())


def _sphere(count: int) -> np.ndarray:
    """Nearly even unit directions (count, 3): the Fibonacci sphere."""
    i = np.arange(count) + 0.5
    z, turn = 1 - 2 * i / count, i * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)
