"""`pour`: take a mug with beads in it and pour them into a bowl."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from itertools import islice

import numpy as np

from bunraku.objects import KINDS, SURFACES, Surface
from bunraku.sim import Placed, random_scene, truth
from bunraku.sim.props import Prop
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.looking import look_around
from bunraku.skills.picking import grasp, grip_of, lift, ways_to_take
from bunraku.skills.pouring import pour
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import POUR as INFO
from bunraku.tasks.referee import HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

BEADS, LAYER = 12, 4
"""Beads in the mug, and how many of them lie beside each other at first."""
ENOUGH = 0.8
"""Share of the beads that must be in the bowl."""
AREA = Surface("middle of the counter", SURFACES["counter"].top, (0.30, 0.50), (-0.28, 0.28))
ROOM = 0.12
"""Least free width (m) between mug and bowl."""
TRIES, LEVEL = 8, 0.97
"""How many ways of wrapping a hand around the mug are looked at for one that keeps it level, and what counts as that:
the square of the cosine between the mug's axis and that of the closed fingers."""
WORDINGS = (
    "pour the beads from the {object} into the {target}",
    "empty the {object} into the {target}",
    "{object_ja}の中身を{target_ja}に注いで",
)


def draw(seed: int) -> Assignment:
    """A mug with beads and a bowl."""
    rng = np.random.default_rng([seed, 0x77])
    scene = random_scene(rng, ("mug", "bowl"), area=AREA, clearance=ROOM)
    mug, bowl = scene.objects
    words = worded(rng, WORDINGS, object=mug, target=bowl)
    return Assignment(replace(scene, props=tuple(_beads(mug))), mug.name, "in", bowl.name, words)


def _beads(mug: Placed) -> list[Prop]:
    x, y, z = mug.position
    low = z - KINDS["mug"].rest_height + 0.014
    beads = []
    for i in range(BEADS):
        angle, layer = 2 * np.pi * (i % LAYER) / LAYER + 0.4 * (i // LAYER), i // LAYER
        aside, ahead = float(0.016 * np.cos(angle)), float(0.016 * np.sin(angle))
        beads.append(Prop(f"bead {i}", "bead", "", (x + aside, y + ahead, low + 0.0145 * layer)))
    return beads


class PourReferee(Referee):
    """Wants most of the beads in the bowl, which stands where it stood."""

    def _not_there(self) -> str:
        bowl, kind = truth.object_pose(self._world, self._assignment.target), KINDS["bowl"]
        inside = 0
        for prop in self._world.scene.props:
            way = truth.prop_position(self._world, prop.name) - bowl.position
            inside += bool(np.hypot(*way[:2]) < kind.size[0] / 2 and abs(way[2]) < kind.size[2] / 2)
        few = inside < ENOUGH * BEADS
        return f"{inside} of {BEADS} beads are in the {self._assignment.target}" if few else ""


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Wrap a hand around the mug, lift it, and tilt it over the bowl."""
    seen = {thing.kind: thing for thing in (yield from look_around(body))}
    if missing := [kind for kind in ("mug", "bowl") if kind not in seen]:
        return Outcome("look_for", False, f"I see no {missing[0]}")
    mug, bowl = seen["mug"], seen["bowl"]
    wraps = (way for way in ways_to_take(body, mug) if way[0].grasp.family == "wrap")
    ways = list(islice(wraps, TRIES))
    if not ways:
        return Outcome("pick", False, f"I cannot wrap a hand around the {mug.name}")
    plan, route = next((way for way in ways if way[0].palm.rotation[2, 1] ** 2 > LEVEL), ways[0])
    outcome = yield from grasp(body, plan, route, mug)
    if outcome.success:
        outcome = yield from lift(body, plan, mug)
    if not outcome.success:
        return outcome
    body.grips[plan.side] = grip_of(body, plan, mug)
    outcome = yield from pour(body, plan.side, bowl)
    yield from wait(body, HOLD + 0.2)
    return outcome


POUR = Manipulation(INFO, draw, expert, longest=60.0, referee=PourReferee)
