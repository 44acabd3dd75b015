"""What a task brings along: buttons, stains, drawers, doors and jars, fixed to the counter; loose beads, a tray."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import mujoco

from bunraku.objects import (
    CABINET,
    CELL_POCKET,
    COLOURS,
    CUPBOARD,
    DOCK,
    HANDLE_GAP,
    LEVER_GAP,
    LEVER_HINGE,
    LEVER_PIVOT,
    PROPS,
    RACK_BASE,
    RACK_PITCH,
    RACK_POCKETS,
    RAISED,
    SOCKET,
    SURFACES,
    TRAY_HANDLES,
    TRIM,
    quaternion_about_z,
)
from bunraku.sim.pockets import add_pocket
from bunraku.sim.room import FURNITURE_FRICTION, contact

PROP_PREFIX = "prop/"
"""The body of the prop “red button” is called “prop/red button”."""
TRAVEL = 0.006
"""How far (m) a button can be pressed."""
STIFFNESS, PRELOAD = 300.0, 1.2
"""A button's spring, N/m, and the force (N) with which it holds the cap up: 3 N to the stop, as arcade buttons have."""

LEVER_DOWN, LEVER_SPRING, LEVER_PRELOAD = 0.8, 0.25, 0.06
"""How far (rad) a lever goes down, its spring (N·m/rad) and the torque (N·m) with which that holds it up."""
BEAD_FRICTION = (0.5, 1e-5, 0.0002)
"""Sliding, torsional (m) and rolling (m) friction of a bead. By Hertz, a plastic bead of a gram touches in a patch of
0.03 mm radius: with the torsional friction of larger things it would stick in every corner."""
RIM = 0.012
"""How high (m) the rim of a tray rises above its board."""
JAR, JAR_BASE = 0.033, 0.012
"""Radius (m) of a jar, and height of the block on the counter in which it stands fast."""
PITCH, LOOSE, TIGHT = 0.003, 2 * pi, 0.06
"""A cap's thread: rise (m) in a turn, the turn (rad) at which it stops, and the torque (N·m) of its friction: closed by
hand and opened once before, not by the bottler."""
DRAWN, FRONT, POST = 0.13, 0.010, 0.004
"""How far (m) a drawer comes out, how thick its front is, and half the thickness of what joins the handle to it."""


@dataclass(frozen=True)
class Prop:
    """One prop: `kind` of `bunraku.objects.PROPS`, `position` (m) of its middle at rest in the world frame, `yaw` (rad)
    about z."""

    name: str
    kind: str
    colour: str
    position: tuple[float, float, float]
    yaw: float = 0.0


def on_counter(kind: str, colour: str, xy: tuple[float, float], yaw: float = 0.0) -> Prop:
    """A prop of `kind` in `colour` that is fixed to the counter at `xy` (m), turned by `yaw` (rad)."""
    z = SURFACES["counter"].top + RAISED[kind] + PROPS[kind].rest_height
    return Prop(f"{colour} {kind}", kind, colour, (*xy, z), yaw)


def add_prop(spec: mujoco.MjSpec, prop: Prop) -> None:
    """Add `prop` to `spec`."""
    _ADD[prop.kind](spec, prop)


def _add_button(spec: mujoco.MjSpec, prop: Prop) -> None:
    x, y, _ = prop.position
    top, dark = SURFACES["counter"].top, [*TRIM["dark"], 1.0]
    box, cylinder = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER
    base = RAISED["button"] - TRAVEL - 0.001  # the cap at its stop does not reach it
    spec.worldbody.add_geom(
        name=f"{PROP_PREFIX}{prop.name} base",
        type=box,
        pos=[x, y, top + base / 2],
        size=[0.030, 0.030, base / 2],
        rgba=dark,
        **contact(FURNITURE_FRICTION),
    )
    stem = {"type": cylinder, "size": [0.014, TRAVEL, 0], "rgba": dark, "contype": 0, "conaffinity": 0, "mass": 0}
    spec.worldbody.add_geom(pos=[x, y, top + RAISED["button"] - TRAVEL], **stem)
    kind = PROPS[prop.kind]
    cap = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position)
    cap.add_joint(
        name=PROP_PREFIX + prop.name,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0, 0, -1],
        range=[0, TRAVEL],
        limited=True,
        stiffness=STIFFNESS,
        springref=-PRELOAD / STIFFNESS,
        damping=2.0,
        solref_limit=[0.005, 1.0],
    )
    cap.add_geom(
        type=cylinder,
        size=[*kind.primitives[0].size, 0],
        mass=kind.mass,
        rgba=[*COLOURS[prop.colour], 1.0],
        **contact(FURNITURE_FRICTION),
    )


