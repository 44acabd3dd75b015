"""`SimulatedRobot`: the robot in a simulated world, behind the interface that a real one has."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from bunraku.robot.interface import CAMERAS, JOINTS, SIDES, Command, HandCommand, JointCommand, Observation
from bunraku.robot.spec import RobotSpec
from bunraku.sim.motors import BodyMotors, CableMotors
from bunraku.sim.noise import SensorNoise
from bunraku.sim.senses import Eyes, Senses
from bunraku.sim.world import World, now, step

CONTROL_PERIOD = 0.004
"""Seconds between two commands; the motor drivers run at the physics step, twice as fast."""

CAMERA_PERIOD = 0.2
"""Seconds between two frames of one camera."""

HOLD_STIFFNESS, HOLD_DAMPING = 4.0, 0.2
"""Gains of the posture held after a stop, as multiples of a joint's peak torque: 1/rad and s/rad."""

STABLE_DAMPING = 0.5
"""Largest damping of the held posture, as a share of what one physics step takes a joint's own inertia to rest with."""


class RobotStopped(RuntimeError):
    """A command came after `stop`."""


class SimulatedRobot:
    """The robot of `world`, at `CONTROL_PERIOD` per command. See `bunraku.robot.Robot`.

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
        self._body = BodyMotors(world)
        self._hands = {side: CableMotors(world, side) for side in SIDES}
        rng = np.random.default_rng([seed, 0x5E])
        self._senses = Senses(world, self._body, self._hands, SensorNoise() if noise is None else noise, rng)
        self._eyes = Eyes(world, cameras, camera_period)
        self._steps = round(CONTROL_PERIOD / world.model.opt.timestep)
        self._held: Command | None = None
        self._last: Command | None = None
        self._observation = self._senses.read(now(world), self._eyes.look())

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
        """Stop, and let `seconds` pass while the robot holds still."""
        self.stop()
        for _ in range(round(seconds / CONTROL_PERIOD)):
            self._advance(self._held or self._holding_command())

    def close(self) -> None:
        """Take no more pictures, and free the cameras' OpenGL context."""
        self._eyes.close()

    def _advance(self, command: Command) -> None:
        self._hands["left"].pull(command.left_hand)
        self._hands["right"].pull(command.right_hand)
        before = now(self._world)
        for _ in range(self._steps):
            self._body.drive(command.joints)
            before = step(self._world)
        self._observation = self._senses.read(before, self._eyes.look())

    def _holding_command(self) -> Command:
        """Where the joints are now, with the torque that they need there and the grip that they have."""
        data, spec = self._world.data, self.spec
        stiff = HOLD_DAMPING * spec.torque_limits
        stable = STABLE_DAMPING * self._body.inertia / self._world.model.opt.timestep
        held = JointCommand(
            position=data.qpos[self._body.qpos].copy(),
            velocity=np.zeros(len(JOINTS)),
            torque=self._body.torque.copy(),
            stiffness=HOLD_STIFFNESS * spec.torque_limits,
            damping=np.minimum(stiff, stable),
        )
        if self._last is not None:
            return replace(self._last, time=data.time, joints=held)
        hands = {
            side: HandCommand(data.qpos[hand.qpos].copy(), hand.strongest.copy()) for side, hand in self._hands.items()
        }
        return Command(data.time, held, hands["left"], hands["right"])


def _check(command: Command, hand_shapes: dict[str, tuple[int, int]]) -> None:
    expected = [(f"joints.{part.name}", getattr(command.joints, part.name), len(JOINTS)) for part in _JOINT_PARTS]
    for side, (cables, angles) in hand_shapes.items():
        hand = command.left_hand if side == "left" else command.right_hand
        expected += [
            (f"{side}_hand.position", hand.position, angles),
            (f"{side}_hand.tension_limit", hand.tension_limit, cables),
        ]
    # One look at all numbers is ten times faster than ten looks.
    if (
        all(np.shape(array) == (count,) for _, array, count in expected)
        and np.isfinite(np.concatenate([array for _, array, _ in expected])).all()
    ):
        return
    for name, array, count in expected:
        if np.shape(array) != (count,) or not np.isfinite(array).all():
            raise ValueError(f"{name} of a command must be {count} finite numbers, got shape {np.shape(array)}")


_JOINT_PARTS = fields(JointCommand)
