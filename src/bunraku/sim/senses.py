"""The simulated robot's sensors: from the simulator's state to what a robot would read, with its errors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from bunraku.robot.interface import (
    SIDES,
    CameraFrame,
    FootReading,
    HandReading,
    ImuReading,
    JointReading,
    Observation,
)
from bunraku.sim.darkroom import Darkroom, LatentFrame, develop
from bunraku.sim.motors import BodyMotors, CableMotors
from bunraku.sim.noise import SensorNoise, rotate_by
from bunraku.sim.world import Instant, World


class Senses:
    """Encoders, cable tensions, IMU and feet. Readings are copies that cannot be written to."""

    def __init__(
        self,
        world: World,
        body: BodyMotors,
        hands: Mapping[str, CableMotors],
        noise: SensorNoise,
        rng: np.random.Generator,
    ) -> None:
        self._world, self._rng = world, rng
        self._hands = [hands[side] for side in SIDES]
        self._orientation, imu_rate, imu_acceleration = (
            _addresses(world, f"imu_{part}") for part in ("orientation", "angular_velocity", "acceleration")
        )
        feet = [_addresses(world, f"{side}_sole_{part}") for side in SIDES for part in ("force", "torque")]
        counts = [len(body.qpos), len(body.dofs)]
        deviations = [noise.joint_position, noise.joint_velocity]
        for hand in self._hands:
            counts += [len(hand.qpos), len(hand.dofs), len(hand.tensions)]
            deviations += [noise.hand_position, noise.hand_velocity, noise.tension]
        counts += [3, 3, *[3] * 4]
        deviations += [noise.angular_velocity, noise.acceleration, *[noise.foot_force, noise.foot_torque] * 2]
        self._deviation = np.repeat(deviations, counts)
        bounds = np.cumsum([0, *counts[:-4], 12])
        self._parts = [slice(*pair) for pair in pairwise(bounds.tolist())]
        # Where each reading stands among the positions and velocities now, those before, and the sensor values.
        nq, state = world.model.nq, world.model.nq + world.model.nv
        where = [body.qpos, nq + body.dofs]
        for hand in self._hands:
            where += [state + hand.qpos, state + nq + hand.dofs, 2 * state + hand.tensions]
        self._where = np.concatenate([*where, 2 * state + np.concatenate([imu_rate, imu_acceleration, *feet])])
        self._tilt_bias = np.append(noise.tilt_bias * rng.standard_normal(2), 0.0)
        self._orientation_deviation = noise.orientation

    def read(self, before: Instant, frames: Mapping[str, CameraFrame]) -> Observation:
        """The body's encoders are read now; the hands, the IMU and the feet were read `before` the last physics step,
        the instant at which the simulator knew the forces, and say so."""
        data, sensors = self._world.data, before.sensors
        blurred = np.concatenate([data.qpos, data.qvel, before.qpos, before.qvel, sensors])[self._where]
        blurred[self._parts[-1]] *= -1  # the foot's sensor knows what the foot exerts on the sole
        blurred += self._deviation * self._rng.standard_normal(len(self._deviation))
        tilt = self._tilt_bias + self._orientation_deviation * self._rng.standard_normal(3)
        orientation = rotate_by(sensors[self._orientation], tilt)
        blurred.flags.writeable = orientation.flags.writeable = False
        q, v, *hands, rate, acceleration, feet = (blurred[part] for part in self._parts)
        return Observation(
            time=data.time,
            joints=JointReading(data.time, q, v),
            left_hand=HandReading(before.time, *hands[:3]),
            right_hand=HandReading(before.time, *hands[3:]),
            imu=ImuReading(before.time, orientation, rate, acceleration),
            feet=FootReading(before.time, feet.reshape(2, 6)),
            frames=dict(frames),
        )


class Eyes:
    """The cameras: each takes a picture once per period, one after the other."""

    def __init__(self, world: World, cameras: tuple[str, ...], period: float) -> None:
        self._world, self._period = world, period
        self._darkroom = Darkroom(world.model) if cameras else None
        self._due = {name: i * period / len(cameras) for i, name in enumerate(cameras)}
        self._frames: dict[str, CameraFrame] = {}

    def look(self) -> Mapping[str, CameraFrame]:
        """The latest frame of each camera, after taking those that are due."""
        if self._darkroom is not None:
            time = self._world.time
            for name in [name for name, due in self._due.items() if time >= due - 1e-9]:
                self._frames[name] = LatentFrame(name, time, self._darkroom.expose(name, self._world.data))
                self._due[name] += self._period
        return self._frames

    def close(self) -> None:
        """Draw the latest frames, take no more, and free the OpenGL context."""
        if self._darkroom is not None:
            develop(self._frames)
            self._darkroom.close()
            self._darkroom = None


def _addresses(world: World, sensor: str) -> np.ndarray:
    found = world.model.sensor(sensor)
    return np.arange(found.adr[0], found.adr[0] + found.dim[0])
