"""`bunraku evaluate`: how often a task succeeds, with its uncertainty, and how it fails."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bunraku.cli.evaluation import (
    CRASHED,
    EvaluationFile,
    Rate,
    measures,
    rate_of,
    rates_by_kind,
    real_time_factor,
    run_seed,
    run_seeds,
)
from bunraku.cli.evaluation_page import write_page
from bunraku.cli.graphics import draw_test_picture
from bunraku.cli.records import require_counts, require_ray, require_seed
from bunraku.errors import UserError
from bunraku.tasks.episode import PICK_PLACE, EpisodeResult, registry


def evaluate(
    task: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")],
    episodes: int = 100,
    seed: int = 0,
    workers: int | None = None,
    ray: str | None = None,
    json: Path | None = None,
    resume: bool = False,
    policy: Path | None = None,
    control: Literal["none", "no-language", "shuffled", "blind", "memory-off"] = "none",
    html: Path | None = None,
    detector: str | None = None,
) -> int:
    """Run seeded episodes of a task; print its success rate with 95 % interval, and the reasons of failure by kind.

    Every episode is kept as soon as it ends. Exits with 1 when an episode crashed, with 0 otherwise.

    Args:
        task: one of those that `bunraku tasks` lists.
        episodes: how many.
        seed: of the first episode; the others follow.
        workers: processes that share the episodes; one by default, on a cluster as many as it has CPUs.
        ray: address of a Ray cluster whose machines share the episodes; "local" starts one here.
        json: file that keeps every episode; runs/<task>-<date>-<time>.json by default.
        resume: continue such a file instead of refusing to overwrite it.
        policy: a trained policy, such as `bunraku learn` writes, instead of the scripted expert.
        control: what is kept from the policy: the words, what they mean (it hears words for another thing), where
            things are, or what the last look did not show.
        detector: eyes for pick-place and bring: colour, dishes, learned, or a file that `bunraku detector train`
            made.
        html: page to write, with a film strip of every failure of a policy or of a task of the hands.
    """
    task = task.replace("_", "-")
    require_task(task)
    require_seed(seed)
    record = json or Path("runs") / f"{task}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    strips = record.with_suffix(".strips")
    name, run = task, partial(run_seed, task)
    if policy is not None:
        from bunraku.cli.learning import policy_runner
        from bunraku.tasks.manipulations import manipulation

        manipulation(task)
        name = f"{task} by {policy.stem}" + ("" if control == "none" else f", {control}")
        run = partial(run_seed, task, run=policy_runner(policy, control, strips.resolve() if html else None))
    elif detector is not None:
        from bunraku.skills.perception import detector_named
        from bunraku.tasks import run_episode

        detector_named(detector)
        name = f"{task} with detector {Path(detector).stem}"
        run = partial(run_seed, task, run=partial(run_episode, detector=detector))
    elif control != "none":
        raise UserError("--control is for a policy: name one with --policy.")
    elif html is not None and registry()[task].gym_id and task != PICK_PLACE.name:
        from bunraku.tasks.manipulations import run_expert

        run = partial(run_seed, task, run=partial(run_expert, strips=strips.resolve()))
    require_counts(episodes, workers)
    require_ray(ray)
    draw_test_picture()
    file = EvaluationFile.open(record, name, resume)
    console = Console(highlight=False)
    seeds = range(seed, seed + episodes)
    try:
        for row in _shown(console, file, partial(run_seeds, run, workers=workers, ray=ray), seeds):
            file.add(row)
    finally:
        if file.rows:
            print_report(console, name, file.rows)
            console.print(Text(f"Kept in {file.path}"), soft_wrap=True)
        if file.rows and html:
            write_page(html, name, file.rows, strips)
            console.print(Text(f"Page: {html}"), soft_wrap=True)
    return 1 if any(row.outcome == CRASHED for row in file.rows) else 0


def require_task(name: str) -> None:
    """Raise `UserError`, naming the nearest task, when there is no task of that name."""
    names = registry()
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise UserError(f"there is no task “{name}”: {hint}`bunraku tasks` lists them.")


def print_report(console: Console, task: str, rows: Iterable[EpisodeResult]) -> None:
    """Print the rate of each kind of object and of all, and how fast the simulation was."""
    rows = sorted(rows, key=lambda row: row.seed)
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in (task, "success", "95 % interval", "failures"):
        table.add_column(heading)
    for kind, rate in rates_by_kind(rows).items():
        table.add_row(Text(kind), *_cells(rate))
    table.add_section()
    table.add_row(Text("all", "bold"), *_cells(rate_of(rows)))
    console.print(table)
    console.print(f"seeds {rows[0].seed} to {rows[-1].seed}, {real_time_factor(rows):.2f}× real time for each worker")
    for name, told in measures(rows).items():
        console.print(f"{name.replace('_', ' ')}: {told}")


def _cells(rate: Rate) -> tuple[str, str, Text]:
    low, high = rate.interval
    failures = ", ".join(f"{outcome} {count}" for outcome, count in rate.failures.items())
    return (
        f"{rate.successes}/{rate.episodes} = {100 * rate.rate:.1f} %",
        f"{100 * low:.1f} to {100 * high:.1f} %",
        Text(failures),
    )


def _shown(
    console: Console, file: EvaluationFile, run: Callable[[list[int]], Iterable[EpisodeResult]], seeds: range
) -> Iterable[EpisodeResult]:
    kept = {row.seed for row in file.rows}
    left = [seed for seed in seeds if seed not in kept]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        bar = progress.add_task(file.task, total=len(seeds), completed=len(seeds) - len(left))
        for row in run(left):
            yield row
            rate = rate_of(file.rows)
            progress.update(bar, advance=1, description=f"{file.task} {100 * rate.rate:.0f} %")
            mark = Text("✓ ", "green") if row.success else Text("✗ ", "red")
            ending = "" if row.success else f": {row.outcome}, {row.reason}"
            console.print(mark + Text(f"seed {row.seed}  {row.instruction}  {row.duration_s:.1f} s{ending}"))
