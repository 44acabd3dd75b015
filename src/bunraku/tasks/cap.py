"""`cap`: unscrew the cap of the jar that was named, by most of a turn, and let it go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.objects import COLOURS
from bunraku.sim import Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.props import look_for_props
from bunraku.skills.twisting import unscrew
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import CAP as INFO
from bunraku.tasks.referee import HANDS, HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import COLOURS_JA

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
    rng = np.random.default_rng([seed, 0xAA])
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 2, replace=False)]
    props = tuple(
        on_counter("cap", colour, (float(rng.uniform(*X)), float(side * rng.uniform(*Y))))
        for colour, side in zip(colours, (1, -1), strict=True)
    )
    wanted = props[rng.integers(2)]
    words = WORDINGS[rng.integers(len(WORDINGS))].format(wanted.colour, COLOURS_JA[wanted.colour])
    return Assignment(Scene(props=props), "", "", "", words, (wanted.name,))


class CapReferee(Referee):
    """Wants the named cap turned, the other one as it was, and no hand on the cap."""

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        (wanted,) = self._assignment.order
        for prop in self._world.scene.props:
            turned = max(0.0, truth.travel(self._world, prop.name))
            if prop.name == wanted and turned < OFF:
                return f"the {wanted} is turned by {np.rad2deg(turned):.0f}°"
            if prop.name != wanted and turned > STILL:
                return f"the {prop.name} was turned"
        if truth.touching_prop(self._world, wanted) & HANDS:
            return f"a hand still touches the {wanted}"
        return super().complaint()


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the cap of that colour and unscrew it."""
    seen = yield from look_for_props(body, "cap")
    found = [cap for cap in seen if cap.colour in instruction or COLOURS_JA[cap.colour] in instruction]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} caps of that colour")
    outcome = yield from unscrew(body, found[0], TURNED)
    yield from wait(body, HOLD + 0.2)
    return outcome


CAP = Manipulation(INFO, draw, expert, longest=60.0, referee=CapReferee)
