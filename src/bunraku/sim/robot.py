"""`SimulatedRobot`: the robot in a simulated world, behind the interface that a real one has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import mujoco
import numpy as np

from bunraku.hands import cable_arms, load_hand, tension_limits
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
from bunraku.robot.spec import RobotSpec
from bunraku.sim.noise import SensorNoise, rotate_by
from bunraku.sim.render import CameraRenderer
from bunraku.sim.world import World, step

CONTROL_PERIOD = 0.004
"""Seconds between two commands; the motor drivers run at the physics step, twice as fast."""

CAMERA_PERIOD = 0.2
"""Seconds between two frames of one camera."""

CORNER_SPEED = 0.5
"""Share of the no-load speed up to which a motor gives its peak torque: its driver limits the current to half of the
stall current, and torque falls linearly from there to the no-load speed."""

HOLD_STIFFNESS, HOLD_DAMPING = 4.0, 0.2
"""Gains of the posture held after a stop, as multiples of a joint's peak torque: 1/rad and s/rad."""

STABLE_DAMPING = 0.5
"""Largest damping of the held posture, as a share of what one physics step takes a joint's own inertia to rest with."""


class RobotStopped(RuntimeError):
    """A command came after `stop`."""


class SimulatedRobot:
    """The robot of `world`, at `CONTROL_PERIOD` per command. See `bunraku.robot.interface.Robot`.

    Sensor readings are copies that cannot be written to; nothing else of the simulator is reachable from them. The
    same world, seed and commands give the same observations.
    """

    def __init__(
        self,
        world: World,
        seed: int = 0,
        noise: SensorNoise | None = None,
        cameras: tuple[str, ...] = CAMERAS,
        camera_period: float = CAMERA_PERIOD,
    ) -> None:
        """Take hold of the robot in `world`; `cameras` names those that take pictures."""
        self._world = world
        self._noise = SensorNoise() if noise is None else noise
        self._rng = np.random.default_rng([seed, 0x5E])
        self._body = _Body(world)
        self._hands = {side: _Hand(world, side) for side in SIDES}
        self._imu = _sensor_slices(world.model, ("imu_orientation", "imu_angular_velocity", "imu_acceleration"))
        feet = tuple(f"{side}_sole_{part}" for side in SIDES for part in ("force", "torque"))
        self._feet = _sensor_slices(world.model, feet)
        self._eyes = _Eyes(world, cameras, camera_period) if cameras else None
        self._tilt_bias = np.append(self._noise.tilt_bias * self._rng.standard_normal(2), 0.0)
        self._held: Command | None = None
        self._last: Command | None = None
        self._observation = self._sense(_Instant.of(world.data))

    @property
    def spec(self) -> RobotSpec:
        """What this robot is."""
        return self._world.spec

    @property
    def control_period(self) -> float:
        """Seconds between two control ticks."""
        return CONTROL_PERIOD

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._held is not None

    def observe(self) -> Observation:
        """The latest reading of every sensor."""
        return self._observation

    def command(self, command: Command) -> None:
        """Act on `command` for one control period of simulated time.

        Raises:
            RobotStopped: after `stop`.
            ValueError: if an array of the command has the wrong shape or is not finite.
        """
        if self._held is not None:
            raise RobotStopped("the robot was stopped and holds its posture; it takes no more commands")
        _check(command, {side: hand.shape for side, hand in self._hands.items()})
        self._last = command
        self._advance(command)

    def stop(self) -> None:
        """Hold the present posture and the present grip from now on."""
        if self._held is None:
            self._held = self._holding_command()

    def hold(self, seconds: float) -> None:
        """Let `seconds` pass while the stopped robot holds still."""
        self.stop()
        assert self._held is not None
        for _ in range(round(seconds / CONTROL_PERIOD)):
            self._advance(self._held)

    def close(self) -> None:
        """Free the cameras' OpenGL context."""
        if self._eyes is not None:
            self._eyes.close()
            self._eyes = None

    def _advance(self, command: Command) -> None:
        self._hands["left"].pull(command.left_hand)
        self._hands["right"].pull(command.right_hand)
        steps = round(CONTROL_PERIOD / self._world.model.opt.timestep)
        instants = [self._step(command.joints) for _ in range(steps)]
        self._observation = self._sense(instants[-1])

    def _step(self, joints: JointCommand) -> _Instant:
        """One physics step; returns the instant before it, with the forces that acted then."""
        self._body.drive(joints)
        state = _Instant.of(self._world.data)
        return replace(state, sensors=step(self._world))

    def _sense(self, before: _Instant) -> Observation:
        """The body's encoders are read now; the hands, the IMU and the feet were read `before` the last physics step,
        the instant at which the simulator knew the forces, and say so."""
        noise, data = self._noise, self._world.data
        time, q, v, sensors = before.time, before.qpos, before.qvel, before.sensors
        hands = {}
        for side, hand in self._hands.items():
            hands[side] = HandReading(
                time,
                self._blur(q[hand.qpos], noise.hand_position),
                self._blur(v[hand.dofs], noise.hand_velocity),
                self._blur(sensors[hand.tensions], noise.tension),
            )
        orientation, rate, acceleration = (sensors[part] for part in self._imu)
        tilt = self._tilt_bias + noise.orientation * self._rng.standard_normal(3)
        wrench = -np.stack([np.concatenate([sensors[f], sensors[t]]) for f, t in (self._feet[:2], self._feet[2:])])
        spread = np.repeat([noise.foot_force, noise.foot_torque], 3)
        return Observation(
            time=data.time,
            joints=JointReading(
                data.time,
                self._blur(data.qpos[self._body.qpos], noise.joint_position),
                self._blur(data.qvel[self._body.dofs], noise.joint_velocity),
            ),
            left_hand=hands["left"],
            right_hand=hands["right"],
            imu=ImuReading(
                time,
                _frozen(rotate_by(orientation, tilt)),
                self._blur(rate, noise.angular_velocity),
                self._blur(acceleration, noise.acceleration),
            ),
            feet=FootReading(time, self._blur(wrench, spread)),
            frames=self._eyes.look() if self._eyes is not None else {},
        )

    def _blur(self, values: np.ndarray, deviation: float | np.ndarray) -> np.ndarray:
        return _frozen(values + deviation * self._rng.standard_normal(values.shape))

    def _holding_command(self) -> Command:
        """Where the joints are now, with the torque that they need there and the grip that they have."""
        data, spec = self._world.data, self.spec
        timestep, count = self._world.model.opt.timestep, len(JOINTS)
        held = JointCommand(
            position=data.qpos[self._body.qpos].copy(),
            velocity=np.zeros(count),
            torque=self._body.torque.copy(),
            stiffness=HOLD_STIFFNESS * spec.torque_limits,
            damping=np.minimum(HOLD_DAMPING * spec.torque_limits, STABLE_DAMPING * self._body.inertia / timestep),
        )
        if self._last is not None:
            return replace(self._last, time=data.time, joints=held)
        hands = {
            side: HandCommand(data.qpos[hand.qpos].copy(), hand.strongest.copy()) for side, hand in self._hands.items()
        }
        return Command(data.time, held, hands["left"], hands["right"])


