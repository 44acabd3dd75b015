"""`put`: find a free spot that the arm can reach, carry it there, set it down, let go, and look whether it stands."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from bunraku.control.free_space import TOUCHING
from bunraku.control.reach import Pose, ReachPlanner, Solution, turn_onto
from bunraku.objects import KINDS, SURFACES
from bunraku.skills.approaching import approach, stances_around
from bunraku.skills.body import Body, Grip, Outcome
from bunraku.skills.grasps import LOWEST, UP, crowding, grip_width, scraping
from bunraku.skills.looking import face, look
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.picking import go_home
from bunraku.skills.surroundings import free_space
from bunraku.skills.touch import holds

ABOVE = 0.10
"""How high (m) above its place a thing arrives before it is lowered."""
LOWERING_SPEED, LEAVING_SPEED = 0.15, 0.2
"""Mean speeds (m/s) of a palm with a thing on its way down, and away from it."""
GENTLY = 0.75
"""Share of the full speed at which fingertips carry a thing."""
SIGHT, BELOW = 0.05, -0.01
"""How far (m) beyond its tolerance, and how far under its support, a thing is still taken to be at its spot."""
WITHIN, OUTSIDE = 0.3, 0.6
"""How far of their way fingertips open to let go: within a rim they would push it away."""
MISNAMED = 0.03
"""A thing of the right colour that is this near (m) to where one was let go is that one, whatever it looks like."""
ANYWHERE = 0.15
"""How far (m) from its spot a thing may lie on a surface that was asked for as a whole."""
SHORT = 0.015
"""How far (m) a palm may stay from where it was to let go."""
TRIES = 3
"""How many spots are tried when the arm stops before one."""
LEVEL_HOLDS = ((0.30, 0.20), (0.34, 0.14), (0.33, 0.27), (0.38, 0.20))
"""Where before the chest (m ahead, and to its own side) a hand holds something level."""
LEVEL = 1.12
"""Height (m) above which the underside of a carried thing passes over whatever stands on the counter."""
ARM_REACH = 0.75
"""Distance (m) on the floor beyond which no hand reaches."""
FEW = 24
"""How many ways to put a thing down are tried to learn whether there is one."""
BESIDE, CLEAR = 0.6, 0.004
"""How far of the way from a dish's middle to its rim a thing goes in beside what lies in it, and the air (m) that it
keeps to that until it is let go."""
RELEASE_HEIGHT = 0.004
"""How high (m) above its support an object is let go."""


@dataclass(frozen=True)
class Spot:
    """Where something may be put: `point` (3,) m of its support face, how far it may be missed, `tolerance` m, the
    thing that carries it there, if it is one, and the `drop` (m) that it is let fall, over what lies there already."""

    point: np.ndarray
    tolerance: float
    carrier: Seen | None = None
    drop: float = 0.0

    @property
    def within_rim(self) -> bool:
        """Whether it is in something, not on it."""
        support = KINDS[self.carrier.kind].support if self.carrier else None
        return support is not None and support.preposition == "in"

    def shows(self, seen: Seen, around: Sequence[Seen]) -> bool:
        """Whether `seen` rests here, as far as can be seen, or on the carrier where that is now."""
        moved = np.zeros(3)
        if self.carrier is not None:
            now = [s for s in around if s.name == self.carrier.name]
            moved = now[0].position - self.carrier.position if now else moved
        off = seen.position - self.point - moved
        return bool(np.hypot(*off[:2]) < self.tolerance + SIGHT and BELOW < off[2] < KINDS[seen.kind].size[2])


@dataclass(frozen=True)
class Placement:
    """A reachable way to set a held object down: the `spot`, the `palm` and its posture there, the configurations (37,)
    that lead `down` to it, and those by which the empty hand goes `away`; on all of which there is `air` (m) around it
    beyond what is kept."""

    side: str
    spot: Spot
    palm: Pose
    solution: Solution
    cost: float
    down: tuple[np.ndarray, ...] = ()
    away: tuple[np.ndarray, ...] = ()
    air: float = 0.0

    @property
    def touches(self) -> bool:
        """Whether hand or thing would touch what stands around."""
        return self.air < -TOUCHING


def spots_on(place: str, kind: str, others: Sequence[Seen]) -> list[Spot]:
    """Free spots on a surface of the map for an object of `kind`, away from edges and from `others`."""
    surface = SURFACES[place]
    radius = _radius(kind)
    margin = radius + 0.015
    xs = np.linspace(surface.x[0] + margin, surface.x[1] - margin, 6)
    ys = np.linspace(surface.y[0] + margin, surface.y[1] - margin, 8)
    spots = []
    for x in xs:
        for y in ys:
            room = min((np.hypot(*(s.position[:2] - [x, y])) - _radius(s.kind) for s in others), default=1.0)
            if room > radius + 0.03:
                spots.append(Spot(np.array([x, y, surface.top]), ANYWHERE))
    return spots


def spots_at(target: Seen, relation: str, kind: str, others: Sequence[Seen]) -> list[Spot]:
    """Spots on, in or beside a seen object."""
    what = KINDS[target.kind]
    if relation in ("on", "in"):
        if what.support is None:
            return []
        top = target.position + [0, 0, what.support.height]
        spread = 0.4 * what.support.radius if relation == "on" else 0.0
        if relation == "in" and (inside := [s for s in others if _lies_in(s, target)]):
            return [_spot_over(inside, target, top, kind)]
        steps = [(0, 0), (spread, 0), (-spread, 0), (0, spread), (0, -spread)] if spread > 0 else [(0, 0)]
        return [Spot(top + [dx, dy, 0], what.support.radius, target) for dx, dy in steps]
    distance = _radius(target.kind) + _radius(kind) + 0.06
    base = target.position[2] - what.rest_height
    surface = min(SURFACES.values(), key=lambda s: abs(s.top - base))
    spots = []
    for angle in np.deg2rad([90, -90, 135, -135, 45, -45, 180, 0]):
        x, y = target.position[:2] + distance * np.array([np.cos(angle), np.sin(angle)])
        inside = surface.x[0] + 0.04 < x < surface.x[1] - 0.04 and surface.y[0] + 0.04 < y < surface.y[1] - 0.04
        room = min((np.hypot(*(s.position[:2] - [x, y])) - _radius(s.kind) for s in others), default=1.0)
        if inside and room > _radius(kind) + 0.02:
            spots.append(Spot(np.array([x, y, surface.top]), 0.05))
    return spots


def _lies_in(seen: Seen, dish: Seen) -> bool:
    return bool(np.hypot(*(seen.position - dish.position)[:2]) < _radius(dish.kind))


def _spot_over(inside: Sequence[Seen], dish: Seen, top: np.ndarray, kind: str) -> Spot:
    """Where another thing falls into a dish beside what is `inside`, whose face is at `top` (3,) m."""
    middle = np.mean([seen.position[:2] for seen in inside], axis=0)
    away = dish.position[:2] - middle
    away *= (_radius(dish.kind) - _radius(kind)) * BESIDE / max(float(np.linalg.norm(away)), 1e-3)
    point = top + [*away, 0.0]
    drop = 0.0
    for seen in inside:
        apart = _radius(kind) + _radius(seen.kind) + CLEAR
        off = seen.position - point - [0, 0, KINDS[kind].rest_height]
        drop = max(drop, float(off[2] + np.sqrt(max(0.0, apart**2 - off[0] ** 2 - off[1] ** 2))))
    support = KINDS[dish.kind].support
    return Spot(point, support.radius if support else ANYWHERE, dish, drop)


def rim_of(kind: str) -> float:
    """How high (m) a dish rises above its receiving face."""
    what = KINDS[kind]
    return what.size[2] - what.rest_height - what.support.height if what.support else 0.0


def _radius(kind: str) -> float:
    x, y, _ = KINDS[kind].size
    return float(max(x, y)) / 2


def placements(
    planner: ReachPlanner,
    side: str,
    grip: Grip,
    start: np.ndarray,
    spots: Sequence[Spot],
    others: Sequence[Seen],
    most: int = 120,
) -> Iterator[Placement]:
    """Reachable ways to set down what the hand on `side` holds by `grip`, from the configuration `start` (37,): those
    first that look easiest, and those last that touch `others`. At most `most` are tried: the easiest, and some from
    among the others."""
    sign = 1.0 if side == "right" else -1.0
    here = planner.palm(start, side)
    upright = _upright(here.rotation, grip)
    options = []
    for spot in spots:
        for turn in np.deg2rad(np.arange(-160, 181, 20)):
            rotation = _about_z(turn) @ upright
            drop = RELEASE_HEIGHT + spot.drop + KINDS[grip.seen.kind].rest_height
            palm = Pose(spot.point + [0, 0, drop] - rotation @ grip.position, rotation)
            if not planner.may_reach(side, palm.position) or _dips_in(spot, grip, palm, sign):
                continue
            away = palm.shifted(grip.grasp.approach * [1, sign, 1])
            crowd = max(crowding(pose, sign, others) + scraping(pose, sign, planner.obstacles) for pose in (palm, away))
            effort = 0.3 * abs(turn) + 0.6 * float(np.linalg.norm(palm.position - here.position))
            options.append((effort + 3.0 * crowd, spot, palm))
    options.sort(key=lambda option: option[0])
    lowering = free_space(planner, side, others, grip=grip)
    leaving = free_space(planner, side, others, _opened(grip, spots[0])) if spots else lowering
    tight: list[Placement] = []
    for estimate, spot, palm in _sample(options, most):
        solution = planner.solve(side, palm, start)
        if not solution.reached:
            continue
        posture = solution.configuration
        above = planner.trace(side, [palm.moved(height * UP) for height in (0.03, 0.06, ABOVE)], posture)
        offset = grip.grasp.approach * [1, sign, 1]
        away = planner.trace(side, [palm.shifted(share * offset) for share in (0.5, 1.0)], posture)
        if above is None or away is None:
            continue
        down = (*above[::-1], posture)
        lean = float(np.abs(posture[7:9]).sum())
        touched = max(0.0, -float(leaving.room(posture).min()) - TOUCHING)
        cost = estimate + 0.5 * lean + 12.0 * (0.08 - min(solution.margin, 0.08)) + 100.0 * touched
        air = min(lowering.least(down), leaving.least([posture, *away]))
        placement = Placement(side, spot, palm, solution, cost, down, tuple(away), air)
        if placement.touches:
            tight.append(placement)
        else:
            yield placement
    yield from sorted(tight, key=lambda placement: -placement.air)


def _opened(grip: Grip, spot: Spot) -> np.ndarray:
    """The fingers (n,) rad that let go of what is held at a spot."""
    how = grip.grasp
    if how.family != "pinch":
        return how.open
    return how.contact + (WITHIN if spot.within_rim else OUTSIDE) * (how.open - how.contact)


def _dips_in(spot: Spot, grip: Grip, palm: Pose, sign: float) -> bool:
    """Whether a hand that is wrapped around a thing would be below the rim of what it is put into."""
    if not spot.within_rim or spot.carrier is None or grip.grasp.family != "wrap":
        return False
    edge = palm.position[2] + (LOWEST * [1, sign, 1] @ palm.rotation.T)[:, 2]
    return bool(edge.min() < spot.point[2] + rim_of(spot.carrier.kind))


def _sample(options: list, most: int) -> list:
    easy = most // 2
    return options[:easy] + options[easy :: max(1, (len(options) - easy) // (most - easy))][: most - easy]


def ways_to_put(
    body: Body, side: str, spots: Sequence[Spot], others: Sequence[Seen], keep: int = 8
) -> Iterator[tuple[Placement, list[np.ndarray]]]:
    """The best placements of what the hand on `side` holds, the best first, each with a free way to above its spot."""
    grip = body.grips[side]
    found = islice(placements(body.planner, side, grip, body.reference, spots, others), keep)
    space = free_space(body.planner, side, body.around(), grip=grip)
    for placement in sorted(found, key=lambda placement: (placement.touches, placement.cost)):
        route = space.way(body.reference, placement.down[0])
        if route is not None:
            yield placement, route


def hold_level(body: Body, side: str) -> Generator[None, None, bool]:
    """Bring what the hand on `side` holds before the chest, upright, above all tables; returns whether it does."""
    sign = 1.0 if side == "left" else -1.0
    points = [body.stance.point(np.array([x, sign * y, LEVEL])) for x, y in LEVEL_HOLDS]
    for placement, route in ways_to_put(body, side, [Spot(point, 0.1) for point in points], (), keep=3):
        held, felt = yield from carry(body, placement, route)
        if not held:
            yield from _lost(body, side, felt)
            return False
        yield from lower(body, placement)
        return True
    return False


def come_near_spots(
    body: Body, side: str, spots: Sequence[Spot], others: Sequence[Seen]
) -> Generator[None, None, bool]:
    """Step to where the hand on `side` reaches one of `spots`; returns whether there is such a place."""
    if not (yield from hold_level(body, side)):
        return False

    # Not near an edge: after a walk the map is a few centimetres off.
    middle = np.mean([spot.point for spot in spots], axis=0)
    spots = sorted(spots, key=lambda spot: float(np.linalg.norm(spot.point - middle)))[: (len(spots) + 2) // 3]

    def plan() -> Placement | None:
        near = [spot for spot in spots if np.hypot(*(spot.point[:2] - body.stance.position)) < ARM_REACH]
        return next(placements(body.planner, side, body.grips[side], body.reference, near, others, FEW), None)

    some = spots[:: max(1, len(spots) // 8)]
    stances = stances_around(body, [spot.point for spot in some], side)
    moved = yield from approach(body, stances, plan, "to where I can reach")
    if not moved.success:
        body.say("place", moved.reason)
    return moved.success


def _about_z(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def _upright(rotation_palm: np.ndarray, grip: Grip) -> np.ndarray:
    """The palm's rotation (3, 3) after the smallest turn that sets the held object upright again."""
    return turn_onto(rotation_palm @ grip.rotation[:, 2], UP) @ rotation_palm


