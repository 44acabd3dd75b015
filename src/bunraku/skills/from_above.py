"""Coming to something from above with level palm, as handles, buttons, cells and plugs are taken."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bunraku.control.free_space import FreeSpace, Standing
from bunraku.control.grasping import HandGrasp, palm_pose
from bunraku.control.reach import Pose
from bunraku.control.stance import wrapped
from bunraku.objects import PROPS
from bunraku.skills.body import Body
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.touch import pinch_line

Route = list[np.ndarray]
"""Configurations (37,) through which an arm goes."""
Onward = Callable[[Pose], Sequence[Pose]]
"""Where a palm goes on to from where it came down."""
OBLIQUE = np.deg2rad([0, 12, -12, 24, -24])
"""How far (rad) from square a hand may take what turns into line when it is pressed."""
INWARD, FARTHEST = np.deg2rad([25, 90])
"""Direction of the fingers (rad, from straight ahead to the inner side) that suits an arm, and how far from it is
tried."""
CLOSING = 0.8
"""Seconds in which fingers close, or open to let go."""
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
    onward: Onward = lambda palm: (),
    slope: float = 0.0,
) -> Iterator[tuple[Pose, Route]]:
    """Palms that have the middle of the `grasp` at `point` (3,) m, and free ways to `hover` m above them.

    The fingers point along one of `headings` (rad); from there the palm can go straight down and then `onward`. It is
    level, but for the `slope` (rad) by which what it holds rises along the fingers.
    """
    for palm, above in palms_down(body, side, grasp, point, headings, hover, onward, slope):
        route = space.way(body.reference, above)
        if route is not None:
            yield palm, route


def palms_down(
    body: Body,
    side: str,
    grasp: HandGrasp,
    point: np.ndarray,
    headings: Iterable[float],
    hover: float,
    onward: Onward = lambda palm: (),
    slope: float = 0.0,
) -> Iterator[tuple[Pose, np.ndarray]]:
    """As `ways_down`, with a posture (37,) above each palm and no way to it."""
    for heading in headings:
        fingers = np.array([np.cos(heading), np.sin(heading), 0.0])
        normal = np.cos(slope) * UP + np.sin(slope) * fingers
        palm = palm_pose(grasp, side, point, fingers, normal)
        above = body.planner.solve(side, palm.moved(hover * UP), body.reference)
        stops = [palm.moved(hover / 2 * UP), palm, *onward(palm)]
        if above.reached and body.planner.trace(side, stops, above.configuration) is not None:
            yield palm, above.configuration


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


def take_up(
    body: Body, side: str, grasp: HandGrasp, palm: Pose, route: Route, ajar: float, rise: float, speed: float
) -> Generator[None, None, None]:
    """Go along `route`, straight down to `palm` with fingers that are `ajar` by a share of their way, close the hand,
    and go straight up by `rise` m."""
    yield from move_fingers(body, side, opened(grasp, ajar), 0.3, body.full_tension)
    body.posture = route[-1]
    yield from move_body(body, *route)
    yield from move_straight(body, side, palm, speed)
    yield from move_fingers(body, side, grasp.closed, CLOSING, grasp.tension)
    yield from move_straight(body, side, palm.moved(rise * UP), speed)


def let_go(
    body: Body, side: str, grasp: HandGrasp, ajar: float, rise: float, speed: float
) -> Generator[None, None, None]:
    """Open the fingers from where they are to a share of their way, slowly, and go straight up by `rise` m."""
    assert body.observation is not None
    body.set_hand(side, body.observation.hand(side).position.copy(), body.full_tension)
    yield from move_fingers(body, side, opened(grasp, ajar), CLOSING, body.full_tension)
    yield from move_straight(body, side, body.palm(side).moved(rise * UP), speed)


def opened(grasp: HandGrasp, share: float) -> np.ndarray:
    """Fingers (n,) rad that have opened from contact by a `share` of their way."""
    return grasp.contact + share * (grasp.open - grasp.contact)


def as_held(body: Body, side: str, grasp: HandGrasp) -> tuple[HandGrasp, float]:
    """The grasp with its centre where the closed fingers are, and the slope (rad) of what they hold: thumb and fingers
    do not give way alike."""
    assert body.observation is not None
    (x, z), slope = pinch_line(body.planner.spec.hand, body.observation.hand(side).position)
    return replace(grasp, centre=np.array([x, grasp.centre[1], z])), slope


def boxes(around: Iterable[Seen], *but: str) -> list[Standing]:
    """The props that are seen `around`, except those named in `but`, as what stands in the way."""
    others = (seen for seen in around if seen.name not in but)
    return [Standing(seen.position, np.array(PROPS[seen.kind].size) / 2, seen.yaw) for seen in others]
