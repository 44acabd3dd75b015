"""Comparing the outlines of posed hulls with those that were seen, for many hypotheses at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bunraku.vision.detect.region import DIRECTIONS, Region
from bunraku.vision.detect.view import View

PIXEL_NOISE = 0.5
"""Standard deviation of an outline, px."""
SHAPE_NOISE = 0.012
"""Standard deviation of an outline relative to the region's diameter: real things are not exactly their models."""
OPEN_WEIGHT = 0.02
"""Weight of a residual where the object may go on behind something else."""
OUTLIER = 2.5
"""Residuals beyond this many standard deviations count linearly, no longer by their square."""


@dataclass(frozen=True)
class Target:
    """What was seen, for each hypothesis b, view v and direction k. Absent views have `closed` and
    `weight` 0."""

    position: np.ndarray
    rotation: np.ndarray
    intrinsics: np.ndarray
    support: np.ndarray
    closed: np.ndarray
    weight: np.ndarray
    sigma: np.ndarray

    def take(self, index: np.ndarray) -> Target:
        """The rows `index`, which may repeat."""
        return Target(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Hulls:
    """Hypotheses b: what was seen, and hull points and normals (b, n, 3) before yaw, m."""

    target: Target
    points: np.ndarray
    normals: np.ndarray


def make_target(views: Sequence[View], seen: Sequence[Sequence[Region]]) -> Target:
    """What was seen of each object: at most one region of each view."""
    count, most = len(seen), max(len(regions) for regions in seen)
    k = len(DIRECTIONS)
    position, rotation = np.zeros((count, most, 3)), np.tile(np.eye(3), (count, most, 1, 1))
    intrinsics, support = np.ones((count, most, 4)), np.zeros((count, most, k))
    closed, weight, sigma = np.zeros((count, most, k)), np.zeros((count, most, 1)), np.ones((count, most, 1))
    for i, regions in enumerate(seen):
        for j, region in enumerate(regions):
            view = views[region.view]
            position[i, j], rotation[i, j] = view.position_stance, view.rotation_stance_from_camera
            intrinsics[i, j] = view.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
            support[i, j], closed[i, j], weight[i, j] = region.support, 1 - region.openness, 1.0
            sigma[i, j] = PIXEL_NOISE + SHAPE_NOISE * region.diameter
    return Target(position, rotation, intrinsics, support, closed, weight, sigma)


def turn(yaw: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (b, n, 3) turned about z by yaw (b,)."""
    c, s = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([c * x - s * y, s * x + c * y, z], axis=-1)


def _project(hulls: Hulls, parameters: np.ndarray):
    """Turned points (b, n, 3), points in each camera (b, v, n, 3) with their positions (b, v, 2, n) px and whether
    they face away (b, v, n), None if nothing has a normal."""
    t = hulls.target
    turned = turn(parameters[:, 3], hulls.points)
    offset = (turned + parameters[:, None, :3])[:, None] - t.position[:, :, None]
    camera = offset @ t.rotation
    depth = np.maximum(camera[..., 2], 0.02)
    fx, fy, cx, cy = (t.intrinsics[..., i, None] for i in range(4))
    pixels = np.stack([fx * camera[..., 0] / depth + cx, fy * camera[..., 1] / depth + cy], axis=2)
    away = None
    if hulls.normals.any():
        away = np.einsum("bvni,bni->bvn", offset, turn(parameters[:, 3], hulls.normals)) > 1e-9
    return turned, camera, pixels, away


def _extremes(hulls: Hulls, pixels: np.ndarray, away: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Which point (b, v, k) reaches farthest each way, and residuals (b, v, k) px of how far."""
    reach = DIRECTIONS @ pixels
    if away is not None:
        reach -= 1e6 * away[:, :, None]
    best = reach.argmax(axis=3)
    return best, np.take_along_axis(reach, best[..., None], axis=3)[..., 0] - hulls.target.support


def weights(hulls: Hulls, residual: np.ndarray, robust: bool) -> np.ndarray:
    """Weight (b, v, k): little where the model reaches behind something, less for outliers."""
    t = hulls.target
    closed = np.where(residual > 0, OPEN_WEIGHT + (1 - OPEN_WEIGHT) * t.closed, 1.0) * t.weight
    if not robust:
        return closed
    return closed * np.minimum(1.0, OUTLIER * t.sigma / np.maximum(np.abs(residual), 1e-9))


@dataclass(frozen=True)
class Linearised:
    """Residuals (b, v, k) px, their derivatives by position (b, v, k, 3) px/m, and the arms (b, v, k, 3) m from the
    object's origin to the points that make them."""

    residual: np.ndarray
    slope: np.ndarray
    arm: np.ndarray


def linearise(hulls: Hulls, parameters: np.ndarray) -> Linearised:
    """Compare hulls posed by `parameters` (b, 4) = x, y, z m and yaw rad with what was seen."""
    t = hulls.target
    turned, camera, pixels, away = _project(hulls, parameters)
    best, residual = _extremes(hulls, pixels, away)
    b, v = np.ogrid[: len(parameters), : best.shape[1]]
    at = camera[b[..., None], v[..., None], best]
    z = np.maximum(at[..., 2], 0.02)
    gx, gy = DIRECTIONS[:, 0] * t.intrinsics[..., :1] / z, DIRECTIONS[:, 1] * t.intrinsics[..., 1:2] / z
    slope = np.stack([gx, gy, -(gx * at[..., 0] + gy * at[..., 1]) / z], axis=-1) @ t.rotation.transpose(0, 1, 3, 2)
    return Linearised(residual, slope, turned[b[..., None], best])


def residuals(hulls: Hulls, parameters: np.ndarray) -> np.ndarray:
    """The residuals of `linearise` alone."""
    _, _, pixels, away = _project(hulls, parameters)
    return _extremes(hulls, pixels, away)[1]


def robust_cost(hulls: Hulls, residual: np.ndarray) -> np.ndarray:
    """Cost (b,) per unit of weight: squares up to `OUTLIER` standard deviations, linear beyond."""
    closed = weights(hulls, residual, robust=False)
    scaled = np.abs(residual) / hulls.target.sigma
    huber = np.where(scaled < OUTLIER, scaled**2, OUTLIER * (2 * scaled - OUTLIER))
    return (closed * huber).sum(axis=(1, 2)) / np.maximum(closed.sum(axis=(1, 2)), 1.0)


def explained(hulls: Hulls, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much outline is explained (b,), in directions, and which share of the visible outline that is (b,)."""
    closed = weights(hulls, residual, robust=False)
    amount = (closed * np.exp(-0.5 * (residual / (OUTLIER * hulls.target.sigma)) ** 2)).sum(axis=(1, 2))
    return amount, amount / np.maximum(closed.sum(axis=(1, 2)), 1.0)
