"""What an episode of a task is told by: its task, its progress and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TaskInfo:
    """What a task is called, what it asks for, and the id of its Gymnasium environment, "" without one."""

    name: str
    summary: str
    gym_id: str = ""


@dataclass(frozen=True)
class Progress:
    """What is going on at `time_s` simulated, `wall_s` real seconds: the `skill` at work and its `message`."""

    time_s: float
    wall_s: float
    skill: str
    message: str


@dataclass(frozen=True)
class EpisodeResult:
    """What came of an episode. `success` is the referee's; `outcome` is "success" or how it failed, in few words;
    `kind` is the kind of the `object` that was asked for. It took `duration_s` simulated, `wall_s` real seconds.
    `measured` holds what else the referee measured, by name and unit."""

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
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def real_time_factor(self) -> float:
        """Simulated seconds for each real one; 0 for an episode that took no time."""
        return self.duration_s / self.wall_s if self.wall_s else 0.0


PICK_PLACE = TaskInfo("pick-place", "put the named object in, on or beside a place or a thing", "bunraku/PickPlace-v0")
PICK_UP = TaskInfo("pick-up", "take the named thing from among others, and hold it", "bunraku/PickUp-v0")
PUT = TaskInfo("put", "put the named thing of two into the bowl", "bunraku/Put-v0")
STACK = TaskInfo("stack", "set the named thing upon the named carton, and let it stand there", "bunraku/Stack-v0")
SORT = TaskInfo("sort", "put every fruit and ball into the bowl, one after the other", "bunraku/Sort-v0")
HAND_OVER = TaskInfo("hand-over", "pass the named thing from the left to the right hand", "bunraku/HandOver-v0")
PRESS = TaskInfo("press", "press three of four buttons in the order in which they are named", "bunraku/Press-v0")
WIPE = TaskInfo("wipe", "take the sponge and rub a stain off the counter", "bunraku/Wipe-v0")
DRAWER = TaskInfo("drawer", "open the drawer whose handle has the named colour", "bunraku/Drawer-v0")
POUR = TaskInfo("pour", "pour the beads in a mug into the bowl", "bunraku/Pour-v0")
TRAY = TaskInfo("tray", "lift a tray by its two handles, level, with what stands on it", "bunraku/Tray-v0")
CAP = TaskInfo("cap", "unscrew the cap that was named, of two jars", "bunraku/Cap-v0")
DOOR = TaskInfo("door", "press the lever that was named, and open its door", "bunraku/Door-v0")
CELLS = TaskInfo("cells", "sort three battery cells into the pockets of a rack", "bunraku/Cells-v0")
PLUG = TaskInfo("plug", "take the plug out of its dock, and push it into the named socket", "bunraku/Plug-v0")
BRING = TaskInfo("bring", "walk to the kitchen, fetch the named thing, and put it on the plate that a person holds out")
FOLLOW_ME = TaskInfo("follow-me", "stay 1 to 2.5 m behind a person who walks through the house and stops now and then")
CLIMB = TaskInfo("climb", "walk to the stairs, and take them")
GET_UP = TaskInfo("get-up", "get up from the ground")


def strip_path(folder: Path, seed: int) -> Path:
    """Where the film strip of the episode of `seed` lies in a `folder` of them."""
    return folder / f"{seed:06d}.jpg"


def registry() -> dict[str, TaskInfo]:
    """Every task by its name."""
    placing, fixed = (PICK_PLACE, PICK_UP, PUT, STACK, SORT, HAND_OVER), (PRESS, DRAWER, WIPE, POUR, TRAY, CAP, DOOR)
    return {task.name: task for task in (*placing, *fixed, CELLS, PLUG, BRING, FOLLOW_ME)}
