"""`wipe`: take the sponge and rub a stain off the counter with it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.objects import KINDS, PROPS, SURFACES, Surface
from bunraku.sim import random_scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome
from bunraku.skills.body import wait
from bunraku.skills.looking import look_around
from bunraku.skills.picking import pick
from bunraku.skills.placing import Spot, carry, lower, ways_to_put
from bunraku.skills.props import look_for_props
from bunraku.skills.rubbing import rub
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import WIPE as INFO
from bunraku.tasks.referee import HANDS, HOLD, PERIOD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

AREA = Surface("middle of the counter", SURFACES["counter"].top, (0.28, 0.52), (-0.30, 0.30))
ROOM, APART = 0.09, 0.17
"""Least free width (m) between two things, and least distance of a stain from the middle of each."""
CELL, CLOSE = 0.005, 0.0015
"""Side (m) of the cells in which a stain is counted; a cell is wiped when the sponge passes over it this close (m)."""
SLOW = 0.02
"""Speed (m/s) along the counter below which a sponge does not wipe."""
CLEAN, RUBBED = 0.95, 0.10
"""Share of the stain that must be gone, and how far (m) the sponge must have been rubbed over the counter in all."""
WORDINGS = (
    "wipe the {target} off the counter with the sponge",
    "take the sponge and wipe away the {target}",
    "please rub out the {target} with the {object}",
    "スポンジで{target_ja}を拭いて",
)


def draw(seed: int) -> Assignment:
    """A sponge, something else, and a stain of another colour away from both."""
    rng = np.random.default_rng([seed, 0x66])
    scene = random_scene(rng, ("sponge", "can"), area=AREA, clearance=ROOM, distinct_colours=True)
    taken = {thing.colour for thing in scene.objects}
    colours = [colour for colour in PROPS["stain"].colours if colour not in taken]
    colour = colours[rng.integers(len(colours))]
    while True:
        place = np.array([rng.uniform(*AREA.x), rng.uniform(*AREA.y)])
        if all(np.hypot(*(place - thing.position[:2])) > APART for thing in scene.objects):
            break
    stain = on_counter("stain", colour, (float(place[0]), float(place[1])))
    words = worded(rng, WORDINGS, object=scene.objects[0], target=stain)
    return Assignment(replace(scene, props=(stain,)), scene.objects[0].name, "", "", words)


class WipeReferee(Referee):
    """Counts the cells of the stain over which the underside of a held sponge has passed while it rubs the counter."""

    def __init__(self, world, assignment: Assignment) -> None:
        super().__init__(world, assignment)
        stain = world.scene.props[0]
        radius = PROPS[stain.kind].primitives[0].size[0]
        steps = np.arange(-radius, radius, CELL) + CELL / 2
        cells = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        cells = cells[np.hypot(*cells.T) < radius] + stain.position[:2]
        self._cells = np.column_stack([cells, np.full(len(cells), SURFACES["counter"].top)])
        self._dirty = np.ones(len(cells), bool)
        self._rubbed = 0.0

    def _not_there(self) -> str:
        name = self._assignment.object
        touching = truth.touching(self._world, name)
        across = np.hypot(*truth.object_velocity(self._world, name)[:2])
        if touching & HANDS and "counter" in touching and across > SLOW:
            pose, half = truth.object_pose(self._world, name), np.array(KINDS["sponge"].size) / 2
            turn = Rotation.from_quat(pose.quaternion, scalar_first=True).as_matrix()
            local = np.abs((self._cells - pose.position) @ turn) - half
            under = (local[:, :2] < 0).all(axis=1) & (np.abs(local[:, 2]) < CLOSE)
            self._dirty &= ~under
            self._rubbed += float(across) * PERIOD
        left = float(self._dirty.mean())
        if left >= 1 - CLEAN:
            return f"{100 * left:.0f} % of the stain is left"
        return "" if self._rubbed > RUBBED else f"the sponge was rubbed over {100 * self._rubbed:.0f} cm only"


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Take the sponge, set it on the stain, and rub."""
    stains = [seen for seen in (yield from look_for_props(body, "stain")) if seen.colour in instruction]
    stains = stains or (yield from look_for_props(body, "stain"))
    sponges = [seen for seen in (yield from look_around(body)) if seen.kind == "sponge"]
    if len(sponges) != 1 or not stains:
        return Outcome("look_for", False, f"I see {len(sponges)} sponges and {len(stains)} stains")
    stain, sponge = stains[0].position, sponges[0]
    body.known.pop(f"{stains[0].colour} plate", None)  # what the eyes make of a stain is not in the way
    outcome = yield from pick(body, sponge, ("left", "right") if stain[1] > 0 else ("right", "left"))
    if not outcome.success:
        return outcome
    side = outcome.measured["side"]
    spot = Spot(np.array([*stain[:2], SURFACES["counter"].top]), 0.03)
    way = next(ways_to_put(body, side, [spot], body.around(sponge.name)), None)
    if way is None:
        return Outcome("wipe", False, f"my {side} hand cannot bring the sponge there")
    yield from carry(body, *way)
    yield from lower(body, way[0])
    outcome = yield from rub(body, side, PROPS["stain"].primitives[0].size[0])
    yield from wait(body, HOLD + 0.2)
    return outcome


WIPE = Manipulation(INFO, draw, expert, longest=60.0, referee=WipeReferee)
