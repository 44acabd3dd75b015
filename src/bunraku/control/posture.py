"""Where cameras and palms are, by forward kinematics of the nominal model at an estimated state."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.control.estimator import BodyState
from bunraku.control.nominal import NominalModel
from bunraku.robot import RobotSpec


class BodyPoses:
    """Poses of named frames of one robot, in the frame of the state (the stance frame)."""

    def __init__(self, spec: RobotSpec) -> None:
        """Compile the nominal model of `spec`."""
        self._nominal = NominalModel(spec)
        self._placed: np.ndarray | None = None

    def camera_pose(self, state: BodyState, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) m and rotation (3, 3) of the camera `name`; it looks along its −z, y is up in the image.

        Raises:
            KeyError: if there is no such camera.
        """
        camera = self._at(state.configuration).camera(name)
        return camera.xpos.copy(), camera.xmat.reshape(3, 3).copy()

    def palm_pose(self, state: BodyState, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) m and rotation (3, 3) of the hand frame on `side`."""
        return self.site_pose(state, f"{side}_palm")

    def sole_pose(self, state: BodyState, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) m and rotation (3, 3) of the sole on `side`."""
        return self.site_pose(state, f"{side}_sole")

    def site_pose(self, state: BodyState, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) m and rotation (3, 3) of any site of the robot; KeyError if there is none of that name."""
        site = self._at(state.configuration).site(name)
        return site.xpos.copy(), site.xmat.reshape(3, 3).copy()

    def _at(self, configuration: np.ndarray):
        if self._placed is None or not np.array_equal(self._placed, configuration):
            self._nominal.place(configuration)
            mujoco.mj_camlight(self._nominal.model, self._nominal.data)
            self._placed = configuration.copy()
        return self._nominal.data
