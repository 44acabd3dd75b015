"""Moving a palm along straight lines and closing fingers: the motions of which skills are made."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation, Slerp

from bunraku.control.course import course
from bunraku.control.reach import IK_PERIOD, JOINT_SPEED, WAIST_SPEEDS, Pose, rotation_distance
from bunraku.skills.body import NECK, Body, minimum_jerk

SPEED, TURNING_SPEED = 0.45, 1.8
"""Mean speeds of a palm on its way, m/s and rad/s; the peak of a minimum-jerk line is 1.9 times as high."""


NEAR, PATIENCE = 0.003, 0.6
"""How near (m) a palm must have come to its last waypoint, and how long (s) it may lag behind."""
_WAIST_LIMITS = np.array(list(WAIST_SPEEDS.values()))
STILL = 0.02
"""Velocity (rad/s, m/s) that may end at once; faster references fade out."""


def _distance(body: Body, side: str, goal: Pose) -> float:
    return float(np.linalg.norm(goal.position - body.palm(side).position))


def move_palm(
    body: Body, side: str, waypoints: Sequence[Pose], speed: float = SPEED, settle: float = 0.0
) -> Generator[None, None, float]:
    """Lead a palm through `waypoints` by straight minimum-jerk lines.

    Returns:
        How far the reference stayed from the last waypoint, m.
    """
    for target in waypoints:
        start = body.palm(side)
        distance = float(np.linalg.norm(target.position - start.position))
        angle = rotation_distance(start.rotation, target.rotation)
        duration = max(distance / speed, angle / TURNING_SPEED, 0.15) / body.pace
        turn = Slerp([0, 1], Rotation.from_matrix(np.stack([start.rotation, target.rotation])))
        steps = int(np.ceil(duration / IK_PERIOD))
        for step in range(1, steps + 1):
            share = minimum_jerk(step / steps)
            position = start.position + share * (target.position - start.position)
            body.track({side: Pose(position, turn(share).as_matrix())})
            yield
    goal, waited = waypoints[-1], 0.0
    while waited < settle or (waited < PATIENCE and _distance(body, side, goal) > NEAR):
        body.track({side: goal})
        waited += IK_PERIOD
        yield
    yield from _come_to_rest(body)
    return _distance(body, side, goal)


def move_body(body: Body, *way: np.ndarray, least: float = 0.0, share: float = 1.0) -> Generator[None, None, None]:
    """Lead waist and arms joint by joint through the configurations (37,) of `way`, keeping feet and balance.

    Between distant postures this is gentler than a straight line of the palm, which may run through a singularity.
    `least` is the time (s) that it takes at full pace, if the joints do not need longer; they go at a `share` of their
    speed.
    """
    line, needed = course(np.array([body.reference, *way]))
    steps = int(np.ceil(max(needed / share, least, 0.2) / body.pace / IK_PERIOD))
    steps = int(np.ceil(steps * _haste(line, needed, steps)))
    for step in range(1, steps + 1):
        upper = line(minimum_jerk(step / steps) * needed)
        upper[2:4] = body.reference[NECK]  # the neck follows the gaze
        moved = body.planner.balance(body.reference, upper, body.velocity)
        body.reference, body.velocity = moved.configuration, moved.velocity
        yield
    yield from _come_to_rest(body)


def _haste(line: PchipInterpolator, duration: float, steps: int) -> float:
    """How many times too fast a joint would go somewhere, at least 1: it would lag, and the arm leave its course."""
    shares = np.array([minimum_jerk(step / steps) for step in range(steps + 1)])
    speeds = np.abs(np.diff(line(shares * duration), axis=0)).max(axis=0) / IK_PERIOD
    return max(1.0, float((speeds[:2] / _WAIST_LIMITS).max()), float(speeds[4:].max()) / JOINT_SPEED)


def _come_to_rest(body: Body) -> Generator[None, None, None]:
    while np.abs(body.velocity).max() > STILL:
        body.velocity = 0.7 * body.velocity
        body.reference = body.planner.integrate(body.reference, body.velocity * IK_PERIOD)
        yield
    body.hold()


def move_fingers(
    body: Body, side: str, posture: np.ndarray, seconds: float, tension: float | None = None
) -> Generator[None, None, None]:
    """Wind the cables from where they are to `posture` (n,) rad within `seconds`."""
    start = body.hands[side].posture
    steps = max(1, round(seconds / IK_PERIOD))
    for step in range(1, steps + 1):
        share = minimum_jerk(step / steps)
        body.set_hand(side, start + share * (posture - start), tension)
        body.hold()
        yield
