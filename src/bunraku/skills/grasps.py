"""Which grasp for which object: size and shape in, ways of taking it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from bunraku.control.free_space import TOUCHING, FreeSpace
from bunraku.control.grasping import HandGrasp, palm_pose, pinch, wrap
from bunraku.control.reach import Obstacle, Pose, ReachPlanner, Solution
from bunraku.objects import KINDS
from bunraku.skills.perception import Seen
from bunraku.skills.surroundings import free_space


@dataclass(frozen=True)
class Plan:
    """A way to take an object: the hand's `side`, how it closes, where the palm goes and the posture for it.

    `approach` are the configurations (37,) from the pose before it to that posture, `lift` those from there to `LIFT`
    above it; `cost` tells how good it is.
    """

    side: str
    grasp: HandGrasp
    palm: Pose
    solution: Solution
    cost: float
    approach: tuple[np.ndarray, ...] = ()
    lift: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Option:
    """A way to take an object before asking the arm: how, where the palm goes, and how much is wrong with it."""

    grasp: HandGrasp
    palm: Pose
    strain: float


UP = np.array([0.0, 0.0, 1.0])
LIFT = 0.15
"""How far (m) a taken object is raised before it is judged."""
WRAPPED = {"mug": (0.040, 12.0, 0.095), "can": (0.033, 14.0, 0.101), "bottle": (0.0325, 15.0, 0.150)}
"""Radius m, holding tension N and the height m up to which it can be held, of what is wrapped."""
WRAP_HEIGHT, HAND_BELOW, HAND_ABOVE, FINGERTIP = 0.058, 0.055, 0.030, 0.103
"""Height (m) of the middle of a wrapping hand above the base; how far below it the little finger and above it the index
finger are when the hand opens, and how far before it the little finger ends."""
LOWEST = np.array([[0.0, -0.045, 0.0], [0.19, -0.050, 0.0], [0.19, -0.050, -0.03]])
"""Points (n, 3) m of the little finger's edge of an open hand in the right palm frame."""
HANDLE_BLOCKED_DEG: tuple[tuple[float, float], ...] = ((15.0, 180.0), (-180.0, -80.0))
"""Directions of a mug's handle in the palm's x–z plane (x along the fingers, +z out of the back of the hand) at which
palm or thumb would meet it, now or on the way out."""
HANDLE_REACH = 0.9
"""Angle (rad) about a mug's handle that fingertips from above keep clear of."""


@dataclass(frozen=True)
class Pinch:
    """How a kind is pinched: `width` m between the fingertips, along the object's `axes` ("x", "y", "xy", "any"), grip
    `height` m above the object frame, the grip's `centre_x` and `depth` m in the palm frame, `squeeze` m, of which the
    fingers go a `share`, `tension` N.

    At a depth of 85 mm the fingertips are the lowest points of the hand, so that it can take a pen from a table.
    """

    width: float
    axes: str
    height: float
    tension: float
    centre_x: float = 0.100
    depth: float = 0.085
    squeeze: float = 0.018
    share: float = 1.0
    from_side: bool = False

    def grasp(self, hand: str) -> HandGrasp:
        """How `hand` closes."""
        place = {"centre_x": self.centre_x, "depth": self.depth}
        return pinch(hand, self.width, self.tension, **place, squeeze=self.squeeze, share=self.share)


PINCHED = {
    "mug": Pinch(0.080, "any", 0.018, 26, centre_x=0.105, depth=0.070),
    "can": Pinch(0.066, "any", 0.022, 30, centre_x=0.105, depth=0.075),
    "box": Pinch(0.060, "y", 0.040, 26, centre_x=0.105, depth=0.075, from_side=True),
    "small box": Pinch(0.050, "y", 0.002, 18),
    "cube": Pinch(0.040, "xy", 0.000, 10),
    "ball": Pinch(0.0647, "any", 0.000, 14, centre_x=0.105, depth=0.080),
    "marker": Pinch(0.018, "y", 0.000, 8, squeeze=0.012),
    "sponge": Pinch(0.065, "y", 0.000, 8, centre_x=0.105),
    "banana": Pinch(0.035, "y", -0.005, 20, squeeze=0.010, share=0.3),
    "apple": Pinch(0.073, "any", 0.000, 18, centre_x=0.105, depth=0.080),
}


def grip_width(kind: str) -> float:
    """Width (m) of a kind between the fingers that hold it."""
    return PINCHED[kind].width if kind in PINCHED else 2 * WRAPPED[kind][0]


def catalogue_postures(hand: str) -> np.ndarray:
    """Postures (m, n) rad in which `hand` takes the things of the catalogue: open, touching, closed."""
    grasps = [how.grasp(hand) for how in PINCHED.values()]
    grasps += [wrap(hand, radius, tension) for radius, tension, _ in WRAPPED.values()]
    return np.array([posture for grasp in grasps for posture in (grasp.open, grasp.contact, grasp.closed)])


