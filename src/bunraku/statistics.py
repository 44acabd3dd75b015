"""Intervals for reported rates, and for what two contenders differ by."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt


def wilson_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson score interval of a success rate (Wilson 1927), 95 % by default.

    Returns (low, high) in [0, 1]; (0, 1) when there were no trials.
    """
    if trials == 0:
        return 0.0, 1.0
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie between 0 and trials={trials}, got {successes}")
    rate = successes / trials
    denominator = 1 + z * z / trials
    centre = rate + z * z / (2 * trials)
    margin = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    low, high = (centre - margin) / denominator, (centre + margin) / denominator
    # Rounding may put a bound on the wrong side of a rate of 0 or 1, where it is exact.
    return max(0.0, min(low, rate)), min(1.0, max(high, rate))


def paired_difference(pairs: Sequence[tuple[bool, bool]]) -> tuple[float, float, float]:
    """The first success rate minus the second of `pairs` on the same seeds, and its 95 % interval.

    By Wilson intervals and the correlation of the pairs (Newcombe 1998, method 10). Raises `ValueError` without pairs.
    """
    if not pairs:
        raise ValueError("there are no pairs to compare")
    count = len(pairs)
    both, first, second = (sum(pair == kind for pair in pairs) for kind in ((True, True), (True, False), (False, True)))
    neither = count - both - first - second
    rates = (both + first) / count, (both + second) / count
    (low1, high1), (low2, high2) = (wilson_interval(round(rate * count), count) for rate in rates)
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    excess = both * neither - first * second
    if excess > count / 2:
        excess -= count / 2
    elif excess >= 0:
        excess = 0
    phi = excess / sqrt(margins) if margins else 0.0
    down = (rates[0] - low1) ** 2 - 2 * phi * (rates[0] - low1) * (high2 - rates[1]) + (high2 - rates[1]) ** 2
    up = (rates[1] - low2) ** 2 - 2 * phi * (rates[1] - low2) * (high1 - rates[0]) + (high1 - rates[0]) ** 2
    difference = rates[0] - rates[1]
    return difference, difference - sqrt(max(down, 0)), difference + sqrt(max(up, 0))


def mcnemar(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Two-sided exact probability of so uneven a count of disagreeing `pairs`, were both contenders equal (McNemar)."""
    from scipy.stats import binomtest

    first, second = pairs.count((True, False)), pairs.count((False, True))
    return float(binomtest(first, first + second).pvalue) if first + second else 1.0
