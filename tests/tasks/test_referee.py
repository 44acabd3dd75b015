import mujoco
import numpy as np
import pytest

from bunraku.objects import SURFACES
from bunraku.sim import Scene
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.scene import on_surface
from bunraku.sim.world import World, create_world
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.referee import Referee

COUNTER, SHELF = SURFACES["counter"], SURFACES["shelf"]
MIDDLE = ((SHELF.x[0] + SHELF.x[1]) / 2, (SHELF.y[0] + SHELF.y[1]) / 2)
SCENE = Scene(
    (
        on_surface("red mug", "mug", "red", COUNTER, (0.45, -0.1), 0.0),
        on_surface("green bottle", "bottle", "green", COUNTER, (0.45, 0.2), 0.0),
    )
)


@pytest.fixture
def world() -> World:
    world = create_world(SCENE)
    for _ in range(10):  # until the soles press on the floor
        mujoco.mj_step(world.model, world.data)
    return world


def referee(world: World, target: str = "shelf", relation: str = "on") -> Referee:
    return Referee(world, Assignment(SCENE, "red mug", relation, target, ""))


def place(world: World, name: str, position: tuple[float, float, float], quaternion=(1.0, 0.0, 0.0, 0.0)) -> None:
    """Set an object down by hand: what the robot may never do, to know what the referee says."""
    joint = world.data.joint(OBJECT_PREFIX + name)
    joint.qpos, joint.qvel = [*position, *quaternion], np.zeros(6)
    mujoco.mj_forward(world.model, world.data)


def on_the_shelf(world: World) -> None:
    place(world, "red mug", (*MIDDLE, SHELF.top + 0.0474))


def test_at_first_it_is_not_done(world: World) -> None:
    assert "shelf" in referee(world).complaint()


def test_a_mug_on_the_shelf_is_what_was_asked_for(world: World) -> None:
    judge = referee(world)
    on_the_shelf(world)
    assert judge.complaint() == ""


def test_it_counts_only_after_a_second(world: World) -> None:
    judge = referee(world)
    on_the_shelf(world)
    start = world.time
    for after, done in ((0.1, False), (0.6, False), (1.05, False), (1.15, True)):
        world.data.time = start + after
        judge.watch()
        assert judge.done == done
    place(world, "red mug", (*MIDDLE, SHELF.top + 0.3))
    world.data.time += 0.1
    judge.watch()
    assert not judge.done, "what does not last does not count"


def test_a_mug_in_the_air_or_on_the_counter_is_not_on_the_shelf(world: World) -> None:
    judge = referee(world)
    place(world, "red mug", (*MIDDLE, SHELF.top + 0.3))
    assert judge.complaint()
    place(world, "red mug", (0.6, 0.0, COUNTER.top + 0.0475))
    assert judge.complaint()


def test_knocking_something_else_over_fails_it(world: World) -> None:
    judge = referee(world)
    on_the_shelf(world)
    place(world, "green bottle", (0.45, 0.2, COUNTER.top + 0.035), (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0))
    assert "green bottle" in judge.complaint()
    place(world, "green bottle", (1.2, 0.2, 0.1))
    assert "green bottle" in judge.complaint()


def test_a_robot_that_lies_on_the_floor_has_fallen(world: World) -> None:
    judge = referee(world)
    on_the_shelf(world)
    world.data.qpos[2] = 0.2
    mujoco.mj_forward(world.model, world.data)
    judge.watch()
    assert not judge.has_fallen, "a stumble is no fall"
    world.data.time += 0.6
    judge.watch()
    assert judge.has_fallen
    assert "standing" in judge.complaint()


def test_holding_needs_a_hand(world: World) -> None:
    judge = referee(world, target="")
    place(world, "red mug", (0.45, -0.1, COUNTER.top + 0.3))
    assert "hand" in judge.complaint()


def test_beside_means_near_and_not_where_it_was(world: World) -> None:
    judge = referee(world, "green bottle", "beside")
    assert judge.complaint()
    place(world, "red mug", (0.45, 0.05, COUNTER.top + 0.0475))
    assert judge.complaint() == ""
