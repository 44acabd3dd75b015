"""The rate of every scripted expert: `python benchmarks/learning/experts.py [EPISODES] [FIRST_SEED] [TASK…]`.

Every episode is kept in `runs/experts/` as it ends; the same command again goes on. Seeds come round over the tasks,
so that a run that is cut off says something about each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bunraku.cli.evaluation import EvaluationFile, rate_of, run_seed
from bunraku.tasks import EpisodeResult
from bunraku.tasks.manipulations import MANIPULATIONS

FOLDER = Path("runs/experts")


def measure(folder: Path, seeds: range, tasks: list[str], run: Callable[[str, int], EpisodeResult]) -> None:
    """Run the `tasks` of the `seeds` of which no result is in `folder` yet, and print the table."""
    files = {task: EvaluationFile.open(folder / f"{task}.json", task, resume=True) for task in tasks}
    for seed in seeds:
        for task, file in files.items():
            if seed not in {row.seed for row in file.rows}:
                row = run(task, seed)
                file.add(row)
                print(f"{task} {seed}: {row.outcome}{'' if row.success else ', ' + row.reason}", flush=True)
    table = Table("task", "success", "95 %", "seconds", "failures", box=None)
    for task, file in files.items():
        rate = rate_of(file.rows)
        low, high = rate.interval
        seconds = sum(row.duration_s for row in file.rows) / len(file.rows)
        failures = ", ".join(f"{outcome} {count}" for outcome, count in rate.failures.items())
        shown = f"{rate.successes} of {rate.episodes} = {100 * rate.rate:.0f} %"
        table.add_row(task, shown, f"{100 * low:.0f}–{100 * high:.0f} %", f"{seconds:.1f}", failures)
    rates = [rate_of(file.rows).rate for file in files.values()]
    console = Console(highlight=False)
    console.print(table)
    console.print(f"mean of {len(rates)} tasks: {100 * sum(rates) / len(rates):.1f} %")


def asked(given: list[str], default: list[str]) -> tuple[range, list[str]]:
    """The seeds and the tasks that the command line asks for: [EPISODES] [FIRST_SEED] [TASK…]."""
    numbers = [int(word) for word in given if word.isdigit()]
    episodes, first = (numbers + [20, 0][len(numbers) :])[:2]
    return range(first, first + episodes), [word for word in given if not word.isdigit()] or default


if __name__ == "__main__":
    measure(FOLDER, *asked(sys.argv[1:], [task for task in MANIPULATIONS if task != "pick-place"]), run_seed)
