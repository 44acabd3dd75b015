"""What a training seed is worth: `python benchmarks/learning/training_seeds.py DATA TASK EPISODES SEED FOLDER [SEEDS]`.

The same data, as many times as there are training SEEDS (3), each policy in the same rooms. Every policy and every
episode is kept in FOLDER as soon as it is there; the same command again goes on and prints the table.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from bunraku.cli.evaluation import EvaluationFile, rate_of, run_seed, run_seeds
from bunraku.cli.learning import policy_runner, train_policy
from bunraku.learning.training import TrainingConfig
from bunraku.statistics import mcnemar, paired_difference


def main(data: Path, task: str, episodes: int, seed: int, folder: Path, trainings: int = 3) -> None:
    """Train and run what is missing, and print the table."""
    rooms, console, first, shares = range(seed, seed + episodes), Console(highlight=False), {}, []
    folder.mkdir(parents=True, exist_ok=True)
    for training in range(trainings):
        policy = folder / f"seed-{training}.onnx"
        if not policy.exists():
            train_policy(console, (data,), policy, TrainingConfig(seed=training))
        path = policy.with_suffix(".json")
        file = EvaluationFile.open(path, f"{task}, training seed {training}", path.exists())
        missing = [room for room in rooms if room not in {row.seed for row in file.rows}]
        for row in run_seeds(partial(run_seed, task, run=policy_runner(policy, "none")), missing):
            file.add(row)
            print(f"training seed {training}: room {row.seed} {row.outcome}", flush=True)
        rows = [row for row in file.rows if row.seed in rooms]
        rate, won = rate_of(rows), {row.seed: row.success for row in rows}
        first = first or won
        shares.append(rate.rate)
        low, high = (100 * value for value in rate.interval)
        told = f"training seed {training}: {rate.successes}/{episodes} = {100 * rate.rate:.0f} % ({low:.0f}–{high:.0f})"
        pairs = [(won[room], first[room]) for room in rooms]
        difference, least, most = (100 * value for value in paired_difference(pairs))
        print(f"{told}, {difference:+.0f} points ({least:+.0f} to {most:+.0f}), p = {mcnemar(pairs):.2g}", flush=True)
    if trainings > 1:
        # Rooms alone would make rates of the same policy differ by this.
        chance = np.sqrt(np.mean(shares) * (1 - np.mean(shares)) / episodes)
        print(
            f"standard deviation between them {100 * np.std(shares, ddof=1):.1f} points; by chance {100 * chance:.1f}"
        )


if __name__ == "__main__":
    data, task, episodes, seed, folder, *more = sys.argv[1:]
    main(Path(data), task, int(episodes), int(seed), Path(folder), *map(int, more))
