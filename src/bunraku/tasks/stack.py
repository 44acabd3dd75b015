"""`stack`: set a small thing upon a carton hardly wider than itself, and let it stand there."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.acting import understand
from bunraku.objects import SURFACES, Surface
from bunraku.sim import random_scene
from bunraku.skills import Body, Outcome
from bunraku.skills.looking import look_around
from bunraku.skills.picking import pick
from bunraku.skills.placing import put, spots_at
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import STACK as INFO
from bunraku.tasks.stage import Manipulation

SET = ("cube", "sponge", "can")
"""Kinds that are stacked."""
CARTON = "small box"
AREA = Surface("middle of the counter", SURFACES["counter"].top, (0.30, 0.50), (-0.30, 0.30))
ROOM = 0.09
"""Least free width (m) between two things."""
WORDINGS = (
    "stack the {object} on the {target}",
    "put the {object} on top of the {target}",
    "please set the {object} on the {target}",
)


def draw(seed: int) -> Assignment:
    """A thing to stack, a carton to stack it on, and one more thing that is in the way."""
    rng = np.random.default_rng([seed, 0x22])
    wanted, other = (SET[i] for i in rng.choice(len(SET), 2, replace=False))
    scene = random_scene(rng, (wanted, CARTON, other), area=AREA, clearance=ROOM)
    thing, carton, _ = scene.objects
    words = WORDINGS[rng.integers(len(WORDINGS))].format(object=thing.name, target=carton.name)
    return Assignment(scene, thing.name, "on", carton.name, words)


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Take the thing with either hand, and set it down on the carton where it was seen."""
    request = understand(instruction)
    seen = yield from look_around(body)
    thing, carton = (
        next((one for one in seen if (one.kind, one.colour) == what), None) for what in (request.thing, request.other)
    )
    if thing is None or carton is None:
        return Outcome("look_for", False, "I do not see both the thing and the carton")
    others = [other for other in seen if other is not thing]
    outcome = yield from pick(body, thing)
    if not outcome.success:
        return outcome
    side = next(iter(body.grips))
    spots = spots_at(carton, "on", thing.kind, others)
    return (yield from put(body, side, spots, f"on the {carton.name}", [o for o in others if o is not carton]))


STACK = Manipulation(INFO, draw, expert, longest=60.0)
