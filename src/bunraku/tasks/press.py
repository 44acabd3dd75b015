"""`press`: press the buttons that are named, in the order in which they are named, and no other one."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.objects import COLOURS
from bunraku.sim import Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.picking import go_home
from bunraku.skills.props import look_for_props, press
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import PRESS as INFO
from bunraku.tasks.referee import HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import COLOURS_JA

BUTTONS, ASKED = 4, 3
"""Buttons on the counter, and how many of them are asked for."""
X, Y = (0.30, 0.48), (-0.26, 0.26)
APART = 0.13
"""Where the middles of buttons are (m), and how far apart at least."""
DOWN, UP_AGAIN = 0.004, 0.002
"""How far (m) a button goes down to count as pressed, and how far it must come up before it can be pressed again."""
WORDINGS = (
    "press the {0} button, then the {1} one, then the {2} one",
    "push the buttons in this order: {0}, {1}, {2}",
    "{3}ボタン、{4}ボタン、{5}ボタンの順に押して",
)


def draw(seed: int) -> Assignment:
    """Four buttons of different colours, three of which are to be pressed."""
    rng = np.random.default_rng([seed, 0x55])
    places: list[np.ndarray] = []
    while len(places) < BUTTONS:
        place = np.array([rng.uniform(*X), rng.uniform(*Y)])
        if all(np.hypot(*(place - other)) > APART for other in places):
            places.append(place)
    colours = [str(colour) for colour in rng.choice(list(COLOURS), BUTTONS, replace=False)]
    props = tuple(on_counter("button", c, (float(x), float(y))) for c, (x, y) in zip(colours, places, strict=True))
    asked = [colours[i] for i in rng.permutation(BUTTONS)[:ASKED]]
    words = WORDINGS[rng.integers(len(WORDINGS))].format(*asked, *(COLOURS_JA[colour] for colour in asked))
    return Assignment(Scene(props=props), "", "", "", words, tuple(f"{colour} button" for colour in asked))


class PressReferee(Referee):
    """Wants every button of the order pressed once, in that order, and nothing else pressed."""

    def __init__(self, world, assignment: Assignment) -> None:
        super().__init__(world, assignment)
        self._buttons = {prop.name: False for prop in world.scene.props}
        self._presses: list[str] = []

    def watch(self) -> None:
        """Note what is pressed, at every tick: a press is short."""
        for name, down in self._buttons.items():
            depth = truth.travel(self._world, name)
            if depth > DOWN and not down:
                self._presses.append(name)
            self._buttons[name] = depth > (UP_AGAIN if down else DOWN)
        super().watch()

    def complaint(self) -> str:
        """What was pressed, if that is not what was asked for."""
        wanted = self._assignment.order
        if tuple(self._presses) != wanted:
            return f"pressed were {', '.join(self._presses) or 'none'}, not {', '.join(wanted)}"
        return super().complaint() or ("a button is still pressed" if any(self._buttons.values()) else "")


def order(instruction: str) -> list[str]:
    """The colours that `instruction` names, in its order."""
    found = {c: max(instruction.find(c), instruction.find(COLOURS_JA[c])) for c in COLOURS}
    return sorted((colour for colour, place in found.items() if place >= 0), key=lambda colour: found[colour])


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the buttons, and press one after the other."""
    seen = {button.colour: button for button in (yield from look_for_props(body, "button"))}
    wanted, outcome = order(instruction), Outcome("press", False, "no button was named")
    if missing := [colour for colour in wanted if colour not in seen]:
        return Outcome("look_for", False, f"I see no {missing[0]} button")
    side = ""
    for colour in wanted:
        now = "left" if seen[colour].position[1] > 0 else "right"
        if side and now != side:
            yield from go_home(body, (side,))
        side = now
        outcome = yield from press(body, seen[colour])
        if not outcome.success:
            return outcome
    yield from wait(body, HOLD)
    return outcome


PRESS = Manipulation(INFO, draw, expert, longest=45.0, referee=PressReferee)
