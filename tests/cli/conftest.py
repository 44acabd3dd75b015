"""Commands tested against an engine that plays episodes without a robot."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from bunraku.errors import UserError


@dataclass(frozen=True)
class Progress:
    time_s: float
    wall_s: float
    skill: str
    message: str


@dataclass(frozen=True)
class EpisodeResult:
    task: str
    seed: int
    instruction: str
    success: bool
    outcome: str
    reason: str
    kind: str
    object: str
    target: str
    duration_s: float
    wall_s: float
    real_time_factor: float


@dataclass(frozen=True)
class TaskInfo:
    name: str
    summary: str
    gym_id: str


def run_episode(
    task: str,
    seed: int,
    *,
    instruction: str | None = None,
    out: Path | None = None,
    video: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> EpisodeResult:
    """An episode that does what its instruction's last word says."""
    words = instruction or f"put it on the shelf {['well', 'badly', 'crash'][seed % 3]}"
    if on_progress:
        for step in range(5):
            on_progress(Progress(0.1 * step, 0.05 * step, "look_for" if step < 2 else "grasp", f"step [{step // 2}]"))
    match words.split()[-1]:
        case "unicorn":
            raise UserError("there is no unicorn here.")
        case "crash":
            raise ZeroDivisionError("a bug")
        case "stop":
            raise KeyboardInterrupt
    if out and video:
        (out / "video.mp4").touch()
    success = words.endswith("well")
    outcome = "success" if success else "dropped"
    return EpisodeResult(task, seed, words, success, outcome, "[seen]", "mug", "red mug", "shelf", 0.5, 0.25, 2.0)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for `bunraku.tasks`."""
    module = ModuleType("bunraku.tasks")
    info = TaskInfo("pick-place", "put an object in its place", "bunraku/PickPlace-v0")
    module.__dict__.update(
        registry=lambda: {"pick-place": info},
        run_episode=run_episode,
        Progress=Progress,
        EpisodeResult=EpisodeResult,
    )
    monkeypatch.setitem(sys.modules, "bunraku.tasks", module)