def candidates(hand: str, side: str, seen: Seen, facing: float = 0.0, clear: float = 0.0) -> list[Option]:
    """Palm poses from which the object can be taken by a robot that faces `facing` rad, best geometry first; a hand
    around it leaves `clear` m above its base free."""
    wraps = _wraps(hand, side, seen, facing, clear) if seen.kind in WRAPPED else []
    return wraps + (_pinches(hand, side, seen) if seen.kind in PINCHED else [])


def _wraps(hand: str, side: str, seen: Seen, facing: float, clear: float) -> list[Option]:
    radius, tension, top = WRAPPED[seen.kind]
    height = max(WRAP_HEIGHT, clear + HAND_BELOW)
    if clear and height + HAND_ABOVE > top:
        return []
    grasp = wrap(hand, radius, tension)
    sign = 1.0 if side == "right" else -1.0
    base = seen.position - [0, 0, KINDS[seen.kind].rest_height]
    found = []
    for heading in facing + sign * np.deg2rad(np.arange(-75, 121, 15)):
        fingers = np.array([np.cos(heading), np.sin(heading), 0.0])
        for dip in np.deg2rad([0, 15, 30]):
            x = fingers * np.cos(dip) - UP * np.sin(dip)
            thumb = fingers * np.sin(dip) + UP * np.cos(dip)
            normal = sign * np.cross(x, thumb)
            # Dipped, the little finger's tip is lower; against the table it could not close, and the thing would tilt.
            free = HAND_BELOW * np.cos(dip) + FINGERTIP * np.sin(dip)
            raised = max(height, min(free, top - HAND_ABOVE))
            centre = base + [0, 0, raised]
            pose = palm_pose(grasp, side, centre, x, normal)
            if seen.kind == "mug" and _handle_in_the_way(seen, pose):
                continue
            if clear and pose.position[2] + (LOWEST * [1, sign, 1] @ pose.rotation.T)[:, 2].min() < base[2] + clear:
                continue
            found.append(Option(grasp, pose, 0.6 * dip + 10.0 * max(0.0, free - raised)))
    return found


def _handle_in_the_way(seen: Seen, pose: Pose) -> bool:
    """Whether a mug's handle would sit where the palm, the fingers or the thumb go."""
    handle = pose.rotation.T @ np.array([np.cos(seen.yaw), np.sin(seen.yaw), 0.0])
    angle = np.rad2deg(np.arctan2(handle[2], handle[0]))
    return any(low < angle < high for low, high in HANDLE_BLOCKED_DEG)


def _pinches(hand: str, side: str, seen: Seen) -> list[Option]:
    how = PINCHED[seen.kind]
    grasp = how.grasp(hand)
    centre = seen.position + [0, 0, how.height]
    if how.axes == "any":
        headings = np.deg2rad(np.arange(-180, 180, 30))
    else:
        across = seen.yaw + np.deg2rad(90 if how.axes == "y" else 0)
        turns = (0, 90, 180, 270) if how.axes == "xy" else (0, 180)
        headings = across + np.deg2rad(turns)
    found = []
    oblique = (0.0,) if how.axes == "any" else np.deg2rad(_OBLIQUE_DEG)
    for heading, turn in product(headings, oblique):
        fingers = np.array([np.cos(heading + turn), np.sin(heading + turn), 0.0])
        if seen.kind == "mug" and abs(np.cos(heading - seen.yaw)) > np.cos(HANDLE_REACH):
            continue
        beside = np.cross(UP, fingers)
        for roll in np.deg2rad(_SIDE_ROLLS_DEG if how.from_side else _ROLLS_DEG):
            normal = np.cos(roll) * UP + np.sin(roll) * beside
            at = centre if abs(roll) < 1.0 else seen.position
            strain = 0.3 * (seen.kind in WRAPPED) + 0.6 * abs(turn) + 0.5 * min(abs(roll), np.pi / 2 - abs(roll))
            found.append(Option(grasp, palm_pose(grasp, side, at, fingers, normal), strain))
    return found


_OBLIQUE_DEG = (0, 12, -12, 24, -24)
"""How far from square the hand may take a thing that turns into line when it is pressed."""
_ROLLS_DEG = (0, 15, -15, 30, -30)
_SIDE_ROLLS_DEG = (0, 15, -15, 90, -90)
"""How far the hand is rolled about the line between thumb and fingers: the grip stays, the arm finds its way."""


