"""`door`: press the lever whose colour was named, open the door that it held shut, and let go."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.objects import COLOURS
from bunraku.sim import Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.doors import open_door
from bunraku.skills.props import look_for_props
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import DOOR as INFO
from bunraku.tasks.referee import HANDS, HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import COLOURS_JA

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
    rng = np.random.default_rng([seed, 0xBB])
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 2, replace=False)]
    props = []
    for colour, side in zip(colours, (1, -1), strict=True):
        place = (float(rng.uniform(*X)), float(side * rng.uniform(*Y)))
        props.append(on_counter("lever", colour, place, float(rng.uniform(-YAW, YAW))))
    wanted = props[rng.integers(2)]
    words = WORDINGS[rng.integers(len(WORDINGS))].format(wanted.colour, COLOURS_JA[wanted.colour])
    return Assignment(Scene(props=tuple(props)), "", "", "", words, (wanted.name,))


class DoorReferee(Referee):
    """Wants the door with the named lever open, the other one shut, and no hand on the lever."""

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        (wanted,) = self._assignment.order
        for prop in self._world.scene.props:
            turned = max(0.0, truth.travel(self._world, prop.name))
            if prop.name == wanted and turned < OPEN:
                return f"the door with the {wanted} is open by {np.rad2deg(turned):.0f}°"
            if prop.name != wanted and turned > AJAR:
                return f"the door with the {prop.name} was opened"
        if truth.touching_prop(self._world, wanted) & HANDS:
            return f"a hand still touches the {wanted}"
        return super().complaint()


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the lever of that colour, press it, and open the door."""
    seen = yield from look_for_props(body, "lever")
    found = [lever for lever in seen if lever.colour in instruction or COLOURS_JA[lever.colour] in instruction]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} levers of that colour")
    outcome = yield from open_door(body, found[0], SWUNG)
    yield from wait(body, HOLD + 0.2)
    return outcome


DOOR = Manipulation(INFO, draw, expert, longest=30.0, referee=DoorReferee)
