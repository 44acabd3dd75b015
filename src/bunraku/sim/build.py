"""A robot and a scene become one `mujoco.MjModel` with honest contact: objects move by touch and gravity alone."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.objects import COLOURS, KINDS, TRIM, Kind, Primitive, Vector, quaternion_about_z
from bunraku.robot.model import build_robot
from bunraku.robot.spec import RobotSpec
from bunraku.sim.house import add_house
from bunraku.sim.person import add_person
from bunraku.sim.props import add_prop
from bunraku.sim.room import FURNITURE_FRICTION, add_room, contact
from bunraku.sim.scene import Placed, Scene

TIMESTEP = 0.002
"""Physics step, s."""

NOSLIP = 3
"""Passes that take the creep out of friction: Coulomb's does not creep, MuJoCo's soft constraint does."""

OBJECT_PREFIX = "object/"
"""The body of the object “red mug” is called “object/red mug”."""

OBJECT_GROUP, COLLISION_GROUP = 0, 3
"""Geom groups: what is drawn, and shapes that are only touched."""

_GEOM_OF_SHAPE = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


def build_model(robot: RobotSpec | mujoco.MjSpec | None, scene: Scene) -> mujoco.MjModel:
    """Compile `scene` in the room with `robot` in it (None leaves the room empty of robots)."""
    return build_spec(robot, scene).compile()


def build_spec(robot: RobotSpec | mujoco.MjSpec | None, scene: Scene) -> mujoco.MjSpec:
    """As `build_model`, before compilation. A given `MjSpec` is not changed."""
    if isinstance(robot, RobotSpec):
        spec = build_robot(robot)
    else:
        spec = robot.copy() if robot is not None else mujoco.MjSpec()
    _set_options(spec)
    if scene.house:
        add_house(spec)
        # Carried for half a minute, things would creep out of the fingers by the softness of the friction constraint.
        spec.option.noslip_iterations = NOSLIP
    else:
        add_room(spec)
    if scene.person:
        add_person(spec, scene.person)
    for placed in scene.objects:
        add_object(spec, placed)
    for prop in scene.props:
        add_prop(spec, prop)
    return spec


def add_object(spec: mujoco.MjSpec, placed: Placed) -> None:
    """Add a free body for `placed` to `spec`."""
    kind = KINDS[placed.kind]
    body = spec.worldbody.add_body(
        name=OBJECT_PREFIX + placed.name, pos=placed.position, quat=quaternion_about_z(placed.yaw)
    )
    body.add_freejoint(name=OBJECT_PREFIX + placed.name)
    add_shape(spec, body, kind, COLOURS[placed.colour])


def add_shape(spec: mujoco.MjSpec, body, kind: Kind, colour: Vector) -> None:
    """Give `body` of `spec` the shape, mass and looks of `kind` in `colour`."""
    density = kind.mass / sum(_volume(p) for p in kind.primitives if p.solid)
    if kind.profile:
        _add_turned_surface(spec, body, kind, colour)
    for primitive in kind.primitives:
        _add_primitive(body, kind, primitive, density, (*(TRIM[primitive.trim] if primitive.trim else colour), 1.0))


def _set_options(spec: mujoco.MjSpec) -> None:
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    # impratio 1 lets held things creep out of the fingers.
    spec.option.impratio = 10
    # 2.4 times faster than dense with two hands; `bunraku.sim.world.step` guards against its error in MuJoCo 4.0.0.
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
    spec.option.iterations = 50
    # Things at rest leave the pipeline until something touches them.
    spec.option.enableflags |= mujoco.mjtEnableBit.mjENBL_SLEEP
    # MuJoCo scales its clipping planes and lights by the extent of the model: fix both, whatever the scene.
    spec.stat.extent, spec.stat.center = 2.0, [0.3, 0.0, 0.9]
    spec.visual.map.znear, spec.visual.map.zfar = 0.005, 10.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1920, 1080


def _add_primitive(body, kind: Kind, primitive: Primitive, density: float, rgba: tuple[float, ...]) -> None:
    parameters = contact(FURNITURE_FRICTION)
    if kind.rolls:
        # Rolling resistance acts in six-dimensional contacts only.
        parameters["condim"] = 6
    if not primitive.solid:
        parameters.update(contype=0, conaffinity=0, mass=0.0)
    else:
        parameters["density"] = density
    parameters["group"] = OBJECT_GROUP if primitive.seen else COLLISION_GROUP
    size = np.zeros(3)
    size[: len(primitive.size)] = primitive.size
    body.add_geom(
        type=_GEOM_OF_SHAPE[primitive.shape],
        size=size,
        pos=primitive.position,
        quat=primitive.quaternion,
        rgba=rgba,
        **parameters,
    )


def _add_turned_surface(spec: mujoco.MjSpec, body, kind: Kind, colour: tuple[float, float, float]) -> None:
    """What a turned thing looks like: smooth, where its contact is a ring of boxes."""
    mesh_name = OBJECT_PREFIX + kind.name
    if mesh_name not in {mesh.name for mesh in spec.meshes}:
        vertices, faces = revolve(np.array(kind.profile))
        mesh = spec.add_mesh(name=mesh_name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
        mesh.uservert, mesh.userface = vertices.ravel().tolist(), faces.ravel().tolist()
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh_name,
        rgba=[*colour, 1],
        mass=0,
        contype=0,
        conaffinity=0,
        group=OBJECT_GROUP,
    )


def revolve(profile: np.ndarray, around: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Closed surface swept by `profile` (n, 2) = radius, z about the z axis, outward side first.

    The profile begins and ends on the axis. Returns vertices (m, 3) and triangles (k, 3) of vertex indices.
    """
    rim, turn = profile[1:-1], np.arange(around) * 2 * np.pi / around
    rings = np.stack(
        [np.outer(rim[:, 0], np.cos(turn)), np.outer(rim[:, 0], np.sin(turn)), np.tile(rim[:, 1:], around)], axis=2
    )
    vertices = np.concatenate([rings.reshape(-1, 3), [[0, 0, profile[0, 1]], [0, 0, profile[-1, 1]]]])
    here = np.arange(around)
    following = (here + 1) % around
    first, last = len(vertices) - 2, len(vertices) - 1
    top = (len(rim) - 1) * around
    faces = [np.stack([np.full(around, first), following, here], axis=1)]
    for low in range(0, top, around):
        high = low + around
        faces.append(np.stack([low + here, low + following, high + following], axis=1))
        faces.append(np.stack([low + here, high + following, high + here], axis=1))
    faces.append(np.stack([top + here, top + following, np.full(around, last)], axis=1))
    return vertices, np.concatenate(faces)


def _volume(primitive: Primitive) -> float:
    s = primitive.size
    match primitive.shape:
        case "box":
            return 8 * s[0] * s[1] * s[2]
        case "cylinder":
            return 2 * np.pi * s[0] ** 2 * s[1]
        case "capsule":
            return 2 * np.pi * s[0] ** 2 * s[1] + 4 / 3 * np.pi * s[0] ** 3
        case "sphere":
            return 4 / 3 * np.pi * s[0] ** 3
        case "ellipsoid":
            return 4 / 3 * np.pi * s[0] * s[1] * s[2]
