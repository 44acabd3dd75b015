"""`cap`: unscrew the cap of the jar that was named, by most of a turn, and let it go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.skills import Body, Outcome
from bunraku.skills.twisting import unscrew
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import CAP as INFO
from bunraku.tasks.mechanism import MechanismReferee, draw_one_of_two, work_named
from bunraku.tasks.stage import Manipulation

X, Y = (0.32, 0.44), (0.10, 0.22)
"""Where jars are (m, to either side)."""
OFF, STILL = np.deg2rad([240, 15])
"""How far (rad) the cap must be turned, and how far the other one may."""
TURNED = np.deg2rad(300)
"""How far (rad) the expert turns: fingertips slip on a cap."""
WORDINGS = (
    "unscrew the {0} cap",
    "open the jar with the {0} cap, please",
    "could you twist off the {0} cap?",
    "{1}ふたを回して開けて",
)


def draw(seed: int) -> Assignment:
    """Two jars, left and right, with caps of different colours."""
    return draw_one_of_two(np.random.default_rng([seed, 0xAA]), "cap", X, Y, None, WORDINGS)


class CapReferee(MechanismReferee):
    """Wants the named cap turned, the other one as it was, and no hand on the cap."""

    ENOUGH, ASTRAY = OFF, STILL

    def too_little(self, name: str, moved: float) -> str:
        """How far it has come."""
        return f"the {name} is turned by {np.rad2deg(moved):.0f}°"

    def astray(self, name: str) -> str:
        """Which one it should not have been."""
        return f"the {name} was turned"


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the cap of that colour and unscrew it."""
    return (yield from work_named(body, instruction, "cap", unscrew, TURNED))


CAP = Manipulation(INFO, draw, expert, longest=60.0, referee=CapReferee)
