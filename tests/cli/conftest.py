"""Commands tested against an engine that plays episodes without a robot."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bunraku.errors import UserError
from bunraku.tasks import EpisodeResult, Progress, TaskInfo


def run_episode(
    task: str,
    seed: int,
    *,
    instruction: str | None = None,
    out: Path | None = None,
    video: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    detector: str | None = None,
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
    return EpisodeResult(task, seed, words, success, outcome, "[seen]", "mug", "red mug", "shelf", 0.5, 0.25)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play episodes without a robot."""
    info = TaskInfo("pick-place", "put an object in its place", "bunraku/PickPlace-v0")
    monkeypatch.setattr("bunraku.tasks.registry", lambda: {info.name: info})
    monkeypatch.setattr("bunraku.tasks.run_episode", run_episode)
