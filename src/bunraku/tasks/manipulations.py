"""The tasks of the hands by name. Importing this module loads the simulator and the skills."""

from __future__ import annotations

from bunraku.errors import UserError
from bunraku.tasks.pick_up import PICK_UP
from bunraku.tasks.stage import Manipulation

MANIPULATIONS: dict[str, Manipulation] = {task.info.name: task for task in (PICK_UP,)}


def manipulation(name: str) -> Manipulation:
    """The task called `name`. Raises `UserError` when there is none."""
    if name not in MANIPULATIONS:
        raise UserError(f"there is no task of the hands “{name}”; there are {', '.join(MANIPULATIONS)}.")
    return MANIPULATIONS[name]
