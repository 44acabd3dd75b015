"""Where the robot's own arms and hands are in its pictures, by its encoders alone."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from bunraku.robot import JOINTS, RobotSpec, build_robot
from bunraku.robot.model import COLLISION_GROUP

LIMBS = ("upper_arm", "elbow", "forearm", "wrist", "palm", "hand", "thumb", "index", "middle", "ring", "little")


class OwnBody:
    """Capsules around the arms and hands, posed by the encoders."""

    def __init__(self, spec: RobotSpec | None = None) -> None:
        """Make the model that is posed; it takes about a second."""
        model = self._model = build_robot(spec).compile()
        self._data = mujoco.MjData(model)
        self._body = [model.joint(name).qposadr[0] for name in JOINTS]
        body_names = [model.body(i).name for i in range(model.nbody)]
        self._geoms = [
            g
            for g in range(model.ngeom)
            if model.geom_group[g] == COLLISION_GROUP
            and any(limb in body_names[model.geom_bodyid[g]] for limb in LIMBS)
        ]
        half = np.array([_as_capsule(model.geom_type[g], model.geom_size[g]) for g in self._geoms])
        self._axis, self._radius = half[:, :3], half[:, 3]

    def capsules(
        self, configuration: np.ndarray, hands: Mapping[str, tuple[tuple[str, ...], np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ends (n, 2, 3) m in the world and radii (n,) m.

        Args:
            configuration: (37,) pelvis position and quaternion wxyz in the world, and the body joints.
            hands: joint names without side, and positions (m,) rad, by side.
        """
        data = self._data
        data.qpos[:7], data.qpos[self._body] = configuration[:7], configuration[7:]
        for side, (names, position) in hands.items():
            for name, angle in zip(names, position, strict=True):
                data.joint(f"{side}_{name}").qpos = angle
        mujoco.mj_kinematics(self._model, data)
        centre = data.geom_xpos[self._geoms]
        rotation = data.geom_xmat[self._geoms].reshape(-1, 3, 3)
        along = (rotation @ self._axis[..., None])[..., 0]
        return np.stack([centre - along, centre + along], axis=1), self._radius


def _as_capsule(geom_type: int, size: np.ndarray) -> tuple[float, float, float, float]:
    """Half the axis (x, y, z) m of a capsule about a geom, and its radius m."""
    if geom_type == mujoco.mjtGeom.mjGEOM_SPHERE:
        return 0.0, 0.0, 0.0, float(size[0])
    if geom_type in (mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER):
        return 0.0, 0.0, float(size[1]), float(size[0])
    longest = int(np.argmax(size))
    radius = float(np.median(size))
    axis = np.zeros(3)
    axis[longest] = max(size[longest] - radius, 0.0)
    return float(axis[0]), float(axis[1]), float(axis[2]), radius
