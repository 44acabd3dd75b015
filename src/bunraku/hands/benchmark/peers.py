"""Hands that others wrote, scored by the same tests: an MJCF or URDF file and a small map of its palm, digits and tips.

The adapter turns the hand into the hand frame, locks its wrist, gives it the contact of our hands (friction, solver
parameters) and drives each actuator as a position servo within the limit that its file states. Its digits do not
collide with each other while it holds objects; the search for postures sees such overlaps as it does for every hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
import yaml

from bunraku.errors import UserError
from bunraku.hands.benchmark.subject import CONTINUOUS, STALL, Link, Palm, Subject
from bunraku.hands.model import PALM_BIT, WORLD_BIT, set_contact_options

PEERS = {
    file.name.removesuffix(".yaml"): file
    for file in (resources.files("bunraku.hands.benchmark") / "peer_maps").iterdir()
    if file.name.endswith(".yaml")
}
"""Peers by name; each is the map of one hand in another package."""
LEAST_ARMATURE = 1e-3
"""Rotor inertia at a joint, kg·m², where the source states less: about that of our hands."""
SERVO_ERROR = 0.05
"""Position error at which a servo gives its full force, rad or m/0.05 of its moment arm."""


@dataclass(frozen=True)
class PeerMap:
    """What the tests must know of a foreign hand. Vectors are in the frame of the palm's body at zero posture.

    `wrist` is the hand frame's origin, `along` points to the fingers, `normal` out of the palm; the palm's surface is
    the rectangle of half sizes `half` (along, across) about `centre`. `digits` maps names to bodies from palm to tip,
    the tip in the last body's frame and a radius.
    """

    name: str
    description: str
    file: Path
    body: str
    wrist: np.ndarray
    along: np.ndarray
    normal: np.ndarray
    centre: np.ndarray
    half: tuple[float, float]
    locked: tuple[str, ...]
    digits: dict[str, dict]
    unsure: str = ""


def read_map(text: str, folder: Path | None = None) -> PeerMap:
    """Parse a map; its `file` lies in its `package`, or in `folder` if it names none."""
    data = yaml.safe_load(text)
    try:
        package = data.get("package")
        if package:
            found = find_spec(package)
            if found is None or found.origin is None:
                raise UserError(f"The hand '{data['name']}' needs the package {package}: pip install 'bunraku[peers]'.")
            folder = Path(found.origin).parent
        palm = data["palm"]
        vectors = {key: np.array(palm[key], float) for key in ("wrist", "along", "normal", "centre")}
        return PeerMap(
            name=data["name"],
            description=data["description"],
            file=(folder or Path()) / data["file"],
            body=palm["body"],
            half=tuple(palm["half"]),
            locked=tuple(data.get("locked", ())),
            digits=data["digits"],
            unsure=data.get("unsure", ""),
            **vectors,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The map of a foreign hand lacks the field {error}.") from None


def load_peer(name: str) -> Subject:
    """The peer called `name`; UserError if its package is not installed."""
    return subject_from_map(read_map(PEERS[name].read_text()))


def subject_from_map(peer: PeerMap) -> Subject:
    """Wrap a foreign hand."""
    if not peer.file.is_file():
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
    return Subject(
        name=peer.name,
        description=peer.description,
        make=lambda: adapted_spec(peer),
        digits=digits,
        palm=Palm(model.body(peer.body).id, np.array(grid), peer.normal),
        forces={CONTINUOUS: limits, STALL: limits},
        cable_speed=np.full(model.nu, np.nan),
        cable_inertia=float("nan"),
        mass=float(model.body_subtreemass[model.body(peer.body).id]),
        dof=model.nv,
        dof_with_wrist=model.nv + len(peer.locked),
        motors_in_hand=False,
        unsure=peer.unsure,
    )


def adapted_spec(peer: PeerMap) -> mujoco.MjSpec:
    """The foreign model in the hand frame, wrist locked, contact and servos as the tests need them."""
    spec = mujoco.MjSpec.from_file(str(peer.file))
    lost = set(peer.locked)
    for tendon in list(spec.tendons):
        if any(wrap.target is not None and wrap.target.name in lost for wrap in tendon.path):
            lost.add(tendon.name)
            spec.delete(tendon)
    for element in [a for a in spec.actuators if a.target in lost]:
        spec.delete(element)
    for element in (*spec.keys, *spec.sensors, *[spec.joint(name) for name in peer.locked]):
        spec.delete(element)
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


def _servo(actuator: mujoco.MjsActuator, model: mujoco.MjModel, number: int) -> None:
    """Make `actuator` a position servo on its own transmission, within the force that its file allows."""
    if model.actuator_forcelimited[number]:
        low, high = model.actuator_forcerange[number]
    else:
        low, high = model.actuator_ctrlrange[number] * model.actuator_gainprm[number, 0]
    if not high > low:
        raise UserError(f"The actuator '{actuator.name}' states no force limit.")
    stiffness = max(abs(low), abs(high)) / SERVO_ERROR
    actuator.set_to_position(kp=stiffness, kv=2 * np.sqrt(stiffness * LEAST_ARMATURE))
    actuator.ctrllimited, actuator.forcelimited = False, True
    actuator.forcerange = [low, high]


def _digit(model: mujoco.MjModel, data: mujoco.MjData, entry: dict) -> tuple[Link, ...]:
    bodies = [model.body(name).id for name in entry["bodies"]]
    frames = [data.xmat[b].reshape(3, 3) for b in bodies]
    ends = [
        frame.T @ (data.xpos[following] - data.xpos[body])
        for frame, body, following in zip(frames[:-1], bodies[:-1], bodies[1:], strict=True)
    ]
    ends.append(np.array(entry["tip"], float))
    last = int(model.body_jntadr[bodies[-1]])
    sign = 1.0 if model.jnt_range[last].sum() > 0 else -1.0
    along = frames[-1] @ (ends[-1] / np.linalg.norm(ends[-1]))
    palmar = np.cross(sign * frames[-1] @ model.jnt_axis[last], along)
    palmar /= np.linalg.norm(palmar)
    return tuple(
        Link(body, np.zeros(3), end, float(entry["radius"]), frame.T @ palmar)
        for body, end, frame in zip(bodies, ends, frames, strict=True)
    )
