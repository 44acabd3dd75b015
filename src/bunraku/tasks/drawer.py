"""`drawer`: open the drawer whose handle has the colour that was named, by ten centimetres, and let it go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.objects import COLOURS
from bunraku.sim import Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.props import look_for_props
from bunraku.skills.pulling import pull_open
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import DRAWER as INFO
from bunraku.tasks.referee import HANDS, HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import COLOURS_JA

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
    rng = np.random.default_rng([seed, 0x88])
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 2, replace=False)]
    props = []
    for colour, side in zip(colours, (1, -1), strict=True):
        place = (float(rng.uniform(*X)), float(side * rng.uniform(*Y)))
        props.append(on_counter("handle", colour, place, float(rng.uniform(-YAW, YAW))))
    wanted = props[rng.integers(2)]
    words = WORDINGS[rng.integers(len(WORDINGS))].format(wanted.colour, COLOURS_JA[wanted.colour])
    return Assignment(Scene(props=tuple(props)), "", "", "", words, (wanted.name,))


class DrawerReferee(Referee):
    """Wants the named drawer open, the other one shut, and no hand on the handle."""

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        (wanted,) = self._assignment.order
        for prop in self._world.scene.props:
            out = truth.travel(self._world, prop.name)
            if prop.name == wanted and out < OPEN:
                return f"the {wanted} is {100 * out:.0f} cm out"
            if prop.name != wanted and out > AJAR:
                return f"the {prop.name} was pulled out"
        if truth.touching_prop(self._world, wanted) & HANDS:
            return f"a hand still touches the {wanted}"
        return super().complaint()


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the handle of that colour and pull it."""
    seen = yield from look_for_props(body, "handle")
    found = [handle for handle in seen if handle.colour in instruction or COLOURS_JA[handle.colour] in instruction]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} handles of that colour")
    outcome = yield from pull_open(body, found[0], PULLED)
    yield from wait(body, HOLD + 0.2)
    return outcome


DRAWER = Manipulation(INFO, draw, expert, longest=30.0, referee=DrawerReferee)
