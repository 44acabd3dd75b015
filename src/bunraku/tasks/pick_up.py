"""`pick-up`: take the one thing that was named from among others, and hold it."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from bunraku.acting import understand
from bunraku.objects import SURFACES, Surface
from bunraku.sim import random_scene
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.grasps import Plan, disagreement, plan_grasp
from bunraku.skills.looking import look_around
from bunraku.skills.picking import Route, grasp, lift, routed
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import PICK_UP as INFO
from bunraku.tasks.referee import HOLD
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

TAKEN = ("cube", "ball", "apple")
"""Kinds that are asked for: each is pinched from above."""
THINGS, APPLES = 3, 2
"""Things in the room; there are apples of two colours."""
HAND = "right"
AREA = Surface("right half of the counter", SURFACES["counter"].top, (0.30, 0.55), (-0.30, 0.06))
"""Where the right hand reaches everything from above."""
ROOM = 0.085
"""Least free width (m) between two things: an open hand's fingers."""
WORDINGS = (
    "pick up the {object}",
    "take the {object}",
    "grab the {object}, please",
    "please lift the {object}",
    "could you pick the {object} up?",
    "{object_ja}を取って",
    "{object_ja}をつかんでください",
    "{object_ja}を持ち上げて",
)


def draw(seed: int) -> Assignment:
    """Three things of the kinds that are taken, one of which is asked for."""
    rng = np.random.default_rng([seed, 0x11])
    kinds = ["apple"] * THINGS
    while kinds.count("apple") > APPLES:
        kinds = [TAKEN[i] for i in rng.integers(len(TAKEN), size=THINGS)]
    scene = random_scene(rng, kinds, area=AREA, clearance=ROOM)
    wanted = scene.objects[rng.integers(THINGS)]
    return Assignment(scene, wanted.name, "", "", worded(rng, WORDINGS, object=wanted))


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Look, find what was named, take it from above and hold it."""
    wanted = understand(instruction).thing
    seen = yield from look_around(body)
    found = [thing for thing in seen if wanted == (thing.kind, thing.colour)]
    if len(found) != 1:
        return Outcome("look_for", False, f"I see {len(found)} things that fit the words")
    way = next(agreed_ways(body, found[0]), None)
    if way is None:
        return Outcome("pick", False, f"I cannot reach the {found[0].name}")
    plan, route = way
    outcome = yield from grasp(body, plan, route, found[0])
    if outcome.success:
        outcome = yield from lift(body, plan, found[0])
    yield from wait(body, HOLD + 0.2)
    return outcome


def agreed_ways(body: Body, seen: Seen) -> Iterator[tuple[Plan, Route]]:
    """The ways to take `seen` that the arm can go, those first that are most like the other ways shown."""
    plans = plan_grasp(body.planner, HAND, seen, body.reference, body.around(seen.name), keep=16)
    plans.sort(key=lambda plan: plan.cost + disagreement(plan))
    yield from filter(None, (routed(body, plan, seen) for plan in plans))


PICK_UP = Manipulation(INFO, draw, expert, longest=12.0)