@dataclass(frozen=True)
class _Instant:
    """State and sensor values of the simulator at one time."""

    time: float
    qpos: np.ndarray
    qvel: np.ndarray
    sensors: np.ndarray

    @classmethod
    def of(cls, data: mujoco.MjData) -> _Instant:
        return cls(data.time, data.qpos.copy(), data.qvel.copy(), data.sensordata.copy())


class _Body:
    """The motors of the 30 body joints."""

    def __init__(self, world: World) -> None:
        model = world.model
        self.qpos = np.array([model.joint(name).qposadr[0] for name in JOINTS])
        self.dofs = np.array([model.joint(name).dofadr[0] for name in JOINTS])
        self._actuators = np.array([model.actuator(name).id for name in JOINTS])
        self._data = world.data
        self._peak = world.spec.torque_limits
        self._free_speed = world.spec.speed_limits
        self.inertia = model.dof_M0[self.dofs]
        self.torque = np.zeros(len(JOINTS))

    def drive(self, command: JointCommand) -> None:
        """Impedance control at the motor drivers' rate, within the motors' torque–speed curve."""
        q, v = self._data.qpos[self.qpos], self._data.qvel[self.dofs]
        torque = command.torque + command.stiffness * (command.position - q) + command.damping * (command.velocity - v)
        share_ahead = (1 - v / self._free_speed) / (1 - CORNER_SPEED)
        share_back = (1 + v / self._free_speed) / (1 - CORNER_SPEED)
        highest = self._peak * np.clip(share_ahead, 0, 1)
        lowest = -self._peak * np.clip(share_back, 0, 1)
        self.torque = np.clip(torque, lowest, highest)
        self._data.ctrl[self._actuators] = self.torque


