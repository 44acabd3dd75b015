"""Two contenders on the same seeds: `python benchmarks/learning/compare.py A.json B.json`, files of `bunraku evaluate`.

Prints both rates with Wilson intervals, their paired difference with its interval, and how likely it is by chance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bunraku.statistics import mcnemar, paired_difference, wilson_interval


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


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
