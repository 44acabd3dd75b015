"""`put`: find a free spot that the arm can reach, carry it there, set it down, let go, and look whether it stands."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from bunraku.control.reach import Pose, Solution
from bunraku.objects import KINDS, SURFACES
from bunraku.skills.approaching import approach, stances_around
from bunraku.skills.body import Body, Grip, Outcome, wait
from bunraku.skills.grasps import TRAVEL_HEIGHT, crowding, grip_width
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen, look
from bunraku.skills.picking import go_home
from bunraku.skills.touch import holds

CLEAR = 1.12
"""Height (m) above which the underside of a carried thing passes over whatever stands on the counter."""
HOMEWARD = 0.4
"""Share of the way home that a hand keeps its height after letting go."""
LEVEL_HOLDS = ((0.30, 0.20), (0.34, 0.14), (0.33, 0.27), (0.38, 0.20))
"""Where before the chest (m ahead, and to its own side) a hand holds something level."""
ARM_REACH = 0.75
"""Distance (m) on the floor beyond which no hand reaches."""
RELEASE_HEIGHT = 0.004
"""How high (m) above its support an object is let go."""


@dataclass(frozen=True)
class Spot:
    """Where something may be put: `point` (3,) m of its support face, and how far it may be missed, `tolerance` m."""

    point: np.ndarray
    tolerance: float


@dataclass(frozen=True)
class Placement:
    """A reachable way to set a held object down."""

    side: str
    spot: Spot
    palm: Pose
    solution: Solution
    cost: float


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
                spots.append(Spot(np.array([x, y, surface.top]), 0.05))
    return spots


def spots_at(target: Seen, relation: str, kind: str, others: Sequence[Seen]) -> list[Spot]:
    """Spots on, in or beside a seen object."""
    what = KINDS[target.kind]
    if relation in ("on", "in"):
        if what.support is None:
            return []
        top = target.position + [0, 0, what.support.height]
        spread = 0.4 * what.support.radius if relation == "on" else 0.0
        steps = [(0, 0), (spread, 0), (-spread, 0), (0, spread), (0, -spread)] if spread > 0 else [(0, 0)]
        return [Spot(top + [dx, dy, 0], what.support.radius) for dx, dy in steps]
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


def _radius(kind: str) -> float:
    x, y, _ = KINDS[kind].size
    return float(max(x, y)) / 2


def plan_placement(
    body: Body, side: str, spots: Sequence[Spot], others: Sequence[Seen], keep: int = 14
) -> Placement | None:
    """The best spot and palm pose for what the hand on `side` holds; None when none can be reached."""
    grip = body.grips[side]
    sign = 1.0 if side == "right" else -1.0
    now = body.palm(side).rotation
    upright = _upright(now, grip)
    options = []
    for spot in spots:
        for turn in np.deg2rad(np.arange(-160, 181, 20)):
            rotation = _about_z(turn) @ upright
            drop = RELEASE_HEIGHT + KINDS[grip.seen.kind].rest_height
            palm = Pose(spot.point + [0, 0, drop] - rotation @ grip.position, rotation)
            away = palm.shifted(grip.grasp.approach * [1, sign, 1])
            crowd = max(crowding(pose, sign, others) for pose in (palm, away))
            effort = 0.3 * abs(turn) + 0.6 * float(np.linalg.norm(palm.position - body.palm(side).position))
            options.append((effort + 3.0 * crowd, spot, palm))
    options.sort(key=lambda option: option[0])
    found: list[Placement] = []
    for estimate, spot, palm in options[:60] + options[60::6]:
        solution = body.planner.solve(side, palm, body.reference)
        if not solution.reached:
            continue
        if not body.planner.solve(side, palm.raised(TRAVEL_HEIGHT, 0.10), solution.configuration).near:
            continue
        lean = float(np.abs(solution.configuration[7:9]).sum())
        cost = estimate + 0.5 * lean + 12.0 * (0.08 - min(solution.margin, 0.08))
        found.append(Placement(side, spot, palm, solution, cost))
        if len(found) >= keep:
            break
    return min(found, key=lambda placement: placement.cost) if found else None


def hold_level(body: Body, side: str) -> Generator[None, None, bool]:
    """Bring what the hand on `side` holds before the chest, upright, above all tables; returns whether it could."""
    sign = 1.0 if side == "left" else -1.0
    points = [body.stance.point(np.array([x, sign * y, CLEAR])) for x, y in LEVEL_HOLDS]
    placement = plan_placement(body, side, [Spot(point, 0.1) for point in points], (), keep=3)
    if placement is None:
        return False
    yield from carry(body, placement)
    return True


def place_from_elsewhere(
    body: Body, side: str, spots: Sequence[Spot], where: str, others: Sequence[Seen]
) -> Generator[None, None, Placement | None]:
    """Step to where the hand on `side` reaches one of `spots`, and plan from there; None if there is no such place."""
    if not (yield from hold_level(body, side)):
        return None

    # Not near an edge: after a walk the map is a few centimetres off.
    middle = np.mean([spot.point for spot in spots], axis=0)
    spots = sorted(spots, key=lambda spot: float(np.linalg.norm(spot.point - middle)))[: (len(spots) + 2) // 3]

    def plan() -> Placement | None:
        near = [spot for spot in spots if np.hypot(*(spot.point[:2] - body.stance.position)) < ARM_REACH]
        return plan_placement(body, side, near, others, keep=1)

    some = spots[:: max(1, len(spots) // 8)]
    stances = stances_around(body, [spot.point for spot in some], side)
    moved = yield from approach(body, stances, plan, "to where I can reach")
    if not moved.success:
        body.say("place", moved.reason)
        return None
    return plan_placement(body, side, spots, others)


def _about_z(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def _upright(rotation_palm: np.ndarray, grip: Grip) -> np.ndarray:
    """The palm's rotation (3, 3) after the smallest turn that sets the held object upright again."""
    axis = rotation_palm @ grip.rotation[:, 2]
    turn = np.cross(axis, [0, 0, 1])
    sine, cosine = float(np.linalg.norm(turn)), float(axis[2])
    if sine < 1e-6:
        return rotation_palm
    k = turn / sine
    skew = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return (np.eye(3) + sine * skew + (1 - cosine) * skew @ skew) @ rotation_palm


