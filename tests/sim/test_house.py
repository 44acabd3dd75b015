"""The house is what its plan says, and a person in it is scenery."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from bunraku.house import FURNITURE, GARDEN_LEVEL, LIVING_ROOM, ROOMS, STAIR, STEP_HEIGHT, WALLS, room_at
from bunraku.objects import SURFACES
from bunraku.sim import Scene, truth
from bunraku.sim.person import PLATE, Person
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Placed, on_surface
from bunraku.sim.world import create_world, step

HOLDING = Person(((-5.0, -0.9),), yaw=0.7, plate="blue")


@pytest.fixture(scope="module")
def world():
    mug = on_surface("red mug", "mug", "red", SURFACES["counter"], (0.5, 0.0), 0.0)
    return create_world(Scene((mug,), house=True, person=HOLDING, start=(-4.1, 0.3, np.pi)))


def hit(world, start, way) -> float:
    """How far (m) a ray from `start` goes before it meets something that can be touched."""
    geom = np.zeros(1, np.int32)
    groups = np.array([1, 0, 0, 1, 0, 0], np.uint8)
    start, way = np.array(start, float), np.array(way, float)
    distance = mujoco.mj_ray(world.model, world.data, start, way, groups, 1, -1, geom)
    return np.inf if distance < 0 else distance


def test_walls_and_furniture_stand_where_the_map_has_them(world):
    for block in (*WALLS, *STAIR[:-1]):
        middle = [float(np.mean(side)) for side in (block.x, block.y)]
        assert hit(world, [*middle, 3.0], [0, 0, -1]) == pytest.approx(3.0 - block.z[1], abs=0.01)
    for block in FURNITURE:
        x, y = (float(np.mean(side)) for side in (block.x, block.y))
        assert 3.0 - hit(world, [x + 0.02, y + 0.02, 3.0], [0, 0, -1]) > 0.3, block.name


def test_one_may_walk_from_room_to_room_and_climb_to_the_garden(world):
    assert hit(world, [0.0, -0.2, 0.5], [-1, 0, 0]) > 3.0
    assert hit(world, [-2.4, 0.8, 0.5], [-1, 0, 0]) > 3.0
    heights = [2.0 - hit(world, [-4.4, y, 2.0], [0, 0, -1]) for y in (1.3, 1.65, 1.95, 2.15, 2.5)]
    np.testing.assert_allclose(np.diff(heights), [STEP_HEIGHT] * 3 + [0.0], atol=1e-6)
    assert heights[-1] == pytest.approx(GARDEN_LEVEL)


def test_every_point_is_in_one_room_or_in_none():
    for name, room in ROOMS.items():
        assert room_at(*room.middle) == name
    assert room_at(LIVING_ROOM.x[1] + 0.05, 0.0) is None


def test_a_thing_rests_on_the_plate_that_a_person_holds_out():
    x, y, z = HOLDING.plate_position
    scene = Scene((Placed("red apple", "apple", "red", (x, y, z + 0.045), 0.0),), house=True, person=HOLDING)
    world = create_world(scene)
    for _ in range(250):
        step(world)
    assert truth.supported_by(world, "red apple") == {PLATE}
    assert truth.object_speed(world, "red apple") < 0.05


def test_a_person_walks_its_path_and_nothing_pushes_it():
    person = Person(((-5.0, -2.0), (-5.0, 0.0), (-4.0, 0.0)), yaw=0.3, speed=0.8, departs=0.2)
    assert person.at(0.1)[:3] == (-5.0, -2.0, 0.3)
    assert person.at(1.2)[:3] == pytest.approx((-5.0, -1.2, np.pi / 2))
    assert person.at(100.0)[:2] == pytest.approx((-4.0, 0.0))
    world = create_world(Scene(house=True, person=person))
    for _ in range(200):
        step(world)
    np.testing.assert_allclose(world.data.body("person").xpos[:2], person.at(world.time)[:2], atol=0.01)


def test_json_keeps_the_whole_scene():
    scene = Scene(house=True, person=HOLDING, start=(-4.0, 0.5, 1.0))
    assert Scene.from_json(scene.to_json()) == scene


def test_a_camera_sees_a_walking_person_where_it_was_when_the_picture_was_taken():
    person = Person(((1.5, -1.5), (1.5, 1.5)), speed=2.0)
    world = create_world(Scene(house=True, person=person, start=(-0.8, 0.0, 0.0)))
    robot = SimulatedRobot(world, cameras=("head_left",))
    early = robot.observe().frames["head_left"]
    for _ in range(200):
        step(world)
    red, green, _ = np.moveaxis(early.image.astype(int), 2, 0)
    sweater = np.flatnonzero((green - red > 40).any(axis=0))
    robot.close()
    assert sweater.size and sweater.mean() > 320  # still to the right, where it set out
