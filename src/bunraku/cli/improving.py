"""`bunraku improve`: a policy at work, corrected by the expert where it goes astray, and trained again."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.text import Text

from bunraku.cli.evaluation import run_seed, run_seeds
from bunraku.cli.graphics import draw_test_picture
from bunraku.cli.learning import policy_runner, require_learning, require_model, train_policy
from bunraku.cli.records import make_folder, require_seed, write_json
from bunraku.errors import UserError
from bunraku.statistics import wilson_interval

TRIAL_SEED = 50_000
"""First seed of the rooms in which every round is tried, the same ones each time."""


@dataclass(frozen=True)
class Round:
    """What came of a round. `policy`: its file; CPU seconds of collecting and training; `taken_over` of the `episodes`
    the expert finished; `successes` of `trials` alone, in rooms of their own."""

    round: int
    policy: str
    episodes: int
    taken_over: int
    collecting_cpu_s: float
    training_cpu_s: float
    successes: int
    trials: int


def improve(
    task: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")],
    data: Path,
    policy: Path,
    out: Path,
    rounds: int = 3,
    episodes: int = 30,
    trials: int = 20,
    seed: int = 100_000,
    steps: int = 4000,
    workers: int = 1,
) -> int:
    """Let a policy do a task, the expert taking over where it goes astray; train again on that too; and so on.

    Every episode and every round is kept as soon as it ends: the same command again goes on where it was interrupted.
    The curve of success against CPU time is kept beside the policy, with the ending .curve.json.

    Args:
        task: one that the policy was trained on.
        data: the data set on which it was trained; the corrected episodes are added to it.
        policy: with which to begin.
        out: the policy after the last round, an ONNX file; those of the rounds lie beside it.
        rounds: how many.
        episodes: of each round.
        trials: episodes, in rooms of their own, after which each round's success is stated; 0 for none.
        seed: of the first episode; the others follow.
        steps: how long to train in each round.
        workers: processes that share the episodes.
    """
    require_seed(seed)
    require_model(out)
    if rounds < 1 or episodes < 1 or trials < 0 or workers < 1:
        raise UserError("--rounds, --episodes and --workers must be at least 1, and --trials 0 or more.")
    require_learning()
    from bunraku.learning.acting import Policy
    from bunraku.learning.lerobot import RECORDED
    from bunraku.robot import RobotSpec
    from bunraku.tasks.manipulations import manipulation

    manipulation(task)
    about = Policy(policy, RobotSpec().hand).about
    if task not in about.tasks:
        raise UserError(f"{policy} was trained on {', '.join(about.tasks)}, not on {task}.")
    if not (data / RECORDED).is_dir():
        raise UserError(f"{data} holds no recorded episodes: name the --data on which {policy} was trained.")
    draw_test_picture()
    make_folder(out.parent)
    console, curve = Console(highlight=False), out.with_suffix(".curve.json")
    done = _read(curve)
    if not done:
        done = [Round(0, str(policy), 0, 0, 0.0, 0.0, _try(task, policy, trials, workers), trials)]
        _keep(console, curve, done)
    if done[0].policy != str(policy) or any(one.episodes != episodes for one in done[1:]):
        raise UserError(f"{curve} is of another policy or of other --episodes: give the same, or another --out.")
    for number in range(len(done), rounds + 1):
        before = Path(done[-1].policy)
        folder = data / RECORDED / task
        seeds = range(seed + (number - 1) * episodes, seed + number * episodes)
        collected = _correct(console, task, before, folder, seeds, workers)
        after = out.with_suffix(f".{number}.onnx")
        began = time.process_time()
        _train(console, data, after, steps)
        spent = time.process_time() - began
        done.append(Round(number, str(after), *collected, spent, _try(task, after, trials, workers), trials))
        _keep(console, curve, done)
    shutil.copyfile(done[-1].policy, out)
    console.print(Text(f"Policy in {out}, its curve in {curve}."), soft_wrap=True)
    return 0


def _correct(
    console: Console, task: str, policy: Path, folder: Path, seeds: range, workers: int
) -> tuple[int, int, float]:
    from bunraku.learning.collecting import missing
    from bunraku.learning.correcting import correct_episode
    from bunraku.learning.episodes import read_episode

    for one in run_seeds(partial(correct_episode, task, root=folder, policy=policy), missing(folder, seeds), workers):
        whose = "the expert took over" if one.shown_from < one.frames - 1 else "the policy alone"
        console.print(f"seed {one.seed}: {whose}; {one.outcome}", soft_wrap=True)
    endings = [read_episode(folder / f"{seed:06d}") for seed in seeds]
    taken_over = sum(one.ending.shown_from < one.frames - 1 for one in endings)
    return len(endings), taken_over, sum(one.ending.cpu_s for one in endings)


def _train(console: Console, data: Path, out: Path, steps: int) -> None:
    import torch

    from bunraku.learning.lerobot import finalise
    from bunraku.learning.training import TrainingConfig

    finalise(data)
    torch.set_num_threads(1)
    train_policy(console, (data,), out, TrainingConfig(steps))


def _try(task: str, policy: Path, trials: int, workers: int) -> int:
    run = partial(run_seed, task, run=policy_runner(policy, "none"))
    return sum(row.success for row in run_seeds(run, range(TRIAL_SEED, TRIAL_SEED + trials), workers))


def _read(curve: Path) -> list[Round]:
    if not curve.exists():
        return []
    try:
        return [Round(**row) for row in json.loads(curve.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{curve} is not the curve of an improvement: name another --out.") from error


def _keep(console: Console, curve: Path, done: list[Round]) -> None:
    write_json(curve, [asdict(one) for one in done])
    last = done[-1]
    low, high = wilson_interval(last.successes, last.trials)
    hours = sum(one.collecting_cpu_s + one.training_cpu_s for one in done) / 3600
    console.print(
        f"round {last.round}: {last.successes} of {last.trials} alone ({100 * low:.0f}–{100 * high:.0f} %), "
        f"{last.taken_over} of {last.episodes} taken over, {hours:.2f} h of CPU"
    )
