"""Follow me: somebody walks through the house and stops now and then; the robot stays behind, as people walk together.

The referee measures the true distance between the middles of both, and what the robot touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.house import ROOMS, blocks
from bunraku.sim import Scene, truth
from bunraku.sim.person import PERSON, Person
from bunraku.sim.world import World
from bunraku.skills.paths import FloorMap
from bunraku.skills.walking import Stance
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.referee import PERIOD, Referee

APART = (1.0, 2.5)
"""Between which distances (m) it is with the person."""
BUMP = 0.6
"""Distance (m) below which it bumps into somebody, touched or not."""
SETTLING = 3.0
"""Seconds that it has to come to within `APART` of a person who stands, and to stand too."""
AWAY = 1.0
"""Seconds for which it may be out of `APART` on the way altogether."""
INVITATION = "follow me"
ROOMS_ALLOWED = ("kitchen", "hall", "living room")


@dataclass(frozen=True)
class Walk:
    """One episode: the `scene` with the person in it."""

    scene: Scene
    person: Person


def draw_walk(seed: int) -> Walk:
    """A person who walks from one room to another at 0.3 to 0.5 m/s and stands still once or twice on the way; the
    robot stands 1.4 to 1.8 m behind."""
    rng = np.random.default_rng([seed, 0xF0])
    floor = FloorMap(blocks())
    while True:
        names = rng.choice(ROOMS_ALLOWED, 2, replace=False)
        start, goal = (_spot(rng, floor, name) for name in names)
        route = None if start is None or goal is None else floor.route(start, goal)
        if route is None or len(route) < 40:
            continue
        path = _smooth(route)
        speed = float(rng.uniform(0.3, 0.5))
        length = float(np.hypot(*np.diff(path, axis=0).T).sum())
        halts = np.sort(rng.uniform(0.2, 0.8, rng.integers(1, 3))) * length
        pauses = tuple((float(after), float(rng.uniform(3.5, 5.0))) for after in halts)
        way = path[1] - path[0]
        yaw = float(np.arctan2(way[1], way[0]))
        person = Person(tuple(map(tuple, path.tolist())), yaw, speed, float(rng.uniform(2.5, 4.0)), pauses=pauses)
        x, y = path[0]
        behind = Stance(float(x), float(y), yaw).then(
            Stance(-float(rng.uniform(1.4, 1.8)), float(rng.uniform(-0.3, 0.3)), 0.0)
        )
        if floor.clearance(behind.position) > 0.40 and floor.is_open(behind.position, path[0]):
            scene = Scene(house=True, person=person, start=(behind.x, behind.y, behind.yaw))
            return Walk(scene, person)


def draw_company(seed: int) -> Assignment:
    """The walk of a `seed`, and the words that begin it."""
    return Assignment(draw_walk(seed).scene, "", "", PERSON, INVITATION, act="follow")


def _spot(rng: np.random.Generator, floor: FloorMap, room: str) -> np.ndarray | None:
    where = ROOMS[room]
    point = np.array([rng.uniform(*where.x), rng.uniform(*where.y)])
    return point if floor.clearance(point) > 0.55 else None


def _smooth(route: np.ndarray, half: int = 6, every: int = 3) -> np.ndarray:
    """A route without the corners of its cells, (n, 2) m."""
    padded = np.concatenate([np.repeat(route[:1], half, 0), route, np.repeat(route[-1:], half, 0)])
    kernel = np.full(2 * half + 1, 1 / (2 * half + 1))
    smooth = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in range(2)], axis=1)
    return np.concatenate([smooth[:-1:every], smooth[-1:]])


class Companion(Referee):
    """The referee: watches how far off the robot is, and what it touches."""

    def __init__(self, world: World, assignment: Assignment) -> None:
        super().__init__(world, assignment)
        if world.scene.person is None:
            raise ValueError("there is nobody to follow in this scene")
        self._person = world.scene.person
        self.nearest, self.farthest, self.away, self.with_person, self.watched = np.inf, 0.0, 0.0, 0.0, 0.0
        self.touched = False
        self._moved_at, self._before = world.time, self._pelvis()

    def watch(self) -> None:
        """Look at the world, if a look is due."""
        time = self._world.time
        if time < self._next:
            return
        super().watch()
        here = self._pelvis()
        distance = float(np.hypot(*(here - self._person.at(time)[:2])))
        self.nearest = min(self.nearest, distance)
        self.touched |= truth.touches_person(self._world)
        if time < self._person.departs:
            return
        self.farthest = max(self.farthest, distance)
        self.watched += PERIOD
        if APART[0] <= distance <= APART[1]:
            self.with_person += PERIOD
        else:
            self.away += PERIOD
        if np.hypot(*(here - self._before)) > 0.05:
            self._moved_at, self._before = time, here

    @property
    def over(self) -> bool:
        """Whether the robot has fallen, or the person has stood at its goal for long enough to judge."""
        return self.has_fallen or self._world.time > self._person.arrives + SETTLING + 3.0

    @property
    def done(self) -> bool:
        """Whether all that went well, to its end."""
        return self.over and not self.complaint()

    @property
    def measured(self) -> dict[str, float]:
        """The distances between both, the share of the way on which they were right, and the person's way."""
        return {
            "nearest_m": round(self.nearest, 3),
            "farthest_m": round(self.farthest, 3),
            "with_person": round(self.with_person / max(self.watched, PERIOD), 4),
            "way_m": round(self._person.length, 2),
        }

    def complaint(self) -> str:
        """What was not as it should be; "" when nothing was."""
        distance = float(np.hypot(*(self._pelvis() - self._person.at(self._world.time)[:2])))
        if self.has_fallen:
            return "the robot fell"
        if self.touched:
            return "the robot touched the person"
        if self.nearest < BUMP:
            return f"the robot came as near as {self.nearest:.2f} m"
        if self.away > AWAY:
            return f"the robot was not within {APART[0]} to {APART[1]} m for {self.away:.1f} s"
        if not APART[0] <= distance <= APART[1]:
            return f"the robot ended {distance:.2f} m away"
        if self._moved_at > self._person.arrives + SETTLING:
            return "the robot did not come to a stand"
        return "" if self.over else "the person is still on the way"

    def _pelvis(self) -> np.ndarray:
        return self._world.data.body("pelvis").xpos[:2].copy()
