"""What the robot is and how it is spoken to.

`RobotSpec` holds every figure; `build_robot` makes the MuJoCo model of it; `Observation`, `Command` and `Robot` are the
interface between a robot, simulated or real, and everything that moves it.
"""

from typing import TYPE_CHECKING

from bunraku.lazy import lazy
from bunraku.robot.interface import (
    CAMERAS,
    JOINTS,
    SIDES,
    CameraFrame,
    Command,
    FootReading,
    HandCommand,
    HandReading,
    ImuReading,
    JointCommand,
    JointReading,
    Observation,
)
from bunraku.robot.protocol import Robot
from bunraku.robot.spec import RobotSpec

if TYPE_CHECKING:
    from bunraku.robot.model import build_robot, standing_configuration

__all__ = [
    "CAMERAS",
    "JOINTS",
    "SIDES",
    "CameraFrame",
    "Command",
    "FootReading",
    "HandCommand",
    "HandReading",
    "ImuReading",
    "JointCommand",
    "JointReading",
    "Observation",
    "Robot",
    "RobotSpec",
    "build_robot",
    "standing_configuration",
]

__getattr__ = lazy(__name__, "model", ("build_robot", "standing_configuration"))
