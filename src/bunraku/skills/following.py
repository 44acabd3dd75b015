"""`follow`: keep behind a person who walks, as far off as people walk together, until that person stays where it is."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.control.stance import Stance, stance_of, wrapped
from bunraku.control.steps import Velocity
from bunraku.control.walking import FASTEST
from bunraku.skills.attending import attended
from bunraku.skills.body import Body, Outcome, wait
from bunraku.skills.paths import FloorMap
from bunraku.skills.people import Person
from bunraku.skills.walking import AHEAD, TURNING, WALKS

DISTANCE = 1.6
"""How far off (m) it follows, from middle to middle."""
SLACK = 0.2
"""How much farther off (m) a person who stands may be before the robot moves up."""
CLOSING = 0.8
"""Speed (m/s) for each metre that the person is farther off than that."""
TOO_NEAR = 1.2
"""Distance (m) within which it steps back."""
AIR = 0.15
"""How much farther (m) than that it steps back once it does, or it would start again at every error of its eyes."""
FACED = 0.35
"""Angle (rad) to the person up to which a robot that stands does not turn."""
OUT_OF_SIGHT, GIVEN_UP = 0.8, 8.0
"""Seconds without a sight of the person until it walks to where that was seen last, and until it gives up."""
PEEKING, SEARCHING = 0.3, 0.6
"""Speed (m/s) at which it goes around the corner behind which somebody went, and turns (rad/s) where nobody is left."""
EYE_HEIGHT = 1.1
"""Height (m) of a person at which it looks."""
LOOKING, AROUND = 6.0, 1.4
"""Seconds for which it looks for somebody, and how far (rad) to either side."""
PATIENCE = 6.0
"""Seconds for which a person must have stood for the walk to have come to its end."""


def follow(body: Body, patience: float = PATIENCE) -> Generator[None, None, Outcome]:
    """Follow the nearest person in sight, who has come to stand when it has not walked for `patience` s."""
    began = body.time
    while not body.tracks and body.time < began + LOOKING:
        # Straight ahead first, then from one side to the other.
        here, turned = stance_of(body.configuration), max(0.0, body.time - began - 1.0)
        aside = Stance(here.x, here.y, here.yaw + AROUND * float(np.sin(2 * np.pi * turned / (LOOKING - 1.0))))
        yield from _look_at(body, aside, None)
    if not body.tracks:
        return Outcome("follow", False, "I see nobody whom I could follow", {"kind": "nobody"})
    here = stance_of(body.configuration).position
    whom = min(body.tracks, key=lambda person: float(np.hypot(*(person.position - here))))
    body.say("follow", "following you")
    problem = yield from attended(body, _follow(body, body.floor, whom, patience))
    if problem:
        return Outcome("follow", False, problem.reason.format(where="after you"), {"kind": problem.kind})
    yield from wait(body, 0.3)
    return Outcome("follow", True, "you stand still, and I am with you")


def _look_at(body: Body, here: Stance, person: Person | None) -> Generator[None, None, None]:
    """Let one period pass while looking at the person, or straight ahead."""
    spot = here.position + 2.0 * here.forward if person is None else person.at(body.time)
    body.gaze = np.array([*spot, EYE_HEIGHT])
    body.look_out()
    yield


def _follow(body: Body, floor: FloorMap, whom: Person, patience: float) -> Generator[None, None, str]:
    """Follow `whom`; returns what went wrong, or ""."""
    walked = body.time
    while True:
        here = stance_of(body.configuration)
        whom = _same(whom, body.tracks)
        unseen = body.time - whom.time
        if unseen > GIVEN_UP:
            return "I lost sight of you {where}"
        if np.hypot(*whom.velocity) > WALKS:
            walked = body.time
        if body.time - walked > patience and body.standing and unseen < OUT_OF_SIGHT:
            return ""
        body.walk = following_velocity(floor, here, whom, body.time, body.standing)
        yield from _look_at(body, here, whom)


def _same(whom: Person, tracks: list[Person]) -> Person:
    """The person among `tracks` who is the nearest to where `whom` was, if one is near."""
    near = [p for p in tracks if np.hypot(*(p.position - whom.at(p.time))) < 1.0]
    return min(near, key=lambda p: float(np.hypot(*(p.position - whom.at(p.time)))), default=whom)


def following_velocity(floor: FloorMap, here: Stance, whom: Person, time: float, standing: bool) -> Velocity:
    """How a robot that is `here` walks now to stay with `whom`, who was seen before `time` s; one that is `standing`
    lets somebody near stand a little farther off before it moves up."""
    person = whom.at(time)
    to = person - here.position
    distance = float(np.hypot(*to))
    away = float(whom.velocity @ to) / max(distance, 1e-6)
    bearing = wrapped(float(np.arctan2(to[1], to[0])) - here.yaw)
    unseen = time - whom.time > OUT_OF_SIGHT
    if distance < TOO_NEAR and unseen:
        return Velocity(0.0, 0.0, SEARCHING)
    if distance < TOO_NEAR + (0.0 if standing or away > WALKS else AIR):
        behind = floor.is_open(here.position, here.position - 0.4 * here.forward)
        back = 0.25 if behind and abs(bearing) < 1.0 else 0.0
        return Velocity(-back * float(np.clip(4 * (TOO_NEAR - distance) + 0.3, 0.3, 1.0)), 0.0, _turn(bearing))
    aim = _aim(floor, here.position, person)
    way = wrapped(float(np.arctan2(*(aim - here.position)[::-1])) - here.yaw)
    speed = min(away + CLOSING * (distance - DISTANCE), float(FASTEST[0]))
    if unseen or not floor.sees(here.position, person):
        return Velocity(max(speed, PEEKING) * _facing(way), 0.0, _turn(way))
    if standing and speed < WALKS and distance < DISTANCE + SLACK:
        return Velocity(0.0, 0.0, _turn(bearing) if abs(bearing) > FACED else 0.0)
    if abs(away) < WALKS and distance < DISTANCE + SLACK / 2:
        return Velocity(0.0, 0.0, _turn(bearing) if abs(bearing) > FACED / 2 else 0.0)
    return Velocity(max(speed, 0.0) * _facing(way), 0.0, _turn(way))


def _facing(angle: float) -> float:
    """Share of its speed at which it walks to where it does not look yet."""
    return max(0.0, float(np.cos(angle))) ** 3


def _turn(angle: float) -> float:
    return float(np.clip(TURNING * angle, -FASTEST[2], FASTEST[2]))


def _aim(floor: FloorMap, here: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Where to walk towards (2,): straight to the person (2,), or along the way that is free."""
    ahead = person - here
    near = here + ahead * min(1.0, DISTANCE / max(float(np.hypot(*ahead)), 1e-6))
    if floor.is_open(here, near):
        return person
    route = floor.route(here, person)
    if route is None:
        return person
    gone = np.r_[0.0, np.cumsum(np.hypot(*np.diff(route, axis=0).T))]
    aim = int(np.searchsorted(gone, AHEAD))
    while aim > 1 and not floor.is_open(here, route[min(aim, len(route) - 1)]):
        aim -= 1
    return route[min(aim, len(route) - 1)]