def _add_stain(spec: mujoco.MjSpec, prop: Prop) -> None:
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        pos=prop.position,
        size=[*PROPS[prop.kind].primitives[0].size, 0],
        rgba=[*COLOURS[prop.colour], 1.0],
        contype=0,
        conaffinity=0,
    )


def _add_drawer(spec: mujoco.MjSpec, prop: Prop) -> None:
    kind, (depth, width, height) = PROPS[prop.kind], CABINET
    half = kind.primitives[0].size
    solid = {"type": mujoco.mjtGeom.mjGEOM_BOX, "rgba": [*TRIM["paper"], 1.0]} | contact(FURNITURE_FRICTION)
    low = -prop.position[2] + SURFACES["counter"].top
    cabinet = spec.worldbody.add_body(pos=prop.position, quat=quaternion_about_z(prop.yaw))
    cabinet.add_geom(
        name=f"{PROP_PREFIX}{prop.name} cabinet",
        pos=[HANDLE_GAP + depth / 2, 0, low + height / 2],
        size=[depth / 2, width / 2, height / 2],
        **solid,
    )
    drawer = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position, quat=quaternion_about_z(prop.yaw))
    drawer.add_joint(
        name=PROP_PREFIX + prop.name,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[-1, 0, 0],
        range=[0, DRAWN],
        limited=True,
        damping=4.0,
        frictionloss=1.0,
        solref_limit=[0.005, 1.0],
    )
    handle = solid | {"rgba": [*COLOURS[prop.colour], 1.0]}
    drawer.add_geom(size=half, mass=kind.mass, **handle)
    behind = HANDLE_GAP - FRONT - half[0]
    for aside in (-half[1] + POST, half[1] - POST):
        drawer.add_geom(pos=[half[0] + behind / 2, aside, 0], size=[behind / 2, POST, POST], mass=0.01, **solid)
    front = [FRONT / 2 - 0.0005, width / 2 - 0.005, height / 2 - 0.01]
    drawer.add_geom(pos=[HANDLE_GAP - FRONT / 2 - 0.0005, 0, low + height / 2], size=front, mass=0.01, **solid)
    # What is inside the cabinet touches nothing: the joint guides it.
    inside = {"contype": 0, "conaffinity": 0, "mass": 0}
    tray = [depth / 2 - 0.005, width / 2 - 0.01, height / 2 - 0.015]
    drawer.add_geom(pos=[HANDLE_GAP + depth / 2, 0, low + height / 2 - 0.005], size=tray, **(solid | inside))


def _add_bead(spec: mujoco.MjSpec, prop: Prop) -> None:
    kind = PROPS[prop.kind]
    bead = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position)
    bead.add_freejoint(name=PROP_PREFIX + prop.name)
    bead.add_geom(
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[*kind.primitives[0].size, 0, 0],
        mass=kind.mass,
        rgba=[*TRIM["metal"], 1.0],
        # With priority: else the larger friction of the two that touch counts.
        **contact(FURNITURE_FRICTION) | {"condim": 6, "friction": BEAD_FRICTION, "priority": 1},
    )


