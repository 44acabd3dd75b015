"""What the robot is: one `RobotSpec` of plain figures, from which the model, the limits and the cost derive."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bunraku.errors import UserError
from bunraku.hands import HandSpec, load_hand
from bunraku.robot.interface import JOINTS, SIDES
from bunraku.robot.motors import RS00, RS03, RS04, RS05, RS06, Drive


@dataclass(frozen=True)
class BodyJoint:
    """A hinge of the body. Positive angles are clinical flexion, abduction, external rotation and radial deviation,
    so that mirrored postures have equal numbers. `range_deg` in degrees."""

    name: str
    axis: tuple[float, float, float]
    range_deg: tuple[float, float]
    drive: Drive

    @property
    def range(self) -> tuple[float, float]:
        """Lower and upper limit, rad."""
        low, high = np.deg2rad(self.range_deg)
        return float(low), float(high)


@dataclass(frozen=True)
class Segments:
    """Segment lengths in m as fractions of stature (Drillis & Contini 1966, in Winter 2009, figure 4.1).

    `hip_offset` and `shoulder_offset` are narrower than in people by the radius of the shells around the joints.
    """

    stature: float = 1.73

    @property
    def ankle_height(self) -> float:
        """Sole to ankle."""
        return 0.039 * self.stature

    @property
    def shank(self) -> float:
        """Ankle to knee."""
        return 0.246 * self.stature

    @property
    def thigh(self) -> float:
        """Knee to hip."""
        return 0.245 * self.stature

    @property
    def hip_height(self) -> float:
        """Sole to hip centre with straight legs."""
        return self.ankle_height + self.shank + self.thigh

    @property
    def hip_offset(self) -> float:
        """Half the distance between the hip centres."""
        return 0.055 * self.stature

    @property
    def waist_height(self) -> float:
        """Hip centre to waist joints (about L4/L5)."""
        return 0.075 * self.stature

    @property
    def trunk(self) -> float:
        """Waist joints to shoulder line."""
        return 0.818 * self.stature - self.hip_height - self.waist_height

    @property
    def shoulder_offset(self) -> float:
        """Half the distance between the shoulder centres."""
        return 0.107 * self.stature

    @property
    def neck(self) -> float:
        """Shoulder line to the neck joints."""
        return 0.034 * self.stature

    @property
    def eye_height(self) -> float:
        """Neck joints to the eyes."""
        return 0.936 * self.stature - 0.818 * self.stature - self.neck

    @property
    def upper_arm(self) -> float:
        """Shoulder to elbow."""
        return 0.186 * self.stature

    @property
    def forearm(self) -> float:
        """Elbow to wrist."""
        return 0.146 * self.stature

    @property
    def foot(self) -> float:
        """Heel to toe, 92 % of a person's: the shell has no toes."""
        return 0.14 * self.stature


STRUCTURE_FRACTIONS = {
    "head": 0.081,
    "torso": 0.355,
    "pelvis": 0.142,
    "upper_arm": 0.028,
    "forearm": 0.016,
    "thigh": 0.100,
    "shank": 0.0465,
    "foot": 0.0145,
}
"""Share of each segment in the mass of the body (Dempster, in Winter 2009, table 4.1; trunk split at L4/L5). The frame
and shells are distributed as flesh is; hands carry their own mass."""


@dataclass(frozen=True)
class CameraSpec:
    """A camera. `position` m and the `forward`, `up` directions are in the frame of `body`; `fovy_deg` is the vertical
    field of view; `resolution` is (width, height) px."""

    name: str
    body: str
    position: tuple[float, float, float]
    forward: tuple[float, float, float]
    up: tuple[float, float, float]
    fovy_deg: float
    resolution: tuple[int, int]


@dataclass(frozen=True)
class Component:
    """A part without a joint of its own: where it sits (`body`, `position` m), its `mass` kg and box `size` m."""

    name: str
    body: str
    position: tuple[float, float, float]
    mass: float
    size: tuple[float, float, float]
    source: str


_ARM = (
    ("shoulder_pitch", (0, -1, 0), (-60, 170), Drive(RS03, 1.5)),
    ("shoulder_roll", (1, 0, 0), (-20, 150), Drive(RS03, 1.5)),
    ("shoulder_yaw", (0, 0, 1), (-90, 90), Drive(RS06, 1.67)),
    ("elbow", (0, -1, 0), (0, 145), Drive(RS03)),
    ("forearm_roll", (0, 0, 1), (-100, 100), Drive(RS00, 1.43)),
    ("wrist_flexion", (-1, 0, 0), (-75, 75), Drive(RS00)),
    ("wrist_deviation", (0, -1, 0), (-40, 40), Drive(RS00)),
)
_LEG = (
    ("hip_yaw", (0, 0, 1), (-45, 45), Drive(RS03, 2.0)),
    ("hip_roll", (1, 0, 0), (-25, 45), Drive(RS04, 2.0)),
    ("hip_pitch", (0, -1, 0), (-30, 120), Drive(RS04, 2.0)),
    ("knee", (0, 1, 0), (0, 140), Drive(RS04, 1.8)),
    ("ankle_pitch", (0, -1, 0), (-55, 35), Drive(RS03, 2.0)),
    ("ankle_roll", (1, 0, 0), (-25, 25), Drive(RS03)),
)


