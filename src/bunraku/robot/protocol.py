"""What every robot does, simulated or real."""

from __future__ import annotations

from typing import Protocol

from bunraku.robot.interface import Command, Observation
from bunraku.robot.spec import RobotSpec


class Robot(Protocol):
    """A robot, simulated or real."""

    @property
    def spec(self) -> RobotSpec:
        """What this robot is."""
        ...

    @property
    def control_period(self) -> float:
        """Seconds between two control ticks."""
        ...

    def observe(self) -> Observation:
        """The latest reading of every sensor."""
        ...

    def command(self, command: Command) -> None:
        """Send one command and wait until the next control tick is due."""
        ...

    def stop(self) -> None:
        """Stop softly: hold the present posture and the present grip; later commands are refused."""
        ...
