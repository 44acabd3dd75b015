"""`lift_by_handles`: take something by its handles with both hands, and raise it level."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from itertools import product, zip_longest

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from bunraku.control.free_space import ARMS
from bunraku.control.grasping import HandGrasp, palm_pose, pinch
from bunraku.control.reach import IK_PERIOD, Pose, rotation_distance
from bunraku.objects import PROPS
from bunraku.robot import SIDES
from bunraku.skills.body import Body, Outcome, minimum_jerk
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_fingers
from bunraku.skills.perception import Seen
from bunraku.skills.picking import go_home
from bunraku.skills.surroundings import free_space
from bunraku.skills.touch import EMPTY, aperture

HOVER, SPEED = 0.10, 0.10
"""How high (m) above the handles the open hands come first, and the mean speed (m/s) of the palms from there on."""
OPENED, UNDER = 0.6, 0.002
"""How far of their way the fingers open, and how far (m) below the middle of a handle thumb and fingers meet."""
LEAN, COUNTERED, LEANS = 0.48, 35.0, (0.0, 0.8)
"""How far (rad) the palms lean forward, so that what they raise stays level: the thumb gives way and holds lower than
the fingers, and the faces of a handle lie square to the line between them. By how much less (rad) for each kg·m of a
load ahead of the handles, which the fingers let sink; and the limits of both. Measured with a can on a tray."""
OBLIQUE = np.deg2rad([0, 12, -12, 24])
"""How far (rad) from square, towards the other side, a hand may take its handle."""
SEARCH, FOUND = 60, 0.004
"""Steps in which a posture for both palms is looked for, and how far (m) the palms may be off in it."""

SETTLE = 0.2
"""Seconds for which the palms are led on at their goal."""

Palms = dict[str, Pose]


def lift_by_handles(
    body: Body, handles: Mapping[str, Seen], height: float, load: float = 0.0
) -> Generator[None, None, Outcome]:
    """Take the handle of each side with the hand of that side, and raise both by `height` m at once, level also under a
    `load` (kg·m), mass times distance ahead of the handles."""
    thickness = PROPS["handle"].size[0]
    grasp = pinch(body.planner.spec.hand, thickness, 30.0, centre_x=0.100, depth=0.085, squeeze=0.016, share=0.0)
    lean = float(np.clip(LEAN - COUNTERED * load, *LEANS))
    way = _way(body, grasp, handles, height, lean)
    if way is None:
        return Outcome("lift", False, "my hands do not reach both handles at once")
    palms, above = way
    opened = grasp.contact + OPENED * (grasp.open - grasp.contact)
    for side in SIDES:
        body.say("reach", f"reaching for a handle with the {side} hand")
        goal = body.reference.copy()
        goal[:9], goal[ARMS[side]] = above[:9], above[ARMS[side]]
        space = free_space(body.planner, side, body.around(), opened)
        yield from move_fingers(body, side, opened, 0.3, body.full_tension)
        yield from move_body(body, *(space.way(body.reference, goal) or [goal]))
    body.posture = above
    yield from move_palms(body, palms)
    closing = [move_fingers(body, side, grasp.closed, 0.8, grasp.tension) for side in SIDES]
    yield from (None for _ in zip_longest(*closing))
    body.say("lift", "lifting with both hands")
    yield from move_palms(body, {side: palm.moved(height * UP) for side, palm in palms.items()})
    assert body.observation is not None
    hand = body.planner.spec.hand
    gaps = {f"{side}_aperture_m": aperture(hand, body.observation.hand(side).position) for side in SIDES}
    if min(gaps.values()) > EMPTY:
        return Outcome("lift", True, "I raised it with both hands", gaps)
    body.say("lift", "a hand feels no handle, setting it down")
    yield from move_palms(body, palms)
    opening = [move_fingers(body, side, opened, 0.5, body.full_tension) for side in SIDES]
    yield from (None for _ in zip_longest(*opening))
    yield from move_palms(body, {side: palm.moved(HOVER * UP) for side, palm in palms.items()})
    yield from go_home(body)
    return Outcome("lift", False, "a hand closed on nothing, no handle in it", gaps)


def move_palms(body: Body, goals: Palms) -> Generator[None, None, None]:
    """Lead both palms to `goals` by straight minimum-jerk lines that begin and end together."""
    starts = {side: body.palm(side) for side in goals}
    turns = {
        side: Slerp([0, 1], Rotation.from_matrix(np.stack([starts[side].rotation, goal.rotation])))
        for side, goal in goals.items()
    }
    farthest = max(float(np.linalg.norm(goal.position - starts[side].position)) for side, goal in goals.items())
    steps = int(np.ceil(max(farthest / SPEED, 0.2) / body.pace / IK_PERIOD))
    for step in range(1, steps + 1):
        share = minimum_jerk(step / steps)
        body.track(
            {
                side: Pose(starts[side].position * (1 - share) + share * goal.position, turns[side](share).as_matrix())
                for side, goal in goals.items()
            }
        )
        yield
    for _ in range(round(SETTLE / IK_PERIOD)):
        body.track(goals)
        yield
    body.hold()


def _way(
    body: Body, grasp: HandGrasp, handles: Mapping[str, Seen], height: float, lean: float
) -> tuple[Palms, np.ndarray] | None:
    """Palm poses at the handles, leaning forward by `lean` rad, from which both can be raised, and a posture (37,) with
    the palms above them."""
    for left, right in sorted(product(OBLIQUE, OBLIQUE), key=lambda turns: float(np.abs(turns).sum())):
        palms = {
            side: _palm(grasp, side, handles[side].position - UNDER * UP, _fingers(body, handles[side], turn), lean)
            for side, turn in (("left", -left), ("right", right))
        }
        above = _posture(body, {side: palm.moved(HOVER * UP) for side, palm in palms.items()}, body.reference)
        if above is None:
            continue
        at = _posture(body, palms, above)
        if at is not None and _posture(body, {s: p.moved(height * UP) for s, p in palms.items()}, at) is not None:
            return palms, above
    return None


def _palm(grasp: HandGrasp, side: str, centre: np.ndarray, fingers: np.ndarray, lean: float) -> Pose:
    return palm_pose(grasp, side, centre, fingers, np.cos(lean) * UP + np.sin(lean) * fingers)


def _fingers(body: Body, handle: Seen, turn: float) -> np.ndarray:
    """The direction (3,) of fingers that take a handle across, away from the robot, but for a `turn` (rad)."""
    yaw = handle.yaw if np.cos(handle.yaw - body.stance.yaw) > 0 else handle.yaw + np.pi
    return np.array([np.cos(yaw + turn), np.sin(yaw + turn), 0.0])


def _posture(body: Body, palms: Palms, start: np.ndarray) -> np.ndarray | None:
    """A posture (37,) near `start` with both palms where they should be; None when there is none."""
    configuration = start
    for _ in range(SEARCH):
        configuration = body.planner.step(configuration, palms, period=0.1).configuration
    for side, palm in palms.items():
        reached = body.planner.palm(configuration, side)
        off = np.linalg.norm(reached.position - palm.position)
        if off > FOUND or rotation_distance(reached.rotation, palm.rotation) > 0.05:
            return None
    return configuration
