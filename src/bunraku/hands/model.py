"""A hand as a MuJoCo model: bodies, contact, cables and their motors, and what it looks like.

Cables are fixed tendons whose arms are pulley radii; each has a position actuator on its length, so `ctrl = R q`.
Every motor's force is read by the sensor `{side}_{cable}_tension`.
"""

from __future__ import annotations

from math import cos, radians, sin, sqrt

import mujoco
import numpy as np

from bunraku.hands.actuators import tension_ranges
from bunraku.hands.spec import DigitSpec, HandSpec, JointSpec, LinkSpec, PadSpec

WORLD_BIT = 1
"""contype of objects, furniture and floor: MuJoCo's default. Hands have it in their conaffinity only."""
PALM_BIT = {"right": 1 << 8, "left": 1 << 16}
"""contype of a palm; digit i of the same hand has `PALM_BIT << (i + 1)`.

Digits collide with the world, with the other hand and with other digits of their own hand; beyond their first two links
also with their own palm. Links of one digit do not collide with each other.
"""
COLLISION_GROUP = 3
VISUAL_GROUP = 2

MATERIALS = {
    "hand_shell": (0.93, 0.93, 0.91, 1.0),
    "hand_joint": (0.13, 0.14, 0.16, 1.0),
    "hand_pad": (0.30, 0.32, 0.35, 1.0),
    "hand_cable": (0.95, 0.27, 0.10, 1.0),
}


def build_hand(hand: HandSpec, side: str = "right", wrist: bool = False) -> mujoco.MjSpec:
    """A stand-alone hand, fixed to the world at the wrist (or hinged there if `wrist`), with contact options set."""
    spec = mujoco.MjSpec()
    spec.modelname = f"{side}_{hand.name}"
    spec.compiler.degree = False
    set_contact_options(spec)
    parent = spec.worldbody
    if wrist:
        parent = parent.add_body(name=f"{side}_wrist")
        mirror = _mirror(side)
        for joint in hand.wrist_joints:
            _add_joint(parent, joint, side, mirror)
            _add_wrist_motor(spec, f"{side}_{joint.name}")
        parent.mass, parent.inertia, parent.ipos = 0.05, [3e-5] * 3, [0, 0, 0]
        parent.explicitinertial = True
    add_hand(spec, parent, hand, side)
    return spec


def set_contact_options(spec: mujoco.MjSpec) -> None:
    """2 ms, implicit, elliptic friction cones with impratio 10: grasps slip at impratio 1."""
    option = spec.option
    option.timestep = 0.002
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    option.impratio = 10


def add_hand(
    spec: mujoco.MjSpec,
    parent: mujoco.MjsBody,
    hand: HandSpec,
    side: str,
    pos: tuple[float, float, float] = (0, 0, 0),
    quat: tuple[float, float, float, float] = (1, 0, 0, 0),
) -> mujoco.MjsBody:
    """Add `hand` to `parent` with its wrist at `pos`, `quat` (wxyz); returns its palm body `{side}_hand`.

    Adds joints, tendons, actuators and tension sensors in the order of `hand.joint_names` and `hand.cable_names`, the
    sites `{side}_palm` (the hand frame) and `{side}_{digit}_tip`, all named with `{side}_` in front.
    """
    if side not in PALM_BIT:
        raise ValueError(f"side must be 'left' or 'right', got {side!r}")
    _add_materials(spec)
    mirror = _mirror(side)
    density = hand.mass / _volume(hand)
    palm = parent.add_body(name=f"{side}_hand", pos=pos, quat=quat)
    palm.add_site(name=f"{side}_palm", size=[0.004] * 3, group=4)
    for pad in hand.palm:
        _add_pad(palm, pad, hand, side, mirror, density)
    _dress_palm(palm, hand, mirror)
    for index, digit in enumerate(hand.digits):
        _add_digit(palm, digit, index, hand, side, mirror, density)
    for cable, forces in zip(hand.cables, tension_ranges(hand), strict=True):
        name = f"{side}_{cable.name}"
        tendon = spec.add_tendon(name=name, armature=hand.cable_inertia)
        for joint, arm in cable.arms.items():
            tendon.wrap_joint(f"{side}_{joint}", arm)
        motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_TENDON)
        motor.set_to_position(kp=hand.cable_stiffness, kv=1.8 * sqrt(hand.cable_stiffness * hand.cable_inertia))
        motor.forcelimited = True
        motor.forcerange = forces
        spec.add_sensor(
            name=f"{name}_tension",
            type=mujoco.mjtSensor.mjSENS_ACTUATORFRC,
            objtype=mujoco.mjtObj.mjOBJ_ACTUATOR,
            objname=name,
        )
    return palm


