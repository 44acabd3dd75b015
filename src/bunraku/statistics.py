"""Intervals for reported rates."""

from __future__ import annotations

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
