"""Hands that others wrote, scored by the same tests: an MJCF or URDF file and a small map of its palm, digits and tips.

The adapter turns the hand into the hand frame, locks its wrist, gives it the contact of our hands (friction, solver
parameters) and drives each actuator as a position servo within the limit that its file states; joints without an
actuator (a URDF has none) get one within their stated effort. Its digits do not collide with each other while it holds
objects; the search for postures sees such overlaps as it does for every hand.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import yaml

from bunraku.errors import UserError
from bunraku.hands.benchmark.subject import CONTINUOUS, STALL, Link, Palm, Subject
from bunraku.hands.model import PALM_BIT, WORLD_BIT, set_contact_options
from bunraku.hands.spec import read_hand_file

PEERS = {
    file.name.removesuffix(".yaml"): file
    for file in (resources.files("bunraku.hands.benchmark") / "peer_maps").iterdir()
    if file.name.endswith(".yaml")
}
"""Peers by name; each is the map of one hand in another package."""
LEAST_ARMATURE = 1e-3
"""Rotor inertia at a joint, kg·m², where the source states less: about that of our hands."""
SERVO_STIFFNESS = 2.0
"""Of each servo, N·m/rad: what the cables of our hands, 20 kN/m, have on an arm of a centimetre. Files state stiffness
for their own controllers or none, and what closes one hand must not be stiffer than what closes another."""
ARM = 0.01
"""Typical moment arm of a muscle, m."""


@dataclass(frozen=True)
class PeerMap:
    """What the tests must know of a foreign hand. Vectors are in the frame of the palm's body at zero posture.

    The model is `file`, or what the function `build` ("module:name") returns for `argument`. `wrist` is the hand
    frame's origin, `along` points to the fingers, `normal` out of the palm; the palm's surface is the rectangle of half
    sizes `half` (along, across) about `centre`. `digits` maps names to bodies from palm to tip, the tip in the last
    body's frame and a radius. `locked` names joints to weld and actuators to leave out, `linked` joints that a linkage
    moves with (driver, ratio, offset in rad), and `effort` the N·m of joints whose file states none ("all" for every
    one).
    """

    name: str
    description: str
    file: Path | None
    body: str
    wrist: np.ndarray
    along: np.ndarray
    normal: np.ndarray
    centre: np.ndarray
    half: tuple[float, float]
    locked: tuple[str, ...]
    digits: dict[str, dict]
    wrist_joints: int = 0
    build: str = ""
    argument: str = ""
    linked: Mapping[str, tuple[str, float, float]] = field(default_factory=dict)
    effort: Mapping[str, float] = field(default_factory=dict)
    unsure: str = ""


def read_map(text: str, folder: Path | None = None) -> PeerMap:
    """Parse a map; its `file` lies in its `package`, or in `folder` if it names none."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"The map of a foreign hand is not valid YAML ({str(error).splitlines()[0]}).") from None
    try:
        package = data.get("package")
        if package:
            found = find_spec(package)
            if found is None or found.origin is None:
                install = data.get("install", "'bunraku[peers]'")
                raise UserError(f"The hand '{data['name']}' needs the package {package}: pip install {install}.")
            folder = Path(found.origin).parent
        palm = data["palm"]
        vectors = {key: _vector(palm[key], 3) for key in ("wrist", "along", "normal", "centre")}
        half = _vector(palm["half"], 2)
        digits = {
            digit: {"bodies": list(entry["bodies"]), "tip": _vector(entry["tip"], 3), "radius": float(entry["radius"])}
            for digit, entry in data["digits"].items()
        }
        return PeerMap(
            name=data["name"],
            description=data["description"],
            file=None if "build" in data else (folder or Path()) / data["file"],
            build=data.get("build", ""),
            argument=data.get("argument", ""),
            body=palm["body"],
            half=(float(half[0]), float(half[1])),
            locked=tuple(data.get("locked", ())),
            wrist_joints=int(data.get("wrist_joints", len(data.get("locked", ())))),
            digits=digits,
            linked={joint: (str(d), float(r), float(o)) for joint, (d, r, o) in data.get("linked", {}).items()},
            effort=data.get("effort", {}),
            unsure=data.get("unsure", ""),
            **vectors,
        )
    except KeyError as error:
        raise UserError(f"The map of a foreign hand lacks the field {error}.") from None
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"The map of a foreign hand holds a wrong value ({error}).") from None


def _vector(values: Any, size: int) -> np.ndarray:
    vector = np.array(values, float)
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise ValueError(f"expected {size} numbers, got {values!r}")
    return vector


def load_peer(name: str) -> Subject:
    """The peer called `name`, or the one of the map file at `name`; UserError if its package is not installed."""
    if name in PEERS:
        return subject_from_map(read_map(PEERS[name].read_text()))
    return subject_from_map(read_map(read_hand_file(name), Path(name).parent))


