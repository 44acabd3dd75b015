import mujoco
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.objects import SURFACES
from bunraku.sim import truth
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Placed, Scene, on_surface
from bunraku.sim.world import create_world


@pytest.fixture
def world(spec):
    table = SURFACES["counter"]
    box = on_surface("blue box", "box", "blue", table, (0.60, 0.1), 0)
    on_box = Placed("red cube", "cube", "red", (0.60, 0.1, table.top + 0.16 + 0.02), 0.0)
    aside = on_surface("green can", "can", "green", SURFACES["side table"], (0.4, 0.8), 0)
    return create_world(Scene((box, on_box, aside)), spec)


def test_who_touches_whom_even_when_asleep(world, standing):
    robot = SimulatedRobot(world, cameras=())
    for _ in range(100):
        robot.command(standing)
    assert (world.data.tree_asleep >= 0).any(), "things at rest sleep"
    assert truth.touching(world, "blue box") == {"counter", "red cube"}
    assert truth.supported_by(world, "red cube") == {"blue box"}
    assert truth.touching(world, "green can") == {"side_table"}
    assert truth.object_speed(world, "red cube") < 1e-3


def test_asking_disturbs_nothing(world):
    before = world.data.qpos.copy()
    truth.touching(world, "red cube")
    truth.is_standing(world)
    assert np.array_equal(world.data.qpos, before) and world.time == 0


def test_a_hand_is_named(world):
    address = world.model.joint(OBJECT_PREFIX + "red cube").qposadr[0]
    world.data.qpos[address : address + 3] = world.data.site("right_palm").xpos
    assert "right_hand" in truth.touching(world, "red cube")
    assert truth.supported_by(world, "red cube").isdisjoint({"right_hand", "robot"})


def test_pose_and_tilt(world):
    pose = truth.object_pose(world, "green can")
    assert pose.position == pytest.approx(world.scene.find("green can").position)
    assert pose.tilt == pytest.approx(0)
    world.data.joint(OBJECT_PREFIX + "green can").qpos[3:] = [np.cos(0.2), np.sin(0.2), 0, 0]
    mujoco.mj_forward(world.model, world.data)
    assert truth.object_pose(world, "green can").tilt == pytest.approx(0.4)


def test_a_fallen_robot_does_not_stand(world, standing):
    SimulatedRobot(world, cameras=()).command(standing)
    assert truth.is_standing(world)
    world.data.qpos[3:7] = [np.cos(0.7), 0, np.sin(0.7), 0]
    mujoco.mj_forward(world.model, world.data)
    assert not truth.is_standing(world)


def test_unknown_object_is_one_sentence(world):
    with pytest.raises(UserError, match="no “red mug”"):
        truth.touching(world, "red mug")