def _mirror(side: str) -> float:
    return 1.0 if side == "right" else -1.0


def _yaw_pitch(yaw_deg: float, pitch_deg: float, mirror: float) -> list[float]:
    """Quaternion of a turn about z, then of a flexion about y."""
    half_yaw, half_pitch = radians(yaw_deg) * mirror / 2, radians(pitch_deg) / 2
    cz, sz, cy, sy = cos(half_yaw), sin(half_yaw), cos(half_pitch), sin(half_pitch)
    return [cz * cy, -sz * sy, cz * sy, sz * cy]


def _volume(hand: HandSpec) -> float:
    """Volume of all collision geoms, m³."""

    def capsule(length: float, radius: float) -> float:
        return np.pi * radius**2 * (length + 4 / 3 * radius)

    total = sum(capsule(link.length, link.radius) for digit in hand.digits for link in digit.links)
    for pad in hand.palm:
        if pad.box:
            total += 8 * float(np.prod(pad.box[1]))
        elif pad.capsule:
            start, end, radius = pad.capsule
            total += capsule(float(np.linalg.norm(np.subtract(end, start))), radius)
    return total


def _contact(hand: HandSpec) -> dict:
    return {
        "friction": [hand.friction, 0.004, 0.0001],
        "condim": 4,
        "solref": [0.005, 1],
        "solimp": [0.9, 0.98, 0.002, 0.5, 2],
        "priority": 1,
        "group": COLLISION_GROUP,
        "rgba": [0.8, 0.8, 0.8, 1],
    }


def _add_joint(body: mujoco.MjsBody, joint: JointSpec, side: str, mirror: float) -> None:
    low, high = np.radians(joint.range_deg)
    x, y, z = joint.axis
    body.add_joint(
        name=f"{side}_{joint.name}",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[mirror * x, y, mirror * z],
        limited=True,
        range=[low, high],
        damping=[joint.damping, 0, 0],
        stiffness=[joint.stiffness, 0, 0],
        springref=low,
    )


def _add_wrist_motor(spec: mujoco.MjSpec, name: str) -> None:
    motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    motor.set_to_position(kp=120, kv=6)


def _add_pad(palm: mujoco.MjsBody, pad: PadSpec, hand: HandSpec, side: str, mirror: float, density: float) -> None:
    other = PALM_BIT["left" if side == "right" else "right"]
    bits = {"contype": PALM_BIT[side], "conaffinity": WORLD_BIT | (other * 63 if side == "right" else 0)}
    flip = np.array([1, mirror, 1])
    if pad.box:
        shape = {"type": mujoco.mjtGeom.mjGEOM_BOX, "pos": pad.box[0] * flip, "size": pad.box[1]}
    elif pad.capsule:
        start, end, radius = pad.capsule
        shape = {
            "type": mujoco.mjtGeom.mjGEOM_CAPSULE,
            "fromto": [*(start * flip), *(end * flip)],
            "size": [radius, 0, 0],
        }
    else:
        raise ValueError(f"the palm's piece '{pad.name}' is neither a box nor a capsule")
    palm.add_geom(name=f"{side}_palm_{pad.name}", density=density, **shape, **bits, **_contact(hand))
    if pad.capsule:
        palm.add_geom(**shape, **_visual("hand_shell"))


