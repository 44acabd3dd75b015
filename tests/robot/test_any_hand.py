import mujoco
import numpy as np
import pytest

from bunraku.hands import load_hand
from bunraku.hands.spec import hand_names
from bunraku.robot import RobotSpec, build_robot, standing_configuration


@pytest.mark.parametrize("name", hand_names())
def test_the_robot_carries_every_hand_that_ships(name):
    spec, hand = RobotSpec(hand=name), load_hand(name)
    model = build_robot(spec).compile()
    data = mujoco.MjData(model)
    standing = standing_configuration(spec)
    data.qpos[:7] = standing[:7]
    for joint, angle in zip(spec.joints, standing[7:], strict=True):
        data.joint(joint.name).qpos[0] = angle
    assert model.nv == len(standing) - 1 + 2 * hand.dof
    mujoco.mj_step(model, data, round(0.1 / model.opt.timestep))
    assert not data.warning.number.any()
    assert np.isfinite(data.qpos).all() and np.abs(data.qvel).max() < 50
