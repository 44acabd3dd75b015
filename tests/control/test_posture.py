from __future__ import annotations

import mujoco
import numpy as np
import pytest

from bunraku.control.estimator import BodyState
from bunraku.control.posture import BodyPoses
from bunraku.robot import CAMERAS, SIDES


def test_frames_agree_with_the_full_robot(spec, world, true_body):
    for i, name in enumerate(("left_elbow", "right_shoulder_pitch", "neck_yaw", "waist_pitch")):
        world.data.joint(name).qpos = 0.3 + 0.1 * i
    mujoco.mj_forward(world.model, world.data)
    configuration, velocity = true_body()
    state, poses = BodyState(0.0, configuration, velocity, np.ones(2)), BodyPoses(spec)
    for camera in CAMERAS:
        position, rotation = poses.camera_pose(state, camera)
        np.testing.assert_allclose(position, world.data.camera(camera).xpos, atol=1e-9)
        np.testing.assert_allclose(rotation.ravel(), world.data.camera(camera).xmat, atol=1e-9)
    for side in SIDES:
        for pose, name in ((poses.palm_pose, "palm"), (poses.sole_pose, "sole")):
            position, rotation = pose(state, side)
            np.testing.assert_allclose(position, world.data.site(f"{side}_{name}").xpos, atol=1e-9)
            np.testing.assert_allclose(rotation.ravel(), world.data.site(f"{side}_{name}").xmat, atol=1e-9)


def test_an_unknown_camera_is_an_error(spec):
    with pytest.raises(KeyError):
        BodyPoses(spec).camera_pose(BodyState(0.0, np.zeros(37), np.zeros(36), np.ones(2)), "tail")
