"""The one loop: reaching and walking by turns, in one world."""

from __future__ import annotations

import numpy as np
import pytest

from bunraku.control.stance import Stance, stance_of
from bunraku.control.steps import Velocity
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.truth import is_standing
from bunraku.sim.world import create_world
from bunraku.skills.moving import move_palm
from bunraku.skills.rising import get_up


@pytest.fixture
def world():
    return create_world(Scene())


@pytest.fixture
def runtime(world):
    robot = SimulatedRobot(world, seed=2, cameras=())
    return Runtime(robot)


def true_stance(world) -> Stance:
    return stance_of(np.concatenate([world.data.qpos[:7], np.zeros(30)]))


def walk(body, velocity, seconds):
    for _ in range(round(seconds / 0.02)):
        body.walk = velocity
        yield
    body.walk = Velocity()
    while not body.standing:
        yield


def test_it_reaches_after_it_walked_and_still_knows_where_things_are(world, runtime):
    body = runtime.body
    runtime.run(walk(body, Velocity(-0.3, 0.0, 0.5), 1.6))
    runtime.idle(1.0)
    assert abs(body.stance.yaw) > 0.3
    assert true_stance(world).x < -0.15
    goal = body.palm("right").moved(body.stance.rotation @ [0.2, 0.0, 0.1])
    runtime.run(move_palm(body, "right", [goal]))
    np.testing.assert_allclose(world.data.site("right_palm").xpos, goal.position, atol=0.015)


def test_a_walk_that_is_cancelled_in_mid_step_ends_on_both_feet(world, runtime):
    ticks = iter(range(60))
    assert runtime.run(walk(runtime.body, Velocity(-0.4), 5.0), lambda: next(ticks, None) is not None) is None
    assert not runtime.body.standing
    runtime.idle(2.0)
    assert runtime.body.standing
    assert world.data.body("pelvis").xpos[2] > 0.8


def test_a_skill_waits_while_the_feet_move(runtime):
    body = runtime.body
    runtime.run(walk(body, Velocity(-0.3), 0.8), lambda: body.standing or body.walk is not None)
    body.walk = Velocity(-0.3)
    while body.standing:
        runtime.step()
    body.walk = None
    standing = []

    def skill():
        for _ in range(3):
            standing.append(body.standing)
            body.hold()
            yield

    runtime.run(skill())
    assert standing == [True, True, True]


def test_a_correction_moves_the_map_and_no_joint(world, runtime):
    body = runtime.body
    runtime.idle(0.2)
    before, joints = body.palm("left").position, body.reference[7:].copy()
    runtime.correct(Stance(0.05, -0.02, 0.03))
    np.testing.assert_allclose(body.palm("left").position, Stance(0.05, -0.02, 0.03).point(before), atol=1e-6)
    np.testing.assert_array_equal(body.reference[7:], joints)
    runtime.idle(0.5)
    assert np.abs(true_stance(world).position).max() < 0.02


def test_what_the_legs_refuse_is_said_once_and_it_stands(runtime):
    def skill(body):
        for _ in range(30):
            body.walk = Velocity(float("nan"))
            yield

    runtime.run(skill(runtime.body))
    assert runtime.body.standing
    assert [event.skill for event in runtime.events] == ["legs"]
    assert "finite" in runtime.events[0].text


@pytest.mark.slow
def test_pushed_over_it_says_so_lies_still_and_gets_up():
    away_from_the_counter = Stance(-0.6, 0.3, -np.pi / 2)
    world = create_world(Scene(start=(-0.6, 0.3, -np.pi / 2)))
    runtime = Runtime(SimulatedRobot(world, seed=2, cameras=()), start=away_from_the_counter)

    def said() -> str:
        return " ".join(event.text for event in runtime.events if event.skill == "legs")

    torso = world.model.body("torso").id
    world.data.xfrc_applied[torso, :3] = [0.0, -450.0, 0.0]
    runtime.idle(0.25)
    world.data.xfrc_applied[torso, :3] = 0.0
    while "can get up" not in said():
        runtime.idle(0.1)
        assert world.time < 10.0
    assert not runtime.body.standing
    outcome = runtime.run(get_up(runtime.body))
    assert outcome.success, outcome
    runtime.idle(1.0)
    assert is_standing(world, lowest_pelvis=0.8, largest_tilt=0.1)
    assert runtime.body.standing