def plan_grasp(
    planner: ReachPlanner,
    side: str,
    seen: Seen,
    start: np.ndarray,
    others: Sequence[Seen] = (),
    keep: int = 10,
    clear: float = 0.0,
) -> list[Plan]:
    """Postures in which the hand on `side` can close on `seen`, best first; empty when there is none.

    Args:
        planner: inverse kinematics.
        side: "left" or "right".
        seen: what to take.
        start: configuration (37,) from which to go.
        others: what else stands around and must not be touched.
        keep: how many are enough.
        clear: height (m) above the base of `seen` that a hand around it leaves free.
    """
    plans = []
    palm = planner.palm(start, side)
    sign = 1.0 if side == "right" else -1.0
    options = []
    for option in candidates(planner.spec.hand, side, seen, planner.stance.yaw, clear):
        if not planner.may_reach(side, option.palm.position):
            continue
        before = option.palm.shifted(option.grasp.approach * [1, sign, 1])
        crowd = max(crowding(pose, sign, others) for pose in (option.palm, before))
        options.append((0.3 * _effort(palm, option.palm) + option.strain + 3.0 * crowd, crowd, option))
    options.sort(key=lambda entry: entry[0])
    spaces: dict[str, FreeSpace] = {}
    for estimate, crowd, option in options:
        if crowd > 1.0 and plans:
            break
        solution = planner.solve(side, option.palm, start)
        if not solution.reached:
            continue
        lean = float(np.abs(solution.configuration[7:9]).sum())
        cramped = 0.08 - min(solution.margin, 0.08)
        family = option.grasp.family
        if family not in spaces:
            spaces[family] = free_space(planner, side, others, option.grasp.open)
        touched = max(0.0, -spaces[family].least([solution.configuration]) - TOUCHING)
        cost = estimate + 0.5 * lean + 12.0 * cramped + 100.0 * touched
        plans.append(Plan(side, option.grasp, option.palm, solution, cost))
        if len(plans) >= keep:
            break
    return sorted(plans, key=lambda plan: plan.cost)


HEADING = np.deg2rad(25.0)
"""Direction of the fingers (rad, about z, inwards) that suits an arm all over the counter."""
AGREEMENT = 0.5
"""Cost (1/rad) of taking a thing otherwise than with level fingers along `HEADING`."""


def disagreement(plan: Plan) -> float:
    """What it costs that a plan differs from the usual way of taking things: demonstrations that agree are what can be
    learned from."""
    heading = HEADING if plan.side == "right" else -HEADING
    cos, sin = np.cos(heading), np.sin(heading)
    level = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    cosine = (np.trace(level.T @ plan.palm.rotation) - 1) / 2
    return AGREEMENT * float(np.arccos(np.clip(cosine, -1, 1)))


def completed(planner: ReachPlanner, plan: Plan) -> Plan | None:
    """The plan with its approach and its lift; None when the arm cannot come or go like that."""
    sign = 1.0 if plan.side == "right" else -1.0
    posture = plan.solution.configuration
    offset = plan.grasp.approach * [1, sign, 1]
    back = planner.trace(plan.side, [plan.palm.shifted(share * offset) for share in (0.35, 0.7, 1.0)], posture)
    lift = planner.trace(plan.side, [plan.palm.moved(share * LIFT * UP) for share in (0.33, 0.67, 1.0)], posture)
    return replace(plan, approach=(*back[::-1], posture), lift=tuple(lift)) if back and lift else None


_HAND_POINTS = np.array(
    [[x, y, z] for x in (0.0, 0.05, 0.10, 0.15, 0.185) for y in (-0.04, 0.0, 0.035) for z in (-0.07, -0.02, 0.01)]
    + [[x, 0.0, 0.0] for x in (-0.06, -0.12, -0.18, -0.24)]
)
"""Points (n, 3) m of an open hand and its forearm in the right palm frame."""
_ROOM = 0.018
"""Air (m) that a hand wants around it."""


def crowding(palm: Pose, sign: float, others: Sequence[Seen]) -> float:
    """How deep an open hand at `palm` would reach into `others`, in units of 2 cm; 0 when it touches none."""
    points = palm.position + (_HAND_POINTS * [1, sign, 1]) @ palm.rotation.T
    depth = 0.0
    for other in others:
        kind = KINDS[other.kind]
        radius = float(np.hypot(*kind.size[:2])) / 2 if kind.size[0] != kind.size[1] else kind.size[0] / 2
        below = points[:, 2] < other.position[2] + kind.rest_height + _ROOM
        if below.any():
            gaps = np.linalg.norm(points[below, :2] - other.position[:2], axis=1) - radius - _ROOM
            depth = max(depth, -float(gaps.min()))
    return depth / 0.02


def scraping(palm: Pose, sign: float, boards: Sequence[Obstacle]) -> float:
    """How deep an open hand at `palm` would reach into the furniture, in units of 2 cm; 0 when it touches none."""
    points = palm.position + (_HAND_POINTS * [1, sign, 1]) @ palm.rotation.T
    depth = 0.0
    for board in boards:
        aside = np.abs(points[:, :2] - board.centre[:2]) - board.half[:2]
        gaps = np.maximum(aside.max(axis=1), points[:, 2] - board.centre[2] - board.half[2])
        depth = max(depth, -float(gaps.min()))
    return depth / 0.02


def _effort(palm: Pose, pose: Pose) -> float:
    cosine = (np.trace(palm.rotation.T @ pose.rotation) - 1) / 2
    return float(np.arccos(np.clip(cosine, -1, 1)) + 2.0 * np.linalg.norm(palm.position - pose.position))
