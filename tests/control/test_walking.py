from __future__ import annotations

import numpy as np
import pytest

from bunraku.control.stance import Stance
from bunraku.control.steps import Velocity
from bunraku.errors import UserError
from bunraku.sim.field import Field, create_field, has_fallen
from bunraku.sim.robot import SimulatedRobot
from bunraku.skills.walking import Legs, steer


@pytest.fixture
def field():
    return create_field(Field())


@pytest.fixture
def walker(field):
    robot = SimulatedRobot(field, seed=3, cameras=())
    legs = Legs(robot.spec, robot.control_period)

    def run(seconds, velocity_at):
        for _ in range(round(seconds / robot.control_period)):
            robot.command(legs.tick(robot.observe(), velocity_at(field.time)))
        return legs

    return run


def true_pose(world) -> np.ndarray:
    pelvis = world.data.body("pelvis")
    return np.array([*pelvis.xpos[:2], np.arctan2(pelvis.xmat[3], pelvis.xmat[0])])


def test_it_walks_an_arc_stops_and_knows_where_it_is(field, walker):
    legs = walker(4.5, lambda now: Velocity(0.4, 0.0, 0.4) if now < 3.5 else Velocity())
    assert not has_fallen(field)
    assert legs.walker.is_standing
    pose = true_pose(field)
    # 3.5 s at 0.4 m/s and 0.4 rad/s, less the rise of the command and the first shift of weight.
    assert np.hypot(*pose[:2]) == pytest.approx(1.05, abs=0.2)
    assert pose[2] == pytest.approx(1.15, abs=0.2)
    np.testing.assert_allclose(legs.walker.pose, pose, atol=0.05)
    assert not legs.interventions


def test_told_to_stop_in_mid_walk_it_stands_first_then_stays_stopped(field, walker):
    legs = walker(1.6, lambda now: Velocity(0.4))
    assert not legs.walker.is_standing
    legs.stop("a person pressed the button")
    legs = walker(4.0, lambda now: Velocity(0.4))
    assert legs.supervisor.stopped == "a person pressed the button"
    assert not has_fallen(field)


def test_steering_arrives_by_its_own_reckoning(field, walker):
    robot = SimulatedRobot(field, seed=4, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    legs.tick(robot.observe(), Velocity())
    goal = Stance(0.5, 0.25, 0.5)
    for _ in range(4000):
        velocity = steer(Stance(*legs.walker.pose), goal)
        if velocity.is_zero and legs.walker.is_standing:
            break
        robot.command(legs.tick(robot.observe(), velocity))
    assert legs.walker.is_standing
    np.testing.assert_allclose(true_pose(field), [0.5, 0.25, 0.5], atol=0.09)


@pytest.mark.parametrize("velocity", [Velocity(float("nan")), Velocity(5.0), Velocity(0, 0, float("inf"))])
def test_a_velocity_beyond_the_legs_is_one_clear_sentence(walker, velocity):
    with pytest.raises(UserError, match=r"velocity|legs"):
        walker(0.01, lambda now: velocity)
