from __future__ import annotations

import mujoco
import numpy as np
import pytest

from bunraku.control.stance import Stance
from bunraku.house import GARDEN_LEVEL, blocks, garden_blocks, ground_height
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.build import build_model
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.body import HOUSE, UPSTAIRS
from bunraku.skills.paths import FloorMap
from bunraku.skills.stairs import FOOT, HEAD, storey_of
from bunraku.skills.walking import walk_to


def test_one_can_get_to_both_ends_of_the_stairs():
    house, garden = FloorMap(blocks()), FloorMap(garden_blocks())
    assert house.fits(FOOT) and storey_of(FOOT) == HOUSE
    assert garden.fits(HEAD) and storey_of(HEAD) == UPSTAIRS
    assert house.route(np.array([-4.4, -1.0]), house.gateway(FOOT)) is not None
    assert garden.route(garden.gateway(HEAD), np.array([-5.5, 4.5])) is not None
    assert not house.fits(HEAD) and not garden.fits(FOOT)


def test_the_map_of_the_ground_is_that_of_the_house_as_it_is_built():
    model = build_model(None, Scene(house=True))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    rng = np.random.default_rng(0)
    for x, y in np.column_stack([rng.uniform(-5.05, -3.75, 40), rng.uniform(0.9, 3.0, 40)]):
        hit = np.zeros(1, np.int32)
        groups = np.array([1, 0, 0, 0, 0, 0], np.uint8)
        down = mujoco.mj_ray(model, data, [x, y, 1.2], [0.0, 0.0, -1.0], groups, 1, -1, hit)
        edge = np.abs(np.array([1.5, 1.8, 2.1, 2.2]) - y).min()
        if edge > 0.02:
            assert 1.2 - down == pytest.approx(float(ground_height(np.array([x]), np.array([y]))[0]), abs=0.006)
    assert ground_height(np.array([-5.0]), np.array([4.0]))[0] == GARDEN_LEVEL


@pytest.mark.slow
def test_it_walks_up_to_the_terrace():
    world = create_world(Scene(house=True, start=(-4.4, 0.4, 1.2)))
    robot = SimulatedRobot(world, seed=1, cameras=())
    runtime = Runtime(robot, start=Stance(-4.4, 0.4, 1.2), house=True)
    goal = Stance(-4.8, 2.65, 0.0)
    outcome = runtime.run(walk_to(runtime.body, goal, "out"), lambda: world.time < 90)
    assert outcome is not None and outcome.success, outcome
    assert runtime.body.storey == UPSTAIRS and runtime.body.ascent is None
    here = world.data.body("pelvis").xpos
    assert np.hypot(*(here[:2] - goal.position)) < 0.2
    assert here[2] > GARDEN_LEVEL + 0.7