def carry(body: Body, placement: Placement, route: list[np.ndarray]) -> Generator[None, None, tuple[bool, dict]]:
    """Bring what is held above its spot; whether it still is in the hand there, and what the hand feels."""
    grip = body.grips[placement.side]
    body.posture = placement.solution.configuration
    yield from move_body(body, *route, share=GENTLY if grip.grasp.family == "pinch" else 1.0)
    return holds(body, placement.side, grip.grasp, grip_width(grip.seen.kind))


def lower(body: Body, placement: Placement) -> Generator[None, None, float]:
    """Set what is held down from above its spot; returns how far the palm's reference is from its goal, m."""
    yield from move_body(body, *placement.down, least=ABOVE / LOWERING_SPEED)
    return (yield from move_palm(body, placement.side, [placement.palm], speed=LOWERING_SPEED, settle=0.3))


def release(body: Body, placement: Placement) -> Generator[None, None, None]:
    """Let go: from the joint angles that the hand has now, slowly until the fingers are off, and back away."""
    side = placement.side
    grip = body.grips.pop(side)
    body.remember([_put_down(grip, body.palm(side))])
    if body.observation is not None:
        body.set_hand(side, body.observation.hand(side).position.copy(), body.full_tension)
    yield from move_fingers(body, side, _opened(grip, placement.spot), 1.0, body.full_tension)
    yield from move_body(body, *placement.away, least=float(np.linalg.norm(grip.grasp.approach)) / LEAVING_SPEED)


