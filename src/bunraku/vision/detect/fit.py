"""Where must an object stand, and which one is it, so that it has the outlines that were seen?

Least squares over position and yaw of the difference between the support functions of the projected hull and of the
regions, in all views at once: Gauss–Newton, for all objects, models, rest poses and starting yaws side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bunraku.vision.detect.model import ObjectModel, Rest
from bunraku.vision.detect.region import DIRECTIONS, Region
from bunraku.vision.detect.silhouette import (
    Hulls,
    Target,
    explained,
    linearise,
    make_target,
    normal_equations,
    residuals,
    robust_cost,
    turn,
)
from bunraku.vision.detect.view import View

SUPPORT_STD = 0.002
"""Standard deviation of a known support's height, m."""
SUPPORT_REACH = 0.03
"""An object whose lowest point is seen within this distance (m) of a known support may stand on it."""
FLOATING_COST = 0.3
"""What it costs to float where supports are known: among explanations as good as each other, things stand."""
KEPT = 5
"""How many hypotheses per problem are refined after the coarse search."""


@dataclass(frozen=True)
class Problem:
    """Which of `models` are these `regions`, at most one per view, of one object around `centre` (3,) m?

    Without a centre the distance is taken from the apparent size in the first region. `lying` asks for every way of
    resting but the upright one.
    """

    regions: tuple[Region, ...]
    models: tuple[ObjectModel, ...]
    centre: np.ndarray | None = None
    lying: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """The best pose of one model for some regions.

    Attributes:
        model, rest: the model, and how it rests.
        parameters: x, y, z of the object frame in m and yaw in rad, in the stance frame (4,).
        covariance: of the parameters (4, 4).
        cost: robust sum of squared residuals in standard deviations, per unit of weight; more if it floats where
            supports are known.
        evidence: how much outline it explains: the sum over views and directions of weights in [0, 1].
        inliers: share of the outline that is explained.
        bottom: height m of the lowest point above the object frame, in its rest pose.
        support: height m of the known support on which it stands, or None.
    """

    model: ObjectModel
    rest: Rest
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
        points = self.model.hull[0] @ self.rest.rotation.T
        return turn(self.parameters[3:], points[None])[0] + self.parameters[:3]


@dataclass(frozen=True)
class _Hypothesis:
    problem: int
    model: ObjectModel
    rest: Rest


