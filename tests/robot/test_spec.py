import mujoco
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.robot import CAMERAS, JOINTS, RobotSpec, build_robot, standing_configuration
from bunraku.robot.spec import Segments


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return build_robot().compile()


def test_weight_is_that_of_a_person(model):
    assert 57 <= model.body_subtreemass[1] <= 65


def test_the_controllers_model_weighs_the_same_and_keeps_the_order_of_the_joints(model):
    nominal = build_robot(hands=False).compile()
    assert nominal.body_subtreemass[1] == pytest.approx(model.body_subtreemass[1], abs=1e-6)
    assert tuple(nominal.joint(i).name for i in range(1, nominal.njnt)) == JOINTS


def test_it_has_seven_cameras_and_44_cables(model):
    assert {model.camera(i).name for i in range(model.ncam)} == set(CAMERAS)
    assert model.ntendon == 44


def test_every_limit_of_the_model_is_that_of_a_named_motor(model):
    for joint in RobotSpec().joints:
        motor = joint.drive.motor
        assert motor.source
        limit = motor.peak_torque * joint.drive.reduction
        np.testing.assert_allclose(model.actuator(joint.name).forcerange, [-limit, limit])
        inertia = motor.reflected_inertia * joint.drive.reduction**2
        assert model.joint(joint.name).armature[0] == pytest.approx(inertia)


def test_it_starts_on_its_soles_within_its_limits():
    spec = RobotSpec()
    posture = standing_configuration(spec)
    assert np.all(posture[7:] >= spec.lower_limits) and np.all(posture[7:] <= spec.upper_limits)
    nominal = build_robot(spec, hands=False).compile()
    data = mujoco.MjData(nominal)
    data.qpos[:] = posture
    mujoco.mj_kinematics(nominal, data)
    for side in ("left", "right"):
        np.testing.assert_allclose(data.site(f"{side}_sole").xpos[[0, 2]], 0, atol=1e-9)


def test_nothing_is_welded(model):
    assert model.neq == 0


def test_a_robot_without_height_is_refused():
    with pytest.raises(UserError, match="stature"):
        RobotSpec(segments=Segments(stature=0.0))
