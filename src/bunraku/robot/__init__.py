"""What the robot is and how it is spoken to.

`RobotSpec` holds every figure; `build_robot` makes the MuJoCo model of it; `Observation`, `Command` and `Robot` are the
interface between a robot, simulated or real, and everything that moves it.
"""

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
    Robot,
)
from bunraku.robot.spec import RobotSpec

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


def __getattr__(name: str):
    if name in ("build_robot", "standing_configuration"):
        from bunraku.robot import model

        return getattr(model, name)
    raise AttributeError(f"module 'bunraku.robot' has no attribute '{name}'")