def _mirrored(side: str, axis: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = axis
    return (x, y, z) if side == "left" else (-x, y, -z)


def _joints() -> tuple[BodyJoint, ...]:
    trunk = (
        BodyJoint("waist_yaw", (0, 0, 1), (-60, 60), Drive(RS04)),
        BodyJoint("waist_pitch", (0, 1, 0), (-15, 60), Drive(RS04, 2.0)),
        BodyJoint("neck_yaw", (0, 0, 1), (-70, 70), Drive(RS05)),
        BodyJoint("neck_pitch", (0, 1, 0), (-40, 60), Drive(RS05)),
    )
    limbs = tuple(
        BodyJoint(f"{side}_{name}", _mirrored(side, axis), range_deg, drive)
        for table in (_ARM, _LEG)
        for side in SIDES
        for name, axis, range_deg, drive in table
    )
    return trunk + limbs


def _cameras() -> tuple[CameraSpec, ...]:
    eyes = tuple(
        CameraSpec(
            f"head_{side}", "head", (0.083, sign * 0.033, 0.145), (0.94, 0, -0.34), (0.34, 0, 0.94), 56, (640, 480)
        )
        for side, sign in (("left", 1), ("right", -1))
    )
    palms = tuple(
        CameraSpec(f"palm_{side}", f"{side}_palm", (0.012, 0.0, -0.030), (0.6, 0, -0.8), (0.8, 0, 0.6), 80, (320, 240))
        for side in SIDES
    )
    return (
        *eyes,
        CameraSpec("chest", "torso", (0.128, 0, 0.215), (0.74, 0, -0.67), (0.67, 0, 0.74), 70, (640, 480)),
        *palms,
        CameraSpec("ground", "pelvis", (0.115, 0, 0.02), (0.6, 0, -0.8), (0.8, 0, 0.6), 80, (320, 240)),
        CameraSpec("back", "torso", (-0.125, 0, 0.27), (-0.98, 0, -0.2), (-0.2, 0, 0.98), 80, (320, 240)),
    )


_COMPONENTS = (
    Component("battery", "torso", (-0.055, 0, 0.12), 3.2, (0.07, 0.18, 0.20), "0.65 kWh of 21700 cells at 205 Wh/kg"),
    Component("computer", "torso", (-0.05, 0, 0.28), 0.9, (0.06, 0.12, 0.10), "module with carrier and heat sink"),
    Component("power_electronics", "pelvis", (-0.05, 0, 0.03), 0.8, (0.05, 0.12, 0.06), "48 V distribution, fuses"),
    Component("harness", "torso", (0.02, 0, 0.15), 1.2, (0.05, 0.12, 0.20), "wiring, connectors, seven cameras, IMU"),
)


@dataclass(frozen=True)
class RobotSpec:
    """The whole robot.

    `structure_mass` (kg) is the mass of frame and shells, shared over the segments as `STRUCTURE_FRACTIONS`; motors,
    components and hands come on top. `hand` names a hand of `bunraku.hands`.

    Raises:
        UserError: if the joints are not exactly `bunraku.robot.JOINTS`, a range is empty or a mass is not positive.
    """

    name: str = "bunraku"
    hand: str = "h22"
    segments: Segments = field(default_factory=Segments)
    structure_mass: float = 26.0
    joints: tuple[BodyJoint, ...] = field(default_factory=_joints)
    cameras: tuple[CameraSpec, ...] = field(default_factory=_cameras)
    components: tuple[Component, ...] = _COMPONENTS

    def __post_init__(self) -> None:
        """Check that the figures describe a robot."""
        names = tuple(joint.name for joint in self.joints)
        if names != JOINTS:
            wrong = sorted(set(names) ^ set(JOINTS))
            raise UserError(
                f"the joints must be the {len(JOINTS)} of bunraku.robot.JOINTS in order; differing: {wrong}"
            )
        for joint in self.joints:
            if joint.range_deg[0] >= joint.range_deg[1]:
                raise UserError(
                    f"joint {joint.name} has the empty range {joint.range_deg}; give (low, high) in degrees"
                )
        if self.structure_mass <= 0 or self.segments.stature <= 0:
            raise UserError("structure_mass and stature must be positive, in kg and m")

    @cached_property
    def lower_limits(self) -> np.ndarray:
        """Lower joint limits (30,) rad."""
        return _constant([joint.range[0] for joint in self.joints])

    @cached_property
    def upper_limits(self) -> np.ndarray:
        """Upper joint limits (30,) rad."""
        return _constant([joint.range[1] for joint in self.joints])

    @cached_property
    def torque_limits(self) -> np.ndarray:
        """Peak torque of each joint (30,) N·m."""
        return _constant([joint.drive.peak_torque for joint in self.joints])

    @cached_property
    def speed_limits(self) -> np.ndarray:
        """No-load speed of each joint (30,) rad/s."""
        return _constant([joint.drive.no_load_speed for joint in self.joints])

    @cached_property
    def armatures(self) -> np.ndarray:
        """Reflected rotor inertia at each joint (30,) kg·m²."""
        return _constant([joint.drive.armature for joint in self.joints])

    @property
    def hand_spec(self) -> HandSpec:
        """The hand on either side."""
        return load_hand(self.hand)

    def camera(self, name: str) -> CameraSpec:
        """The camera called `name`; raises KeyError if there is none."""
        return {camera.name: camera for camera in self.cameras}[name]


def _constant(values: list[float]) -> np.ndarray:
    array = np.array(values)
    array.flags.writeable = False
    return array
