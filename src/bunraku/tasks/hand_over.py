"""`hand-over`: take a thing that stands on the left with the left hand, and end with it in the right hand."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.acting import MIDDLE, understand
from bunraku.objects import SURFACES, Surface
from bunraku.sim import random_scene, truth
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.looking import look_around
from bunraku.skills.picking import pick
from bunraku.skills.placing import put, spots_on
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import HAND_OVER as INFO
from bunraku.tasks.referee import HOLD, LIFTED, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

PASSED = ("cube", "ball", "apple", "can", "small box", "sponge")
"""Kinds that are handed over."""
AREA = Surface("left half of the counter", SURFACES["counter"].top, (0.28, 0.50), (0.12, 0.34))
ROOM = 0.09
"""Least free width (m) between two things."""
SPOTS = 6
"""How many spots before the chest are tried."""
WORDINGS = (
    "take the {object} with your left hand and give it to your right hand",
    "pass the {object} from your left hand to your right hand",
    "{object_ja}を左手で取って、右手に渡して",
)


def draw(seed: int) -> Assignment:
    """A thing on the left, and another one beside it."""
    rng = np.random.default_rng([seed, 0x44])
    kinds = [PASSED[i] for i in rng.choice(len(PASSED), 2, replace=False)]
    scene = random_scene(rng, kinds, area=AREA, clearance=ROOM)
    wanted = scene.objects[0]
    return Assignment(scene, wanted.name, "", "", worded(rng, WORDINGS, object=wanted))


class HandOverReferee(Referee):
    """Wants the thing in the right hand alone, after the left hand alone has lifted it."""

    def __init__(self, world, assignment: Assignment) -> None:
        super().__init__(world, assignment)
        self._was_left = False

    def _not_there(self) -> str:
        name = self._assignment.object
        hands = {side for side in ("left", "right") if f"{side}_hand" in truth.touching(self._world, name)}
        risen = truth.object_pose(self._world, name).position[2] - self._start[name].position[2] > LIFTED
        self._was_left |= risen and hands == {"left"}
        if not self._was_left:
            return f"the left hand has not lifted the {name}"
        return "" if risen and hands == {"right"} else f"the {name} is not in the right hand alone"


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Take it with the left hand, set it down before the chest, and take it with the right hand."""
    thing = understood(instruction)
    found = [seen for seen in (yield from look_around(body)) if (seen.kind, seen.colour) == thing]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} things that fit the words")
    outcome = yield from pick(body, found[0], ("left",), onward=None)
    if not outcome.success:
        return outcome
    others = body.around(found[0].name)
    spots = spots_on("counter", found[0].kind, others)
    nearest = sorted(spots, key=lambda spot: float(np.linalg.norm(spot.point[:2] - MIDDLE)))[:SPOTS]
    outcome = yield from put(body, "left", nearest, "before me", others)
    if not outcome.success:
        return outcome
    again: list[Seen] = [seen for seen in (yield from look_around(body)) if seen.name == found[0].name]
    if not again:
        return Outcome("look_for", False, f"I do not see the {found[0].name} any more")
    outcome = yield from pick(body, again[0], ("right",))
    yield from wait(body, HOLD + 0.2)
    return outcome


def understood(instruction: str) -> tuple[str | None, str | None]:
    """Kind and colour of the thing that is named in the first words of `instruction`."""
    first = instruction.split(" with your ")[0].split(" from your ")[0].split("を")[0]
    if first.isascii():
        return understand(f"pick up {first[first.index('the') :]}").thing or (None, None)
    return understand(f"{first}を取って").thing or (None, None)


HAND_OVER = Manipulation(INFO, draw, expert, longest=60.0, referee=HandOverReferee)
