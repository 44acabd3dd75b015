"""One seeded episode of a task, from words to the referee's verdict. Heavy modules load when one is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bunraku.errors import UserError
from bunraku.tasks.episode import BRING, FOLLOW_ME, PICK_PLACE, EpisodeResult, Progress, registry


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
    """Run one episode of `task`: `instruction`, or one drawn from the `seed`, which also draws the room.

    With `detector` the eyes are others than usual in pick-place and bring; see
    `bunraku.skills.perception.detector_named`.
    Writes, with `video`, `out`/video.mp4, and for pick-place, bring and follow-me `out`/episode.jsonl. Raises
    `UserError` for an unknown task and for words that the robot does not understand.
    """
    if task not in registry():
        raise UserError(f"there is no task “{task}”; the tasks are {', '.join(registry())}.")
    report = on_progress or (lambda progress: None)
    if detector is not None and task not in (PICK_PLACE.name, BRING.name):
        raise UserError(f"a detector can be chosen for {PICK_PLACE.name} and {BRING.name} only, not for {task}.")
    if task not in (PICK_PLACE.name, BRING.name, FOLLOW_ME.name):
        from bunraku.tasks.manipulations import run_expert

        return run_expert(task, seed, instruction, out / "video.mp4" if out and video else None, report)
    from bunraku.tasks.pick_place import run

    return run(task, seed, instruction, out, video, report, detector)
