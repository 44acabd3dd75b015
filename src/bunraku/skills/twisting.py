"""`unscrew`: take a cap from above, turn it as far as the arm turns, and again from the beginning."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.control.grasping import HandGrasp, palm_pose, pinch
from bunraku.control.reach import Pose
from bunraku.objects import PROPS
from bunraku.skills.body import Body, Outcome
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.surroundings import free_space
from bunraku.skills.touch import aperture

HOVER, SPEED = 0.06, 0.12
"""How high (m) above the cap the open hand waits, and the mean speed (m/s) of the palm up and down."""
STARTS = np.deg2rad([-60, -40, -20, 0, -80, 20])
"""Directions of the fingers (rad, from straight ahead) from which a turn to the left is tried."""
STEP, LONGEST, SHORTEST = np.deg2rad([15, 105, 45])
"""Of one turn (rad): the distance of its waypoints, the longest, and the shortest that is worth it."""
LEAP = 0.45
"""Motion of a joint (rad) between two waypoints beyond which the arm would swing about instead of turning on."""
TURNING = 1.0
"""Mean speed (rad/s) of a turn."""
MOST = 8
"""How many turns are made at most."""

Turn = list[np.ndarray]
"""Configurations (37,): above the cap, at it, and on while it turns."""


def unscrew(body: Body, cap: Seen, angle: float) -> Generator[None, None, Outcome]:
    """Turn a cap to the left, `angle` rad in all."""
    side = "left" if body.stance.inverse.point(cap.position)[1] > 0 else "right"
    width = PROPS["cap"].size[0]
    grasp = pinch(body.planner.spec.hand, width, 30.0, centre_x=0.105, depth=0.080, squeeze=0.018, share=0.5)
    turns = [turn for turn in (_turn(body, side, grasp, cap, start) for start in STARTS) if turn]
    space = free_space(body.planner, side, body.around(), grasp.open)
    ways = ((turn, space.way(body.reference, turn[0])) for turn in sorted(turns, key=len, reverse=True))
    turn, route = next(((turn, route) for turn, route in ways if route), (None, None))
    if turn is None or route is None:
        return Outcome("unscrew", False, f"I cannot reach the {cap.name} with my {side} hand")
    body.say("reach", f"reaching for the {cap.name} with the {side} hand")
    yield from move_fingers(body, side, grasp.open, 0.3, body.full_tension)
    yield from move_body(body, *route)
    body.posture, turned, stroke = turn[0], 0.0, STEP * (len(turn) - 2)
    for _ in range(MOST):
        body.say("unscrew", f"turning the {cap.name}")
        yield from move_body(body, turn[1], least=HOVER / SPEED)
        yield from move_fingers(body, side, grasp.closed, 0.6, grasp.tension)
        yield from move_body(body, *turn[2:], least=stroke / TURNING)
        assert body.observation is not None
        gap = aperture(body.planner.spec.hand, body.observation.hand(side).position)
        yield from move_fingers(body, side, grasp.open, 0.5, body.full_tension)
        yield from move_palm(body, side, [body.palm(side).moved(HOVER * UP)], speed=SPEED)
        if gap < width / 2:
            return Outcome("unscrew", False, f"the hand closed on nothing, no {cap.name} in it", {"aperture_m": gap})
        turned += stroke
        if turned >= angle:
            break
        yield from move_body(body, turn[0])
    return Outcome("unscrew", turned >= angle, f"I turned the {cap.name}", {"turned_rad": float(turned)})


def _turn(body: Body, side: str, grasp: HandGrasp, cap: Seen, start: float) -> Turn:
    """A turn of the cap from where the fingers point `start` rad to the left, as far as it goes; [] if not far."""
    palms = [_palm(body, side, grasp, cap, start + share) for share in np.arange(0.0, LONGEST + 1e-3, STEP)]
    hover = body.planner.solve(side, palms[0].moved(HOVER * UP), body.reference)
    if not hover.reached:
        return []
    way = [hover.configuration]
    for palm in palms:
        solution = body.planner.solve(side, palm, way[-1], iterations=30)
        if not solution.reached or np.abs(solution.configuration - way[-1])[7:].max() > LEAP:
            break
        way.append(solution.configuration)
    return way if STEP * (len(way) - 2) >= SHORTEST else []


def _palm(body: Body, side: str, grasp: HandGrasp, cap: Seen, turn: float) -> Pose:
    heading = body.stance.yaw + turn
    return palm_pose(grasp, side, cap.position, np.array([np.cos(heading), np.sin(heading), 0.0]), UP)
