"""What stands around an arm, and what it carries, as its free space wants them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from bunraku.control.free_space import FreeSpace, Standing
from bunraku.control.reach import ReachPlanner
from bunraku.objects import KINDS, surface_points
from bunraku.skills.body import Grip
from bunraku.skills.perception import Seen

ROUND = frozenset({"can", "bottle", "ball", "apple", "bowl", "plate"})
_GRID = np.array([[x, y, z] for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) != (0, 0, 0)])


def standing(seen: Seen) -> Standing:
    """The upright box or cylinder that holds all of what was seen, handle included, also when it has fallen over."""
    cos, sin = np.cos(seen.yaw), np.sin(seen.yaw)
    about_z = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    leaning = np.eye(3) if seen.rotation is None else about_z.T @ seen.rotation
    low, high = _extent(seen.kind, leaning)
    upright = leaning[2, 2] > 0.9
    return Standing(
        seen.position + about_z @ (low + high) / 2, (high - low) / 2, seen.yaw, seen.kind in ROUND and bool(upright)
    )


def _extent(kind: str, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = _surface(kind) @ rotation.T
    return points.min(axis=0), points.max(axis=0)


@cache
def _surface(kind: str) -> np.ndarray:
    return surface_points(KINDS[kind], solid_only=False)


def carried(grip: Grip) -> np.ndarray:
    """Points (26, 3) m in the palm frame on the box around what is held."""
    low, high = _extent(grip.seen.kind, np.eye(3))
    box = (low + high) / 2 + _GRID * (high - low) / 2
    return box @ grip.rotation.T + grip.position


def free_space(
    planner: ReachPlanner,
    side: str,
    things: Iterable[Seen],
    fingers: np.ndarray | None = None,
    grip: Grip | None = None,
) -> FreeSpace:
    """Where the arm on `side` may go among `things`, with its `fingers` (n,) rad, or with what it holds by `grip`."""
    boxes = [standing(seen) for seen in things]
    if grip is None:
        return FreeSpace(planner, side, boxes, fingers)
    fingers = grip.grasp.contact if fingers is None else fingers
    return FreeSpace(planner, side, boxes, fingers, carried(grip), grip.rotation[:, 2])
