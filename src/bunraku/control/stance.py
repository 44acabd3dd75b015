"""Where a stance lies in the world: the world frame is the frame of the very first stance, on the floor, z up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import mujoco
import numpy as np

from bunraku.control.estimator import BodyState
from bunraku.control.goal import BodyGoal


@dataclass(frozen=True)
class Stance:
    """A frame on the floor: `x`, `y` m and `yaw` rad in the frame that it is given in."""

    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0

    @property
    def position(self) -> np.ndarray:
        """x and y (2,) m."""
        return np.array([self.x, self.y])

    @property
    def forward(self) -> np.ndarray:
        """Unit vector (2,) straight ahead."""
        return np.array([np.cos(self.yaw), np.sin(self.yaw)])

    @property
    def rotation(self) -> np.ndarray:
        """Rotation (3, 3) from this frame to the one that it is given in."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    @property
    def inverse(self) -> Stance:
        """The frame in which this one is given, as seen from this one."""
        x, y = -self.rotation[:2, :2].T @ self.position
        return Stance(float(x), float(y), -self.yaw)

    def then(self, other: Stance) -> Stance:
        """The stance that `other`, given in this frame, has in the frame that this one is given in."""
        x, y = self.point(np.array([other.x, other.y, 0.0]))[:2]
        return Stance(float(x), float(y), wrapped(self.yaw + other.yaw))

    def point(self, point: np.ndarray) -> np.ndarray:
        """A point (…, 3) m of this frame, in the frame that this one is given in."""
        return point @ self.rotation.T + [self.x, self.y, 0.0]

    def configuration(self, configuration: np.ndarray) -> np.ndarray:
        """A configuration (37,) of this frame, in the frame that this one is given in."""
        turned = np.empty(4)
        mujoco.mju_mulQuat(turned, np.array([np.cos(self.yaw / 2), 0, 0, np.sin(self.yaw / 2)]), configuration[3:7])
        return np.concatenate([self.point(configuration[:3]), turned, configuration[7:]])

    def velocity(self, velocity: np.ndarray) -> np.ndarray:
        """A velocity (36,) likewise: the linear part turns, the angular one is the pelvis' own."""
        return np.concatenate([self.rotation @ velocity[:3], velocity[3:]])

    def state(self, state: BodyState) -> BodyState:
        """A state likewise."""
        return replace(
            state, configuration=self.configuration(state.configuration), velocity=self.velocity(state.velocity)
        )

    def goal(self, goal: BodyGoal) -> BodyGoal:
        """A goal likewise."""
        return BodyGoal(self.configuration(goal.configuration), self.velocity(goal.velocity))


def stance_at(position: np.ndarray, yaw: float) -> Stance:
    """The stance at x and y (2,) m."""
    return Stance(float(position[0]), float(position[1]), float(yaw))


def stance_of(configuration: np.ndarray) -> Stance:
    """Where the pelvis of a configuration (37,) stands and which way it faces."""
    w, x, y, z = configuration[3:7]
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return Stance(float(configuration[0]), float(configuration[1]), float(yaw))


def wrapped(angle: float) -> float:
    """The same angle between −π and π, rad."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
