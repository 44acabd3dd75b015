"""Pockets into which something is put: four walls around a hole, whose inner edges slope back at the top."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.objects import Pocket, quaternion_about_z


def add_pocket(spec: mujoco.MjSpec, body, name: str, pocket: Pocket, at: tuple[float, float, float], **looks) -> None:
    """Put the walls of `pocket` on `body` of `spec`, the middle of its bottom `at` (3,) m in the body's frame.

    `name` tells its shapes from those of other pockets; `looks` are parameters of every geom.
    """
    for turn in range(4):
        half = pocket.size if turn % 2 == 0 else pocket.size[::-1]
        mesh = spec.add_mesh(name=f"{name} wall {turn}", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX)
        mesh.uservert = _wall(pocket, *half).ravel().tolist()
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=mesh.name,
            pos=at,
            quat=quaternion_about_z(turn * np.pi / 2),
            **looks,
        )


def _wall(pocket: Pocket, ahead: float, aside: float) -> np.ndarray:
    """Corners (10, 3) m of the wall that ends a pocket `ahead` m of its middle, along x."""
    back, up = pocket.lead
    high, wall = pocket.depth, pocket.wall
    section = [(0, 0), (0, high - up), (back, high), (wall, high), (wall, 0)]
    length = aside + pocket.wall
    return np.array([[ahead + out, side * length, z] for side in (-1, 1) for out, z in section])
