from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.control.ground import HeightMap
from bunraku.control.legs import Legs
from bunraku.control.steps import Velocity
from bunraku.errors import UserError
from bunraku.sim.field import Field, create_field, has_fallen
from bunraku.sim.relief import height_at, ramp, stairs
from bunraku.sim.robot import SimulatedRobot
from bunraku.tasks.walking import height_map


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3, 3), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_patch_of_a_plane_is_that_plane(slope_x, slope_y, yaw, x, y):
    cell = 0.002
    axis = np.arange(-1, 1, cell)
    heights = slope_x * axis[:, None] + slope_y * axis[None, :]
    patch = HeightMap((-1.0, -1.0), cell, heights).patch(np.array([x, y]), yaw)
    assert patch.height == pytest.approx(slope_x * x + slope_y * y, abs=1e-3)
    assert patch.roughness < 2e-3
    expected = np.array([-slope_x, -slope_y, 1.0])
    np.testing.assert_allclose(patch.normal, expected / np.linalg.norm(expected), atol=0.02)


def test_a_patch_across_an_edge_is_rough_and_one_beside_it_is_not():
    ground = height_map(tuple(stairs(0.5)))
    assert ground.patch(np.array([0.5, 0.0]), 0.0).roughness > 0.04
    assert ground.patch(np.array([0.65, 0.0]), 0.0, margin=0.01).roughness < 1e-9
    assert ground.patch(np.array([0.65, 0.0]), 0.0).height == pytest.approx(0.15)


def test_a_ramp_ends_where_it_began():
    slabs = tuple(ramp(1.0))
    x = np.array([0.9, slabs[0].x[1] + 0.5, slabs[-1].x[1] + 0.1])
    np.testing.assert_allclose(height_at(slabs, x), [0.0, 1.5 * np.sin(np.deg2rad(10)), 0.0])


@pytest.mark.parametrize("heights", [np.zeros((1, 3)), np.full((3, 3), np.nan), np.zeros(4)])
def test_a_map_that_is_none_is_one_clear_sentence(heights):
    with pytest.raises(UserError, match="height map"):
        HeightMap((0.0, 0.0), 0.01, heights)


@pytest.fixture
def climber():
    slabs = tuple(stairs(0.22, count=1))
    world = create_field(Field(slabs=slabs))
    robot = SimulatedRobot(world, seed=5, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    legs.tick(robot.observe(), Velocity())

    def run(ground, seconds=12.0):
        legs.climb(ground, 1)
        end = world.time + seconds
        while world.time < end and legs.climber is not None and legs.climber.stuck is None:
            robot.command(legs.tick(robot.observe(), Velocity()))
        return world, legs

    return slabs, run


def test_it_climbs_a_step_and_stands_on_it(climber):
    slabs, run = climber
    world, legs = run(height_map(slabs))
    assert not has_fallen(world)
    assert legs.climber is None and legs.walker.is_standing
    for side in ("left", "right"):
        assert world.data.site(f"{side}_sole").xpos[2] == pytest.approx(0.15, abs=0.01)


def test_without_a_place_for_the_foot_it_says_so_and_stands(climber):
    _, run = climber
    spikes = np.zeros((800, 400))
    spikes[::8] = 0.1
    world, legs = run(HeightMap((-1.0, -1.0), 0.005, spikes), seconds=3.0)
    assert not has_fallen(world)
    assert legs.climber is not None and "no place" in legs.climber.stuck
    with pytest.raises(UserError, match="stand"):
        legs.climb(height_map(()), 1)
