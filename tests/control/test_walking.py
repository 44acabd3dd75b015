from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bunraku.control.stance import Stance
from bunraku.control.steps import Velocity
from bunraku.errors import UserError
from bunraku.sim.field import Field, create_field, has_fallen, push
from bunraku.sim.relief import ramp
from bunraku.sim.robot import SimulatedRobot
from bunraku.skills.walking import Legs, steer
from bunraku.tasks.walking import height_map, pushed, run_trial


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
def test_a_velocity_beyond_the_legs_brings_it_to_a_stand_with_one_clear_sentence(field, walker, velocity):
    legs = walker(1.8, lambda now: Velocity(0.4))
    assert not legs.walker.is_standing
    legs = walker(1.5, lambda now: velocity)
    assert not has_fallen(field)
    assert legs.walker.is_standing
    assert legs.refusal is not None
    assert [entry.joint for entry in legs.interventions] == [legs.refusal]
    legs = walker(1.0, lambda now: Velocity(0.3))
    assert legs.refusal is None
    assert not legs.walker.is_standing


def test_a_posture_that_is_no_number_is_refused_and_the_last_one_kept(field):
    robot = SimulatedRobot(field, seed=3, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    good = legs.walker.still_goal
    bad = replace(good, configuration=np.where(np.arange(37) == 12, np.nan, good.configuration))
    while field.time < 1.8:
        robot.command(legs.tick(robot.observe(), Velocity(0.4), good if field.time < 0.7 else bad))
    assert not has_fallen(field)
    assert legs.walker.is_standing
    assert legs.supervisor.stopped is None
    assert [entry.joint for entry in legs.interventions] == [legs.refusal]
    robot.command(legs.tick(robot.observe(), Velocity(), good))
    assert legs.refusal is None


def test_what_contradicts_its_state_is_refused_in_one_sentence(field, walker):
    legs = walker(0.1, lambda now: Velocity())
    with pytest.raises(UserError, match="on my feet"):
        legs.get_up()
    assert legs.on_feet
    robot = SimulatedRobot(field, seed=3, cameras=())
    fallen = Legs(robot.spec, robot.control_period)
    fallen.get_up()
    with pytest.raises(UserError, match="get up first"):
        fallen.climb(height_map(()), 1)


def test_stopped_for_good_it_refuses_to_walk(walker):
    legs = walker(0.1, lambda now: Velocity())
    legs.stop("somebody is near")
    legs = walker(0.5, lambda now: Velocity(0.3))
    assert legs.walker.is_standing
    assert "somebody is near" in legs.refusal


DEATHS = {
    "nothing": lambda imu: replace(imu, orientation=np.full(4, np.nan), angular_velocity=np.full(3, np.nan)),
    "an old reading": lambda imu: replace(imu, time=2.0),
    "zeros": lambda imu: replace(imu, angular_velocity=np.zeros(3), acceleration=np.zeros(3)),
    "one reading": lambda imu: replace(imu, angular_velocity=np.full(3, 0.2), acceleration=np.array([0.3, 0, 9.7])),
}


@pytest.mark.parametrize("death", DEATHS)
def test_when_the_imu_dies_in_mid_walk_it_comes_to_a_stand_by_its_legs_alone(field, death):
    robot = SimulatedRobot(field, seed=3, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    while field.time < 5.0:
        observation = robot.observe()
        if field.time > 2.0:
            observation = replace(observation, imu=DEATHS[death](observation.imu))
        robot.command(legs.tick(observation, Velocity(0.4, 0.0, 0.2)))
    assert not has_fallen(field)
    assert "the IMU is dead" in legs.supervisor.stopped
    assert any("the IMU is dead" in entry.joint for entry in legs.interventions)


def test_a_push_that_tips_its_feet_does_not_fool_it_about_its_velocity(field):
    robot = SimulatedRobot(field, seed=3, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    worst = 0.0
    while field.time < 3.5:
        push(field, np.array([150.0, 150.0, 0.0]) if 1.5 < field.time < 1.6 else None)
        robot.command(legs.tick(robot.observe(), Velocity(0.3)))
        state, yaw = legs.walker.controller.state, legs.walker.stance_frame[2]
        velocity = Stance(yaw=float(yaw)).rotation @ state.velocity[:3]
        worst = max(worst, float(np.abs(velocity[:2] - field.data.qvel[:2]).max()))
    assert not has_fallen(field)
    assert worst < 0.12


@pytest.mark.parametrize(("walking", "seed"), [(False, 2), (True, 22)])
def test_a_hard_push_neither_twists_the_stance_foot_away_nor_sets_one_foot_on_the_other(walking, seed):
    assert run_trial(pushed(seed, 300.0, 2 * np.pi * (seed % 12) / 12, walking)).fell_at is None


def test_it_walks_over_a_ramp_that_it_knows():
    slabs = tuple(ramp(0.4, length=0.7, landing=0.4))
    world = create_field(Field(slabs=slabs))
    robot = SimulatedRobot(world, seed=3, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    legs.walker.ground = height_map(slabs)
    highest = 0.0
    while world.time < 10.2 and not has_fallen(world):
        x, y, yaw = legs.walker.pose if world.time else np.zeros(3)
        ahead = Velocity(0.35, float(np.clip(-y, -0.1, 0.1)), float(np.clip(-yaw, -0.3, 0.3)))
        robot.command(legs.tick(robot.observe(), ahead if x < slabs[-1].x[1] + 0.3 else Velocity()))
        highest = max(highest, float(world.data.body("pelvis").xpos[2]))
    assert not has_fallen(world)
    assert legs.walker.is_standing
    assert world.data.body("pelvis").xpos[0] > slabs[-1].x[1]
    assert highest > 0.9 + slabs[0].heights[1] / 2
    np.testing.assert_allclose(legs.walker.pose, true_pose(world), atol=0.1)
