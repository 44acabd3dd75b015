"""The simulated robot's motors: what they do with a command, within what they can."""

from __future__ import annotations

import numpy as np

from bunraku.hands import cable_arms, load_hand, tension_limits
from bunraku.robot.interface import JOINTS, HandCommand, JointCommand
from bunraku.sim.world import World

CORNER_SPEED = 0.5
"""Share of the no-load speed up to which a motor gives its peak torque: its driver limits the current to half of the
stall current, and torque falls linearly from there to the no-load speed."""


class BodyMotors:
    """The motors of the 30 body joints. `qpos` and `dofs` (30,) index the simulator's arrays in the order of `JOINTS`;
    `inertia` (30,) kg·m² is each joint's own in the initial posture; `torque` (30,) N·m is what acts now."""

    def __init__(self, world: World) -> None:
        model = world.model
        self.qpos = np.array([model.joint(name).qposadr[0] for name in JOINTS])
        self.dofs = np.array([model.joint(name).dofadr[0] for name in JOINTS])
        self.inertia = model.dof_M0[self.dofs]
        self.torque = np.zeros(len(JOINTS))
        self._actuators = np.array([model.actuator(name).id for name in JOINTS])
        self._data = world.data
        self._peak = world.spec.torque_limits
        self._free_speed = world.spec.speed_limits

    def drive(self, command: JointCommand) -> None:
        """Impedance control at the motor drivers' rate, within the motors' torque–speed curve."""
        q, v = self._data.qpos[self.qpos], self._data.qvel[self.dofs]
        torque = command.torque + command.stiffness * (command.position - q) + command.damping * (command.velocity - v)
        speed = v / self._free_speed
        highest = self._peak * np.minimum(1, np.maximum(0, (1 - speed) / (1 - CORNER_SPEED)))
        lowest = -self._peak * np.minimum(1, np.maximum(0, (1 + speed) / (1 - CORNER_SPEED)))
        self.torque = np.minimum(highest, np.maximum(lowest, torque))
        self._data.ctrl[self._actuators] = self.torque


class CableMotors:
    """The cable motors of one hand, whose `qpos` and `dofs` (n,) index the simulator's arrays; `strongest` (m,) N is
    what they can hold."""

    def __init__(self, world: World, side: str) -> None:
        model, hand = world.model, load_hand(world.spec.hand)
        self.qpos = np.array([model.joint(f"{side}_{name}").qposadr[0] for name in hand.joint_names])
        self.dofs = np.array([model.joint(f"{side}_{name}").dofadr[0] for name in hand.joint_names])
        self.tensions = np.array([model.sensor(f"{side}_{name}_tension").adr[0] for name in hand.cable_names])
        self.strongest = tension_limits(hand)
        self._actuators = np.array([model.actuator(f"{side}_{name}").id for name in hand.cable_names])
        self._arms = cable_arms(hand)
        self._slackens = np.array([cable.kind != "loop" for cable in hand.cables])
        self._world = world

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cables and of joints."""
        return self._arms.shape[0], self._arms.shape[1]

    def pull(self, command: HandCommand) -> None:
        """Wind the cables to where the joints should be, no harder than the command and the motors allow."""
        limit = np.minimum(self.strongest, np.maximum(0, command.tension_limit))
        force_range = self._world.model.actuator_forcerange
        force_range[self._actuators, 1] = limit
        force_range[self._actuators, 0] = np.where(self._slackens, 0, -limit)
        self._world.data.ctrl[self._actuators] = self._arms @ command.position
