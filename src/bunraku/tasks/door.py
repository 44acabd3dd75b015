"""`door`: press the lever whose colour was named, open the door that it held shut, and let go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.doors import open_door
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import DOOR as INFO
from bunraku.tasks.mechanism import MechanismReferee, draw_one_of_two, work_named
from bunraku.tasks.stage import Manipulation

X, Y, YAW = (0.38, 0.43), (0.14, 0.18), 0.12
"""Where levers are (m, to either side) and how far (rad) a cupboard is turned at most."""
OPEN, AJAR = np.deg2rad([30, 5])
"""How far (rad) the door must be open, and how far the other one may."""
SWUNG = np.deg2rad(40)
"""How far (rad) the expert swings it."""
WORDINGS = (
    "open the door with the {0} lever",
    "press the {0} lever down and open that door, please",
    "could you open the {0} door?",
    "{1}レバーのドアを開けて",
)


def draw(seed: int) -> Assignment:
    """Two cupboards, left and right, whose doors have levers of different colours."""
    return draw_one_of_two(np.random.default_rng([seed, 0xBB]), "lever", X, Y, YAW, WORDINGS)


class DoorReferee(MechanismReferee):
    """Wants the door with the named lever open, the other one shut, and no hand on the lever."""

    ENOUGH, ASTRAY = OPEN, AJAR

    def too_little(self, name: str, moved: float) -> str:
        """How far it has come."""
        return f"the door with the {name} is open by {np.rad2deg(moved):.0f}°"

    def astray(self, name: str) -> str:
        """Which one it should not have been."""
        return f"the door with the {name} was opened"


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the lever of that colour, press it, open the door, and look; if it is not open, again."""
    return (yield from work_named(body, instruction, "lever", open_door, SWUNG, OPEN, _turned))


def _turned(before: Seen, now: Seen) -> float:
    """How far (rad) a lever, and its door, has turned; it looks the same after half a turn."""
    return abs(float(np.angle(np.exp(2j * (now.yaw - before.yaw))))) / 2


DOOR = Manipulation(INFO, draw, expert, longest=30.0, referee=DoorReferee)
