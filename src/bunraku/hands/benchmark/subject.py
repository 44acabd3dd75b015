"""A hand under test: a MuJoCo model plus the few things the tests must know of it, whoever wrote it.

Digits are chains of capsules (`Link`), the palm a rectangle of surface points. All tests see joints through
`kinematics` and muscles or motors through moment arms and force limits, so no test knows how a hand is driven.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import radians

import mujoco
import numpy as np

from bunraku.hands.actuators import cable_motor, tension_ranges
from bunraku.hands.cables import cable_arms
from bunraku.hands.model import build_hand
from bunraku.hands.spec import HandSpec

CONTINUOUS, STALL = "continuous", "stall"


@dataclass(frozen=True)
class Link:
    """A capsule on `body` from `start` to `end` (3,) m in the body frame; `palmar` (3,) is where it flexes to."""

    body: int
    start: np.ndarray
    end: np.ndarray
    radius: float
    palmar: np.ndarray


@dataclass(frozen=True)
class Palm:
    """Surface points (k, 3) m and outward `normal` (3,) in the frame of `body`."""

    body: int
    points: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True)
class Subject:
    """A hand under test. `make` builds a fresh MjSpec with contact and actuators; the root is fixed to the world.

    `digits` maps thumb, index, middle, ring, little (those that exist) to links from palm to tip. `forces` maps
    continuous and stall to (m, 2) N. The actuators choose free postures `rest` (n,) + `coupling` (n, k) · anything;
    None means all postures. `linked` maps a joint that a rigid linkage moves to (its driver, ratio, offset in rad).
    `unsure` says in words which limits of the source are arbitrary.
    """

    name: str
    description: str
    make: Callable[[], mujoco.MjSpec]
    digits: dict[str, tuple[Link, ...]]
    palm: Palm
    forces: dict[str, np.ndarray]
    cable_speed: np.ndarray
    cable_inertia: float
    mass: float
    dof: int
    dof_with_wrist: int
    motors_in_hand: bool
    coupling: np.ndarray | None = None
    rest: np.ndarray | float = 0.0
    linked: Mapping[int, tuple[int, float, float]] = field(default_factory=dict)
    unsure: str = ""

    @cached_property
    def model(self) -> mujoco.MjModel:
        """The hand alone."""
        return self.make().compile()

    @cached_property
    def joint_range(self) -> np.ndarray:
        """(n, 2) rad."""
        return self.model.jnt_range.copy()

    @cached_property
    def reach(self) -> float:
        """Length of the middle (or longest) finger from the wrist, m: the scale of the hand."""
        data = mujoco.MjData(self.model)
        mujoco.mj_kinematics(self.model, data)
        tips = [
            data.xpos[links[-1].body] + data.xmat[links[-1].body].reshape(3, 3) @ links[-1].end
            for links in self.digits.values()
        ]
        return float(np.linalg.norm(tips, axis=1).max())

    def moment_arms(self, posture: np.ndarray) -> np.ndarray:
        """Actuator moment arms (m, n) at `posture` (n,): joint torque = armsᵀ force."""
        return moment_arms(self.model, posture)


def moment_arms(model: mujoco.MjModel, posture: np.ndarray) -> np.ndarray:
    """Actuator moment arms (m, n) of a model at `posture` (n,)."""
    data = mujoco.MjData(model)
    data.qpos[: len(posture)] = posture
    mujoco.mj_forward(model, data)
    arms = np.zeros((model.nu, model.nv))
    mujoco.mju_sparse2dense(arms, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    return arms


def subject_from_spec(hand: HandSpec) -> Subject:
    """Wrap a hand of ours."""
    model = build_hand(hand).compile()
    digits = {}
    for digit in hand.digits:
        flexion = np.array(list(digit.joints)[-1].axis)
        palmar = np.cross(flexion, [1.0, 0, 0])
        digits[digit.name] = tuple(
            Link(
                model.body(f"right_{digit.name}_{link.name}").id,
                np.zeros(3),
                np.array([link.length, 0, 0]),
                link.radius,
                palmar,
            )
            for link in digit.links
        )
    xs = np.linspace(0.030, 0.080, 4)
    ys = np.linspace(-0.026, 0.034, 4)
    floor = min(pad.box[0][2] - pad.box[1][2] for pad in hand.palm if pad.box)
    points = np.array([[x, y, floor] for x in xs for y in ys])
    motor = cable_motor(hand.actuation, len(hand.cables))
    springs = np.array([joint.stiffness for joint in hand.joints])
    coupling = None
    if springs.any():
        coupling = (cable_arms(hand) / np.where(springs > 0, springs, 1.0)).T
        coupling /= np.linalg.norm(coupling, axis=0)
    return Subject(
        name=hand.name,
        description=hand.description,
        make=lambda: build_hand(hand),
        digits=digits,
        palm=Palm(model.body("right_hand").id, points, np.array([0.0, 0, -1])),
        forces={CONTINUOUS: tension_ranges(hand), STALL: tension_ranges(hand, continuous=False)},
        cable_speed=np.full(len(hand.cables), motor.speed),
        cable_inertia=hand.cable_inertia,
        mass=hand.mass,
        dof=hand.dof,
        dof_with_wrist=hand.dof_with_wrist,
        motors_in_hand=hand.actuation.place == "palm",
        coupling=coupling,
        rest=np.where(springs > 0, [radians(joint.range_deg[0]) for joint in hand.joints], 0.0),
    )