def is_map(name: str) -> bool:
    """Whether `name` is a peer or a map file rather than a hand of ours."""
    if name in PEERS:
        return True
    path = Path(name)
    named = path.suffix in (".yaml", ".yml") and path.is_file()
    return named and re.search("^(file|build):", read_hand_file(path), re.MULTILINE) is not None


def subject_from_map(peer: PeerMap) -> Subject:
    """Wrap a foreign hand."""
    if peer.file and not peer.file.is_file():
        raise UserError(f"The hand '{peer.name}' has no model file {peer.file}.")
    spec = adapted_spec(peer)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    digits = {name: _digit(model, data, entry) for name, entry in peer.digits.items()}
    across = np.cross(peer.normal, peer.along)
    grid = [
        peer.centre + u * peer.half[0] * peer.along + v * peer.half[1] * across
        for u in np.linspace(-1, 1, 4)
        for v in np.linspace(-1, 1, 4)
    ]
    limits = model.actuator_forcerange.copy()
    linked = {model.joint(j).id: (model.joint(d).id, ratio, offset) for j, (d, ratio, offset) in peer.linked.items()}
    return Subject(
        name=peer.name,
        description=peer.description,
        make=spec.copy,
        digits=digits,
        palm=Palm(model.body(peer.body).id, np.array(grid), peer.normal),
        forces={CONTINUOUS: limits, STALL: limits},
        cable_speed=np.full(model.nu, np.nan),
        cable_inertia=float("nan"),
        mass=float(model.body_subtreemass[model.body(peer.body).id]),
        dof=model.nv - len(linked),
        dof_with_wrist=model.nv - len(linked) + peer.wrist_joints,
        motors_in_hand=False,
        linked=linked,
        unsure=peer.unsure,
    )


def adapted_spec(peer: PeerMap) -> mujoco.MjSpec:
    """The foreign model in the hand frame, wrist locked, contact and servos as the tests need them."""
    spec = _source(peer)
    there = {element.name for element in (*spec.joints, *spec.actuators)}
    for name in peer.locked:
        if name not in there:
            raise UserError(f"The model of the hand '{peer.name}' has no joint or actuator '{name}' to lock.")
    lost = set(peer.locked) | set(peer.linked)
    for tendon in list(spec.tendons):
        if any(wrap.target is not None and wrap.target.name in lost for wrap in tendon.path):
            lost.add(tendon.name)
            spec.delete(tendon)
    for element in [a for a in spec.actuators if a.target in lost or a.name in lost]:
        spec.delete(element)
    welded = [joint for name in peer.locked if (joint := spec.joint(name)) is not None]
    for element in (*spec.keys, *spec.sensors, *spec.excludes, *spec.pairs, *welded):
        spec.delete(element)
    for name in (peer.body, *(body for entry in peer.digits.values() for body in entry["bodies"])):
        if spec.body(name) is None:
            raise UserError(f"The model of the hand '{peer.name}' has no body '{name}'.")
    root = spec.body(peer.body)
    while root.parent != spec.worldbody:
        root = root.parent
    for other in [b for b in spec.worldbody.bodies if b != root]:
        spec.delete(other)
    for element in (*spec.worldbody.geoms, *spec.worldbody.sites, *spec.worldbody.lights):
        spec.delete(element)
    set_contact_options(spec)
    _turn_into_hand_frame(spec, root, peer)
    for geom in root.find_all(mujoco.mjtObj.mjOBJ_GEOM):
        if geom.contype or geom.conaffinity:
            geom.contype, geom.conaffinity = PALM_BIT["right"], WORLD_BIT
            geom.friction, geom.condim, geom.priority = [0.9, 0.004, 0.0001], 4, 1
            geom.solref, geom.solimp = [0.005, 1], [0.9, 0.98, 0.002, 0.5, 2]
    for joint in root.find_all(mujoco.mjtObj.mjOBJ_JOINT):
        joint.armature = max(joint.armature, LEAST_ARMATURE)
    _link(spec, peer)
    _add_motors(spec, peer)
    model = spec.compile()
    for number, actuator in enumerate(spec.actuators):
        _servo(actuator, model, number)
    return spec


def _turn_into_hand_frame(spec: mujoco.MjSpec, root: mujoco.MjsBody, peer: PeerMap) -> None:
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    palm = data.body(peer.body)
    # columns: the hand frame's axes in the palm's frame
    axes = np.stack([peer.along, np.cross(-peer.normal, peer.along), -peer.normal], 1)
    rotation = axes.T @ palm.xmat.reshape(3, 3).T
    origin = palm.xpos + palm.xmat.reshape(3, 3) @ peer.wrist
    own = data.body(root.name)
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, (rotation @ own.xmat.reshape(3, 3)).ravel())
    # an Euler angle in the file would win over the quaternion
    root.alt.type = mujoco.mjtOrientation.mjORIENTATION_QUAT
    root.pos, root.quat = rotation @ (own.xpos - origin), quat