def _add_digit(
    palm: mujoco.MjsBody, digit: DigitSpec, index: int, hand: HandSpec, side: str, mirror: float, density: float
) -> None:
    own, other = PALM_BIT[side], PALM_BIT["left" if side == "right" else "right"]
    earlier = sum(own << (i + 1) for i in range(index))
    body, end = palm, np.array(digit.base) * [1, mirror, 1]
    yaw = digit.yaw_deg
    for depth, link in enumerate(digit.links):
        body = body.add_body(
            name=f"{side}_{digit.name}_{link.name}",
            pos=end,
            quat=_yaw_pitch(yaw + link.yaw_deg, link.pitch_deg, mirror),
        )
        for joint in link.joints:
            _add_joint(body, joint, side, mirror)
        body.add_geom(
            name=f"{side}_{digit.name}_{link.name}",
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=[0, 0, 0, link.length, 0, 0],
            size=[link.radius, 0, 0],
            density=density,
            contype=own << (index + 1),
            conaffinity=WORLD_BIT
            | earlier
            | (own if depth >= len(digit.links) - 1 and depth > 0 else 0)
            | (other * 63 if side == "right" else 0),
            **_contact(hand),
        )
        _dress(body, digit, link, mirror)
        end, yaw = np.array([link.length, 0, 0]), 0.0
    body.add_site(name=f"{side}_{digit.name}_tip", pos=[digit.links[-1].length, 0, 0], size=[0.003] * 3, group=4)


def _add_materials(spec: mujoco.MjSpec) -> None:
    for name, rgba in MATERIALS.items():
        if spec.material(name) is None:
            spec.add_material(name=name, rgba=rgba, specular=0.3, shininess=0.4)


def _visual(material: str) -> dict:
    return {"group": VISUAL_GROUP, "contype": 0, "conaffinity": 0, "mass": 0, "density": 0, "material": material}


def _dress_palm(palm: mujoco.MjsBody, hand: HandSpec, mirror: float) -> None:
    """A wrist drum, a dark core, one metacarpal to each finger, and the cables that run beside it."""
    capsule, flip = mujoco.mjtGeom.mjGEOM_CAPSULE, np.array([1, mirror, 1])
    boxes = [pad.box for pad in hand.palm if pad.box]
    half = min(size[2] for _, size in boxes) if boxes else 0.009
    middle = np.array([0, 0, boxes[0][0][2] if boxes else 0.0])
    drum = {"fromto": [0, -0.024, 0, 0, 0.024, 0], "size": [0.8 * half + 0.004, 0, 0]}
    palm.add_geom(type=mujoco.mjtGeom.mjGEOM_CYLINDER, **drum, **_visual("hand_joint"))
    for centre, size in boxes:
        core = {"pos": centre * flip, "size": np.array(size) * [0.94, 0.94, 0.72]}
        palm.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, **core, **_visual("hand_joint"))
    for digit in hand.digits:
        if digit.name == "thumb" or len(digit.links) > 3:
            continue
        end = np.array(digit.base) * flip + middle
        start = np.array([0.014, 0.55 * end[1], middle[2]])
        end = end + 0.12 * (start - end)
        palm.add_geom(type=capsule, fromto=[*start, *end], size=[1.02 * half, 0, 0], **_visual("hand_shell"))
        for side in (1.04 * half, -1.04 * half):
            run = np.array([0, 0, side])
            cable = {"fromto": [*(start * 0.4 + run), *(np.array(digit.base) * flip + middle + run)]}
            palm.add_geom(type=capsule, **cable, size=[0.0009, 0, 0], **_visual("hand_cable"))


def _dress(body: mujoco.MjsBody, digit: DigitSpec, link: LinkSpec, mirror: float) -> None:
    """Shell, joint drum, pad and the two runs of the cable loop, all massless and without contact."""
    radius, length, last = link.radius, link.length, link is digit.links[-1]
    across = np.array(list(digit.joints)[-1].axis) * [mirror, 1, mirror]
    palmar = np.cross(across, [1, 0, 0])
    capsule, cylinder = mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER
    gap = 0.6 * radius
    stop = length if last else length - gap
    body.add_geom(type=capsule, fromto=[gap, 0, 0, stop, 0, 0], size=[0.93 * radius, 0, 0], **_visual("hand_shell"))
    body.add_geom(
        type=cylinder,
        fromto=[*(-0.85 * radius * across), *(0.85 * radius * across)],
        size=[0.72 * radius, 0, 0],
        **_visual("hand_joint"),
    )
    for sign in (1, -1):
        offset = sign * 0.98 * radius * palmar
        stop_cable = 0.55 * length if last else length
        body.add_geom(
            type=capsule,
            fromto=[*offset, *(offset + np.array([stop_cable, 0, 0]))],
            size=[0.0009, 0, 0],
            **_visual("hand_cable"),
        )
    if last:
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
            pos=[0.72 * length, 0, 0] + 0.25 * radius * palmar,
            size=[0.45 * length, 0.82 * radius, 0.82 * radius],
            **_visual("hand_pad"),
        )