def _add_door(spec: mujoco.MjSpec, prop: Prop) -> None:
    """A door, hinged on its outer side; the tail of its lever lies behind a post until the lever is pressed down."""
    (depth, width, height), bar = CUPBOARD, PROPS["lever"].primitives[0].size
    side = 1.0 if prop.position[1] > 0 else -1.0  # lengths across count towards the hinge
    low = SURFACES["counter"].top - prop.position[2]
    pale = {"type": mujoco.mjtGeom.mjGEOM_BOX, "rgba": [*TRIM["paper"], 1.0]} | contact(FURNITURE_FRICTION)

    def box(x: tuple[float, float], across: tuple[float, float], z: tuple[float, float]) -> dict:
        spans = (x, (side * across[0], side * across[1]), z)
        return {"pos": [(a + b) / 2 for a, b in spans], "size": [abs(b - a) / 2 for a, b in spans]}

    inner, edge, top, wall = LEVER_HINGE - width, LEVER_GAP + FRONT, low + height, 0.006
    fixed = spec.worldbody.add_body(pos=prop.position, quat=quaternion_about_z(prop.yaw))
    back = (edge + 0.002, edge + depth)
    for across, z in (
        ((inner, inner + wall), (low, top)),
        ((LEVER_HINGE - wall, LEVER_HINGE), (low, top)),
        ((inner, LEVER_HINGE), (low, low + wall)),
        ((inner, LEVER_HINGE), (top - wall, top)),
    ):
        fixed.add_geom(**box(back, across, z), **pale)
    fixed.add_geom(**box((back[1] - wall, back[1]), (inner, LEVER_HINGE), (low, top)), **pale)
    fixed.add_geom(**box((0.024, 0.034), (inner - 0.032, inner - 0.006), (low, 0.008)), **pale)

    door = spec.worldbody.add_body(
        name=f"{PROP_PREFIX}{prop.name} door", pos=prop.position, quat=quaternion_about_z(prop.yaw)
    )
    door.add_joint(
        name=PROP_PREFIX + prop.name,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        pos=[edge, side * LEVER_HINGE, 0],
        axis=[0, 0, -side],
        range=[0, 1.6],
        limited=True,
        damping=0.05,
        frictionloss=0.02,
        solref_limit=[0.005, 1.0],
    )
    door.add_geom(**box((LEVER_GAP, edge), (inner, LEVER_HINGE - 0.002), (low + 0.004, top)), mass=0.4, **pale)
    lever = door.add_body(name=PROP_PREFIX + prop.name, pos=[0, -side * LEVER_PIVOT, 0])
    lever.add_joint(
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[-side, 0, 0],
        range=[0, LEVER_DOWN],
        limited=True,
        stiffness=LEVER_SPRING,
        springref=-LEVER_PRELOAD / LEVER_SPRING,
        damping=0.005,
        armature=1e-4,
        solref_limit=[0.005, 1.0],
    )
    coloured = pale | {"rgba": [*COLOURS[prop.colour], 1.0]}
    lever.add_geom(pos=[0, side * LEVER_PIVOT, 0], size=bar, mass=0.05, **coloured)
    lever.add_geom(**box((0, LEVER_GAP - 0.002), (-POST, POST), (-POST, POST)), mass=0.01, **pale)
    lever.add_geom(**box((0.036, 0.044), (-0.055, 0), (-0.006, 0.006)), mass=0.01, **pale)


def _add_jar(spec: mujoco.MjSpec, prop: Prop) -> None:
    (x, y, z), kind, top = prop.position, PROPS["cap"], SURFACES["counter"].top
    pale = {"rgba": [*TRIM["paper"], 1.0]} | contact(FURNITURE_FRICTION)
    box, cylinder = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER
    base = [1.3 * JAR, 1.3 * JAR, JAR_BASE / 2]
    spec.worldbody.add_geom(
        name=f"{PROP_PREFIX}{prop.name} base", type=box, pos=[x, y, top + JAR_BASE / 2], size=base, **pale
    )
    half = (RAISED["cap"] - 0.001) / 2
    spec.worldbody.add_geom(
        name=f"{PROP_PREFIX}{prop.name} jar", type=cylinder, pos=[x, y, top + half], size=[JAR, half, 0], **pale
    )
    cap = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=[x, y, z])
    rise, turn = f"{PROP_PREFIX}{prop.name} rise", PROP_PREFIX + prop.name
    cap.add_joint(name=rise, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 0, 1])
    cap.add_joint(
        name=turn,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 0, 1],
        range=[0, LOOSE],
        limited=True,
        damping=0.002,
        frictionloss=TIGHT,
        solref_limit=[0.005, 1.0],
        solimp_limit=[0.99, 0.999, 0.001, 0.5, 2.0],
        solref_friction=[0.005, 1.0],
        solimp_friction=[0.99, 0.999, 0.001, 0.5, 2.0],
    )
    # MuJoCo scales the softness of the thread by the inertia of a turn, which is small: hence as hard as may be.
    thread = spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, name1=rise, name2=turn, objtype=mujoco.mjtObj.mjOBJ_JOINT)
    thread.solref, thread.solimp = [0.005, 1.0], [0.9999, 0.9999, 0.001, 0.5, 2.0]
    thread.data[:5] = [0, PITCH / (2 * pi), 0, 0, 0]
    coloured = {"rgba": [*COLOURS[prop.colour], 1.0]} | contact(FURNITURE_FRICTION)
    cap.add_geom(type=cylinder, size=[*kind.primitives[0].size, 0], mass=kind.mass, **coloured)


