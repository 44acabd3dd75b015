"""A policy, the script that it learned from, and controls that must fail, on the same seeds:
`python benchmarks/learning/controls.py TASK POLICY EPISODES SEED FOLDER`.

Every episode is kept in FOLDER as soon as it ends; the same command again goes on and prints the whole table.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import cast, get_args

from bunraku.cli.evaluation import EvaluationFile, rate_of, run_seed, run_seeds
from bunraku.cli.learning import policy_runner
from bunraku.learning.evaluation import Control
from bunraku.statistics import mcnemar, paired_difference

SCRIPT = "script"


def main(task: str, policy: Path, episodes: int, seed: int, folder: Path) -> None:
    """Run what is missing and print the table."""
    seeds, files = range(seed, seed + episodes), {}
    for contender in (*get_args(Control), SCRIPT):
        path = folder / f"{contender}.json"
        file = files[contender] = EvaluationFile.open(path, f"{task}, {contender}", path.exists())
        run = None if contender == SCRIPT else policy_runner(policy, cast(Control, contender))
        kept = {row.seed for row in file.rows}
        for row in run_seeds(partial(run_seed, task, run=run), [seed for seed in seeds if seed not in kept]):
            file.add(row)
            print(f"{contender}: seed {row.seed} {row.outcome}", flush=True)
        print(f"{contender:12s} {told(file, files['none'], seeds)}", flush=True)


def told(file: EvaluationFile, reference: EvaluationFile, seeds: range) -> str:
    """The rate of what is in `file` on `seeds`, and its paired difference to the `reference`."""
    rows = [row for row in file.rows if row.seed in seeds]
    rate, other = rate_of(rows), {row.seed: row.success for row in reference.rows}
    low, high = rate.interval
    pairs = [(row.success, other[row.seed]) for row in rows]
    difference, least, most = (100 * value for value in paired_difference(pairs))
    return (
        f"{rate.successes}/{rate.episodes} = {100 * rate.rate:.0f} % ({100 * low:.0f}–{100 * high:.0f}), "
        f"{difference:+.0f} points ({least:+.0f} to {most:+.0f}), p = {mcnemar(pairs):.2g}"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
