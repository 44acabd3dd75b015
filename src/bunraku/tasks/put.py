"""`put`: pick and place at the counter: the one thing that was named goes into the bowl."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.acting import understand
from bunraku.objects import KINDS, SURFACES, Surface
from bunraku.sim import random_scene
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.grasps import LIFT, UP, Plan
from bunraku.skills.looking import look_around
from bunraku.skills.moving import move_body, move_fingers
from bunraku.skills.picking import LIFT_SPEED, Route, grasp, lift
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import PUT as INFO
from bunraku.tasks.pick_up import TAKEN, agreed_ways
from bunraku.tasks.referee import HOLD
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

BOWL = "bowl"
AREA = Surface("right of the counter", SURFACES["counter"].top, (0.29, 0.55), (-0.32, 0.08))
"""Where the right hand reaches everything from above."""
ROOM = 0.075
"""Least free width (m) between two things: an open hand's fingers."""
DROP, OVER = 0.030, 0.15
"""How high (m) above the bowl's floor a thing is let go, so that the fingers open above the rim, and how high above the
counter it is carried."""
OPENING = 0.5
"""How long (s) the fingers open."""
WORDINGS = (
    "put the {object} in the {target}",
    "place the {object} in the {target}, please",
    "pick up the {object} and put it in the {target}",
    "drop the {object} into the {target}",
    "{object_ja}を{target_ja}に入れて",
    "{target_ja}に{object_ja}を入れてください",
)


def draw(seed: int) -> Assignment:
    """Two things of the kinds that are taken, and a bowl for one of them."""
    rng = np.random.default_rng([seed, 0x77])
    first, second = (TAKEN[i] for i in rng.integers(len(TAKEN), size=2))
    scene = random_scene(rng, (first, second, BOWL), area=AREA, clearance=ROOM)
    wanted, bowl = scene.objects[int(rng.integers(2))], scene.objects[-1]
    words = worded(rng, WORDINGS, object=wanted, target=bowl)
    return Assignment(scene, wanted.name, "in", bowl.name, words)


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Look, take what was named from above, carry it over the bowl, let it go and rise."""
    asked = understand(instruction)
    seen = yield from look_around(body)
    found = [[s for s in seen if (s.kind, s.colour) == name] for name in (asked.thing, asked.other)]
    if [len(fitting) for fitting in found] != [1, 1]:
        return Outcome("look_for", False, "I do not see the one thing and the one bowl that fit the words")
    thing, bowl = found[0][0], found[1][0]
    ways = ((*way, carried) for way in agreed_ways(body, thing) if (carried := carrying(body, way[0], thing, bowl)))
    way = next(ways, None)
    if way is None:
        return Outcome("pick", False, f"I cannot bring the {thing.name} to the {bowl.name}")
    plan, route, (above, down) = way
    outcome = yield from grasp(body, plan, route, thing)
    if outcome.success:
        outcome = yield from lift(body, plan, thing)
    if not outcome.success:
        return outcome
    body.say("put", f"carrying the {thing.name} over the {bowl.name}")
    yield from move_body(body, above)
    yield from move_body(body, down, least=(OVER - DROP) / LIFT_SPEED)
    yield from move_fingers(body, plan.side, plan.grasp.open, OPENING, body.full_tension)
    yield from move_body(body, above, least=(OVER - DROP) / LIFT_SPEED)
    yield from wait(body, HOLD + 0.2)
    return Outcome("put", True, f"the {thing.name} is in the {bowl.name}")


def carrying(body: Body, plan: Plan, thing: Seen, bowl: Seen) -> Route | None:
    """Configurations (37,) with the `thing` over the `bowl`: at the height at which it is carried, and at that from
    which it is let go; None when the arm cannot go there."""
    rest = KINDS[thing.kind].rest_height
    support = KINDS[bowl.kind].support
    assert support is not None
    over = np.array([*bowl.position[:2], SURFACES["counter"].top + OVER + rest])
    into = np.array([*bowl.position[:2], bowl.position[2] + support.height + DROP + rest])
    palms = [plan.palm.moved(place - thing.position) for place in (over, into)]
    halfway = plan.palm.moved((over - thing.position + LIFT * UP) / 2)
    way = body.planner.trace(plan.side, [halfway, *palms], plan.lift[-1])
    return way[1:] if way else None


PUT = Manipulation(INFO, draw, expert, longest=16.0)
