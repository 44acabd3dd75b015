"""Walking with a purpose: to a place, around what stands in the way, and not into people."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.control.ground import HeightMap
from bunraku.control.legs import Legs
from bunraku.control.reach import IK_PERIOD
from bunraku.control.stance import Stance, stance_at, stance_of, wrapped
from bunraku.control.steps import Velocity
from bunraku.control.walking import FASTEST
from bunraku.skills.attending import attended
from bunraku.skills.body import HOUSE, Body, Outcome, wait
from bunraku.skills.paths import PERSON_RADIUS, RADIUS, FloorMap
from bunraku.skills.people import Person
from bunraku.skills.stairs import FOOT, HEAD, storey_of, take_stairs

__all__ = ["HeightMap", "Legs", "Stance", "Velocity", "steer", "walk_to", "wrapped"]

ARRIVED, ALIGNED = 0.04, 0.05
"""Distance (m) and angle (rad) at which a place counts as reached."""
NEAR, FACING = 0.08, 0.12
"""The same, of a robot that has come to a stand there."""
APPROACH, TURNING = 0.9, 1.2
"""Speed per distance left, 1/s."""
BRAKING = 0.35
"""Slowest useful slow-down, m/s²."""
CRUISE = 0.5
"""Speed on the way, m/s."""
OMNI = 0.6
"""Distance (m) up to which a goal is walked to without turning towards it first."""
AHEAD = 0.7
"""How far ahead on its way (m) the robot aims."""
KEEP_OFF = 0.45
"""Free way (m) before a person at which it stops."""
WAIT_FOR_PEOPLE = 4.0
"""Seconds for which it waits for a person to make way before it looks for another one."""
GAZE_AHEAD = 1.8
"""Distance (m) on the floor at which it looks while it walks."""
SCAN, SCAN_PERIOD = 0.8, 3.2
"""How far (rad) to either side, and in what time (s) there and back, it looks around while it walks."""
WATCHED, MOST_WATCHED = 3.0, 1.15
"""Distance (m) within which it watches a person, and how far (rad) it turns its head for that."""
WALKS = 0.2
"""Speed (m/s) from which somebody is taken to walk."""
HASTENS = 0.3
"""Speed (m/s) from which it makes way for somebody: who stands seems to move, too, by what the eyes miss."""
FORESIGHT, MEETING = 3.5, 1.1
"""How far ahead (s) it asks where a person will be, and the distance (m) between middles that is too near."""
REACTION = 0.4
"""Seconds for which it goes on as before, whatever it decides."""
EVASIONS = (Velocity(), Velocity(-0.3), Velocity(CRUISE), Velocity(0.0, 0.2), Velocity(0.0, -0.2))
"""What it may do instead, the first if nothing else is better: stop, step back, hurry on, step aside."""
CALM_DOWN = 0.6
"""Seconds for which it stands still after a walk before its arms move."""


def steer(here: Stance, goal: Stance, stop: bool = True) -> Velocity:
    """Velocity that leads from `here` to `goal`: turning towards a far one, without turning first to a near one.

    With `stop` it slows down before the goal and turns to its yaw; zero when it is reached.
    """
    ahead = goal.position - here.position
    distance = float(np.hypot(*ahead))
    bearing = wrapped(float(np.arctan2(ahead[1], ahead[0])) - here.yaw)
    final = wrapped(goal.yaw - here.yaw)
    if not stop or distance > OMNI:
        facing = max(0.0, np.cos(bearing)) ** 3
        return Velocity(CRUISE * facing, 0.0, float(np.clip(TURNING * bearing, -FASTEST[2], FASTEST[2])))
    if distance < ARRIVED and abs(final) < ALIGNED:
        return Velocity()
    speed = min(APPROACH * distance, float(np.sqrt(2 * BRAKING * distance)))
    forward, left = speed * np.cos(bearing), speed * np.sin(bearing)
    turn = float(np.clip(TURNING * final, -FASTEST[2], FASTEST[2]))
    return Velocity(float(np.clip(forward, -0.3, CRUISE)), float(np.clip(left, -FASTEST[1], FASTEST[1])), turn)


def walk_to(body: Body, goal: Stance, where: str = "there") -> Generator[None, None, Outcome]:
    """Walk to `goal` in the world, around the furniture of the map and the people that are seen, and stand there.

    Says in one sentence why when the goal lies in something, cannot be reached, or was not reached.
    """
    if not all(np.isfinite([goal.x, goal.y, goal.yaw])):
        return Outcome("walk_to", False, "a place to walk to must be three finite numbers", {"kind": "bad goal"})
    floor = body.storeys.get(storey_of(goal), body.floor)
    if not floor.fits(goal):
        nearest = floor.nearest(goal.position)
        return Outcome("walk_to", False, f"I cannot walk {where}: the {nearest} is in the way", {"kind": "occupied"})
    body.say("walk", f"walking {where}")
    problem = yield from attended(body, _walk_over_storeys(body, goal))
    if problem:
        return Outcome("walk_to", False, problem.reason.format(where=where), {"kind": problem.kind})
    yield from wait(body, CALM_DOWN)
    while body.steadying:
        yield from wait(body, IK_PERIOD)
    off = np.hypot(*(body.stance.position - goal.position))
    turned = abs(wrapped(body.stance.yaw - goal.yaw))
    measured = {"off_m": float(off), "turned_rad": float(turned)}
    return Outcome("walk_to", True, f"I walked {where}", measured)


def _walk_over_storeys(body: Body, goal: Stance) -> Generator[None, None, str]:
    """Walk to `goal`, over the stairs if it lies on the other level; returns what went wrong, or ""."""
    if storey_of(goal) != body.storey and storey_of(goal) in body.storeys:
        foot = FOOT if body.storey == HOUSE else HEAD
        problem = "" if body.on_stairs else (yield from _walk(body, body.floor, foot))
        if problem := problem or (yield from take_stairs(body)):
            return problem
    return (yield from _walk(body, body.floor, goal))


def _walk(body: Body, floor: FloorMap, goal: Stance) -> Generator[None, None, str]:
    """Walk to `goal`; returns what went wrong, or ""."""
    here = stance_of(body.configuration)
    people = body.people
    if np.hypot(*(goal.position - here.position)) < 1.2 and floor.fits_along(here, goal, people):
        return (yield from _go(body, goal))
    out, into = floor.gateway(here), floor.gateway(goal)
    if out is None or into is None:
        return "I have no room to turn on my way {where}"
    if np.hypot(*(out - here.position)) > ARRIVED and (problem := (yield from _go(body, stance_at(out, here.yaw)))):
        return problem
    while True:
        route = floor.route(_nudged(floor, stance_of(body.configuration).position, out), into, body.people)
        if route is None:
            blocked = floor.route(out, into) is not None
            return "somebody stands in my way {where}" if blocked else "I find no way {where} that is wide enough"
        if (yield from _follow(body, floor, route)):
            break
    if problem := (yield from _go(body, stance_at(into, goal.yaw))):
        return problem
    return (yield from _go(body, goal))


def _nudged(floor: FloorMap, point: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """The point itself if one can start from there, else the one from which the way was found before."""
    return point if floor.clearance(point) >= RADIUS else fallback


def _go(body: Body, goal: Stance) -> Generator[None, None, str]:
    """Walk straight to a near goal, without turning towards it first, and stop; returns what went wrong, or ""."""
    here = stance_of(body.configuration)
    way = np.hypot(*(goal.position - here.position)) / 0.1 + abs(wrapped(goal.yaw - here.yaw)) / 0.3
    deadline = body.time + 6.0 + way
    while body.time < deadline:
        here = stance_of(body.configuration)
        velocity = yielding(body, _near_steer(here, goal), goal.position)
        if velocity.is_zero and body.standing and _close(here, goal):
            return ""
        body.walk = velocity
        _look_ahead(body, here)
        yield
    return "I did not get {where} in time"


def _near_steer(here: Stance, goal: Stance) -> Velocity:
    far = np.hypot(*(goal.position - here.position))
    if far <= OMNI:
        return steer(here, goal)
    share = OMNI * 0.95 / far
    return steer(here, stance_at(here.position + share * (goal.position - here.position), goal.yaw))


def _close(here: Stance, goal: Stance) -> bool:
    return bool(np.hypot(*(goal.position - here.position)) < NEAR and abs(wrapped(goal.yaw - here.yaw)) < FACING)


def _follow(body: Body, floor: FloorMap, route: np.ndarray) -> Generator[None, None, bool]:
    """Walk along `route` (n, 2); returns False when a person stays in the way."""
    at, waited = 0, 0.0
    while True:
        here = stance_of(body.configuration)
        ahead = np.hypot(*(route - here.position).T)
        at += int(np.argmin(ahead[at : at + 40]))
        if ahead[-1] < 0.25:
            return True
        aim = at
        while aim + 1 < len(route) and ahead[aim + 1] < AHEAD and floor.is_open(here.position, route[aim + 1]):
            aim += 1
        aim = max(aim, min(at + 3, len(route) - 1))
        wanted = steer(here, stance_at(route[aim], 0.0), stop=False)
        velocity = body.walk = yielding(body, wanted, route[aim])
        if velocity != wanted:
            waited += IK_PERIOD
            if waited > WAIT_FOR_PEOPLE:
                body.walk = Velocity()
                return False
        _look_ahead(body, here)
        yield


def yielding(body: Body, wanted: Velocity, aim: np.ndarray) -> Velocity:
    """`wanted`, which leads to `aim` (2,), or how to walk instead while somebody is in the way: zero before who stands
    there, and what keeps farthest away from who walks."""
    here = stance_of(body.configuration)
    way = aim - here.position
    length = float(np.hypot(*way))
    if length > 1e-6 and any(_stands_before(person - here.position, way / length) for person in body.people):
        wanted = Velocity()
    walkers = [p for p in body.tracks if np.hypot(*p.velocity) > HASTENS]
    now = _moved(here, body.walk or Velocity())

    def nearest(velocity: Velocity) -> float:
        then = _moved(here, velocity)
        return min((_nearest(here, now, then, person, body.time) for person in walkers), default=np.inf)

    if nearest(wanted) > MEETING:
        return wanted

    def room(velocity: Velocity) -> float:
        goal = here.position + _moved(here, velocity)
        blocked = not velocity.is_zero and body.floor.clearance(goal) < RADIUS
        return -1.0 if blocked else nearest(velocity)

    return max((wanted, *EVASIONS), key=room)


def _moved(here: Stance, velocity: Velocity) -> np.ndarray:
    """How far it gets in a second (2,) m."""
    return here.rotation[:2, :2] @ [velocity.forward, velocity.left]


def _nearest(here: Stance, now: np.ndarray, then: np.ndarray, person: Person, time: float) -> float:
    """How near (m) `person` will come within `FORESIGHT` s to a robot that moves on at `now`, and after `REACTION` s at
    `then` (2,) m/s; infinite if it is nearest at once."""
    times = np.linspace(0.0, FORESIGHT, 15)[:, None]
    mine = np.minimum(times, REACTION) * now + np.maximum(times - REACTION, 0.0) * then
    apart = np.hypot(*(person.at(time) - here.position + times * person.velocity - mine).T)
    return float(apart.min()) if apart.argmin() > 0 else np.inf


def _stands_before(to: np.ndarray, ahead: np.ndarray) -> bool:
    """Whether a person at `to` (2,) m from the robot is close on its way in the direction `ahead` (2,)."""
    along = float(to @ ahead)
    aside = float(np.sqrt(max(to @ to - along**2, 0.0)))
    return 0 < along < KEEP_OFF + PERSON_RADIUS and aside < PERSON_RADIUS + 0.25


def _look_ahead(body: Body, here: Stance) -> None:
    """Look at the way, and from one side to the other, where somebody may come from; at somebody who is near."""
    body.look_out()
    near = [person.at(body.time) for person in body.tracks if body.time - person.time < FORESIGHT]
    near = [p for p in near if np.hypot(*(p - here.position)) < WATCHED]
    if near:
        nearest = min(near, key=lambda p: float(np.hypot(*(p - here.position))))
        bearing = wrapped(float(np.arctan2(*(nearest - here.position)[::-1])) - here.yaw)
        turn = float(np.clip(bearing, -MOST_WATCHED, MOST_WATCHED))
    else:
        turn = SCAN * float(np.sin(2 * np.pi * body.time / SCAN_PERIOD))
    ahead = Stance(0.0, 0.0, here.yaw + turn).forward
    body.gaze = np.array([*(here.position + GAZE_AHEAD * ahead), 0.3])