def carry(body: Body, placement: Placement) -> Generator[None, None, float]:
    """Bring what is held above its spot and lower it; returns how far the palm's reference is from its goal, m."""
    side, palm = placement.side, placement.palm
    here, grip = body.palm(side), body.grips[side]
    below = KINDS[grip.seen.kind].rest_height - float((here.rotation @ grip.position)[2])
    top = max(here.position[2], palm.position[2] + 0.10, TRAVEL_HEIGHT, CLEAR + below)
    body.posture = placement.solution.configuration
    yield from move_palm(body, side, [body.palm(side).raised(top)], speed=0.35)
    yield from move_body(body, body.planner.solve(side, palm.raised(top), body.posture).configuration)
    yield from move_palm(body, side, [palm.raised(top)], speed=0.35)
    near = Pose(palm.position + [0, 0, 0.03], palm.rotation)
    return (yield from move_palm(body, side, [near, palm], speed=0.15, settle=0.3))


def release(body: Body, side: str, clear: float) -> Generator[None, None, None]:
    """Let go: from the joint angles that the hand has now, slowly to its open posture, then back off and rise to the
    height `clear` (m), above what was put down."""
    grip = body.grips.pop(side)
    sign = 1.0 if side == "right" else -1.0
    if body.observation is not None:
        body.set_hand(side, body.observation.hand(side).position.copy(), body.full_tension)
    yield from move_fingers(body, side, grip.grasp.open, 1.0, body.full_tension)
    away = body.palm(side).shifted(grip.grasp.approach * [1, sign, 1])
    yield from move_palm(body, side, [away], speed=0.2)
    over = away.raised(clear)
    home = body.planner.palm(body.planner.nominal, side).position
    way = np.array([*(home - over.position)[:2], 0.0])
    # Back over what was put down at this height; joint by joint the hand would dip into it.
    yield from move_palm(body, side, [over, over.moved(HOMEWARD * way)])


def put(
    body: Body, side: str, spots: Sequence[Spot], where: str, others: Sequence[Seen] = ()
) -> Generator[None, None, Outcome]:
    """Set down what the hand on `side` holds at one of `spots`, then look whether it is there."""
    if side not in body.grips:
        return Outcome("put", False, "there is nothing in the hand", {"kind": "empty"})
    grip = body.grips[side]
    name = grip.seen.name
    if not spots:
        return Outcome("put", False, f"there is no free room {where} for the {name}", {"kind": "no room"})
    placement = plan_placement(body, side, spots, others)
    if placement is None:
        placement = yield from place_from_elsewhere(body, side, spots, where, others)
    if placement is None:
        return Outcome("put", False, f"my {side} arm cannot put the {name} {where}", {"kind": "unreachable"})
    body.say("place", f"putting the {name} {where}")
    body.gaze = placement.spot.point
    error = yield from carry(body, placement)
    if error > 0.015:
        return Outcome("put", False, f"the arm stopped {1000 * error:.0f} mm before the spot {where}", {"kind": "arm"})
    held, felt = holds(body, side, grip.grasp, grip_width(grip.seen.kind))
    if not held:
        body.grips.pop(side)
        yield from go_home(body, (side,))
        return Outcome("put", False, f"I lost the {name} on the way", felt | {"kind": "dropped"})
    body.say("release", f"letting go of the {name}")
    top = placement.spot.point[2] + KINDS[grip.seen.kind].size[2]
    yield from release(body, side, max(TRAVEL_HEIGHT, top + 0.12))
    yield from go_home(body, (side,))
    body.say("check", f"looking whether the {name} stands {where}")
    around = yield from look(body, placement.spot.point)
    goal = placement.spot.point + [0, 0, KINDS[grip.seen.kind].rest_height]
    same = [s for s in around if s.name == name]
    off = min((float(np.linalg.norm(s.position - goal)) for s in same), default=np.inf)
    measured = {"offset_m": off, "spot": placement.spot.point.tolist()}
    if off < placement.spot.tolerance + 0.05:
        return Outcome("put", True, f"the {name} is {where}", measured)
    seen = "I do not see it there" if not same else f"I see it {100 * off:.0f} cm away from there"
    yield from wait(body, 0.1)
    return Outcome("put", False, f"I let go of the {name} {where}, but {seen}", measured | {"kind": "missed"})