class _Hand:
    """The cable motors of one hand."""

    def __init__(self, world: World, side: str) -> None:
        model, hand = world.model, load_hand(world.spec.hand)
        self.qpos = np.array([model.joint(f"{side}_{name}").qposadr[0] for name in hand.joint_names])
        self.dofs = np.array([model.joint(f"{side}_{name}").dofadr[0] for name in hand.joint_names])
        self._actuators = np.array([model.actuator(f"{side}_{name}").id for name in hand.cable_names])
        tensions = _sensor_slices(model, tuple(f"{side}_{name}_tension" for name in hand.cable_names))
        self.tensions = np.array([part.start for part in tensions])
        self.strongest = tension_limits(hand)
        self._arms = cable_arms(hand)
        self._one_way = np.array([cable.kind != "loop" for cable in hand.cables])
        self._world = world

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cables and of joints."""
        return self._arms.shape[0], self._arms.shape[1]

    def pull(self, command: HandCommand) -> None:
        """Wind the cables to where the joints should be, no harder than the command and the motors allow."""
        limit = np.clip(command.tension_limit, 0, self.strongest)
        force_range = self._world.model.actuator_forcerange
        force_range[self._actuators, 1] = limit
        force_range[self._actuators, 0] = np.where(self._one_way, 0, -limit)
        self._world.data.ctrl[self._actuators] = self._arms @ command.position


class _Eyes:
    """The cameras: each takes a picture once per period, one after the other."""

    def __init__(self, world: World, cameras: tuple[str, ...], period: float) -> None:
        self._world, self._period = world, period
        self._renderer = CameraRenderer(world.model)
        self._due = {name: i * period / len(cameras) for i, name in enumerate(cameras)}
        self._frames: dict[str, CameraFrame] = {}

    def look(self) -> dict[str, CameraFrame]:
        """The latest frame of each camera, after taking those that are due."""
        time = self._world.time
        for name, due in self._due.items():
            if time >= due - 1e-9:
                image = _frozen(self._renderer.render(self._world.data, name))
                self._frames[name] = CameraFrame(name, time, image)
                self._due[name] = due + self._period
        return dict(self._frames)

    def close(self) -> None:
        self._renderer.close()


def _sensor_slices(model: mujoco.MjModel, names: tuple[str, ...]) -> tuple[slice, ...]:
    starts = (int(model.sensor(name).adr[0]) for name in names)
    return tuple(
        slice(start, start + int(model.sensor(name).dim[0])) for start, name in zip(starts, names, strict=True)
    )


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _check(command: Command, hand_shapes: dict[str, tuple[int, int]]) -> None:
    joints = command.joints
    expected = [(f"joints.{name}", getattr(joints, name), len(JOINTS)) for name in joints.__dataclass_fields__]
    for side, (cables, angles) in hand_shapes.items():
        hand: HandCommand = getattr(command, f"{side}_hand")
        expected += [
            (f"{side}_hand.position", hand.position, angles),
            (f"{side}_hand.tension_limit", hand.tension_limit, cables),
        ]
    for name, array, count in expected:
        if np.shape(array) != (count,) or not np.isfinite(array).all():
            raise ValueError(f"{name} of a command must be {count} finite numbers, got shape {np.shape(array)}")
