"""Coming to something from above with level palm, as handles, buttons, cells and plugs are taken."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import numpy as np

from bunraku.control.free_space import FreeSpace
from bunraku.control.grasping import HandGrasp, palm_pose
from bunraku.control.reach import Pose
from bunraku.control.stance import wrapped
from bunraku.skills.body import Body
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_palm

Route = list[np.ndarray]
"""Configurations (37,) through which an arm goes."""
OBLIQUE = np.deg2rad([0, 12, -12, 24, -24])
"""How far (rad) from square a hand may take what turns into line when it is pressed."""
INWARD, FARTHEST = np.deg2rad([25, 110])
"""Direction of the fingers (rad, from straight ahead to the inner side) that suits an arm, and how far from it is
tried."""
WAYPOINTS = 0.03
"""How far (m) apart the postures of a straight way are planned."""


def ways_down(
    body: Body,
    side: str,
    grasp: HandGrasp,
    point: np.ndarray,
    headings: Iterable[float],
    hover: float,
    space: FreeSpace,
    onward: Callable[[Pose], Sequence[Pose]] = lambda palm: (),
) -> Iterator[tuple[Pose, Route]]:
    """Level palms that have the middle of the `grasp` at `point` (3,) m, and free ways to `hover` m above them.

    The fingers point along one of `headings` (rad); from there the palm can go straight down and then `onward`.
    """
    for heading in headings:
        palm = palm_pose(grasp, side, point, np.array([np.cos(heading), np.sin(heading), 0.0]), UP)
        above = body.planner.solve(side, palm.moved(hover * UP), body.reference)
        if not above.reached:
            continue
        stops = [palm.moved(hover / 2 * UP), palm, *onward(palm)]
        if body.planner.trace(side, stops, above.configuration) is None:
            continue
        route = space.way(body.reference, above.configuration)
        if route is not None:
            yield palm, route


def across(body: Body, side: str, yaw: float, oblique: Sequence[float] = tuple(OBLIQUE)) -> list[float]:
    """Directions of fingers (rad) that take something across the direction `yaw` (rad), the easiest first."""
    easiest = body.stance.yaw + (INWARD if side == "right" else -INWARD)

    def hardship(option: tuple[float, float]) -> float:
        square, turn = option
        return abs(wrapped(square + turn - easiest)) + abs(turn)

    squares = (yaw + np.pi / 2, yaw - np.pi / 2)
    options = sorted(((square, turn) for square in squares for turn in oblique), key=hardship)
    return [square + turn for square, turn in options if abs(wrapped(square - easiest)) < FARTHEST]


def move_straight(body: Body, side: str, goal: Pose, speed: float) -> Generator[None, None, float]:
    """Lead a palm to `goal` along a straight line whose postures are planned before: led by differential steps alone,
    it strays by a centimetre where the trunk must come along.

    Returns:
        How far the reference stayed from `goal`, m.
    """
    start = body.palm(side)
    way = goal.position - start.position
    distance = float(np.linalg.norm(way))
    count = max(1, round(distance / WAYPOINTS))
    stops = [Pose(start.position + share * way, goal.rotation) for share in np.arange(1, count + 1) / count]
    postures = body.planner.trace(side, stops, body.reference)
    if postures:
        yield from move_body(body, *postures, least=distance / speed)
    return (yield from move_palm(body, side, [goal], speed=speed, settle=0.2))
