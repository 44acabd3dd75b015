"""Many seeded episodes of one task: run, kept after each, and summed up with their uncertainty."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bunraku import __version__
from bunraku.cli.records import make_folder, write_json
from bunraku.errors import UserError
from bunraku.statistics import wilson_interval
from bunraku.tasks.episode import EpisodeResult

Result = TypeVar("Result")

REFUSED = "refused"
CRASHED = "error"


@dataclass(frozen=True)
class Rate:
    """Successes among episodes, and how the others failed (outcome → count, commonest first)."""

    successes: int
    episodes: int
    failures: dict[str, int]

    @property
    def rate(self) -> float:
        """Share of successes; 0 when there were no episodes."""
        return self.successes / self.episodes if self.episodes else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson 95 % interval of the rate."""
        return wilson_interval(self.successes, self.episodes)


def rate_of(rows: Iterable[EpisodeResult]) -> Rate:
    """Count successes and the outcomes of failures."""
    rows = list(rows)
    failures = Counter(row.outcome for row in rows if not row.success)
    return Rate(sum(row.success for row in rows), len(rows), dict(failures.most_common()))


def rates_by_kind(rows: Iterable[EpisodeResult]) -> dict[str, Rate]:
    """The rate for each kind of object, in the order of the alphabet."""
    rows = list(rows)
    return {kind: rate_of(row for row in rows if row.kind == kind) for kind in sorted({row.kind for row in rows})}


def real_time_factor(rows: Iterable[EpisodeResult]) -> float:
    """Simulated seconds for each second of the wall clock, over all episodes."""
    rows = list(rows)
    wall_s = sum(row.wall_s for row in rows)
    return sum(row.duration_s for row in rows) / wall_s if wall_s else 0.0


def measures(rows: Iterable[EpisodeResult]) -> dict[str, str]:
    """What the referees measured besides, by its name: how often it was so, or the least, median and largest value."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.measured.items():
            values.setdefault(name, []).append(value)
    return {
        name: f"{sum(found)} of {len(found)}"
        if isinstance(found[0], bool)
        else f"{min(found):g} to {max(found):g}, median {median(found):g}"
        for name, found in values.items()
    }


@dataclass
class EvaluationFile:
    """The rows of an evaluation on disk, rewritten whole after every episode."""

    path: Path
    task: str
    rows: list[EpisodeResult]

    @classmethod
    def open(cls, path: Path, task: str, resume: bool) -> EvaluationFile:
        """Start a new file, or continue one of the same task and version of Bunraku.

        Raises `UserError` rather than lose or mix what an existing file holds.
        """
        make_folder(path.parent)
        if path.is_dir():
            raise UserError(f"{path} is a folder: name a file for --json.")
        if not path.exists():
            write_json(path, {})  # so that a place that cannot be written is known before the work is done
            path.unlink()
            return cls(path, task, [])
        if not resume:
            raise UserError(f"{path} exists: add --resume to continue it, or name another file.")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found = (content["task"], content["bunraku"])
            rows = [EpisodeResult(**{"task": task} | row) for row in content["rows"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path} is not the record of an evaluation, so it cannot be resumed.") from error
        if found != (task, __version__):
            raise UserError(
                f"{path} holds {found[0]} by Bunraku {found[1]}, not {task} by {__version__}: name another file."
            )
        return cls(path, task, rows)

    def add(self, row: EpisodeResult) -> None:
        """Keep one more episode."""
        self.rows = sorted([*self.rows, row], key=lambda kept: kept.seed)
        write_json(self.path, summary(self.task, self.rows))


def summary(task: str, rows: Sequence[EpisodeResult]) -> dict[str, Any]:
    """Rows and what they amount to, as written to the file."""
    total = rate_of(rows)
    return {
        "bunraku": __version__,
        "task": task,
        "episodes": total.episodes,
        "successes": total.successes,
        "success_rate": total.rate,
        "wilson_low": total.interval[0],
        "wilson_high": total.interval[1],
        "real_time_factor": real_time_factor(rows),
        "failures": total.failures,
        "by_kind": {
            kind: {
                "successes": rate.successes,
                "episodes": rate.episodes,
                "success_rate": rate.rate,
                "wilson_low": rate.interval[0],
                "wilson_high": rate.interval[1],
                "failures": rate.failures,
            }
            for kind, rate in rates_by_kind(rows).items()
        },
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def run_seeds(
    run: Callable[[int], Result], seeds: Sequence[int], workers: int | None = None, ray: str | None = None
) -> Generator[Result]:
    """Yield what `run` gives of every seed as it finishes; `run` must be importable by those who share the work.

    These are `workers` processes, one by default, or those of the Ray cluster at the address `ray`, `workers` at once.
    Raises `UserError` when a worker dies.
    """
    if ray is not None:
        from bunraku.cli.cluster import run_on_cluster

        yield from run_on_cluster(run, seeds, ray, workers)
        return
    if workers is None or workers == 1:
        yield from map(run, seeds)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread each: the processes already fill the cores
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        for future in as_completed([pool.submit(run, seed) for seed in seeds]):
            yield future.result()
    except BrokenProcessPool as error:
        raise UserError("a worker process died, perhaps for want of memory: try fewer --workers.") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def run_seed(task: str, seed: int, run: Callable[[str, int], EpisodeResult] | None = None) -> EpisodeResult:
    """Run one episode of `task`, with its expert or as `run` does it; an episode that is refused or crashes is a
    failure, not the end of the evaluation."""
    from bunraku.tasks import run_episode

    start = time.perf_counter()
    try:
        return (run or run_episode)(task, seed)
    except UserError as error:
        outcome, reason = REFUSED, str(error)
    except Exception as error:  # whatever broke belongs in the record of this seed
        outcome, reason = CRASHED, f"{type(error).__name__}: {error}"
    wall_s = time.perf_counter() - start
    return EpisodeResult(task, seed, "", False, outcome, reason, "unknown", "", "", 0.0, wall_s)
