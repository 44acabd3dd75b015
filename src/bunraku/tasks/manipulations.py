"""The tasks of the hands by name. Importing this module loads the simulator and the skills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bunraku.acting import understand
from bunraku.errors import UserError
from bunraku.tasks.assignment import Assignment, draw_assignment
from bunraku.tasks.cap import CAP
from bunraku.tasks.cells import CELLS_TASK
from bunraku.tasks.door import DOOR
from bunraku.tasks.drawer import DRAWER
from bunraku.tasks.episode import PICK_PLACE, EpisodeResult, Progress, strip_path
from bunraku.tasks.following import follow_words
from bunraku.tasks.hand_over import HAND_OVER
from bunraku.tasks.pick_place import LONGEST
from bunraku.tasks.pick_up import PICK_UP
from bunraku.tasks.plug import PLUG_TASK
from bunraku.tasks.pour import POUR
from bunraku.tasks.press import PRESS
from bunraku.tasks.put import PUT
from bunraku.tasks.sort import SORT
from bunraku.tasks.stack import STACK
from bunraku.tasks.stage import Manipulation, Stage
from bunraku.tasks.tray import TRAY
from bunraku.tasks.wipe import WIPE

MANIPULATIONS: dict[str, Manipulation] = {
    task.info.name: task
    for task in (
        Manipulation(PICK_PLACE, draw_assignment, follow_words, LONGEST),
        PICK_UP,
        PUT,
        STACK,
        SORT,
        HAND_OVER,
        PRESS,
        DRAWER,
        WIPE,
        POUR,
        TRAY,
        CAP,
        DOOR,
        CELLS_TASK,
        PLUG_TASK,
    )
}


def manipulation(name: str) -> Manipulation:
    """The task called `name`. Raises `UserError` when there is none."""
    if name not in MANIPULATIONS:
        raise UserError(f"there is no task of the hands “{name}”; there are {', '.join(MANIPULATIONS)}.")
    return MANIPULATIONS[name]


def task_of(names: Sequence[str], seed: int, instruction: str) -> str:
    """The first of the tasks called `names` that moves something elsewhere, or not, as `instruction` does; else the
    first of all. Raises `UserError` when the words are not understood."""
    moved = bool(understand(instruction).relation)
    fitting = (name for name in names if bool(manipulation(name).draw(seed).target) == moved)
    return next(fitting, names[0])


def assignment_in(name: str, seed: int, instruction: str) -> Assignment:
    """What `instruction` asks for in the room that `seed` draws for the task called `name`.

    Raises `UserError` when the words are not understood or do not name exactly one thing in that room.
    """
    given = manipulation(name).draw(seed)
    kind, colour = understand(instruction).thing or (None, None)
    fitting = [o.name for o in given.scene.objects if kind in (None, o.kind) and colour in (None, o.colour)]
    if len(fitting) != 1:
        things = ", ".join(thing.name for thing in given.scene.objects)
        raise UserError(f"in room {seed} there are a {things}: name one of them, or another --seed.")
    return replace(given, object=fitting[0], instruction=instruction)


def run_expert(
    name: str,
    seed: int,
    instruction: str | None = None,
    film: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    strips: Path | None = None,
) -> EpisodeResult:
    """Run one episode of the task called `name` with its scripted expert; see `bunraku.tasks.run_episode`.

    If it fails, its film strip goes to the folder `strips`.
    """
    task = manipulation(name)
    assignment = None if instruction is None else assignment_in(name, seed, instruction)
    strip = strip_path(strips, seed) if strips else None
    with Stage(task, seed, assignment, film=film, on_progress=on_progress, strip=strip) as stage:
        return stage.play(task.expert)