def _source(peer: PeerMap) -> mujoco.MjSpec:
    """The model as its authors wrote it."""
    if peer.file is None:
        module, name = peer.build.split(":")
        # repeated at every compilation of a model put together by its authors, who know
        warnings.filterwarnings("ignore", message="Attaching a spec with an empty prefix")
        return getattr(import_module(module), name)(peer.argument)
    try:
        if peer.file.suffix.lower() != ".urdf":
            return mujoco.MjSpec.from_file(str(peer.file))
        meshes = {path.name: path for path in peer.file.parent.rglob("*") if path.suffix.lower() in (".stl", ".obj")}
        spec = mujoco.MjSpec.from_string(
            peer.file.read_text(), assets={name: path.read_bytes() for name, path in meshes.items()}
        )
    except ValueError as error:
        raise UserError(f"MuJoCo cannot read {peer.file}: {str(error).splitlines()[0]}.") from None
    spec.compiler.fusestatic = spec.compiler.discardvisual = False
    return spec


def _link(spec: mujoco.MjSpec, peer: PeerMap) -> None:
    """Tie linked joints to their drivers, whose ranges keep both within their limits."""
    for name, (driver_name, ratio, offset) in peer.linked.items():
        joint, driver = spec.joint(name), spec.joint(driver_name)
        if joint is None or driver is None:
            raise UserError(f"The model of the hand '{peer.name}' has no joint '{driver_name if joint else name}'.")
        low, high = sorted((limit - offset) / ratio for limit in joint.range)
        driver.range = [max(driver.range[0], low), min(driver.range[1], high)]
        tie = spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, name1=name, name2=driver_name)
        tie.data[:5] = offset, ratio, 0, 0, 0
        tie.objtype = mujoco.mjtObj.mjOBJ_JOINT
        tie.solref = [0.005, 1]


def _add_motors(spec: mujoco.MjSpec, peer: PeerMap) -> None:
    """A motor of the stated effort for each joint that nothing drives."""
    if spec.actuators:
        return
    for joint in spec.joints:
        if joint.name in peer.linked:
            continue
        effort = peer.effort.get(joint.name, peer.effort.get("all", max(joint.actfrcrange)))
        if not effort > 0:
            raise UserError(f"The joint '{joint.name}' of the hand '{peer.name}' states no effort; give it in the map.")
        motor = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.forcelimited, motor.forcerange = True, [-effort, effort]


def _servo(actuator: mujoco.MjsActuator, model: mujoco.MjModel, number: int) -> None:
    """Make `actuator` a position servo on its own transmission, within the force that its file allows."""
    gain, scale = model.actuator_gainprm[number], 1.0
    if model.actuator_gaintype[number] == mujoco.mjtGain.mjGAIN_MUSCLE:
        # a muscle pulls with at most its peak isometric force
        low, high, scale = -gain[2], 0.0, ARM
    elif model.actuator_forcelimited[number]:
        low, high = model.actuator_forcerange[number]
    else:
        # a proportional actuator makes most where joint and command are at opposite ends
        command = model.actuator_ctrlrange[number]
        span = model.jnt_range[model.actuator_trnid[number, 0]] if _on_joint(model, number) else command
        low, high = gain[0] * (command[0] - span[1]), gain[0] * (command[1] - span[0])
    if not (low < high and max(-low, high) > 0):
        raise UserError(f"The actuator '{actuator.name}' states no force limit.")
    damping = 2 * np.sqrt(SERVO_STIFFNESS * LEAST_ARMATURE)
    actuator.set_to_position(kp=SERVO_STIFFNESS / scale**2, kv=damping / scale**2)
    actuator.ctrllimited, actuator.forcelimited = False, True
    actuator.forcerange = [low, high]


def _on_joint(model: mujoco.MjModel, number: int) -> bool:
    return model.actuator_trntype[number] == mujoco.mjtTrn.mjTRN_JOINT


def _digit(model: mujoco.MjModel, data: mujoco.MjData, entry: dict) -> tuple[Link, ...]:
    bodies = [model.body(name).id for name in entry["bodies"]]
    frames = [data.xmat[b].reshape(3, 3) for b in bodies]
    ends = [
        frame.T @ (data.xpos[following] - data.xpos[body])
        for frame, body, following in zip(frames[:-1], bodies[:-1], bodies[1:], strict=True)
    ]
    ends.append(entry["tip"])
    last = int(model.body_jntadr[bodies[-1]])
    sign = 1.0 if model.jnt_range[last].sum() > 0 else -1.0
    along = frames[-1] @ (ends[-1] / np.linalg.norm(ends[-1]))
    palmar = np.cross(sign * frames[-1] @ model.jnt_axis[last], along)
    palmar /= np.linalg.norm(palmar)
    return tuple(
        Link(body, np.zeros(3), end, entry["radius"], frame.T @ palmar)
        for body, end, frame in zip(bodies, ends, frames, strict=True)
    )
