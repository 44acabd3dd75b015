"""Two contenders on the same seeds: `python benchmarks/learning/compare.py A.json B.json`, files of `bunraku evaluate`.

Prints both rates with Wilson intervals, their paired difference with its 95 % interval (Newcombe 1998, method 10, which
takes the pairing into account), and the exact probability of McNemar's test.
"""

from __future__ import annotations

import json
import sys
from math import sqrt
from pathlib import Path

from scipy.stats import binomtest

from bunraku.statistics import wilson_interval


def main(first: Path, second: Path) -> None:
    """Print the comparison over the seeds that both files hold."""
    results = [
        {row["seed"]: row["success"] for row in json.loads(path.read_text())["rows"]} for path in (first, second)
    ]
    seeds = sorted(results[0].keys() & results[1].keys())
    pairs = [(results[0][seed], results[1][seed]) for seed in seeds]
    for path, wins in zip((first, second), zip(*pairs, strict=True), strict=True):
        low, high = wilson_interval(sum(wins), len(seeds))
        print(f"{path.stem}: {sum(wins)}/{len(seeds)} = {sum(wins) / len(seeds):.1%} ({low:.0%} to {high:.0%})")
    difference, low, high = paired_difference(pairs)
    print(
        f"difference: {100 * difference:+.1f} points ({100 * low:+.0f} to {100 * high:+.0f}); p = {mcnemar(pairs):.2g}"
    )


def paired_difference(pairs: list[tuple[bool, bool]]) -> tuple[float, float, float]:
    """The first rate minus the second, and its 95 % interval."""
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


def mcnemar(pairs: list[tuple[bool, bool]]) -> float:
    """Two-sided exact probability of so uneven a count of disagreeing pairs, were both contenders equal."""
    first, second = pairs.count((True, False)), pairs.count((False, True))
    return float(binomtest(first, first + second).pvalue) if first + second else 1.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
