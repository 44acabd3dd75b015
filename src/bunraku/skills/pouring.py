"""`pour`: tilt a held mug over a bowl until what is in it has run out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice

import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.control.reach import Pose, turn_onto
from bunraku.objects import KINDS
from bunraku.skills.body import Body, Grip, Outcome, wait
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body
from bunraku.skills.perception import Seen
from bunraku.skills.surroundings import free_space

TILTS = np.deg2rad([0, 25, 50, 75, 95, 110, 125])
"""Tilts (rad) of the mug on its way: as far as the arm can."""
ENOUGH = np.deg2rad(105)
"""Tilt (rad) that empties a mug."""
HIGH, LOW = 0.13, 0.035
"""How high (m) above the bowl's rim the mug's lip is upright, and at the end of the tilt."""
BEHIND = 0.015
"""How far (m) short of the bowl's middle the lip is: what runs out flies on."""
MOST = 4
"""How many ways of tilting are compared."""
TURNS = np.deg2rad([0, 20, -20, 40, -40, 60, -60, 80, -80])
"""Turns (rad) of the hand about the vertical that are tried."""
SECONDS, EMPTYING = 3.0, 1.0
"""How long the tilt takes, and how long the mug stays tilted."""


def pour(body: Body, side: str, bowl: Seen) -> Generator[None, None, Outcome]:
    """Pour what is in the mug that the hand on `side` holds into `bowl`, and set the mug upright again."""
    grip = body.grips[side]
    space = free_space(body.planner, side, body.around(grip.seen.name, bowl.name), grip=grip)
    # A long way tilts far: the arm that tilts farthest pours.
    ways = sorted(islice(_ways(body, side, grip, bowl), MOST), key=len, reverse=True)
    for way in ways:
        route = space.way(body.reference, way[0])
        if route is None:
            continue
        body.say("pour", f"pouring into the {bowl.name}")
        body.posture = way[0]
        yield from move_body(body, *route)
        yield from move_body(body, *way[1:], least=SECONDS)
        yield from wait(body, EMPTYING)
        yield from move_body(body, *way[-2::-1], least=SECONDS / 2)
        return Outcome("pour", True, f"I poured into the {bowl.name}", {"tilt_rad": float(TILTS[len(way) - 1])})
    return Outcome("pour", False, f"my {side} hand cannot tilt the {grip.seen.name} over the {bowl.name}")


def _ways(body: Body, side: str, grip: Grip, bowl: Seen) -> Iterator[list[np.ndarray]]:
    """Postures (37,) of the tilt, those first that turn the hand least."""
    here = body.palm(side).rotation
    here = turn_onto(here @ grip.rotation[:, 2], UP) @ here
    base = bowl.position[2] - KINDS[bowl.kind].rest_height
    rim = np.array([*bowl.position[:2], base + KINDS[bowl.kind].size[2]])
    for turn in TURNS:
        upright = Rotation.from_rotvec(turn * UP).as_matrix() @ here
        axis = upright[:, 0] - UP * (UP @ upright[:, 0])  # along the fingers: the forearm turns
        axis /= np.linalg.norm(axis)
        for sign in (1.0, -1.0) if side == "left" else (-1.0, 1.0):
            poses = _tilt(grip, upright, sign * axis, rim)
            first = body.planner.solve(side, poses[0], body.reference)
            if not first.reached:
                continue
            way = [first.configuration]
            for pose in poses[1:]:
                solution = body.planner.solve(side, pose, way[-1], iterations=20)
                if not solution.close:
                    break
                way.append(solution.configuration)
            if TILTS[len(way) - 1] >= ENOUGH:
                yield way


def _tilt(grip: Grip, upright: np.ndarray, axis: np.ndarray, rim: np.ndarray) -> list[Pose]:
    """Palm poses that tilt the mug about the horizontal `axis` (3,) with its lip above `rim` (3,) m, the middle of the
    bowl's. `upright` is the palm's rotation (3, 3) with the mug upright."""
    size = KINDS[grip.seen.kind].size
    forward = np.cross(axis, UP)
    lip = UP * size[2] / 2 + forward * min(size[:2]) / 2
    poses = []
    for tilt in TILTS:
        turned = Rotation.from_rotvec(tilt * axis).as_matrix()
        share = tilt / TILTS[-1]
        height = HIGH + share * (LOW - HIGH)
        middle = rim - BEHIND * forward + height * UP - turned @ lip
        rotation = turned @ upright
        poses.append(Pose(middle - rotation @ grip.position, rotation))
    return poses
