"""Where must an object stand, and which one is it, so that it has the outlines that were seen?

Least squares over position and yaw of the difference between the support functions of the projected hull and of the
regions, in all views at once: Gauss–Newton, for all objects, models, rest poses and starting yaws side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bunraku.vision.detect.model import ObjectModel
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
SUPPORT_STD = 0.002
"""Standard deviation of a known support's height, m."""
SUPPORT_REACH = 0.03
"""An object whose lowest point is seen within this distance (m) of a known support may stand on it."""
KEPT = 5
"""How many hypotheses per problem are refined after the coarse search."""


@dataclass(frozen=True)
class Problem:
    """Which of `models` are these `regions`, at most one per view, of one object around `centre` (3,) m?

    Without a centre the distance is taken from the apparent size in the first region.
    """

    regions: tuple[Region, ...]
    models: tuple[ObjectModel, ...]
    centre: np.ndarray | None = None


@dataclass(frozen=True)
class Fit:
    """The best pose of one model for some regions.

    Attributes:
        model, rest: the model, and the index of its rest rotation.
        parameters: x, y, z of the object frame in m and yaw in rad, in the stance frame (4,).
        covariance: of the parameters (4, 4).
        cost: robust sum of squared residuals in standard deviations, per unit of weight.
        evidence: how much outline it explains: the sum over views and directions of weights in [0, 1].
        inliers: share of the outline that is explained.
        bottom: height m of the lowest point above the object frame, in its rest pose.
        support: height m of the known support on which it stands, or None.
    """

    model: ObjectModel
    rest: int
    parameters: np.ndarray
    covariance: np.ndarray
    cost: float
    evidence: float
    inliers: float
    bottom: float
    support: float | None

    @property
    def hull(self) -> np.ndarray:
        """Hull points (n, 3) m of the posed model in the stance frame."""
        points = self.model.hull[0] @ self.model.rest_rotations[self.rest].T
        return _turn(self.parameters[3:], points[None])[0] + self.parameters[:3]


