from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bunraku.control.supervisor import HEARTBEAT, Supervisor
from bunraku.control.whole_body import WholeBodyController
from bunraku.hands import tension_limits
from bunraku.robot import Command, HandCommand, JointCommand
from bunraku.sim.truth import is_standing

numbers = st.floats(-1e6, 1e6)


@pytest.fixture
def supervisor(spec, robot, hand_specs) -> Supervisor:
    return Supervisor(spec, hand_specs, robot.control_period)


@pytest.fixture
def good(spec, robot, open_hand, still_goal) -> Command:
    joints = WholeBodyController(spec, robot.control_period).compute(robot.observe(), still_goal())
    return Command(robot.observe().time, joints, open_hand, open_hand)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=arrays(float, (5, 30), elements=numbers), hand=arrays(float, (2, 22), elements=numbers))
def test_whatever_comes_leaves_within_limits_and_clamping_twice_changes_nothing(spec, robot, hand_specs, body, hand):
    observation = robot.observe()
    command = Command(0.0, JointCommand(*body), HandCommand(*hand), HandCommand(*hand[::-1]))
    supervisor = Supervisor(spec, hand_specs, robot.control_period)
    once, _ = supervisor.filter(command, observation)
    joints = once.joints
    step = spec.speed_limits * robot.control_period
    assert (np.abs(joints.torque) <= spec.torque_limits).all()
    assert (np.abs(joints.velocity) <= spec.speed_limits).all()
    assert (np.abs(joints.position - observation.joints.position) <= step + 1e-9).all()
    assert (joints.stiffness >= 0).all()
    assert (joints.damping >= 0).all()
    for side in ("left", "right"):
        tension = getattr(once, f"{side}_hand").tension_limit
        assert (tension >= 0).all()
        assert (tension <= tension_limits(hand_specs[side])).all()
    twice, interventions = Supervisor(spec, hand_specs, robot.control_period).filter(once, observation)
    assert not interventions
    for field in fields(JointCommand):
        np.testing.assert_allclose(getattr(twice.joints, field.name), getattr(joints, field.name), atol=1e-12)
    np.testing.assert_allclose(twice.left_hand.position, once.left_hand.position, atol=1e-9)


def test_100_rad_per_second_is_clamped_and_reported(supervisor, robot, good, spec):
    wild = replace(good, joints=replace(good.joints, velocity=np.full(30, 100.0)))
    given_, interventions = supervisor.filter(wild, robot.observe())
    np.testing.assert_allclose(given_.joints.velocity, spec.speed_limits)
    assert {(entry.kind, entry.asked) for entry in interventions} == {("velocity", 100.0)}


@pytest.mark.parametrize(
    "broken",
    [
        lambda command: replace(command, joints=replace(command.joints, torque=np.full(30, np.nan))),
        lambda command: replace(command, joints=replace(command.joints, position=np.zeros(7))),
        lambda command: replace(command, left_hand=HandCommand(np.full(22, np.inf), np.zeros(22))),
        lambda command: replace(command, right_hand=None),
        lambda command: "walk faster",
    ],
)
def test_garbage_holds_the_last_good_command_and_is_reported(supervisor, robot, good, broken):
    last, _ = supervisor.filter(good, robot.observe())
    held, interventions = supervisor.filter(broken(good), robot.observe())
    assert [entry.kind for entry in interventions] == ["garbage"]
    np.testing.assert_array_equal(held.joints.torque, last.joints.torque)
    np.testing.assert_array_equal(held.left_hand.tension_limit, last.left_hand.tension_limit)


def test_silence_stops_and_nothing_starts_it_again(supervisor, robot, good, open_hand):
    supervisor.filter(good, robot.observe())
    kinds = []
    late = replace(robot.observe(), time=robot.observe().time + HEARTBEAT + 0.01)
    command, interventions = supervisor.filter(None, late)
    kinds += [entry.kind for entry in interventions]
    again, interventions = supervisor.filter(good, late)
    assert kinds == ["silence", "stop"]
    assert supervisor.stopped
    assert not interventions
    assert (again.joints.stiffness > 0).all()
    np.testing.assert_array_equal(command.left_hand.tension_limit, open_hand.tension_limit)


def test_ordinary_motion_needs_no_intervention(spec, supervisor, robot, open_hand, reaching_goal):
    controller = WholeBodyController(spec, robot.control_period)
    for _ in range(500):
        observation = robot.observe()
        joints = controller.compute(observation, reaching_goal(observation.time))
        command, interventions = supervisor.filter(Command(observation.time, joints, open_hand, open_hand), observation)
        assert not interventions
        robot.command(command)


def test_stopped_in_mid_reach_it_stays_up_and_keeps_its_grip(spec, world, supervisor, robot, hand_specs, reaching_goal):
    controller = WholeBodyController(spec, robot.control_period)
    grip = HandCommand(np.full(22, 0.4), 0.6 * tension_limits(hand_specs["left"]))
    for tick in range(1500):
        observation = robot.observe()
        if tick == 200:
            supervisor.stop("a person pressed the button")
        joints = controller.compute(observation, reaching_goal(observation.time))
        command, _ = supervisor.filter(Command(observation.time, joints, grip, grip), observation)
        robot.command(command)
    assert is_standing(world)
    assert np.abs(robot.observe().joints.velocity).max() < 0.1
    np.testing.assert_array_equal(command.left_hand.tension_limit, grip.tension_limit)
