"""A hand alone, palm up, with a cube in it: what in-hand manipulation is learned on, thousands of steps a second.

The hand is the robot's own, with its cables and motors; only the arm behind it stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.hands import HandSpec, cable_arms, cable_motor, load_hand
from bunraku.hands.model import build_hand

PALM_UP = (0.0, 1.0, 0.0, 0.0)
"""Quaternion (wxyz) of the hand frame, whose palm faces −z, in the world."""


@dataclass(frozen=True)
class Cube:
    """The cube that the hands' benchmark turns: `side` in m, `mass` in kg, and its `friction` with the hand's skin."""

    side: float = 0.048
    mass: float = 0.060
    friction: float = 0.9


@dataclass(frozen=True)
class HandWithCube:
    """The model; its first `joints` positions are the hand's, the last seven the cube's. `arms` (m, joints) m turns a
    posture into the lengths to which the motors wind their cables."""

    model: mujoco.MjModel
    hand: HandSpec
    arms: np.ndarray
    winding: float
    """Speed at which a motor winds its cable while it pulls as hard as it can for long, m/s."""

    @property
    def joints(self) -> int:
        """How many joints the hand has."""
        return self.hand.dof

    @property
    def joint_range(self) -> np.ndarray:
        """(joints, 2) rad."""
        return self.model.jnt_range[: self.joints]


def hand_with_cube(name: str = "h22", timestep: float = 0.002, cube: Cube = Cube()) -> HandWithCube:
    """The right hand called `name`, palm up, with a `cube`; `timestep` in s. UserError if there is no such hand."""
    hand = load_hand(name)
    spec = build_hand(hand)
    spec.option.timestep = timestep
    spec.body("right_hand").quat = PALM_UP
    body = spec.worldbody.add_body(name="cube", pos=[0.08, 0, 0.1])
    body.add_freejoint(name="cube")
    body.add_geom(
        name="cube",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[cube.side / 2] * 3,
        mass=cube.mass,
        priority=2,  # so that it is the cube's friction that counts, not the hand's
        friction=[cube.friction, 0.004, 0.0001],
        solref=[0.005, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
        condim=4,
        rgba=[0.85, 0.2, 0.15, 1],
    )
    motor = cable_motor(hand.actuation, len(hand.cables))
    winding = motor.speed * (1 - motor.continuous / motor.stall)
    return HandWithCube(spec.compile(), hand, cable_arms(hand), winding)
