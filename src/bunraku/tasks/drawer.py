"""`drawer`: open the drawer whose handle has the colour that was named, by ten centimetres, and let it go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.pulling import pull_open
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import DRAWER as INFO
from bunraku.tasks.mechanism import MechanismReferee, draw_one_of_two, work_named
from bunraku.tasks.stage import Manipulation

X, Y, YAW = (0.36, 0.42), (0.13, 0.22), 0.25
"""Where handles are (m, to either side) and how far (rad) a cabinet is turned at most."""
OPEN, AJAR = 0.10, 0.02
"""How far (m) the drawer must come out, and how far the other one may."""
PULLED = 0.115
"""How far (m) the expert pulls."""
WORDINGS = (
    "open the {0} drawer",
    "pull out the drawer with the {0} handle, please",
    "could you open the drawer with the {0} handle?",
    "{1}取っ手の引き出しを開けて",
)


def draw(seed: int) -> Assignment:
    """Two cabinets with one drawer each, left and right, whose handles have different colours."""
    return draw_one_of_two(np.random.default_rng([seed, 0x88]), "handle", X, Y, YAW, WORDINGS)


class DrawerReferee(MechanismReferee):
    """Wants the named drawer open, the other one shut, and no hand on the handle."""

    ENOUGH, ASTRAY = OPEN, AJAR

    def too_little(self, name: str, moved: float) -> str:
        """How far it has come."""
        return f"the {name} is {100 * moved:.0f} cm out"

    def astray(self, name: str) -> str:
        """Which one it should not have been."""
        return f"the {name} was pulled out"


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the handle of that colour, pull, and look; if it has not come far enough, again."""
    return (yield from work_named(body, instruction, "handle", pull_open, PULLED, OPEN, _apart))


def _apart(before: Seen, now: Seen) -> float:
    return float(np.linalg.norm((now.position - before.position)[:2]))


DRAWER = Manipulation(INFO, draw, expert, longest=30.0, referee=DrawerReferee)
