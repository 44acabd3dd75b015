"""The referee of pick-and-place: knows where everything really is, and tells nobody before the end."""

from __future__ import annotations

import numpy as np

from bunraku.objects import KINDS
from bunraku.sim import truth
from bunraku.sim.world import World
from bunraku.tasks.assignment import Assignment, surface

HOLD = 1.0
"""How long (s) the object must rest before the episode counts."""
PERIOD = 0.05
"""How often (s) the referee looks."""
TOPPLED = 0.6
"""Tilt (rad) by which another thing has been knocked over."""
DROPPED = 0.05
"""Fall (m) by which another thing has been knocked down."""
LIFTED = 0.05
"""Rise (m) of an object that is in the hand."""
STUMBLE = 0.5
"""Seconds off its feet after which the robot has fallen."""
NEAR = 0.30
"""Distance (m) within which an object is beside another."""
SLOW = 0.05
"""Speed (m/s) below which an object rests."""
HANDS = frozenset({"left_hand", "right_hand"})


class Referee:
    """Watches one episode. Call `watch` as time passes; `done` once what was asked for has lasted for `HOLD` s.

    `has_fallen` tells whether the robot ever left its feet, once it stood on them.
    """

    def __init__(self, world: World, assignment: Assignment) -> None:
        self._world, self._assignment = world, assignment
        self._start = {thing.name: truth.object_pose(world, thing.name) for thing in world.scene.objects}
        self._since: float | None = None
        self._next = 0.0
        self._last_stood = self._last_lay = world.time
        self._stood = not world.scene.lying
        self.has_fallen = False

    @property
    def object(self) -> str:
        """The name of the thing that is asked for; "" without one."""
        return self._assignment.object

    @property
    def done(self) -> bool:
        """Whether everything has been as it should be for long enough."""
        return self._since is not None and self._world.time - self._since >= HOLD - 1e-6

    def watch(self) -> None:
        """Look at the world, if a look is due."""
        if self._world.time < self._next:
            return
        self._next = self._world.time + PERIOD
        if self._is_up():
            self._last_stood = self._world.time
        else:
            self._last_lay = self._world.time
        self._stood |= self._world.time - self._last_lay > HOLD
        self.has_fallen |= self._stood and self._world.time - self._last_stood > STUMBLE
        if self.complaint():
            self._since = None
        elif self._since is None:
            self._since = self._world.time

    @property
    def over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.has_fallen

    @property
    def measured(self) -> dict[str, float]:
        """What else it measured, by name and unit."""
        return {}

    def _is_up(self) -> bool:
        return truth.is_standing(self._world)

    def complaint(self) -> str:
        """What is not as it should be now; "" when nothing is."""
        if not self._is_up():
            return "the robot is not standing"
        if knocked := self._knocked_over():
            return f"the {knocked} was knocked over"
        return self._not_there() if self._assignment.object else ""

    def _not_there(self) -> str:
        name, target = self._assignment.object, self._assignment.target
        touching = truth.touching(self._world, name)
        if not target:
            risen = truth.object_pose(self._world, name).position[2] - self._start[name].position[2]
            return "" if touching & HANDS and risen > LIFTED else f"the {name} is not in the hand"
        if touching & (HANDS | {"robot"}):
            return f"the robot still touches the {name}"
        if truth.object_speed(self._world, name) > SLOW:
            return f"the {name} does not rest"
        if self._assignment.relation == "beside" and target in self._start:
            return self._not_beside(name, target)
        if surface(target) not in truth.supported_by(self._world, name):
            return f"the {name} is not {self._assignment.relation} the {target}"
        return ""

    def _not_beside(self, name: str, target: str) -> str:
        thing, other = truth.object_pose(self._world, name), truth.object_pose(self._world, target)
        apart = thing.position - other.position
        moved = np.linalg.norm(thing.position[:2] - self._start[name].position[:2])
        beside = np.hypot(*apart[:2]) < NEAR and target not in truth.touching(self._world, name) and moved > SLOW
        return "" if beside else f"the {name} is not beside the {target}"

    def _knocked_over(self) -> str:
        for name, start in self._start.items():
            if name == self._assignment.object:
                continue
            now = truth.object_pose(self._world, name)
            turned = not self._rolls(name) and now.tilt > start.tilt + TOPPLED
            if turned or now.position[2] < start.position[2] - DROPPED:
                return name
        return ""

    def _rolls(self, name: str) -> bool:
        return KINDS[self._world.scene.find(name).kind].rolls