@dataclass(frozen=True)
class _Batch(Hulls):
    """Also the height of the lowest point (b,) m, whether the hull is round (b,), and the height (b,) m of the support
    under it, NaN where there is none."""

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
    target = make_target(views, [problem.regions for problem in problems])
    hypotheses = [
        (_Hypothesis(index, model, rest), yaw)
        for index, problem in enumerate(problems)
        for model in problem.models
        for rest in (model.lying if problem.lying else (model.upright,))
        for yaw in _starting_yaws(rest.yaw_period)
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
    return _sorted(fits, standing, chosen, len(problems), FLOATING_COST if len(support_heights) else 0.0)


def _stand(target: Target, chosen, parameters: np.ndarray, bottom: np.ndarray, heights) -> dict[int, Fit]:
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


def _sorted(
    fits: list[Fit], standing: dict[int, Fit], chosen: list[_Hypothesis], count: int, floating_cost: float
) -> list[list[Fit]]:
    """Fits by problem, the best first; the best of each model; standing ones where they cost little more."""
    by_problem: list[dict[int, Fit]] = [{} for _ in range(count)]
    for index, (fit, hypothesis) in enumerate(zip(fits, chosen, strict=True)):
        stood = standing.get(index)
        agreed = stood is not None and _agrees(stood, fit)
        fit = stood if stood is not None and agreed else replace(fit, cost=fit.cost + floating_cost)
        own = by_problem[hypothesis.problem]
        if id(fit.model) not in own or fit.cost < own[id(fit.model)].cost:
            own[id(fit.model)] = fit
    return [sorted(own.values(), key=lambda fit: fit.cost) for own in by_problem]


def _agrees(stood: Fit, free: Fit) -> bool:
    """Whether what is seen permits, within three standard deviations, that the object stands on the support."""
    weight = free.evidence / max(free.inliers, 1e-9)
    pulled = (stood.parameters[2] + stood.bottom - stood.support) / SUPPORT_STD if stood.support is not None else 0.0
    return weight * (stood.cost - free.cost) + pulled**2 < 9.0 * max(1.0, free.cost)


def _starting_yaws(period: float) -> np.ndarray:
    count = 1 if period == 0 else max(2, round(period / (np.pi / 3)))
    return np.arange(count) * period / count


def _batch(target: Target, hypotheses: Sequence[_Hypothesis], coarse: bool, standing=None) -> _Batch:
    shapes = [h.model.coarse_hull if coarse else h.model.hull for h in hypotheses]
    count, size = len(hypotheses), max(len(points) for points, _ in shapes)
    points, normals = np.empty((count, size, 3)), np.empty((count, size, 3))
    bottom = np.empty(count)
    for i, (h, shape) in enumerate(zip(hypotheses, shapes, strict=True)):
        rotation = h.rest.rotation.T
        # Repeating a point changes no hull.
        pad = np.arange(size) % len(shape[0])
        points[i], normals[i] = shape[0][pad] @ rotation, shape[1][pad] @ rotation
        upright = h.rest is h.model.upright and h.model.bottom is not None
        bottom[i] = h.model.bottom if upright else points[i, :, 2].min()
    is_round = np.array([h.rest.yaw_period == 0 for h in hypotheses], float)
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
    return np.column_stack([at - turn(yaw, middle[:, None])[:, 0], yaw])


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


def _normal_equations(batch: _Batch, parameters: np.ndarray, robust: bool):
    """Residuals (b, v, k) px, and Hessian (b, 4, 4) and gradient (b, 4) of half the cost."""
    here = linearise(batch, parameters)
    turning = here.slope[..., 1] * here.arm[..., 0] - here.slope[..., 0] * here.arm[..., 1]
    jacobian = np.concatenate([here.slope, turning[..., None]], axis=-1)
    hessian, gradient = normal_equations(batch, here.residual, jacobian, robust)
    # A round thing has no yaw; nothing else is held by this.
    hessian[:, 3, 3] += 1e6 * batch.round + 1e-3
    stands = ~np.isnan(batch.standing)
    hessian[:, 2, 2] += stands * SUPPORT_STD**-2
    gradient[:, 2] += np.where(stands, parameters[:, 2] + batch.bottom - batch.standing, 0.0) * SUPPORT_STD**-2
    return here.residual, hessian, gradient


def _step(batch: _Batch, parameters: np.ndarray, robust: bool) -> np.ndarray:
    _, hessian, gradient = _normal_equations(batch, parameters, robust)
    damped = hessian + (1e-3 * np.einsum("bii->bi", hessian) + 1e-6)[:, :, None] * np.eye(4)
    step = np.linalg.solve(damped, gradient[..., None])[..., 0]
    length = np.linalg.norm(step[:, :3], axis=1)
    step[:, :3] *= np.minimum(1.0, 0.15 / np.maximum(length, 1e-9))[:, None]
    step[:, 3] = np.clip(step[:, 3], -0.5, 0.5)
    return parameters - step


def _cost(batch: _Batch, parameters: np.ndarray) -> np.ndarray:
    cost = robust_cost(batch, residuals(batch, parameters))
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
    cost = robust_cost(batch, residual)
    evidence, share = explained(batch, residual)
    covariance = np.linalg.inv(hessian)
    return [
        Fit(
            h.model,
            h.rest,
            parameters[i],
            covariance[i],
            float(cost[i]),
            float(evidence[i]),
            float(share[i]),
            float(batch.bottom[i]),
            None if np.isnan(batch.standing[i]) else float(batch.standing[i]),
        )
        for i, h in enumerate(hypotheses)
    ]
