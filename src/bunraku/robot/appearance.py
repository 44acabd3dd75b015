"""What the robot looks like: smooth white shells over dark joints. None of it has mass or touches anything."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.robot.interface import SIDES
from bunraku.robot.shells import Section, loft
from bunraku.robot.spec import RobotSpec

VISUAL_GROUP = 2


@dataclass(frozen=True)
class Look:
    """Colours (RGBA). Shells and joints are unsaturated so that a coloured object stands out against the robot."""

    shell: tuple[float, float, float, float] = (0.93, 0.93, 0.91, 1)
    joint: tuple[float, float, float, float] = (0.13, 0.14, 0.16, 1)
    trim: tuple[float, float, float, float] = (0.55, 0.57, 0.60, 1)
    visor: tuple[float, float, float, float] = (0.03, 0.03, 0.04, 1)
    eye: tuple[float, float, float, float] = (0.85, 0.95, 1.0, 1)


def dress(model: mujoco.MjSpec, spec: RobotSpec, look: Look) -> None:
    """Add shells, joint housings, a visor and eyes to the bodies of `model`."""
    for name, colour, gloss in (
        ("shell", look.shell, 0.5),
        ("joint", look.joint, 0.3),
        ("trim", look.trim, 0.6),
        ("visor", look.visor, 0.9),
        ("eye", look.eye, 0.9),
    ):
        model.add_material(name=name, rgba=colour, specular=gloss, shininess=gloss)
    _dress_trunk(model, spec)
    for side in SIDES:
        _dress_arm(model, spec, side)
        _dress_leg(model, spec, side)


def _shell(model: mujoco.MjSpec, body: str, sections: list[Section], material: str = "shell", name: str = "") -> None:
    name = name or f"{body}_shell_mesh"
    vertices, faces = loft(sections)
    model.add_mesh(name=name, uservert=vertices.ravel(), userface=faces.ravel())
    model.body(body).add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        material=material,
        mass=0,
        group=VISUAL_GROUP,
        contype=0,
        conaffinity=0,
    )


def _part(model: mujoco.MjSpec, body: str, shape, size, position=(0, 0, 0), material="joint", axis="z") -> None:
    half = np.sqrt(0.5)
    quat = {"z": (1, 0, 0, 0), "x": (half, 0, half, 0), "y": (half, half, 0, 0)}[axis]
    model.body(body).add_geom(
        type=shape,
        size=size,
        pos=position,
        quat=quat,
        material=material,
        mass=0,
        group=VISUAL_GROUP,
        contype=0,
        conaffinity=0,
    )


CYLINDER, SPHERE, CAPSULE = mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CAPSULE


def _hinge(model: mujoco.MjSpec, body: str, length: float, radius: float, half_width: float) -> None:
    """The housing of elbow or knee at the far end of `body`, with a lighter cap on either side."""
    _part(model, body, CYLINDER, [radius, half_width, 0], (0, 0, -length), "joint", "y")
    _part(model, body, CYLINDER, [0.72 * radius, 1.1 * half_width, 0], (0, 0, -length), "trim", "y")


def _dress_trunk(model: mujoco.MjSpec, spec: RobotSpec) -> None:
    t = spec.segments.trunk
    pelvis = [
        Section(-0.075, 0.040, 0.030),
        Section(-0.055, 0.075, 0.055),
        Section(0.00, 0.095, 0.085),
        Section(0.05, 0.098, 0.120, -0.004),
        Section(0.085, 0.085, 0.115, -0.004),
        Section(0.095, 0.070, 0.095, -0.004),
    ]
    _shell(model, "pelvis", pelvis)
    _part(model, "waist", CYLINDER, [0.068, 0.055, 0], (0, 0, -0.01), "joint")
    torso = [
        Section(0.025, 0.070, 0.085),
        Section(0.045, 0.092, 0.110, 0.0),
        Section(0.30 * t, 0.102, 0.124, 0.002, power=2.5),
        Section(0.58 * t, 0.118, 0.148, 0.004, power=2.7),
        Section(0.82 * t, 0.118, 0.156, 0.002, power=2.7),
        Section(0.98 * t, 0.095, 0.140, -0.004, power=2.5),
        Section(1.08 * t, 0.055, 0.085, -0.006),
        Section(1.11 * t, 0.040, 0.050, -0.006),
    ]
    _shell(model, "torso", torso)
    # A dark slot across the chest and a spine plate break up the white.
    _part(model, "torso", CAPSULE, [0.011, 0.052, 0], (0.118, 0, 0.60 * t), "visor", "y")
    _part(model, "torso", CAPSULE, [0.020, 0.085, 0], (-0.112, 0, 0.55 * t), "joint")
    _part(model, "neck", CYLINDER, [0.040, 0.050, 0], (-0.004, 0, -0.01), "joint")
    head = [
        Section(0.010, 0.030, 0.035, -0.005),
        Section(0.035, 0.062, 0.058, 0.002),
        Section(0.085, 0.086, 0.074, 0.004),
        Section(0.140, 0.098, 0.080, 0.000),
        Section(0.185, 0.092, 0.076, -0.004),
        Section(0.220, 0.066, 0.056, -0.006),
        Section(0.236, 0.026, 0.024, -0.006),
    ]
    _shell(model, "head", head)
    visor = [
        Section(0.100, 0.060, 0.050, 0.028, power=2.6),
        Section(0.115, 0.071, 0.068, 0.0295, power=2.6),
        Section(0.145, 0.074, 0.073, 0.028, power=2.6),
        Section(0.172, 0.071, 0.068, 0.026, power=2.6),
        Section(0.188, 0.058, 0.050, 0.024, power=2.6),
    ]
    _shell(model, "head", visor, "visor", "visor_mesh")
    for side in (1, -1):
        _part(model, "head", SPHERE, [0.011, 0, 0], (0.093, side * 0.033, 0.145), "eye")
        _part(model, "head", CYLINDER, [0.027, 0.008, 0], (0, side * 0.078, 0.135), "trim", "y")


def _dress_arm(model: mujoco.MjSpec, spec: RobotSpec, side: str) -> None:
    size = spec.segments
    sign = 1 if side == "left" else -1
    up, low = size.upper_arm, size.forearm
    _part(
        model, "torso", CYLINDER, [0.048, 0.03, 0], (0, sign * (size.shoulder_offset - 0.05), size.trunk), "joint", "y"
    )
    ball = [
        Section(-0.062, 0.032, 0.030),
        Section(-0.040, 0.056, 0.052),
        Section(0.0, 0.066, 0.060, 0, sign * 0.006),
        Section(0.038, 0.052, 0.048, 0, sign * 0.004),
        Section(0.058, 0.022, 0.020),
    ]
    _shell(model, f"{side}_shoulder_roll_link", ball)
    _part(model, f"{side}_upper_arm", CYLINDER, [0.040, 0.018, 0], (0, 0, -0.065), "joint")
    arm = [
        Section(-0.085, 0.042, 0.042),
        Section(-0.10, 0.052, 0.050),
        Section(-0.55 * up, 0.049, 0.047),
        Section(-0.82 * up, 0.042, 0.042),
        Section(-0.90 * up, 0.032, 0.036),
    ]
    _shell(model, f"{side}_upper_arm", arm)
    _hinge(model, f"{side}_upper_arm", up, 0.039, 0.042)
    fore = [
        Section(-0.035, 0.036, 0.036),
        Section(-0.055, 0.050, 0.048),
        Section(-0.40 * low, 0.052, 0.050),
        Section(-0.75 * low, 0.040, 0.040),
        Section(-0.90 * low, 0.033, 0.034),
        Section(-0.93 * low, 0.026, 0.028),
    ]
    _shell(model, f"{side}_forearm", fore)
    _part(model, f"{side}_wrist", CYLINDER, [0.018, 0.026, 0], (0, 0, 0), "joint", "x")
    _part(model, f"{side}_palm_mount", CYLINDER, [0.017, 0.022, 0], (0, 0, 0), "trim", "y")


def _dress_leg(model: mujoco.MjSpec, spec: RobotSpec, side: str) -> None:
    size = spec.segments
    sign = 1 if side == "left" else -1
    thigh, shank, ankle = size.thigh, size.shank, size.ankle_height
    _part(model, f"{side}_hip_yaw_link", CYLINDER, [0.050, 0.045, 0], (-0.01, 0, 0.0), "joint", "x")
    _part(model, f"{side}_hip_roll_link", CYLINDER, [0.052, 0.035, 0], (0, sign * 0.022, 0), "joint", "y")
    upper = [
        Section(0.035, 0.035, 0.030, 0, sign * 0.026),
        Section(0.0, 0.070, 0.050, 0, sign * 0.022),
        Section(-0.12 * thigh, 0.080, 0.066, 0, sign * 0.012),
        Section(-0.45 * thigh, 0.076, 0.068, 0.004),
        Section(-0.78 * thigh, 0.060, 0.056, 0.004),
        Section(-0.92 * thigh, 0.046, 0.042),
    ]
    _shell(model, f"{side}_thigh", upper)
    _hinge(model, f"{side}_thigh", thigh, 0.050, 0.050)
    lower = [
        Section(-0.035, 0.036, 0.036),
        Section(-0.060, 0.054, 0.050, 0.002),
        Section(-0.30 * shank, 0.060, 0.053, -0.006),
        Section(-0.65 * shank, 0.046, 0.043, -0.003),
        Section(-0.90 * shank, 0.034, 0.034),
        Section(-0.95 * shank, 0.026, 0.028),
    ]
    _shell(model, f"{side}_shank", lower)
    _part(model, f"{side}_ankle", CYLINDER, [0.026, 0.036, 0], (0, 0, 0), "joint", "y")
    foot = [
        Section(-ankle, 0.126, 0.049, 0.02, power=3.0),
        Section(-ankle + 0.012, 0.127, 0.050, 0.02, power=3.0),
        Section(-ankle + 0.030, 0.112, 0.046, 0.012, power=2.6),
        Section(-ankle + 0.052, 0.066, 0.040, -0.014, power=2.4),
        Section(-ankle + 0.068, 0.036, 0.032, -0.020),
    ]
    _shell(model, f"{side}_foot", foot)
    _part(model, f"{side}_sole", mujoco.mjtGeom.mjGEOM_BOX, [0.118, 0.046, 0.006], (0, 0, 0.006), "joint")
