"""Collecting: the expert at work on one seed after the other, every episode recorded."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bunraku.learning.disturbance import Disturbance
from bunraku.learning.episodes import Ending, Header, Recorder, room_on_disk
from bunraku.robot import Command, Observation
from bunraku.skills.grasps import disagreement
from bunraku.tasks.manipulations import manipulation
from bunraku.tasks.stage import Acting, Stage

DISTURBED = 0.75
"""Share of the episodes that are disturbed."""


@dataclass(frozen=True)
class Collected:
    """One collected episode; what shall be learned begins at its frame `shown_from`. CPU times in s: of all of it, and
    of recording alone."""

    seed: int
    success: bool
    outcome: str
    reason: str
    frames: int
    cpu_s: float
    recording_s: float
    shown_from: int = 0


def collect_episode(task: str, seed: int, root: Path, disturbed: float = DISTURBED) -> Collected:
    """Record the expert's episode of `seed` under `root`; a share `disturbed` of the seeds is disturbed.

    Raises `UserError` when the disk is full; what was recorded is kept.
    """
    noisy = bool(np.random.default_rng([seed, 0xD0]).random() < disturbed)
    expert = manipulation(task).expert
    return record(task, seed, root, noisy, lambda not_yet: expert)


def record(
    task: str,
    seed: int,
    root: Path,
    noisy: bool,
    acting: Callable[[Callable[[], None]], Acting],
    longer: float = 0.0,
) -> Collected:
    """Record under `root` the episode of `seed` in which `acting` has the robot, pushed off its way if `noisy`.

    `acting` takes things in the usual way where it can, so that episodes agree; it is told what to call as long as it
    does nothing that shall be learned. The episode may take so many s `longer` than others of the `task`.
    """
    began, spent, shown_from = time.process_time(), 0.0, 0
    what = manipulation(task)
    with Stage(replace(what, longest=what.longest + longer), seed) as stage:
        given, body, spec = stage.assignment, stage.runtime.body, stage.robot.spec
        header = Header.of(spec, task, seed, given.instruction, given.object, given.target, noisy)
        body.manner = disagreement
        standing = (*given.scene.objects, *given.scene.props)
        things = np.array([thing.position for thing in standing]).reshape(-1, 3)
        disturb = Disturbance(spec, body, things, seed) if noisy else lambda command: command
        with Recorder(root, header) as recorder:

            def tap(observation: Observation, command: Command) -> Command:
                nonlocal spent
                for frame in observation.frames.values():
                    _ = frame.image  # drawn when first looked at: rendering is not what recording costs
                start = time.thread_time()
                recorder.note(observation, command, body)
                spent += time.thread_time() - start
                return disturb(command)

            def not_yet() -> None:
                nonlocal shown_from
                shown_from = recorder.frames

            stage.robot.tap = tap
            result = stage.play(acting(not_yet))
            cpu = time.process_time() - began
            said = [(recorder.frame_at(event.time), event.skill, event.text) for event in stage.runtime.events]
            recorder.end(Ending(result.success, result.outcome, result.reason, shown_from, round(cpu, 2), said))
    return Collected(seed, result.success, result.outcome, result.reason, recorder.frames, cpu, spent, shown_from)


@dataclass(frozen=True)
class Parcel:
    """A collected episode on its way from another machine: what came of it, and its folder as a tar file."""

    collected: Collected
    folder: bytes


def collect_parcel(task: str, seed: int, disturbed: float = DISTURBED) -> Parcel:
    """Record the expert's episode of `seed` on this machine's own disk, and pack it up."""
    with tempfile.TemporaryDirectory(prefix="bunraku-") as place:
        collected = collect_episode(task, seed, Path(place), disturbed)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(Path(place) / f"{seed:06d}", f"{seed:06d}")
    return Parcel(collected, packed.getvalue())


def unpack(parcel: Parcel, root: Path) -> Collected:
    """Put the episode of `parcel` under `root` in one step, as if it had been recorded there.

    Raises `UserError` when the disk is full; what was collected before is kept.
    """
    name = f"{parcel.collected.seed:06d}"
    with room_on_disk(root):
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".parcel-", dir=root) as place:
            with tarfile.open(fileobj=io.BytesIO(parcel.folder)) as tar:
                tar.extractall(place, filter="data")
            shutil.rmtree(root / name, ignore_errors=True)
            os.replace(Path(place) / name, root / name)
    return parcel.collected


def missing(root: Path, seeds: Sequence[int]) -> list[int]:
    """The seeds that have no whole episode under `root`."""
    return [seed for seed in seeds if not (root / f"{seed:06d}" / "outcome.json").exists()]
