"""`pull_open`: take a drawer by its handle, pull it open, and let go."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np

from bunraku.control.free_space import FreeSpace, Standing
from bunraku.control.grasping import HandGrasp, pinch
from bunraku.control.reach import Pose
from bunraku.objects import CABINET, HANDLE_GAP, PROPS
from bunraku.skills.body import Body, Outcome
from bunraku.skills.from_above import OBLIQUE, ways_down
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.touch import EMPTY, aperture

HOVER = 0.10
"""How high (m) above the handle the open hand comes first."""
OPENED = 0.6
"""How far of their way the fingers open: behind the handle there is no more room."""
SPEED = 0.10
"""Mean speed (m/s) of the palm on its way down and while it pulls."""


def pull_open(body: Body, handle: Seen, distance: float) -> Generator[None, None, Outcome]:
    """Pull a drawer open by `distance` m."""
    side = "left" if body.stance.inverse.point(handle.position)[1] > 0 else "right"
    thickness = PROPS["handle"].size[0]
    grasp = pinch(body.planner.spec.hand, thickness, 20.0, centre_x=0.100, depth=0.085, squeeze=0.010)
    ahead = ahead_of(body, handle)
    depth, width, height = CABINET
    front = np.array([*(handle.position + HANDLE_GAP * ahead)[:2], handle.position[2]])
    yaw = float(np.arctan2(ahead[1], ahead[0]))
    cabinet = Standing(front + depth / 2 * ahead, np.array([depth, width, height]) / 2, yaw)
    halves = (-distance / 2 * ahead, -distance * ahead)
    ways = ways_to_handle(body, side, grasp, handle, cabinet, lambda palm: [palm.moved(half) for half in halves])
    way = next(ways, None)
    if way is None:
        return Outcome("pull", False, f"I cannot reach the {handle.name} with my {side} hand")
    palm, _ = way
    yield from take_handle(body, side, grasp, handle, *way)
    body.say("pull", f"pulling the {handle.name}")
    yield from move_palm(body, side, [palm.moved(-distance * ahead)], speed=SPEED, settle=0.2)
    assert body.observation is not None
    gap = aperture(body.planner.spec.hand, body.observation.hand(side).position)
    yield from let_go_of_handle(body, side, grasp)
    if gap < EMPTY:
        return Outcome("pull", False, f"the hand closed on nothing, no {handle.name} in it", {"aperture_m": gap})
    return Outcome("pull", True, f"I pulled the {handle.name}", {"aperture_m": gap})


def take_handle(
    body: Body, side: str, grasp: HandGrasp, handle: Seen, palm: Pose, route: Sequence[np.ndarray]
) -> Generator[None, None, None]:
    """Go along `route` to above the handle, with the palm down to `palm`, and close the hand on it."""
    body.say("reach", f"reaching for the {handle.name} with the {side} hand")
    yield from move_fingers(body, side, _ajar(grasp), 0.3, body.full_tension)
    body.posture = route[-1]
    yield from move_body(body, *route)
    yield from move_palm(body, side, [palm], speed=SPEED, settle=0.2)
    yield from move_fingers(body, side, grasp.closed, 0.8, grasp.tension)


def let_go_of_handle(body: Body, side: str, grasp: HandGrasp) -> Generator[None, None, None]:
    """Open the hand as far as there is room, and rise from the handle."""
    yield from move_fingers(body, side, _ajar(grasp), 0.5, body.full_tension)
    yield from move_palm(body, side, [body.palm(side).moved(HOVER * UP)], speed=2 * SPEED)


def _ajar(grasp: HandGrasp) -> np.ndarray:
    return grasp.contact + OPENED * (grasp.open - grasp.contact)


def ahead_of(body: Body, handle: Seen) -> np.ndarray:
    """The direction (3,) into the cabinet: across the handle, away from the robot."""
    across = np.array([np.cos(handle.yaw), np.sin(handle.yaw), 0.0])
    return across if across @ (handle.position - body.stance.point(np.zeros(3))) > 0 else -across


def ways_to_handle(
    body: Body, side: str, grasp: HandGrasp, handle: Seen, cabinet: Standing, onward: Callable[[Pose], list[Pose]]
) -> Iterator[tuple[Pose, list[np.ndarray]]]:
    """Palm poses at the handle of a `cabinet` from which the palm can go `onward`, and the free ways to above them."""
    ahead = ahead_of(body, handle)
    yaw = float(np.arctan2(ahead[1], ahead[0]))
    space = FreeSpace(body.planner, side, [cabinet], grasp.open)
    headings = (yaw + turn for turn in OBLIQUE)
    return ways_down(body, side, grasp, handle.position, headings, HOVER, space, onward)
