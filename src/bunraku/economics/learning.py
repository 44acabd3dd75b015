"""Learning curves: how unit cost falls with cumulative volume (Wright 1936), without and above a floor.

One vocabulary throughout: `learning_rate` r is the share of cost lost per doubling of cumulative volume, the exponent
is b = −log2(1 − r), and the floor is the cost that no volume removes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunraku.errors import UserError


def exponent(learning_rate: ArrayLike) -> NDArray[np.float64]:
    """b = −log2(1 − r) of cost ∝ N^(−b); a negative rate (forgetting) gives a rising cost. UserError if r ≥ 1."""
    rate = np.asarray(learning_rate, dtype=float)
    if np.any(rate >= 1) or np.any(np.isnan(rate)):
        raise UserError(f"learning rate must be below 1 (the share of cost lost per doubling), got {learning_rate}")
    return -np.log2(1 - rate)


def learning_rate(exponent: ArrayLike) -> NDArray[np.float64]:
    """r = 1 − 2^(−b), the inverse of `exponent`."""
    return 1 - np.exp2(-np.asarray(exponent, dtype=float))


def cost_at(
    volume: ArrayLike, cost: ArrayLike, reference_volume: ArrayLike, rate: ArrayLike, floor: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Unit cost at cumulative `volume`, given `cost` at `reference_volume`: c = f + (c₀ − f)(N/N₀)^(−b).

    All arguments broadcast. A floor above `cost` would make the cost rise with volume and raises UserError.
    """
    if np.any(np.asarray(floor) > np.asarray(cost)):
        raise UserError(f"cost floor {floor} lies above the cost {cost} at the reference volume; it must not")
    ratio = np.asarray(volume, dtype=float) / np.asarray(reference_volume, dtype=float)
    base = np.asarray(floor, dtype=float)
    return base + (np.asarray(cost, dtype=float) - base) * np.power(ratio, -exponent(rate))


def doublings_to(target: float, cost: float, rate: float, floor: float = 0.0) -> float:
    """Doublings of cumulative volume until unit cost reaches `target`; inf when `target` is at or below the floor."""
    if target <= floor:
        return float("inf")
    return float(np.log2((cost - floor) / (target - floor)) / exponent(rate))


def cumulative_average_unit(first_unit: float, units: float, slope: float) -> float:
    """Cost of unit number `units` when the cumulative *average* follows Wright: t(n^(1+m) − (n−1)^(1+m)).

    m = log2(slope), and `slope` is 1 − learning rate. The form of Wright's own 1936 paper; `cost_at` is Crawford's.
    """
    power = 1 + np.log2(slope)
    return float(first_unit * (units**power - (units - 1) ** power))
