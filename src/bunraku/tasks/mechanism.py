"""One of two mechanisms (drawers, doors, caps), left and right, is named by the colour of what a hand takes it by."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np

from bunraku.objects import COLOURS
from bunraku.sim import Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.props import look_for_props
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.referee import HANDS, HOLD, Referee
from bunraku.tasks.wordings import COLOURS_JA

Range = tuple[float, float]
TRIES = 2
"""How often something is worked at that can be seen to have moved."""


def draw_one_of_two(
    rng: np.random.Generator, kind: str, x: Range, y: Range, yaw: float | None, wordings: Sequence[str]
) -> Assignment:
    """Two props of a `kind` in different colours, at `x` ahead and `y` (m) to either side, each turned by up to `yaw`
    (rad) if that is not None; and words for one of them, from `wordings` with its colour in English and in Japanese."""
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 2, replace=False)]
    props = []
    for colour, side in zip(colours, (1, -1), strict=True):
        place = (float(rng.uniform(*x)), float(side * rng.uniform(*y)))
        turned = 0.0 if yaw is None else float(rng.uniform(-yaw, yaw))
        props.append(on_counter(kind, colour, place, turned))
    wanted = props[int(rng.integers(2))]
    words = wordings[int(rng.integers(len(wordings)))].format(wanted.colour, COLOURS_JA[wanted.colour])
    return Assignment(Scene(props=tuple(props)), "", "", "", words, (wanted.name,))


class MechanismReferee(Referee):
    """Wants the named one moved by `ENOUGH`, the other one by no more than `ASTRAY` (m or rad), and no hand on it."""

    ENOUGH: float
    ASTRAY: float

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        (wanted,) = self._assignment.order
        for prop in self._world.scene.props:
            moved = truth.travel(self._world, prop.name)
            if prop.name == wanted and moved < self.ENOUGH:
                return self.too_little(wanted, max(0.0, moved))
            if prop.name != wanted and moved > self.ASTRAY:
                return self.astray(prop.name)
        if truth.touching_prop(self._world, wanted) & HANDS:
            return f"a hand still touches the {wanted}"
        return super().complaint()

    def too_little(self, name: str, moved: float) -> str:
        """That the named one has only `moved` so far, in words."""
        raise NotImplementedError

    def astray(self, name: str) -> str:
        """That another one was moved, in words."""
        raise NotImplementedError


def work_named(
    body: Body,
    instruction: str,
    kind: str,
    work: Callable[[Body, Seen, float], Generator[None, None, Outcome]],
    goal: float,
    enough: float = 0.0,
    moved: Callable[[Seen, Seen], float] | None = None,
) -> Generator[None, None, Outcome]:
    """Find the one of a `kind` whose colour the words name, `work` at it to move it by `goal` (m or rad), and wait for
    the verdict.

    With `moved`, how far it has come between two looks at it, it is looked at afterwards; if that is not `enough`, the
    rest is tried once more. Where it is not seen then, the hand before it or its own front hides it.
    """
    seen = yield from look_for_props(body, kind)
    found = [one for one in seen if one.colour in instruction or COLOURS_JA[one.colour] in instruction]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} {kind}s of that colour")
    outcome, (now,), left = Outcome("", False, ""), found, goal
    for _ in range(TRIES):
        outcome = yield from work(body, now, left)
        if moved is None or not outcome.success:
            break
        again = [one for one in (yield from look_for_props(body, kind)) if one.colour == now.colour]
        if len(again) != 1:
            break
        far, (now,) = moved(found[0], again[0]), again
        if far > enough:
            break
        body.say("check", f"the {now.name} has not come far enough")
        outcome, left = Outcome(outcome.skill, False, f"the {now.name} has not come far enough"), goal - max(far, 0.0)
    yield from wait(body, HOLD + 0.2)
    return outcome
