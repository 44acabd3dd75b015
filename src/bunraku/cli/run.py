"""`bunraku run`: tell the robot what to do, watch it, and keep the record."""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from bunraku import __version__
from bunraku.cli.graphics import draw_test_picture
from bunraku.cli.live import LiveProgress
from bunraku.cli.records import make_folder, require_seed, write_json
from bunraku.errors import UserError

if TYPE_CHECKING:
    from bunraku.tasks import EpisodeResult, Progress

TASK = "pick-place"
NOT_ACHIEVED = 1


def run(
    instruction: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INSTRUCTION")],
    seed: int = 0,
    web: bool = False,
    port: int = 8080,
    out: Path | None = None,
    video: bool = True,
    policy: Path | None = None,
    detector: str | None = None,
) -> int:
    """Tell the robot in words what to do, and watch it do it.

    Leaves report.json, the episode's log and video.mp4 in a folder. Exits with 0 only when the task itself verified
    that it was done, and with 1 when it was not.

    Args:
        instruction: what to do, in English or Japanese, as in "put the red mug on the shelf".
        seed: which room, objects and poses.
        web: serve the scene in a browser, with cameras, an instruction box and a stop button.
        port: where the browser finds it.
        out: folder of the record; runs/<date>-<time> by default.
        video: write video.mp4.
        policy: a trained policy that shall do it, in a room of the task that it was trained on.
        detector: the robot's eyes: colour, dishes, learned, or a file that `bunraku detector train` made.
    """
    if not instruction.strip():
        raise UserError('the instruction is empty: say what to do, as in bunraku run "put the red mug on the shelf".')
    require_seed(seed)
    if detector:
        from bunraku.skills.perception import detector_named

        detector_named(detector)
    draw_test_picture()
    folder = make_folder(out or Path("runs") / time.strftime("%Y%m%d-%H%M%S"))
    if detector and (web or policy):
        raise UserError("--detector goes with neither --web nor --policy: leave one of them out.")
    if web:
        return show_in_browser(instruction, seed, folder, port)
    result = run_and_record(instruction, seed, folder, video, policy, detector)
    return 0 if result.success else NOT_ACHIEVED


def show_in_browser(instruction: str, seed: int, folder: Path, port: int) -> int:
    """Serve the live robot until interrupted; `folder`/conversation.jsonl keeps every turn, call and outcome, and
    report.json the task's verdict."""
    from bunraku.live import simulated_body
    from bunraku.tasks.pick_place import assignment_for
    from bunraku.web import run_in_browser
    from bunraku.web.live import told

    assignment = assignment_for(seed, instruction)
    report: dict[str, object] = {"bunraku": __version__, "task": TASK, "seed": seed, "instruction": instruction}
    verdict = None
    try:
        with simulated_body(seed, assignment if assignment.object or assignment.act else None) as body:
            try:
                with suppress(KeyboardInterrupt):
                    run_in_browser(body, instruction, port, folder / "conversation.jsonl", print)
            finally:
                verdict = body.state().verdict
    finally:
        report |= {"success": bool(verdict and verdict.success), "reason": verdict.reason if verdict else "no verdict"}
        write_json(folder / "report.json", report)
    print(told(verdict) or "Ended before the task had a verdict.")
    return 0 if verdict and verdict.success else NOT_ACHIEVED


def run_and_record(
    instruction: str, seed: int, folder: Path, video: bool, policy: Path | None = None, detector: str | None = None
) -> EpisodeResult:
    """Run one episode with live progress; whatever ends it, `folder`/report.json says what happened."""
    from bunraku.tasks import run_episode

    report: dict[str, object] = {"bunraku": __version__, "task": TASK, "seed": seed, "instruction": instruction}
    steps: list[Progress] = []
    live = LiveProgress(f"“{instruction}”, seed {seed}")

    def on_progress(progress: Progress) -> None:
        if not steps or (progress.skill, progress.message) != (steps[-1].skill, steps[-1].message):
            steps.append(progress)
        live.update(progress)

    def episode() -> EpisodeResult:
        if policy is not None:
            from bunraku.learning.evaluation import run_instruction

            return run_instruction(instruction, seed, policy, folder if video else None, on_progress)
        return run_episode(
            TASK, seed, instruction=instruction, out=folder, video=video, on_progress=on_progress, detector=detector
        )

    try:
        with live:
            result = episode()
        report |= dataclasses.asdict(result) | {"real_time_factor": result.real_time_factor}
    except BaseException as error:
        report |= {"success": False, "outcome": _outcome(error), "reason": str(error) or type(error).__name__}
        raise
    finally:
        report["steps"] = [dataclasses.asdict(step) for step in steps]
        write_json(folder / "report.json", report)
        live.print_files(folder)
    live.print_verdict(result)
    return result


def _outcome(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "refused" if isinstance(error, UserError) else "error"
