"""Success against CPU time of a policy that improves by corrections: `python benchmarks/learning/curve.py
NAME.curve.json PICTURE.svg`, of the file that `bunraku improve` keeps.

Prints a table of the rounds with Wilson intervals, and draws it; a .png will do as well. CPU time is that of
collecting, looking and training since the first policy; trials are not part of it.
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from pathlib import Path

from matplotlib.figure import Figure

from bunraku.cli.improving import Round
from bunraku.statistics import wilson_interval


def main(curve: Path, picture: Path) -> None:
    """Print and draw."""
    rounds = [Round(**row) for row in json.loads(curve.read_text(encoding="utf-8"))]
    hours = list(accumulate((one.collecting_cpu_s + one.training_cpu_s) / 3600 for one in rounds))
    rates = [one.successes / one.trials for one in rounds]
    intervals = [wilson_interval(one.successes, one.trials) for one in rounds]
    print("| round | episodes, of which the expert finished | CPU since the first policy, min | alone |")
    print("|---|---|---|---|")
    for one, spent, rate, (low, high) in zip(rounds, hours, rates, intervals, strict=True):
        alone = f"{one.successes} of {one.trials} = {100 * rate:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)"
        print(f"| {one.round} | {one.episodes}, {one.taken_over} | {60 * spent:.1f} | {alone} |")
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    errors = [[rate - low for rate, (low, _) in zip(rates, intervals, strict=True)]]
    errors += [[high - rate for rate, (_, high) in zip(rates, intervals, strict=True)]]
    axes.errorbar([60 * spent for spent in hours], rates, errors, marker="o", capsize=4, color="#2b6cb0")
    axes.set(xlabel="CPU since the first policy (min)", ylabel="success alone, Wilson 95 %", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
