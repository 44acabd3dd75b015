"""A robot in an empty room, as the controllers see it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bunraku.control.goal import BodyGoal
from bunraku.control.whole_body import WholeBodyController
from bunraku.hands import load_hand, tension_limits
from bunraku.robot import JOINTS, SIDES, Command, HandCommand, RobotSpec, standing_configuration
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Scene
from bunraku.sim.world import World, create_world


@pytest.fixture(scope="session")
def spec() -> RobotSpec:
    return RobotSpec()


@pytest.fixture(scope="session")
def hand_specs(spec):
    hand = load_hand(spec.hand)
    return {side: hand for side in SIDES}


@pytest.fixture
def open_hand(hand_specs) -> HandCommand:
    hand = hand_specs["left"]
    return HandCommand(np.zeros(hand.dof), tension_limits(hand))


@pytest.fixture
def world(spec) -> World:
    return create_world(Scene(()), spec)


@pytest.fixture
def robot(world) -> SimulatedRobot:
    return SimulatedRobot(world, seed=1, cameras=())


@pytest.fixture
def true_body(world) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    """True configuration (37,) and velocity (36,) of the robot without its hands: for the referee only."""
    positions = [world.model.joint(name).qposadr[0] for name in JOINTS]
    rates = [world.model.joint(name).dofadr[0] for name in JOINTS]

    def read():
        qpos, qvel = world.data.qpos, world.data.qvel
        return np.concatenate([qpos[:7], qpos[positions]]), np.concatenate([qvel[:6], qvel[rates]])

    return read


@pytest.fixture
def stand(spec, robot, open_hand):
    """Run the controller over `seconds`, with the goal that `goal_at(t)` gives, and call `each(controller, goal)`."""
    controller = WholeBodyController(spec, robot.control_period)

    def run(seconds: float, goal_at=_still_goal, each=None) -> WholeBodyController:
        start = robot.observe().time
        while (now := robot.observe().time - start) < seconds:
            goal = goal_at(now)
            joints = controller.compute(robot.observe(), goal)
            robot.command(Command(robot.observe().time, joints, open_hand, open_hand))
            if each is not None:
                each(controller, goal)
        return controller

    return run


@pytest.fixture(scope="session")
def still_goal():
    return _still_goal


@pytest.fixture(scope="session")
def reaching_goal():
    return _reaching_goal


def _still_goal(_time: float = 0.0) -> BodyGoal:
    return BodyGoal(standing_configuration(RobotSpec()), np.zeros(36))


def _reaching_goal(time: float, duration: float = 1.5) -> BodyGoal:
    """Both arms go from rest to straight ahead at up to about 1 m/s, and stay there."""
    u = np.clip(time / duration, 0, 1)
    share, rate = u**3 * (10 - 15 * u + 6 * u * u), 30 * u * u * (1 - u) ** 2 / duration
    goal = _still_goal()
    for side in SIDES:
        for name, angle in (("shoulder_pitch", 1.6), ("elbow", -1.0), ("wrist_flexion", 0.3)):
            index = JOINTS.index(f"{side}_{name}")
            goal.configuration[7 + index] += angle * share
            goal.velocity[6 + index] = angle * rate
    return goal
