"""`bunraku collect` and `bunraku learn`: episodes recorded, policies trained on them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bunraku.cli.graphics import draw_test_picture
from bunraku.cli.records import make_folder, require_counts, require_ray, require_seed
from bunraku.errors import UserError

if TYPE_CHECKING:
    from bunraku.learning.collecting import Collected
    from bunraku.learning.evaluation import Control
    from bunraku.learning.ranks import Ranks
    from bunraku.learning.training import Step, Trainer, TrainingConfig
    from bunraku.tasks import EpisodeResult

INSTALL = "install it with `pip install 'bunraku[learn]'`."


def collect(
    tasks: Annotated[list[str], tyro.conf.Positional, tyro.conf.arg(metavar="TASK…")],
    out: Path,
    episodes: int = 100,
    seed: int = 0,
    workers: int | None = None,
    ray: str | None = None,
    disturbed: float = 0.75,
) -> int:
    """Record the scripted expert at work, as a LeRobot data set.

    Every episode is on disk as it happens. The same command again goes on where it was interrupted.

    Args:
        tasks: those of the hands that `bunraku tasks` lists.
        out: folder of the data set.
        episodes: how many of each task.
        seed: of the first episode; the others follow.
        workers: processes that share the episodes; one by default, on a cluster as many as it has CPUs.
        ray: address of a Ray cluster whose machines share the episodes; "local" starts one here.
        disturbed: share of the episodes in which the body is pushed off its way: a learner sees how to come back.
    """
    if not tasks:
        raise UserError("no task was named: say which, as in `bunraku collect pick-up --out data/pick-up`.")
    require_counts(episodes, workers)
    require_seed(seed)
    if not 0 <= disturbed <= 1:
        raise UserError(f"--disturbed must be between 0 and 1, got {disturbed:g}.")
    require_ray(ray)
    require("pyarrow", "collecting needs PyArrow: install it with `pip install 'bunraku[data]'`.")
    from bunraku.cli.evaluation import run_seeds
    from bunraku.learning.collecting import collect_episode, collect_parcel, missing, unpack
    from bunraku.learning.lerobot import RECORDED, finalise
    from bunraku.tasks.manipulations import manipulation

    for task in tasks:
        manipulation(task)
    draw_test_picture()
    make_folder(out)
    console, seeds = Console(highlight=False), range(seed, seed + episodes)
    try:
        for task in tasks:
            folder = out / RECORDED / task
            left = missing(folder, seeds)
            if ray is None:
                run = partial(collect_episode, task, root=folder, disturbed=disturbed)
                collected = run_seeds(run, left, workers)
            else:
                # Other machines have other disks: episodes come home by the cluster, and are unpacked here.
                run = partial(collect_parcel, task, disturbed=disturbed)
                collected = (unpack(parcel, folder) for parcel in run_seeds(run, left, workers, ray))
            _collect(console, task, collected, len(left), len(seeds))
    finally:
        if any((out / RECORDED).glob("*/*/episode.json")):
            whole = finalise(out)
            console.print(Text(f"{whole} episodes in {out}"), soft_wrap=True)
    return 0


def _collect(console: Console, task: str, episodes: Iterable[Collected], left: int, total: int) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    succeeded = cpu = recording = 0.0
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(task, total=total, completed=total - left)
        for collected in episodes:
            progress.advance(bar)
            _print_collected(console, collected)
            succeeded, cpu = succeeded + collected.success, cpu + collected.cpu_s
            recording += collected.recording_s
    if left:
        console.print(
            f"{task}: {succeeded:.0f} of {left} succeeded; {cpu / left:.1f} s of CPU an episode, "
            f"{100 * recording / max(cpu - recording, 1e-9):.1f} % of it for recording"
        )


def _print_collected(console: Console, collected: Collected) -> None:
    mark = Text("✓ ", "green") if collected.success else Text("✗ ", "red")
    ending = "" if collected.success else f": {collected.outcome}, {collected.reason}"
    console.print(mark + Text(f"seed {collected.seed}  {collected.frames} frames{ending}"))


def learn(
    data: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="DATA...")],
    out: Path,
    steps: int = 6000,
    batch: int = 128,
    width: int = 192,
    depth: int = 3,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 1,
    bfloat16: bool = False,
    compiled: bool = False,
) -> int:
    """Train a policy on data sets, of one task or of many; it can be interrupted and goes on with the same result.

    On several cores or GPUs: `torchrun --nproc-per-node N -m bunraku learn …`; on several machines as `torchrun` says,
    with DATA where each of them sees it.

    Args:
        data: data sets that `bunraku collect` made.
        out: the policy, an ONNX file; its checkpoint lies beside it, with the ending .pt.
        steps: how long to train.
        batch: samples in a step, shared by all processes.
        width: of the network's layers.
        depth: of the network, in blocks.
        seed: of the network's first weights and of the order of samples.
        device: as PyTorch names it, such as cuda.
        threads: that PyTorch may use, in each process.
        bfloat16: compute in that precision; faster on GPUs, and on processors that have it.
        compiled: by torch.compile; needs a C++ compiler on a processor, and a minute at the start.
    """
    if not data:
        raise UserError("no data set was named: say which, as in `bunraku learn data/pick-up --out models/first.onnx`.")
    require_positive(steps=steps, batch=batch, width=width, depth=depth, threads=threads)
    require_seed(seed)
    require_model(out)
    require_learning()
    import torch

    from bunraku.learning.policies.grounded import NetworkConfig
    from bunraku.learning.ranks import joined
    from bunraku.learning.training import TrainingConfig

    torch.set_num_threads(threads)
    require_device(device)
    if compiled and device == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise UserError("--compiled needs a C++ compiler, such as g++: install one, or leave it out.")
    make_folder(out.parent)
    network = NetworkConfig(width=width, depth=depth)
    config = TrainingConfig(steps, batch, seed=seed, bfloat16=bfloat16, compiled=compiled, network=network)
    with joined(device) as (ranks, own):
        console = Console(highlight=False, quiet=not ranks.first)
        trainer = train_policy(console, data, out, config, own, ranks)
        console.print(f"It understands {100 * trainer.understood():.0f} % of the instructions that it was trained on.")
        task = trainer.samples.tasks[0]
        console.print(Text(f"Policy in {out}; try it with `bunraku evaluate {task} --policy {out}`."))
    return 0


def require_positive(**given: int) -> None:
    """Raise `UserError` when one of the flags by these names is below 1."""
    for name, value in given.items():
        if value < 1:
            raise UserError(f"--{name} must be at least 1, got {value}.")


def require_model(out: Path) -> None:
    """Raise `UserError` when `out` cannot become a policy with a checkpoint beside it."""
    if out.suffix != ".onnx" or out.is_dir():
        raise UserError(f"--out must name an ONNX file, such as models/first.onnx, got {out}.")


def require_device(name: str) -> None:
    """Raise `UserError` when PyTorch has no device of that name here."""
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        kinds = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        raise UserError(f"there is no device {name} here: --device can be {' or '.join(kinds)}.") from error


def require_learning() -> None:
    """Raise `UserError` when a package is not installed that training needs."""
    for package in ("torch", "onnx", "onnxscript", "pyarrow"):
        require(package, f"learning needs {package}: {INSTALL}")


def train_policy(
    console: Console,
    data: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    device: str = "cpu",
    ranks: Ranks | None = None,
) -> Trainer:
    """Train on `data` as `config` says, from the checkpoint beside `out` if there is one, and write the policy `out`;
    what is going on is told on the `console`. This is one of the processes `ranks`."""
    from bunraku.learning.checkpoints import whole_steps
    from bunraku.learning.export import export
    from bunraku.learning.samples import load_samples
    from bunraku.learning.training import ALONE, Trainer

    ranks = ranks or ALONE
    with _bar(console, "looking at the episodes") as (progress, bar):
        samples = ranks.after_first(
            lambda: load_samples(data, lambda done, total: progress.update(bar, completed=done, total=total))
        )
    ranks.require_same(samples.source, f"{data[0]} is not the same data set for all processes: copy it anew.")
    trainer, steps = Trainer(samples, config, device, ranks), config.steps
    checkpoint = out.with_suffix(".pt")
    if ranks.from_first(checkpoint.exists):
        trainer.load(checkpoint)
    numbers = sum(parameter.numel() for parameter in trainer.policy.parameters())
    shared = "" if ranks.world == 1 else f"; {ranks.world} processes"
    console.print(
        f"{len(samples.inputs)} samples of {samples.episodes} episodes; {numbers / 1e6:.2f} M parameters; "
        f"from step {trainer.step} of {steps}{shared}"
    )
    with _bar(console, "training") as (progress, bar), whole_steps() as stopped:

        def report(step: Step) -> None:
            words = f"plan {step.plan_loss:.3f}, words {step.meaning_loss:.3f}, {step.steps_per_second:.0f} steps/s"
            progress.update(bar, completed=step.step, total=steps, description=words)
            if step.step % 500 == 0:
                console.print(f"step {step.step}: {words}")

        going = True
        while going and trainer.step < steps:
            try:
                going = trainer.train(min(steps, trainer.step + 500), report, stopped=stopped)
            finally:
                trainer.save(checkpoint)
    if ranks.first:
        export(trainer, out)
    return trainer


def plan(
    gpus: tuple[int, ...] = (1, 8, 64),
    gpu: str = "h100",
    tokens: float = 1e9,
    batch: int = 4096,
    width: int = 192,
    depth: int = 3,
    price: float | None = None,
    processes: int | None = None,
) -> int:
    """Say what training would take on many devices: time, energy, cost, and what limits it.

    A device that is here (cpu, or the GPU of that name) is measured, and so is how several share a step; another one is
    estimated from its data sheet.

    Args:
        gpus: how many of them; several numbers are compared.
        gpu: a100, h100, h200, b200 or cpu.
        tokens: how many to train on: one sample of this policy is one.
        batch: samples in a step, shared by all devices.
        width: of the network's layers.
        depth: of the network, in blocks.
        price: of an hour of one device, USD; a round number by default.
        processes: that share a step when that is measured here; as many as there are devices by default, 8 at most.
    """
    from bunraku.learning import planning

    if gpu not in planning.DEVICES:
        raise UserError(f"there is no device {gpu}: the devices are {', '.join(planning.DEVICES)}.")
    if not gpus or min(gpus) < 1 or batch < max(gpus) or tokens <= 0:
        raise UserError("--gpus must be at least 1 and at most --batch, and --tokens above 0.")
    require_positive(width=width, depth=depth)
    if processes is not None and not 1 <= processes <= batch:
        raise UserError(f"--processes must be between 1 and --batch, got {processes}.")
    require("torch", f"learning needs torch: {INSTALL}")
    import torch

    from bunraku.learning.policies.grounded import NetworkConfig
    from bunraku.learning.scaling import measured_scaling
    from bunraku.learning.training import stepper

    device = planning.DEVICES[gpu]
    device = device if price is None else replace(device, price=price)
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    torch.set_num_threads(1)
    network, place = NetworkConfig(width=width, depth=depth), "cuda" if gpu in name.lower() else "cpu"
    step, parameters = stepper(network, place)
    here = gpu in ("cpu", *name.lower().split())
    if here:
        pace = planning.measured(step, clock=time.thread_time if gpu == "cpu" else time.perf_counter)
        source = f"measured here, within {100 * (pace.error or 0):.0f} % on the steps that were not fitted"
    else:
        pace = planning.expected(device, parameters)
        source = (
            f"not measured: {100 * planning.UTILISATION:.0f} % of the data sheet's {device.flops / 1e12:.0f} TFLOP/s"
        )
    console = Console(highlight=False)
    console.print(f"{parameters / 1e6:.2f} M parameters, {tokens:.3g} tokens, steps of {batch} on {gpu}")
    console.print(
        f"one device: {1e3 * pace.fixed:.2f} ms a step and {1e6 * pace.per_sample:.3f} µs a sample ({source})"
    )
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("devices", "time", "tokens/s", "energy", "cost", "computing", "limited by"):
        table.add_column(heading)
    for count in gpus:
        found = planning.plan(device, pace, count, tokens, batch, parameters)
        table.add_row(
            str(count),
            f"{found.seconds / 3600:.3g} h",
            f"{found.samples_per_second:.3g}",
            f"{found.energy / 3.6e6:.3g} kWh",
            f"${found.cost:.3g}",
            f"{100 * found.efficiency:.0f} %",
            found.bottleneck,
        )
    console.print(table)
    found = torch.cuda.device_count() if place == "cuda" else os.cpu_count() or 1
    if here and (shared := processes or min(found, planning.NODE)) > 1:
        ideal = pace.step(batch) / pace.step(batch / shared)
        with console.status(f"measuring {shared} processes"):
            got = measured_scaling(network, shared, batch, place)
        cpu = "" if place == "cuda" else f"{got.by_cpu:.2f} × by CPU time, "
        console.print(
            f"{shared} processes on this machine: {cpu}{got.by_clock:.2f} × by the clock "
            f"({ideal:.2f} × if exchanging gradients took no time)"
        )
    return 0


def export_episode(data: Annotated[Path, tyro.conf.Positional], out: Path, episode: int = 0) -> int:
    """Write one recorded episode as a log for Foxglove (.mcap) or Rerun (.rrd).

    Args:
        data: a data set that `bunraku collect` made.
        out: the file to write; its ending says which log.
        episode: its number in the data set.
    """
    require("pyarrow", "data sets need PyArrow: install it with `pip install 'bunraku[data]'`.")
    from bunraku.learning.logs import export_log

    frames = export_log(data, episode, out)
    print(f"{frames} frames of episode {episode} in {out}, {out.stat().st_size / 1e6:.1f} MB")
    return 0


def policy_runner(policy: Path, control: Control, strips: Path | None = None) -> Callable[[str, int], EpisodeResult]:
    """What runs an episode of a task with `policy`; `UserError` at once when it does not fit this robot. Film strips of
    failures go to the folder `strips`."""
    from bunraku.learning.acting import Policy
    from bunraku.learning.evaluation import run_with_policy
    from bunraku.robot import RobotSpec

    Policy(policy, RobotSpec().hand)
    return partial(run_with_policy, policy=policy, control=control, strips=strips)


def require(package: str, sentence: str) -> None:
    """Raise `UserError` with `sentence` when `package` is not installed."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise UserError(sentence)


class _bar:
    """A progress bar of one thing."""

    def __init__(self, console: Console, what: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress, self._what = Progress(*columns, console=console, transient=True), what

    def __enter__(self):
        self._progress.start()
        return self._progress, self._progress.add_task(self._what, total=None)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
