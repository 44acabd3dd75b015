"""`lay`: take a cell that lies on the counter, and lay it into a pocket of a rack."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from bunraku.control.free_space import FreeSpace, Standing
from bunraku.control.grasping import HandGrasp, pinch
from bunraku.control.reach import Pose
from bunraku.objects import CELL_POCKET, PROPS, RACK_BASE, RACK_PITCH, RACK_POCKETS
from bunraku.robot import SIDES
from bunraku.skills.body import Body, Outcome
from bunraku.skills.from_above import (
    Route,
    across,
    as_held,
    boxes,
    let_go,
    move_straight,
    palms_down,
    take_up,
    ways_down,
)
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body
from bunraku.skills.perception import Seen
from bunraku.skills.picking import go_home
from bunraku.skills.touch import holds

WIDTH, LENGTH = PROPS["cell"].size[1], PROPS["cell"].size[0]
HIGHER = 0.002
"""How far (m) above its axis a cell is taken: the fingers let go above the rim of a pocket."""
TIP, RIM_AIR = 0.009, 0.001
"""From the middle between the fingertips to the lowest point of the thumb, and the air (m) below that at the rim."""
LETTING_GO = CELL_POCKET.depth + RIM_AIR + TIP - HIGHER
"""How high (m) above the bottom of its pocket the axis of a cell is when the fingers let it go."""
HOVER, SPEED = 0.09, 0.12
"""How high (m) above a cell and a pocket a hand comes first, and the mean speed (m/s) of its way down and up."""
SHORT = 0.004
"""How far (m) a palm may stay from where it was to let a cell go."""
AJAR, OPENED = 0.6, 0.35
"""How far of their way the fingers open to take a cell, and to let it go between its neighbours."""


@dataclass(frozen=True)
class Place:
    """A pocket of a rack: the middle of its bottom, `point` (3,) m, and the direction `yaw` (rad) along it."""

    point: np.ndarray
    yaw: float

    @property
    def above(self) -> np.ndarray:
        """Where the middle of the fingers is when they let a cell go, (3,) m."""
        return self.point + (LETTING_GO + HIGHER) * UP

    def holds(self, cell: Seen) -> bool:
        """Whether `cell` is seen to lie in it, or upon it."""
        return bool(np.hypot(*(cell.position - self.point)[:2]) < RACK_PITCH / 2)


def pockets(rack: Seen) -> list[Place]:
    """The pockets of a rack, in their order along it."""
    row = np.array([np.cos(rack.yaw), np.sin(rack.yaw), 0.0])
    bottom = rack.position + (RACK_BASE - PROPS["rack"].rest_height) * UP
    aside = (np.arange(RACK_POCKETS) - (RACK_POCKETS - 1) / 2) * RACK_PITCH
    return [Place(bottom + offset * row, rack.yaw + np.pi / 2) for offset in aside]


def lay(body: Body, cell: Seen, place: Place, around: Sequence[Seen]) -> Generator[None, None, Outcome]:
    """Take `cell` and lay it into `place`, between what is `around`, with a hand that reaches both."""
    for side in hands_for(body, cell, place):
        grasp = _grasp(body)
        way = _way(body, side, grasp, cell.position + HIGHER * UP, cell.yaw, boxes(around, cell.name))
        if way is not None:
            return (yield from _lay(body, side, grasp, way, cell, place, around))
    return Outcome("pick", False, f"I cannot reach the {cell.name} and its pocket with one hand")


def hands_for(body: Body, cell: Seen, place: Place) -> list[str]:
    """The hands that reach both a cell and a place for it, that on the side of the cell first."""
    grasp, low = _grasp(body), cell.position + HIGHER * UP
    nearer = "left" if body.stance.inverse.point(cell.position)[1] > 0 else "right"
    return [
        side
        for side in sorted(SIDES, key=lambda side: side != nearer)
        if any(palms_down(body, side, grasp, place.above, across(body, side, place.yaw, (0.0,)), HOVER))
        and any(palms_down(body, side, grasp, low, across(body, side, cell.yaw), HOVER))
    ]


def _grasp(body: Body) -> HandGrasp:
    return pinch(body.planner.spec.hand, WIDTH, 12.0, centre_x=0.100, depth=0.085, squeeze=0.010)


def _lay(
    body: Body, side: str, grasp: HandGrasp, way: tuple[Pose, Route], cell: Seen, place: Place, around: Sequence[Seen]
) -> Generator[None, None, Outcome]:
    palm, route = way
    body.say("reach", f"reaching for the {cell.name} with the {side} hand")
    yield from take_up(body, side, grasp, palm, route, AJAR, HOVER, SPEED)
    held, felt = holds(body, side, grasp, WIDTH)
    if not held:
        yield from _leave(body, side, grasp)
        return Outcome("pick", False, f"the hand closed on nothing, no {cell.name} in it", felt)
    grip, _ = as_held(body, side, grasp)
    onto = _way(body, side, grip, place.above, place.yaw, boxes(around, cell.name), held=True)
    if onto is None:
        yield from move_straight(body, side, palm.moved(0.002 * UP), SPEED)
        yield from _leave(body, side, grasp)
        return Outcome("place", False, f"my {side} arm cannot lay the {cell.name} there", felt)
    down, route = onto
    body.say("place", f"laying the {cell.name} into its pocket")
    body.gaze = place.point
    body.posture = route[-1]
    yield from move_body(body, *route)
    error = yield from move_straight(body, side, down, SPEED)
    if error > SHORT:
        yield from _leave(body, side, grasp)
        return Outcome("place", False, f"the arm stopped {1000 * error:.0f} mm before the pocket")
    held, felt = holds(body, side, grasp, WIDTH)
    yield from _leave(body, side, grasp)
    if not held:
        return Outcome("place", False, f"I lost the {cell.name} on the way", felt)
    return Outcome("place", True, f"I laid the {cell.name} down", felt)


def _leave(body: Body, side: str, grasp: HandGrasp) -> Generator[None, None, None]:
    """Let go of a cell, rise, and go home."""
    yield from let_go(body, side, grasp, OPENED, HOVER, SPEED)
    yield from go_home(body, (side,))


def _way(
    body: Body, side: str, grasp: HandGrasp, point: np.ndarray, yaw: float, boxes: list[Standing], held: bool = False
) -> tuple[Pose, Route] | None:
    along = np.array([[0.0, share * LENGTH / 2, 0.0] for share in (-1, 0, 1)])
    sign = 1.0 if side == "right" else -1.0
    carried = along + grasp.centre * [1, sign, 1] if held else None
    space = FreeSpace(body.planner, side, boxes, grasp.contact if held else grasp.open, carried)
    headings = across(body, side, yaw, (0.0,)) if held else across(body, side, yaw)
    return next(ways_down(body, side, grasp, point, headings, HOVER, space), None)
