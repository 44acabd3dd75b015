"""Batched Levenberg–Marquardt with finite differences: one search, the same budget for every hand and every test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Residuals = Callable[[np.ndarray], np.ndarray]
"""Maps (B, n) variables to (B, r) residuals."""


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
    for _ in range(iterations):
        shifted = (x[:, None] + step * eye).reshape(-1, size)
        jacobian = (residuals(shifted).reshape(batch, size, -1) - value[:, None]) / step
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        gradient = np.einsum("bnr,br->bn", jacobian, value)
        fixed = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
        normal = np.where(fixed[:, :, None] | fixed[:, None, :], 0.0, normal)
        scale = damping[:, None] * (np.einsum("bii->bi", normal) + 1e-3) + fixed
        move = np.linalg.solve(normal + scale[:, :, None] * eye, np.where(fixed, 0.0, -gradient)[..., None])[..., 0]
        trial = np.clip(x + np.clip(move, -0.5, 0.5), lower, upper)
        trial_value = residuals(trial)
        trial_cost = np.square(trial_value).sum(1)
        better = trial_cost < cost
        x[better], value[better], cost[better] = trial[better], trial_value[better], trial_cost[better]
        damping = np.clip(np.where(better, damping * 0.35, damping * 3.0), 1e-7, 1e6)
    return x, cost