@dataclass(frozen=True)
class _Target:
    """What was seen, for each problem or hypothesis b, view v and direction k. Absent views have `closed` and
    `weight` 0."""

    position: np.ndarray
    rotation: np.ndarray
    intrinsics: np.ndarray
    support: np.ndarray
    closed: np.ndarray
    weight: np.ndarray
    sigma: np.ndarray

    def take(self, index: np.ndarray) -> _Target:
        return _Target(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Hypothesis:
    problem: int
    model: ObjectModel
    rest: int


@dataclass(frozen=True)
class _Batch:
    """Hypotheses as arrays over b: what was seen, hull points and normals (b, n, 3) before yaw, height of the lowest
    point (b,) m, whether it is round (b,), and the height (b,) m of the support under it, NaN where there is none."""

    target: _Target
    points: np.ndarray
    normals: np.ndarray
    bottom: np.ndarray
    round: np.ndarray
    standing: np.ndarray


def solve(views: Sequence[View], problems: Sequence[Problem], support_heights: Sequence[float] = ()) -> list[list[Fit]]:
    """Fit every model of every problem.

    An object takes one of `support_heights` (m) only where that explains the pictures nearly as well.

    Returns:
        For each problem some of its models, the best first.
    """
    problems = list(problems)
    if not problems:
        return []
    target = _target(views, problems)
    hypotheses = [
        (_Hypothesis(index, model, rest), yaw)
        for index, problem in enumerate(problems)
        for model in problem.models
        for rest in range(len(model.rest_rotations))
        for yaw in _starting_yaws(model.yaw_period)
    ]
    if not hypotheses:
        return [[] for _ in problems]
    chosen = [h for h, _ in hypotheses]
    batch = _batch(target, chosen, coarse=True)
    parameters = _starts(batch, chosen, np.array([yaw for _, yaw in hypotheses]), problems)
    for _ in range(3):
        parameters = _step(batch, parameters, robust=False)
    keep = _promising(chosen, _cost(batch, parameters), len(problems))
    chosen, parameters = [chosen[i] for i in keep], parameters[keep]
    batch = _batch(target, chosen, coarse=False)
    for _ in range(4):
        parameters = _step(batch, parameters, robust=True)
    fits = _fits(batch, chosen, parameters)
    standing = _stand(target, chosen, parameters, batch.bottom, support_heights)
    return _sorted(fits, standing, chosen, len(problems))


def _stand(target: _Target, chosen, parameters: np.ndarray, bottom: np.ndarray, heights) -> dict[int, Fit]:
    """The same hypotheses, by index, on the nearest known support, for those that are near one."""
    if not len(heights):
        return {}
    lowest = parameters[:, 2] + bottom
    nearest = np.asarray(heights)[np.abs(lowest[:, None] - np.asarray(heights)).argmin(axis=1)]
    near = np.flatnonzero(np.abs(lowest - nearest) < SUPPORT_REACH)
    if not len(near):
        return {}
    some = [chosen[i] for i in near]
    batch = _batch(target, some, coarse=False, standing=nearest[near])
    moved = parameters[near].copy()
    moved[:, 2] = nearest[near] - bottom[near]
    for _ in range(2):
        moved = _step(batch, moved, robust=True)
    return dict(zip(near.tolist(), _fits(batch, some, moved), strict=True))


def _sorted(fits: list[Fit], standing: dict[int, Fit], chosen: list[_Hypothesis], count: int) -> list[list[Fit]]:
    """Fits by problem, the best first; the best of each model; standing ones where they cost little more."""
    by_problem: list[dict[int, Fit]] = [{} for _ in range(count)]
    for index, (fit, hypothesis) in enumerate(zip(fits, chosen, strict=True)):
        stood = standing.get(index)
        if stood is not None and stood.cost < 1.25 * fit.cost + 0.3:
            fit = stood
        own = by_problem[hypothesis.problem]
        if id(fit.model) not in own or fit.cost < own[id(fit.model)].cost:
            own[id(fit.model)] = fit
    return [sorted(own.values(), key=lambda fit: fit.cost) for own in by_problem]


def _target(views: Sequence[View], problems: Sequence[Problem]) -> _Target:
    count, most = len(problems), max(len(p.regions) for p in problems)
    k = len(DIRECTIONS)
    position, rotation = np.zeros((count, most, 3)), np.tile(np.eye(3), (count, most, 1, 1))
    intrinsics, support = np.ones((count, most, 4)), np.zeros((count, most, k))
    closed, weight, sigma = np.zeros((count, most, k)), np.zeros((count, most, 1)), np.ones((count, most, 1))
    for i, problem in enumerate(problems):
        for j, region in enumerate(problem.regions):
            view = views[region.view]
            position[i, j], rotation[i, j] = view.position_stance, view.rotation_stance_from_camera
            intrinsics[i, j] = view.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
            support[i, j], closed[i, j], weight[i, j] = region.support, 1 - region.openness, 1.0
            sigma[i, j] = PIXEL_NOISE + SHAPE_NOISE * region.diameter
    return _Target(position, rotation, intrinsics, support, closed, weight, sigma)


def _starting_yaws(period: float) -> np.ndarray:
    count = 1 if period == 0 else max(2, round(period / (np.pi / 4)))
    return np.arange(count) * period / count


def _batch(target: _Target, hypotheses: Sequence[_Hypothesis], coarse: bool, standing=None) -> _Batch:
    shapes = [h.model.coarse_hull if coarse else h.model.hull for h in hypotheses]
    count, size = len(hypotheses), max(len(points) for points, _ in shapes)
    points, normals = np.empty((count, size, 3)), np.empty((count, size, 3))
    bottom = np.empty(count)
    for i, (h, shape) in enumerate(zip(hypotheses, shapes, strict=True)):
        rotation = h.model.rest_rotations[h.rest].T
        # Repeating a point changes no hull.
        pad = np.arange(size) % len(shape[0])
        points[i], normals[i] = shape[0][pad] @ rotation, shape[1][pad] @ rotation
        upright = h.rest == 0 and h.model.bottom is not None
        bottom[i] = h.model.bottom if upright else points[i, :, 2].min()
    is_round = np.array([h.model.yaw_period == 0 for h in hypotheses], float)
    standing = np.full(count, np.nan) if standing is None else standing
    return _Batch(target.take(np.array([h.problem for h in hypotheses])), points, normals, bottom, is_round, standing)


def _starts(batch: _Batch, hypotheses, yaw: np.ndarray, problems: Sequence[Problem]) -> np.ndarray:
    """Poses (b, 4) that put the middle of each hull at its problem's centre, or where its size says."""
    middle = (batch.points.max(axis=1) + batch.points.min(axis=1)) / 2
    at = _centres_from_size(batch)
    for i, hypothesis in enumerate(hypotheses):
        centre = problems[hypothesis.problem].centre
        if centre is not None:
            at[i] = centre
    return np.column_stack([at - _turn(yaw, middle[:, None])[:, 0], yaw])


def _centres_from_size(batch: _Batch) -> np.ndarray:
    """Centres (b, 3) on the first view's ray, as far away as makes the hull look as large as the region."""
    t, quarter = batch.target, len(DIRECTIONS) // 4
    support = t.support[:, 0]
    width = support[:, : 2 * quarter] + support[:, 2 * quarter :]
    fx, fy, cx, cy = t.intrinsics[:, 0].T
    u = (support[:, 0] - support[:, 2 * quarter]) / 2
    v = (support[:, quarter] - support[:, 3 * quarter]) / 2
    direction = np.einsum("bij,bj->bi", t.rotation[:, 0], np.stack([(u - cx) / fx, (v - cy) / fy, 1 + 0 * u], axis=1))
    size = np.sort(np.ptp(batch.points, axis=1), axis=1)[:, 1:].mean(axis=1)
    depth = np.sqrt(fx * fy) * size / width.mean(axis=1)
    return t.position[:, 0] + depth[:, None] * direction


def _turn(yaw: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (b, n, 3) turned about z by yaw (b,)."""
    c, s = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([c * x - s * y, s * x + c * y, z], axis=-1)


def _project(batch: _Batch, parameters: np.ndarray):
    """Turned points (b, n, 3), points in each camera (b, v, n, 3) with their positions (b, v, 2, n) px and whether
    they face away (b, v, n), None if nothing has a normal."""
    t = batch.target
    turned = _turn(parameters[:, 3], batch.points)
    offset = (turned + parameters[:, None, :3])[:, None] - t.position[:, :, None]
    camera = offset @ t.rotation
    depth = np.maximum(camera[..., 2], 0.02)
    fx, fy, cx, cy = (t.intrinsics[..., i, None] for i in range(4))
    pixels = np.stack([fx * camera[..., 0] / depth + cx, fy * camera[..., 1] / depth + cy], axis=2)
    away = None
    if batch.normals.any():
        away = np.einsum("bvni,bni->bvn", offset, _turn(parameters[:, 3], batch.normals)) > 1e-9
    return turned, camera, pixels, away


def _extremes(batch: _Batch, pixels: np.ndarray, away: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Which point (b, v, k) reaches farthest each way, and residuals (b, v, k) px of how far."""
    reach = DIRECTIONS @ pixels
    if away is not None:
        reach -= 1e6 * away[:, :, None]
    best = reach.argmax(axis=3)
    return best, np.take_along_axis(reach, best[..., None], axis=3)[..., 0] - batch.target.support


def _weights(batch: _Batch, residual: np.ndarray, robust: bool) -> np.ndarray:
    """Weight (b, v, k): little where the model reaches behind something, less for outliers."""
    t = batch.target
    closed = np.where(residual > 0, OPEN_WEIGHT + (1 - OPEN_WEIGHT) * t.closed, 1.0) * t.weight
    if not robust:
        return closed
    return closed * np.minimum(1.0, OUTLIER * t.sigma / np.maximum(np.abs(residual), 1e-9))


def _normal_equations(batch: _Batch, parameters: np.ndarray, robust: bool):
    """Residuals (b, v, k) px, and Hessian (b, 4, 4) and gradient (b, 4) of half the cost."""
    t, count = batch.target, len(parameters)
    turned, camera, pixels, away = _project(batch, parameters)
    best, residual = _extremes(batch, pixels, away)
    b, v = np.ogrid[:count, : best.shape[1]]
    at = camera[b[..., None], v[..., None], best]
    z = np.maximum(at[..., 2], 0.02)
    gx, gy = DIRECTIONS[:, 0] * t.intrinsics[..., :1] / z, DIRECTIONS[:, 1] * t.intrinsics[..., 1:2] / z
    slope = np.stack([gx, gy, -(gx * at[..., 0] + gy * at[..., 1]) / z], axis=-1) @ t.rotation.transpose(0, 1, 3, 2)
    arm = turned[b[..., None], best]
    turning = slope[..., 1] * arm[..., 0] - slope[..., 0] * arm[..., 1]
    flat = np.concatenate([slope, turning[..., None]], axis=-1).reshape(count, -1, 4)
    weight = (_weights(batch, residual, robust) / t.sigma**2).reshape(count, -1, 1)
    transposed = (flat * weight).transpose(0, 2, 1)
    hessian = transposed @ flat
    gradient = (transposed @ residual.reshape(count, -1, 1))[..., 0]
    # A round thing has no yaw; nothing else is held by this.
    hessian[:, 3, 3] += 1e6 * batch.round + 1e-3
    stands = ~np.isnan(batch.standing)
    hessian[:, 2, 2] += stands * SUPPORT_STD**-2
    gradient[:, 2] += np.where(stands, parameters[:, 2] + batch.bottom - batch.standing, 0.0) * SUPPORT_STD**-2
    return residual, hessian, gradient


def _step(batch: _Batch, parameters: np.ndarray, robust: bool) -> np.ndarray:
    _, hessian, gradient = _normal_equations(batch, parameters, robust)
    damped = hessian + (1e-3 * np.einsum("bii->bi", hessian) + 1e-6)[:, :, None] * np.eye(4)
    step = np.linalg.solve(damped, gradient[..., None])[..., 0]
    length = np.linalg.norm(step[:, :3], axis=1)
    step[:, :3] *= np.minimum(1.0, 0.15 / np.maximum(length, 1e-9))[:, None]
    step[:, 3] = np.clip(step[:, 3], -0.5, 0.5)
    return parameters - step


def _robust_cost(batch: _Batch, residual: np.ndarray) -> np.ndarray:
    """Cost (b,) per unit of weight: squares up to `OUTLIER` standard deviations, linear beyond."""
    closed = _weights(batch, residual, robust=False)
    scaled = np.abs(residual) / batch.target.sigma
    huber = np.where(scaled < OUTLIER, scaled**2, OUTLIER * (2 * scaled - OUTLIER))
    return (closed * huber).sum(axis=(1, 2)) / np.maximum(closed.sum(axis=(1, 2)), 1.0)


def _cost(batch: _Batch, parameters: np.ndarray) -> np.ndarray:
    _, _, pixels, away = _project(batch, parameters)
    cost = _robust_cost(batch, _extremes(batch, pixels, away)[1])
    return np.where(np.isfinite(cost), cost, np.inf)


def _promising(hypotheses: list[_Hypothesis], cost: np.ndarray, count: int) -> list[int]:
    """Indices of the cheapest `KEPT` hypotheses of each problem."""
    taken = [0] * count
    keep = []
    for i in np.argsort(cost):
        problem = hypotheses[i].problem
        if taken[problem] < KEPT and np.isfinite(cost[i]):
            taken[problem] += 1
            keep.append(int(i))
    return keep


def _fits(batch: _Batch, hypotheses: list[_Hypothesis], parameters: np.ndarray) -> list[Fit]:
    residual, hessian, _ = _normal_equations(batch, parameters, robust=True)
    cost = _robust_cost(batch, residual)
    closed = _weights(batch, residual, robust=False)
    explained = (closed * np.exp(-0.5 * (residual / (OUTLIER * batch.target.sigma)) ** 2)).sum(axis=(1, 2))
    share = explained / np.maximum(closed.sum(axis=(1, 2)), 1.0)
    covariance = np.linalg.inv(hessian)
    return [
        Fit(
            h.model,
            h.rest,
            parameters[i],
            covariance[i],
            float(cost[i]),
            float(explained[i]),
            float(share[i]),
            float(batch.bottom[i]),
            None if np.isnan(batch.standing[i]) else float(batch.standing[i]),
        )
        for i, h in enumerate(hypotheses)
    ]