def _add_tray(spec: mujoco.MjSpec, prop: Prop) -> None:
    (depth, width, thickness), kind = PROPS["tray"].primitives[0].size, PROPS["tray"]
    tray = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position, quat=quaternion_about_z(prop.yaw))
    tray.add_freejoint(name=PROP_PREFIX + prop.name)
    pale = {"type": mujoco.mjtGeom.mjGEOM_BOX, "rgba": [*TRIM["paper"], 1.0]} | contact(FURNITURE_FRICTION)
    tray.add_geom(size=[depth, width, thickness], mass=0.7 * kind.mass, **pale)
    for sign in (-1, 1):
        for at, size in (((depth, 0), (0.003, width, RIM / 2)), ((0, width), (depth, 0.003, RIM / 2))):
            tray.add_geom(pos=[sign * at[0], sign * at[1], thickness + RIM / 2], size=size, mass=0.02, **pale)
        bar = PROPS["handle"].primitives[0].size
        middle = RAISED["handle"] + bar[2] - thickness
        low = middle - bar[2]
        for end in (-1, 1):
            aside = sign * TRAY_HANDLES + end * (bar[1] - POST)
            post = [POST, POST, (low - thickness) / 2]
            tray.add_geom(pos=[0, aside, (low + thickness) / 2], size=post, mass=0.005, **pale)
        coloured = pale | {"rgba": [*COLOURS[prop.colour], 1.0]}
        tray.add_geom(pos=[0, sign * TRAY_HANDLES, middle], size=bar, mass=0.03, **coloured)


def _add_cell(spec: mujoco.MjSpec, prop: Prop) -> None:
    kind = PROPS["cell"]
    cell = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position, quat=quaternion_about_z(prop.yaw))
    cell.add_freejoint(name=PROP_PREFIX + prop.name)
    (sleeve,) = kind.primitives
    cell.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[*sleeve.size, 0],
        quat=sleeve.quaternion,
        mass=kind.mass,
        rgba=[*COLOURS[prop.colour], 1.0],
        **contact(FURNITURE_FRICTION) | {"condim": 6},
    )


def _add_rack(spec: mujoco.MjSpec, prop: Prop) -> None:
    kind = PROPS["rack"]
    x, y, z = kind.primitives[0].size
    rack = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position, quat=quaternion_about_z(prop.yaw))
    rack.add_freejoint(name=PROP_PREFIX + prop.name)
    solid = {"rgba": [*COLOURS[prop.colour], 1.0]} | contact(FURNITURE_FRICTION)
    base = [x, y, RACK_BASE / 2]
    box = mujoco.mjtGeom.mjGEOM_BOX
    rack.add_geom(type=box, pos=[0, 0, RACK_BASE / 2 - z], size=base, mass=0.5 * kind.mass, **solid)
    wall = 0.5 * kind.mass / (4 * RACK_POCKETS)
    for number in range(RACK_POCKETS):
        at = ((number - (RACK_POCKETS - 1) / 2) * RACK_PITCH, 0.0, RACK_BASE - z)
        add_pocket(spec, rack, f"{PROP_PREFIX}{prop.name} {number}", CELL_POCKET, at, mass=wall, **solid)


def _add_plug(spec: mujoco.MjSpec, prop: Prop) -> None:
    """A plug that stands in a dock, which is fixed to the counter."""
    kind, quaternion, top = PROPS["plug"], quaternion_about_z(prop.yaw), SURFACES["counter"].top
    pale = {"rgba": [*TRIM["paper"], 1.0]} | contact(FURNITURE_FRICTION)
    dock = spec.worldbody.add_body(
        name=f"{PROP_PREFIX}{prop.name} dock", pos=[*prop.position[:2], top], quat=quaternion
    )
    add_pocket(spec, dock, f"{PROP_PREFIX}{prop.name} dock", DOCK, (0, 0, 0), **pale)
    plug = spec.worldbody.add_body(name=PROP_PREFIX + prop.name, pos=prop.position, quat=quaternion)
    plug.add_freejoint(name=PROP_PREFIX + prop.name)
    grip, blade = kind.primitives
    solid = {"type": mujoco.mjtGeom.mjGEOM_BOX} | contact(FURNITURE_FRICTION)
    plug.add_geom(size=grip.size, mass=0.7 * kind.mass, rgba=[*COLOURS[prop.colour], 1.0], **solid)
    plug.add_geom(size=blade.size, pos=blade.position, mass=0.3 * kind.mass, rgba=[*TRIM["metal"], 1.0], **solid)


def _add_socket(spec: mujoco.MjSpec, prop: Prop) -> None:
    x, y, _ = prop.position
    socket = spec.worldbody.add_body(
        name=PROP_PREFIX + prop.name, pos=[x, y, SURFACES["counter"].top], quat=quaternion_about_z(prop.yaw)
    )
    looks = {"rgba": [*COLOURS[prop.colour], 1.0]} | contact(FURNITURE_FRICTION)
    add_pocket(spec, socket, PROP_PREFIX + prop.name, SOCKET, (0, 0, 0), **looks)


_ADD = {
    "button": _add_button,
    "stain": _add_stain,
    "handle": _add_drawer,
    "bead": _add_bead,
    "tray": _add_tray,
    "cap": _add_jar,
    "lever": _add_door,
    "cell": _add_cell,
    "rack": _add_rack,
    "plug": _add_plug,
    "socket": _add_socket,
}
