"""`RobotSpec` → `mujoco.MjSpec`: bodies, joints, masses, collision shapes, sensors, cameras and motors."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.hands import add_hand, forearm_motor_mass, load_hand
from bunraku.robot.appearance import Look, dress
from bunraku.robot.interface import SIDES
from bunraku.robot.spec import STRUCTURE_FRACTIONS, BodyJoint, CameraSpec, RobotSpec

GEOM = mujoco.mjtGeom

ENVIRONMENT_BIT, BODY_BIT = 1, 2
"""Collision bits: things of the world, and the shells of the body; hands have theirs in `bunraku.hands`."""

COLLISION_GROUP, HIDDEN_GROUP = 3, 4
"""Geom groups that are not drawn: collision shapes, and masses inside the shells."""

SOLE_SIZE = (0.12, 0.05, 0.0075)
"""Half extents of the sole, m."""
SOLE_CENTRE = 0.02
"""How far the middle of the sole lies in front of the ankle, m."""

CROUCH = 0.25
"""Hip and ankle flexion of the standing posture, rad; the knee bends twice as much."""

_UNDRIVEN_MASS = {"wrist": 0.06, "ankle": 0.10}

_EXCLUDED = (
    ("torso", "pelvis"),
    ("torso", "head"),
    *((f"{s}_{a}", b) for s in SIDES for a, b in (("upper_arm", "torso"), ("thigh", "pelvis"))),
    *(
        (f"{s}_{a}", f"{s}_{b}")
        for s in SIDES
        for a, b in (("forearm", "upper_arm"), ("foot", "shank"), ("sole", "shank"))
    ),
)


def rotation_from_forward(forward: tuple[float, float, float], up: tuple[float, float, float]) -> np.ndarray:
    """Orientation (3, 3) of a camera that looks along `forward` with `up` upwards (MuJoCo: −z forward, y up)."""
    z = -np.asarray(forward, float) / np.linalg.norm(forward)
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(rotation).ravel())
    return quaternion


def _child(parent, name: str, position, joint: BodyJoint | None = None):
    body = parent.add_body(name=name, pos=position)
    if joint is not None:
        low, high = joint.range
        body.add_joint(
            name=joint.name,
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=joint.axis,
            range=[low, high],
            limited=True,
            armature=joint.drive.armature,
            damping=0.5 if joint.drive.peak_torque > 40 else 0.1,
        )
    return body


def _solid(body, shape, size, mass: float, position=(0, 0, 0), quat=(1, 0, 0, 0), name: str = "") -> None:
    """A collision shape of the body that carries `mass`."""
    body.add_geom(
        name=name,
        type=shape,
        size=size,
        mass=mass,
        pos=position,
        quat=quat,
        group=COLLISION_GROUP,
        contype=BODY_BIT,
        conaffinity=BODY_BIT | ENVIRONMENT_BIT,
        friction=[0.8, 0.005, 0.0001],
        solref=[0.01, 1],
        solimp=[0.95, 0.99, 0.001, 0.5, 2],
    )


def _mass(body, mass: float, position=(0, 0, 0), size=(0.03, 0.03, 0.03)) -> None:
    """A mass inside the shells that touches nothing."""
    body.add_geom(
        type=GEOM.mjGEOM_BOX, size=size, mass=mass, pos=position, group=HIDDEN_GROUP, contype=0, conaffinity=0
    )


def _motor(body, joint: BodyJoint, position=(0, 0, 0)) -> None:
    motor = joint.drive.motor
    _mass(body, motor.mass, position, (motor.length / 2, motor.diameter / 2.26, motor.diameter / 2.26))


def _link(body, length: float, radius: float, mass: float, name: str = "", offset: float = 0.0) -> None:
    half = length / 2
    _solid(body, GEOM.mjGEOM_CAPSULE, [radius, max(half - radius, 0.01), 0], mass, (0, 0, -half - offset), name=name)


def build_robot(spec: RobotSpec | None = None, *, hands: bool = True, look: Look | None = None) -> mujoco.MjSpec:
    """The robot as an editable model, its pelvis floating at standing height.

    Args:
        spec: what the robot is; the default robot if None.
        hands: False replaces each hand by a rigid block of the same mass: the nominal model of the body controller.
        look: colours; None is the default look. Ignored without hands.

    Returns:
        A spec with bodies, joints and motors named as in `RobotSpec`, sites `imu`, `left_sole`, `right_sole`,
        `left_palm`, `right_palm`, seven cameras, and sensors `imu_*`, `{side}_sole_force`, `{side}_sole_torque`.
    """
    spec = spec or RobotSpec()
    model = mujoco.MjSpec()
    model.modelname = spec.name
    model.compiler.degree = False
    model.compiler.autolimits = True
    model.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    structure = {name: share * spec.structure_mass for name, share in STRUCTURE_FRACTIONS.items()}
    joints = {joint.name: joint for joint in spec.joints}
    size = spec.segments

    pelvis = model.worldbody.add_body(name="pelvis", pos=[0, 0, standing_height(spec)])
    pelvis.add_freejoint(name="root")
    pelvis.add_site(name="imu", pos=[0, 0, 0.03])
    _solid(pelvis, GEOM.mjGEOM_CAPSULE, [0.09, 0.06, 0], structure["pelvis"], (0, 0, 0.03), _quaternion(_Z_TO_Y))
    _motor(pelvis, joints["waist_yaw"], (0, 0, size.waist_height - 0.04))

    waist = _child(pelvis, "waist", [0, 0, size.waist_height], joints["waist_yaw"])
    _motor(waist, joints["waist_pitch"])
    torso = _child(waist, "torso", [0, 0, 0], joints["waist_pitch"])
    chest = (0, 0, 0.62 * size.trunk)
    _solid(torso, GEOM.mjGEOM_BOX, [0.10, 0.13, 0.35 * size.trunk], structure["torso"], chest, name="torso_shell")
    neck = _child(torso, "neck", [0, 0, size.trunk + size.neck], joints["neck_yaw"])
    _motor(torso, joints["neck_yaw"], (0, 0, size.trunk))
    _motor(neck, joints["neck_pitch"])
    head = _child(neck, "head", [0, 0, 0], joints["neck_pitch"])
    _solid(head, GEOM.mjGEOM_SPHERE, [0.095, 0, 0], structure["head"], (0.005, 0, 0.13))

    for side, sign in (("left", 1), ("right", -1)):
        _add_arm(model, spec, side, sign, joints, structure, hands)
    for side, sign in (("left", 1), ("right", -1)):
        _add_leg(spec, pelvis, side, sign, joints, structure)

    for component in spec.components:
        half = np.asarray(component.size) / 2
        _mass(model.body(component.body), component.mass, component.position, half)
    for camera in spec.cameras:
        _add_camera(model, camera)
    for first, second in _EXCLUDED:
        model.add_exclude(bodyname1=first, bodyname2=second)
    _add_motors_and_sensors(model, spec)
    if hands:
        dress(model, spec, look or Look())
    return model


def rotation_mount_from_hand(side: str) -> np.ndarray:
    """Hand frame (3, 3) in the frame of the hanging forearm: fingers down, palm towards the body, thumb forward."""
    sign = 1 if side == "left" else -1
    return np.array([[0, -sign, 0], [0, 0, sign], [-1, 0, 0]], float)


_Z_TO_Y = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def _add_arm(model: mujoco.MjSpec, spec: RobotSpec, side: str, sign: int, joints, structure, hands: bool) -> None:
    size, torso = spec.segments, model.body("torso")
    joint = {name: joints[f"{side}_{name}"] for name in _ARM_JOINTS}
    shoulder = (0, sign * size.shoulder_offset, size.trunk)
    _motor(torso, joint["shoulder_pitch"], (0, sign * (size.shoulder_offset - 0.07), size.trunk - 0.02))
    pitch = _child(torso, f"{side}_shoulder_pitch_link", shoulder, joint["shoulder_pitch"])
    _motor(pitch, joint["shoulder_roll"])
    roll = _child(pitch, f"{side}_shoulder_roll_link", [0, 0, 0], joint["shoulder_roll"])
    _motor(roll, joint["shoulder_yaw"], (0, 0, -0.06))
    upper = _child(roll, f"{side}_upper_arm", [0, 0, 0], joint["shoulder_yaw"])
    _link(upper, size.upper_arm - 0.06, 0.045, structure["upper_arm"], offset=0.03)
    _motor(upper, joint["elbow"], (0, 0, -size.upper_arm))
    elbow = _child(upper, f"{side}_elbow", [0, 0, -size.upper_arm], joint["elbow"])
    _motor(elbow, joint["forearm_roll"], (0, 0, -0.03))
    forearm = _child(elbow, f"{side}_forearm", [0, 0, 0], joint["forearm_roll"])
    _link(forearm, size.forearm - 0.06, 0.042, structure["forearm"], offset=0.03)
    hand = load_hand(spec.hand)
    _mass(forearm, forearm_motor_mass(hand), (0, 0, -0.45 * size.forearm), (0.03, 0.03, 0.07))
    for wrist_motor, offset in (("wrist_flexion", 0.016), ("wrist_deviation", -0.016)):
        _motor(forearm, joint[wrist_motor], (offset, 0, -0.75 * size.forearm))
    wrist = _child(forearm, f"{side}_wrist", [0, 0, -size.forearm], joint["wrist_flexion"])
    _mass(wrist, _UNDRIVEN_MASS["wrist"], size=(0.012, 0.012, 0.012))
    palm = _child(wrist, f"{side}_palm_mount", [0, 0, 0], joint["wrist_deviation"])
    rotation = rotation_mount_from_hand(side)
    quat = _quaternion(rotation)
    if hands:
        add_hand(model, palm, hand, side, quat=tuple(quat))
    else:
        palm.add_site(name=f"{side}_palm", quat=quat)
        _mass(palm, hand.mass, rotation @ [0.075, 0, -0.004], (0.06, 0.04, 0.014))


_ARM_JOINTS = (
    "shoulder_pitch",
    "shoulder_roll",
    "shoulder_yaw",
    "elbow",
    "forearm_roll",
    "wrist_flexion",
    "wrist_deviation",
)


def _add_leg(spec: RobotSpec, pelvis, side: str, sign: int, joints, structure) -> None:
    size = spec.segments
    joint = {
        name: joints[f"{side}_{name}"]
        for name in ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ankle_pitch", "ankle_roll")
    }
    _motor(pelvis, joint["hip_yaw"], (0, sign * size.hip_offset, 0.06))
    yaw = _child(pelvis, f"{side}_hip_yaw_link", [0, sign * size.hip_offset, 0], joint["hip_yaw"])
    _motor(yaw, joint["hip_roll"], (-0.05, 0, 0))
    roll = _child(yaw, f"{side}_hip_roll_link", [0, 0, 0], joint["hip_roll"])
    _motor(roll, joint["hip_pitch"], (0, sign * 0.03, 0))
    thigh = _child(roll, f"{side}_thigh", [0, 0, 0], joint["hip_pitch"])
    _link(thigh, size.thigh - 0.08, 0.065, structure["thigh"], offset=0.05)
    _motor(thigh, joint["knee"], (0, 0, -0.7 * size.thigh))
    shank = _child(thigh, f"{side}_shank", [0, 0, -size.thigh], joint["knee"])
    _link(shank, size.shank - 0.06, 0.048, structure["shank"], offset=0.02)
    _motor(shank, joint["ankle_pitch"], (0, 0.02, -0.22 * size.shank))
    _motor(shank, joint["ankle_roll"], (0, -0.02, -0.42 * size.shank))
    ankle = _child(shank, f"{side}_ankle", [0, 0, -size.shank], joint["ankle_pitch"])
    _mass(ankle, _UNDRIVEN_MASS["ankle"], size=(0.015, 0.015, 0.015))
    foot = _child(ankle, f"{side}_foot", [0, 0, 0], joint["ankle_roll"])
    sole_thickness = 2 * SOLE_SIZE[2]
    _mass(foot, 0.7 * structure["foot"], (SOLE_CENTRE, 0, -0.6 * size.ankle_height), (0.10, 0.04, 0.015))
    sole = foot.add_body(name=f"{side}_sole", pos=[SOLE_CENTRE, 0, -size.ankle_height])
    sole.add_site(name=f"{side}_sole")
    _solid(sole, GEOM.mjGEOM_BOX, SOLE_SIZE, 0.3 * structure["foot"], (0, 0, sole_thickness / 2), name=f"{side}_sole")


def _add_camera(model: mujoco.MjSpec, camera: CameraSpec) -> None:
    rotation = rotation_from_forward(camera.forward, camera.up)
    position = np.asarray(camera.position, float)
    if camera.body.endswith("_palm"):
        side = camera.body.removesuffix("_palm")
        body, frame = model.body(f"{side}_palm_mount"), rotation_mount_from_hand(side)
        rotation, position = frame @ rotation, frame @ position
    else:
        body = model.body(camera.body)
    body.add_camera(
        name=camera.name,
        pos=position,
        quat=_quaternion(rotation),
        fovy=camera.fovy_deg,
        resolution=list(camera.resolution),
    )


def _add_motors_and_sensors(model: mujoco.MjSpec, spec: RobotSpec) -> None:
    for joint in spec.joints:
        actuator = model.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_motor()
        limit = joint.drive.peak_torque
        actuator.forcerange = [-limit, limit]
        actuator.forcelimited = True
    sensor, site = mujoco.mjtSensor, mujoco.mjtObj.mjOBJ_SITE
    for kind, name in (
        (sensor.mjSENS_FRAMEQUAT, "imu_orientation"),
        (sensor.mjSENS_GYRO, "imu_angular_velocity"),
        (sensor.mjSENS_ACCELEROMETER, "imu_acceleration"),
    ):
        model.add_sensor(name=name, type=kind, objtype=site, objname="imu")
    for side in SIDES:
        model.add_sensor(name=f"{side}_sole_force", type=sensor.mjSENS_FORCE, objtype=site, objname=f"{side}_sole")
        model.add_sensor(name=f"{side}_sole_torque", type=sensor.mjSENS_TORQUE, objtype=site, objname=f"{side}_sole")


def standing_height(spec: RobotSpec) -> float:
    """Height of the pelvis origin in the standing posture, m."""
    size = spec.segments
    return float(size.ankle_height + (size.shank + size.thigh) * np.cos(CROUCH))


def standing_configuration(spec: RobotSpec) -> np.ndarray:
    """The posture in which the robot starts: knees a little bent, hands tucked at the height of the chest.

    Returns:
        configuration (37,): pelvis position m, quaternion wxyz, 30 joints rad, in the stance frame.
    """
    size = spec.segments
    angles = {
        "neck_pitch": 0.35,
        **{
            f"{side}_{name}": value
            for side in SIDES
            for name, value in (
                ("shoulder_pitch", -0.5),
                ("shoulder_roll", 0.3),
                ("elbow", 2.3),
                ("hip_pitch", CROUCH),
                ("knee", 2 * CROUCH),
                ("ankle_pitch", CROUCH),
            )
        },
    }
    forward = (size.shank - size.thigh) * np.sin(CROUCH) - SOLE_CENTRE
    joints = [angles.get(joint.name, 0.0) for joint in spec.joints]
    return np.array([forward, 0, standing_height(spec), 1, 0, 0, 0, *joints])
