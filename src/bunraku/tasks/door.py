"""`door`: press the lever whose colour was named, open the door that it held shut, and let go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.doors import open_door
from bunraku.skills.props import look_for_props
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
TRIES = 2
"""How often it is tried."""
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
    return (yield from work_named(body, instruction, "lever", _open))


def _open(body: Body, lever: Seen) -> Generator[None, None, Outcome]:
    outcome, now = Outcome("open", False, ""), lever
    for _ in range(TRIES):
        outcome = yield from open_door(body, now, SWUNG)
        seen = [one for one in (yield from look_for_props(body, "lever")) if one.colour == lever.colour]
        if not outcome.success or not seen:
            break  # a lever that nobody sees any more is behind its door, or behind the hand
        now = seen[0]
        angle = abs(float(np.angle(np.exp(2j * (now.yaw - lever.yaw))))) / 2  # a lever looks the same after half a turn
        if angle > OPEN:
            return Outcome("open", True, f"I see the door open by {np.rad2deg(angle):.0f}°", {"angle_rad": angle})
        outcome = Outcome("open", False, f"I see the door open by {np.rad2deg(angle):.0f}° only", {"angle_rad": angle})
    return outcome


DOOR = Manipulation(INFO, draw, expert, longest=30.0, referee=DoorReferee)
