"""The searches of all tests, with the same budget for every hand: batched Levenberg–Marquardt with finite differences,
and a climb among the solutions that it finds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Residuals = Callable[[np.ndarray], np.ndarray]
"""Maps (B, n) variables to (B, r) residuals."""
REFRESH = 4
"""Iterations between two finite-difference Jacobians; in between, Broyden's update corrects the last one."""


def minimise(
    residuals: Residuals,
    starts: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    iterations: int = 40,
    step: float = 1e-5,
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the sum of squares from every start (B, n) within bounds (n,).

    Returns the end points (B, n) and their costs (B,).
    """
    x = np.clip(starts, lower, upper)
    batch, size = x.shape
    value = residuals(x)
    cost = np.square(value).sum(1)
    damping = np.full(batch, 1e-1)
    eye = np.eye(size)
    jacobian = np.zeros((batch, size, value.shape[1]))
    for iteration in range(iterations):
        if iteration % REFRESH == 0:
            shifted = (x[:, None] + step * eye).reshape(-1, size)
            jacobian = (residuals(shifted).reshape(batch, size, -1) - value[:, None]) / step
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        gradient = (jacobian @ value[..., None])[..., 0]
        fixed = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
        normal = np.where(fixed[:, :, None] | fixed[:, None, :], 0.0, normal)
        scale = damping[:, None] * (np.einsum("bii->bi", normal) + 1e-3) + fixed
        move = np.linalg.solve(normal + scale[:, :, None] * eye, np.where(fixed, 0.0, -gradient)[..., None])[..., 0]
        trial = np.clip(x + np.clip(move, -0.5, 0.5), lower, upper)
        trial_value = residuals(trial)
        trial_cost = np.square(trial_value).sum(1)
        moved = trial - x
        missed = trial_value - value - (moved[:, None] @ jacobian)[:, 0]
        jacobian += (moved / np.maximum(np.square(moved).sum(1), 1e-12)[:, None])[:, :, None] * missed[:, None]
        better = trial_cost < cost
        x[better], value[better], cost[better] = trial[better], trial_value[better], trial_cost[better]
        damping = np.clip(np.where(better, damping * 0.35, damping * 3.0), 1e-7, 1e6)
    return x, cost


ROUNDS, TRIES, REPAIRS = 8, 10, 8
"""Of the climb: rounds, tries in each, and iterations that make a try meet the conditions again."""


def climb(
    residuals: Residuals,
    score: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    spread: np.ndarray,
    rng: np.random.Generator,
    enough: float = np.inf,
) -> tuple[np.ndarray, float]:
    """Raise `score` (B, n) → (B,) among points of small `residuals`, from `start` (n,), by tries about `spread` (n,)
    away which are repaired by `minimise`; −inf marks what does not count. Ends early when the score is `enough`.
    Returns the best point and its score."""
    best, value = start, float(score(start[None])[0])
    for _ in range(ROUNDS):
        if value >= enough:
            break
        tries = best + spread * rng.normal(size=(TRIES, len(best)))
        points, _ = minimise(residuals, tries, lower, upper, REPAIRS)
        scores = score(points)
        if scores.max() > value:
            best, value = points[scores.argmax()], float(scores.max())
        else:
            spread = 0.6 * spread
    return best, value
