import numpy as np
import pytest

from bunraku.hands import load_hand, tension_limits
from bunraku.robot.interface import JOINTS, Command, HandCommand, JointCommand
from bunraku.robot.model import standing_configuration
from bunraku.robot.spec import RobotSpec
from bunraku.sim.scene import Scene, random_scene


@pytest.fixture(scope="session")
def spec() -> RobotSpec:
    return RobotSpec()


@pytest.fixture
def scene() -> Scene:
    return random_scene(np.random.default_rng(0), kinds=("mug", "can", "ball", "bowl"))


@pytest.fixture
def standing(spec):
    """A command that holds the initial posture stiffly, hands open."""
    hand = load_hand(spec.hand)
    open_hand = HandCommand(np.zeros(len(hand.joint_names)), tension_limits(hand))
    nothing = np.zeros(len(JOINTS))
    strong = spec.torque_limits > 100
    damping = np.where(strong, 0.4, 0.03) * spec.torque_limits
    joints = JointCommand(standing_configuration(spec)[7:], nothing, nothing, 10 * spec.torque_limits, damping)
    return Command(0.0, joints, open_hand, open_hand)
