from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bunraku.control.stance import Stance
from bunraku.robot import CameraFrame
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills import Seen
from bunraku.skills.body import Grip, is_dark
from bunraku.skills.grasps import candidates
from bunraku.skills.walking import walk_to

START, GOAL = (-4.6, -0.4, 0.0), Stance(-4.25, -0.35, 0.0)


class Blindfolded:
    """A robot whose cameras show nothing but black from a time on, or no new pictures at all."""

    def __init__(self, robot: SimulatedRobot, dark_from: float, frozen: bool = False) -> None:
        self._robot, self._dark_from, self._frozen = robot, dark_from, frozen
        self._last: dict = {}
        self.spec, self.control_period = robot.spec, robot.control_period
        self.command, self.stop = robot.command, robot.stop

    def observe(self):
        observation = self._robot.observe()
        if observation.time < self._dark_from:
            self._last = dict(observation.frames)
            return observation
        black = {name: replace_image(frame) for name, frame in observation.frames.items()}
        return replace(observation, frames=self._last if self._frozen else black)


def replace_image(frame):
    return CameraFrame(frame.camera, frame.time, np.zeros((480, 640, 3), np.uint8))


def walk(cameras=(), prepare=lambda runtime: None, wrap=lambda robot: robot):
    world = create_world(Scene(house=True, start=START))
    robot = SimulatedRobot(world, seed=3, cameras=cameras)
    runtime = Runtime(wrap(robot), start=Stance(*START), house=True)
    prepare(runtime)
    outcome = runtime.run(walk_to(runtime.body, GOAL), lambda: world.time < 12)
    robot.close()
    return runtime.body, outcome


def test_what_is_not_in_the_hand_any_more_ends_the_walk():
    def prepare(runtime: Runtime) -> None:
        seen = Seen("cube", "red", np.array([-4.2, -0.4, 0.95]), 0.0)
        grasp = candidates(runtime.robot.spec.hand, "right", seen)[0].grasp
        runtime.body.grips["right"] = Grip(seen, grasp, np.zeros(3), np.eye(3))
        runtime.body.set_hand("right", grasp.closed, 8.0)

    body, outcome = walk(prepare=prepare)
    assert not outcome.success
    assert outcome.reason.startswith("I lost the red cube on my way")
    assert outcome.measured["kind"] == "dropped"
    assert not body.grips and body.standing and body.walk is None


def test_legs_that_were_stopped_end_the_walk():
    world = create_world(Scene(house=True, start=START))
    runtime = Runtime(SimulatedRobot(world, seed=3, cameras=()), start=Stance(*START), house=True)

    def until_stopped() -> bool:
        if world.time > 1.5:
            runtime.stop("the button was pressed")
        return world.time < 12

    outcome = runtime.run(walk_to(runtime.body, Stance(-3.9, 0.3, 0.0), "to the door"), until_stopped)
    assert outcome is not None and not outcome.success
    assert outcome.reason == "I cannot walk to the door: I walk no more, for I was stopped: the button was pressed"
    assert runtime.body.standing


@pytest.mark.parametrize(("frozen", "says"), [(False, "nothing but black"), (True, "no picture comes")])
def test_eyes_that_fail_end_the_walk_on_both_feet(frozen, says):
    cameras = ("head_left", "head_right")
    body, outcome = walk(cameras, wrap=lambda robot: Blindfolded(robot, 1.5, frozen))
    assert not outcome.success
    assert says in outcome.reason and outcome.measured["kind"] == "blind"
    assert body.standing and body.walk is None


def test_one_eye_is_enough():
    class OneEyed(Blindfolded):
        def observe(self):
            observation = self._robot.observe()
            frames = dict(observation.frames)
            frames["head_left"] = replace_image(frames["head_left"])
            return replace(observation, frames=frames)

    body, outcome = walk(("head_left", "head_right"), wrap=lambda robot: OneEyed(robot, 0.0))
    assert outcome.success, outcome.reason
    assert body.blind is None


def test_a_dim_room_is_not_dark():
    picture = np.zeros((64, 64, 3), np.uint8)
    assert is_dark(picture)
    picture[:16] = 40
    assert not is_dark(picture)
