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
CALIBRATION_NOISE = 0.0015
"""Standard deviation of where a camera is thought to look, rad: it shifts all of an outline at once."""
BLOOM = (0.2, 0.01)
"""Standard deviation of how much all of an outline is too wide, px and relative to its diameter: light, blur, size."""
COMMON = np.column_stack([DIRECTIONS, np.ones(len(DIRECTIONS))])
"""What the errors common to a whole outline do to its support function (k, 3): shift right, shift down, bloom."""
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
    common: np.ndarray

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
    common = np.ones((count, most, 3))
    for i, regions in enumerate(seen):
        for j, region in enumerate(regions):
            view = views[region.view]
            position[i, j], rotation[i, j] = view.position_stance, view.rotation_stance_from_camera
            intrinsics[i, j] = view.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
            support[i, j], closed[i, j], weight[i, j] = region.support, 1 - region.openness, 1.0
            sigma[i, j] = PIXEL_NOISE + SHAPE_NOISE * region.diameter
            common[i, j] = (*(2 * [CALIBRATION_NOISE * view.intrinsics[0, 0]]), BLOOM[0] + BLOOM[1] * region.diameter)
    return Target(position, rotation, intrinsics, support, closed, weight, sigma, common)


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


def _common(hulls: Hulls, weight: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest errors common to each view's whole outline.

    Args:
        weight: (b, v, k) px⁻².
        residual: (b, v, k, p), several kinds side by side.

    Returns:
        The pull on the errors of each view (b, v, 3, p), and the errors (b, v, 3, p) to which it leads, px.
    """
    directed = (COMMON * weight[..., None]).swapaxes(-1, -2)
    pull = directed @ residual
    return pull, np.linalg.solve(directed @ COMMON + (hulls.target.common**-2)[..., None] * np.eye(3), pull)


def aligned(hulls: Hulls, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (b, v, k) px that are left without each view's likeliest common errors, and what those cost (b, v)."""
    weight = weights(hulls, residual, robust=False) / hulls.target.sigma**2
    _, error = _common(hulls, weight, residual[..., None])
    return residual - (COMMON @ error)[..., 0], np.square(error[..., 0] / hulls.target.common).sum(axis=2)


def normal_equations(hulls: Hulls, residual: np.ndarray, jacobian: np.ndarray, robust: bool):
    """Hessian (b, p, p) and gradient (b, p) of half the cost, by the parameters of `jacobian` (b, v, k, p).

    The errors common to each view are eliminated (Schur complement), so that the Hessian's inverse is the covariance of
    the parameters with these in it.
    """
    count, size = len(jacobian), jacobian.shape[-1]
    weight = weights(hulls, aligned(hulls, residual)[0], robust) / hulls.target.sigma**2
    both = np.concatenate([jacobian, residual[..., None]], axis=-1)
    pull, error = _common(hulls, weight, both)
    flat = both.reshape(count, -1, size + 1)
    full = (flat * weight.reshape(count, -1, 1)).transpose(0, 2, 1) @ flat - (pull.swapaxes(-1, -2) @ error).sum(axis=1)
    return full[:, :size, :size].copy(), full[:, :size, size].copy()


def robust_cost(hulls: Hulls, residual: np.ndarray) -> np.ndarray:
    """Cost (b,) per unit of weight: squares up to `OUTLIER` standard deviations, linear beyond."""
    left, common = aligned(hulls, residual)
    closed = weights(hulls, left, robust=False)
    scaled = np.abs(left) / hulls.target.sigma
    huber = np.where(scaled < OUTLIER, scaled**2, OUTLIER * (2 * scaled - OUTLIER))
    total = (closed * huber).sum(axis=(1, 2)) + (common * hulls.target.weight[..., 0]).sum(axis=1)
    return total / np.maximum(closed.sum(axis=(1, 2)), 1.0)


def explained(hulls: Hulls, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much outline is explained (b,), in directions, and which share of the visible outline that is (b,)."""
    left, _ = aligned(hulls, residual)
    closed = weights(hulls, left, robust=False)
    amount = (closed * np.exp(-0.5 * (left / (OUTLIER * hulls.target.sigma)) ** 2)).sum(axis=(1, 2))
    return amount, amount / np.maximum(closed.sum(axis=(1, 2)), 1.0)
