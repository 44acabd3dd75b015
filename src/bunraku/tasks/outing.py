"""What words about the whole body ask for: to follow somebody, to take the stairs, to get up; and who judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bunraku.house import GARDEN_LEVEL, STAIRS
from bunraku.robot import SIDES
from bunraku.sim import Scene
from bunraku.sim.person import PERSON
from bunraku.sim.world import LYING, World
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.follow_me import Companion, draw_walk
from bunraku.tasks.referee import Referee

RISING = 45.0
"""Seconds for which somebody waits who was asked to be followed by a robot that lies on the ground."""
MIDDLE, TERRACE = ((-5.0, -4.2), (-1.0, 0.2)), (2.55, 2.95)
"""Free floor in the living room, along x and y, and the depth of the terrace beyond the stairs, m."""
LEVELS = {"downstairs": 0.0, "upstairs": GARDEN_LEVEL}
"""Heights (m) of the floors."""


def outing(seed: int, acts: Sequence[tuple[str, str | None]], instruction: str) -> Assignment:
    """The assignment to carry out `acts`, as in `Request`, one after the other, in a house of `seed`."""
    names = {name for name, _ in acts}
    rng = np.random.default_rng([seed, 0xA7])
    climbs = [direction for name, direction in acts if name == "climb"]
    up = not climbs or climbs[0] != "down"
    if "follow" in names:
        scene = draw_walk(seed).scene
        if "get_up" in names and scene.person:
            scene = replace(scene, person=replace(scene.person, departs=scene.person.departs + RISING))
    else:
        (x, y), facing = (MIDDLE, np.pi) if climbs == [] else (MIDDLE if up else (STAIRS, TERRACE), 0.6)
        inside = 0.4 if not up else 0.0
        start = rng.uniform(x[0] + inside, x[1] - inside), rng.uniform(*y), np.pi / 2 + rng.uniform(-facing, facing)
        scene = Scene(house=True, start=(float(start[0]), float(start[1]), float(start[2])))
    if "get_up" in names:
        scene = replace(scene, lying=tuple(LYING)[seed % len(LYING)])
    last = acts[-1][0]
    if last == "follow" or not climbs:
        return Assignment(scene, "", "", PERSON if last == "follow" else "", instruction, act=last)
    levels = _levels(climbs, up)
    return Assignment(scene, "", "", levels[-1], instruction, levels, "climb")


def _levels(climbs: Sequence[str | None], up: bool) -> tuple[str, ...]:
    """The levels that a robot comes to which takes the stairs as `climbs` say."""
    levels = ["downstairs" if up else "upstairs"]
    for direction in climbs:
        levels.append(
            "upstairs" if direction == "up" or (direction, levels[-1]) == (None, "downstairs") else "downstairs"
        )
    return tuple(levels[1:])


def referee_for(world: World, assignment: Assignment) -> Referee:
    """Who judges an assignment in `world`."""
    match assignment.act:
        case "follow":
            return Companion(world, assignment)
        case "climb":
            return ClimbReferee(world, assignment)
    return Referee(world, assignment)


class ClimbReferee(Referee):
    """Wants both feet on the floors of the levels that were named, one after the other."""

    def __init__(self, world: World, assignment: Assignment) -> None:
        super().__init__(world, assignment)
        self._ahead = list(assignment.order)

    def watch(self) -> None:
        """Look at the world, if a look is due."""
        if len(self._ahead) > 1 and self._stands(self._ahead[0]):
            del self._ahead[0]
        super().watch()

    def _is_up(self) -> bool:
        pelvis = self._world.data.body("pelvis")
        return bool(pelvis.xpos[2] - min(self._soles()) > 0.6 and pelvis.xmat[8] > np.cos(0.6))

    def complaint(self) -> str:
        """What is not as it should be now; "" when nothing is."""
        there = len(self._ahead) == 1 and self._stands(self._ahead[0])
        return super().complaint() or ("" if there else f"the robot did not come to stand {self._ahead[0]}")

    def _stands(self, level: str) -> bool:
        return all(abs(height - LEVELS[level]) < 0.03 for height in self._soles())

    def _soles(self) -> list[float]:
        return [float(self._world.data.site(f"{side}_sole").xpos[2]) for side in SIDES]