def _put_down(grip: Grip, palm: Pose) -> Seen:
    """What was held, where the hand lets go of it."""
    rotation = palm.rotation @ grip.rotation
    yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return replace(grip.seen, position=palm.position + palm.rotation @ grip.position, yaw=yaw, rotation=None)


def _is_taken_for(thing: Seen, seen: Seen, goal: np.ndarray, spot: Spot) -> bool:
    """Whether what was seen is `thing` under another name, as a mug is a can from where its handle does not show."""
    is_dish = spot.carrier is not None and seen.name == spot.carrier.name
    return seen.colour == thing.colour and not is_dish and bool(np.linalg.norm(seen.position - goal) < MISNAMED)


def put(
    body: Body, side: str, spots: Sequence[Spot], where: str, others: Sequence[Seen] = (), walk: bool = True
) -> Generator[None, None, Outcome]:
    """Set down what the hand on `side` holds at one of `spots`, then look whether it is there; if the arm reaches none
    of them, step to where it does, if it may `walk`."""
    if side not in body.grips:
        return Outcome("put", False, "there is nothing in the hand", {"kind": "empty"})
    grip = body.grips[side]
    name = grip.seen.name
    if not spots:
        return Outcome("put", False, f"there is no free room {where} for the {name}", {"kind": "no room"})
    body.say("place", f"putting the {name} {where}")
    ways = list(islice(ways_to_put(body, side, spots, others), TRIES))
    if not ways and walk and (yield from come_near_spots(body, side, spots, others)):
        ways = list(islice(ways_to_put(body, side, spots, others), TRIES))
    outcome = Outcome("put", False, f"my {side} arm cannot put the {name} {where}", {"kind": "unreachable"})
    for placement, route in ways:
        body.gaze = placement.spot.point
        held, felt = yield from carry(body, placement, route)
        if not held:
            return (yield from _lost(body, side, felt))
        error = yield from lower(body, placement)
        if error <= SHORT:
            return (yield from _set_down(body, placement, where))
        outcome = Outcome(
            "put", False, f"the arm stopped {1000 * error:.0f} mm before the spot {where}", {"kind": "arm"}
        )
        body.say("place", outcome.reason)
        yield from move_body(body, *placement.down[-2::-1], least=0.4)
    return outcome


def _lost(body: Body, side: str, felt: dict[str, float]) -> Generator[None, None, Outcome]:
    """Go home without what the hand no longer holds."""
    grip = body.grips.pop(side)
    yield from go_home(body, (side,))
    return Outcome("put", False, f"I lost the {grip.seen.name} on the way", felt | {"kind": "dropped"})


def _set_down(body: Body, placement: Placement, where: str) -> Generator[None, None, Outcome]:
    """Let go at the spot, if the hand still holds it, go home, and look whether it is there."""
    side = placement.side
    grip = body.grips[side]
    name = grip.seen.name
    held, felt = holds(body, side, grip.grasp, grip_width(grip.seen.kind))
    if not held:
        yield from move_body(body, *placement.down[-2::-1], least=0.4)
        return (yield from _lost(body, side, felt))
    body.say("release", f"letting go of the {name}")
    yield from release(body, placement)
    yield from go_home(body, (side,))
    body.say("check", f"looking whether the {name} stands {where}")
    around = yield from look(body, placement.spot.point)
    outcome = judged(placement.spot, grip.seen, where, around)
    if outcome is None:
        body.say("check", f"turning to see the {name}")
        around = yield from face(body, placement.spot.point)
        outcome = judged(placement.spot, grip.seen, where, around)
        yield from go_home(body, ())
    reason = f"I let go of the {name} {where}, but I do not see it there"
    return outcome or Outcome("put", False, reason, {"kind": "missed"})


def judged(spot: Spot, thing: Seen, where: str, around: Sequence[Seen]) -> Outcome | None:
    """Whether `thing`, which a hand let go of at a spot, is there, as far as can be seen; None if it is nowhere."""
    goal = spot.point + [0, 0, KINDS[thing.kind].rest_height]
    same = [seen for seen in around if seen.name == thing.name or _is_taken_for(thing, seen, goal, spot)]
    off = min((float(np.linalg.norm(seen.position - goal)) for seen in same), default=np.inf)
    measured: dict[str, Any] = {"spot": spot.point.tolist(), "offset_m": off}
    if any(spot.shows(seen, around) for seen in same):
        return Outcome("put", True, f"the {thing.name} is {where}", measured)
    if same:
        reason = f"I let go of the {thing.name} {where}, but I see it {100 * off:.0f} cm away from there"
        return Outcome("put", False, reason, measured | {"kind": "missed"})
    if spot.carrier is not None and spot.carrier.colour == thing.colour:
        reason = f"I let go of the {thing.name} {where}, by touch; they are of one colour, and I cannot see them apart"
        return Outcome("put", True, reason, {"spot": spot.point.tolist(), "seen": False})
    return None
