"""The household catalogue: what the things in the room are, and the furniture that a robot's map knows.

One source of geometry: the simulator builds bodies from the `Primitive`s, vision and grasping take sizes and outlines
from them. Object frame: origin at the centre of the body's height on its axis, z up as the object rests, x along the
longest horizontal side (a mug's x points to its handle). Sizes and masses follow the YCB set (Calli et al. 2015)
where it has the object; fruit weighs what real fruit weighs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin, tan
from typing import Literal

import numpy as np

Shape = Literal["box", "cylinder", "capsule", "sphere", "ellipsoid"]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

COLOURS: dict[str, Vector] = {
    "red": (0.80, 0.09, 0.09),
    "orange": (0.95, 0.43, 0.04),
    "yellow": (0.93, 0.78, 0.08),
    "green": (0.12, 0.58, 0.20),
    "cyan": (0.10, 0.68, 0.74),
    "blue": (0.09, 0.25, 0.78),
    "purple": (0.45, 0.14, 0.68),
    "pink": (0.95, 0.36, 0.66),
}
"""Named colours, sRGB in [0, 1]; neighbouring hues are at least 20° apart."""

TRIM: dict[str, Vector] = {
    "metal": (0.72, 0.72, 0.73),
    "paper": (0.93, 0.92, 0.90),
    "dark": (0.16, 0.15, 0.14),
}
"""Unsaturated colours of caps, labels and stems: details that never hide the colour which names an object."""


@dataclass(frozen=True)
class Primitive:
    """One convex piece of an object, posed in the object frame.

    `size` (m) are half sizes as MuJoCo has them: box (x, y, z), cylinder and capsule (radius, half length along the
    local z), sphere (radius,), ellipsoid (x, y, z). `trim` names a colour of `TRIM`; None is the object's own colour.
    A piece that is not `solid` is seen but has neither mass nor contact; one that is not `seen` is the other way round.
    """

    shape: Shape
    size: tuple[float, ...]
    position: Vector = (0.0, 0.0, 0.0)
    quaternion: Quaternion = (1.0, 0.0, 0.0, 0.0)
    trim: str | None = None
    solid: bool = True
    seen: bool = True


@dataclass(frozen=True)
class Support:
    """Where an object can receive another one: `preposition` "in" or "on", the `height` (m) of the receiving face in
    the object frame, and the `radius` (m) within which another object's centre rests safely."""

    preposition: Literal["in", "on"]
    height: float
    radius: float


@dataclass(frozen=True)
class Kind:
    """A kind of household object; `size` (m) is its bounding box as it rests, `mass` in kg.

    `profile` (radius, z) m, from the axis at the bottom around to the axis again, is the surface of revolution that is
    drawn for turned things; their contact is that of the primitives. `rolls` marks round things, which meet rolling
    resistance. `graspable` things may be asked for by a task; `support` things may be its target.
    """

    name: str
    size: Vector
    mass: float
    colours: tuple[str, ...]
    primitives: tuple[Primitive, ...]
    graspable: bool = True
    rolls: bool = False
    support: Support | None = None
    profile: tuple[tuple[float, float], ...] = ()

    @property
    def rest_height(self) -> float:
        """Height (m) of the object frame above the surface on which the object stands."""
        return self.size[2] / 2


@dataclass(frozen=True)
class Surface:
    """A level board on which things stand: its `top` (m) and its extent (m) in the world frame."""

    name: str
    top: float
    x: tuple[float, float]
    y: tuple[float, float]


SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("counter", 0.90, (0.20, 0.85), (-0.45, 0.45)),
        Surface("shelf", 1.10, (0.25, 0.60), (-0.85, -0.50)),
        Surface("side table", 0.80, (0.15, 0.60), (0.48, 0.93)),
    )
}
"""Furniture of the room, in the world frame, which is the robot's stance frame at the start."""


def quaternion_about_z(angle: float) -> Quaternion:
    """Unit quaternion wxyz of a turn by `angle` (rad) about z."""
    return (cos(angle / 2), 0.0, 0.0, sin(angle / 2))


_ALONG_X: Quaternion = (cos(pi / 4), 0.0, sin(pi / 4), 0.0)
"""Turns a primitive's local z to the object's x."""


def _ring(count: int, radius: float, thickness: float, height: float, z: float, flare: float = 0.0) -> list[Primitive]:
    """Boxes that stand in a closed ring of outer `radius`, each leaning outward by `flare` (rad)."""
    middle = radius - thickness / 2
    half_width = radius * tan(pi / count)
    pieces = []
    for turn in (2 * pi * i / count for i in range(count)):
        w, z_turn = cos(turn / 2), sin(turn / 2)
        c, s = cos(flare / 2), sin(flare / 2)
        pieces.append(
            Primitive(
                "box",
                (thickness / 2, half_width, height / 2),
                (middle * cos(turn), middle * sin(turn), z),
                (w * c, -z_turn * s, w * s, z_turn * c),
                seen=False,
            )
        )
    return pieces


def _mug() -> Kind:
    radius, height, wall = 0.040, 0.095, 0.004
    inner, top, bottom = radius - wall, height / 2, -height / 2
    floor = Primitive("cylinder", (radius - wall / 2, 0.003), (0, 0, bottom + 0.003), seen=False)
    reach, half_gap = radius + 0.026, 0.026
    upper = Primitive("capsule", (0.0055, 0.012), (radius + 0.011, 0, half_gap), _ALONG_X)
    lower = Primitive("capsule", (0.0055, 0.012), (radius + 0.011, 0, -half_gap), _ALONG_X)
    grip = Primitive("capsule", (0.0055, half_gap), (reach, 0, 0))
    return Kind(
        "mug",
        (2 * radius, 2 * radius, height),
        0.25,
        tuple(COLOURS),
        (*_ring(16, radius, wall, height, 0.0), floor, upper, lower, grip),
        profile=(
            (0, bottom),
            (radius - 0.004, bottom),
            (radius, bottom + 0.004),
            (radius, top - 0.001),
            (radius - 0.002, top),
            (inner, top - 0.001),
            (inner, bottom + 0.006),
            (0, bottom + 0.006),
        ),
    )


def _can() -> Kind:
    lid = (0.027, 0.0012)
    return Kind(
        "can",
        (0.066, 0.066, 0.101),
        0.349,
        ("red", "green", "blue", "orange"),
        (
            Primitive("cylinder", (0.033, 0.0505), seen=False),
            Primitive("cylinder", lid, (0, 0, 0.0500), trim="metal", solid=False),
            Primitive("cylinder", lid, (0, 0, -0.0500), trim="metal", solid=False),
        ),
        profile=((0, -0.0505), (0.033, -0.0505), (0.033, 0.0505), (0, 0.0505)),
    )


def _bottle() -> Kind:
    return Kind(
        "bottle",
        (0.065, 0.065, 0.190),
        0.40,
        ("green", "blue", "cyan", "purple"),
        (
            Primitive("cylinder", (0.0325, 0.064), (0, 0, -0.031), seen=False),
            Primitive("ellipsoid", (0.0322, 0.0322, 0.026), (0, 0, 0.033), seen=False),
            Primitive("cylinder", (0.0125, 0.020), (0, 0, 0.062), seen=False),
            Primitive("cylinder", (0.0150, 0.009), (0, 0, 0.086), trim="paper"),
        ),
        profile=(
            (0, -0.095),
            (0.0300, -0.095),
            (0.0325, -0.092),
            (0.0325, 0.034),
            (0.0300, 0.046),
            (0.0220, 0.056),
            (0.0150, 0.063),
            (0.0125, 0.072),
            (0.0125, 0.080),
            (0, 0.080),
        ),
    )


def _carton(name: str, size: Vector, mass: float, colours: tuple[str, ...]) -> Kind:
    x, y, z = (extent / 2 for extent in size)
    label = Primitive("box", (0.6 * x, y + 0.0004, 0.16 * z), (0, 0, 0.35 * z), trim="paper", solid=False)
    support = Support("on", z, min(x, y) / 2)
    return Kind(name, size, mass, colours, (Primitive("box", (x, y, z)), label), support=support)


def _banana() -> Kind:
    radius, bend = 0.0175, 0.10
    pieces = []
    for angle in (-0.56, -0.19, 0.19, 0.56):
        # Along the arc: the local z turned to x, then back by the angle along the arc.
        w, s = cos(angle / 2), -sin(angle / 2)
        quaternion = (w * cos(pi / 4), -s * sin(pi / 4), w * sin(pi / 4), s * cos(pi / 4))
        pieces.append(
            Primitive("capsule", (radius, 0.019), (bend * sin(angle), bend * (cos(angle) - 0.93), 0), quaternion)
        )
    tip = Primitive("sphere", (0.007,), (0.081, -0.033, 0), trim="dark", solid=False)
    return Kind("banana", (0.17, 0.055, 0.035), 0.12, ("yellow",), (*pieces, tip), rolls=True)


def _apple() -> Kind:
    stem = Primitive("capsule", (0.002, 0.006), (0, 0, 0.040), trim="dark", solid=False)
    body = Primitive("sphere", (0.0365,), seen=False)
    return Kind(
        "apple", (0.073, 0.073, 0.073), 0.15, ("red", "green"), (body, stem), rolls=True, profile=_round(0.0365)
    )


def _ball() -> Kind:
    radius = 0.03235
    body = Primitive("sphere", (radius,), seen=False)
    size = (2 * radius, 2 * radius, 2 * radius)
    return Kind("ball", size, 0.058, tuple(COLOURS), (body,), rolls=True, profile=_round(radius))


def _round(radius: float, count: int = 16) -> tuple[tuple[float, float], ...]:
    """Profile of a sphere, rounder than cameras draw one."""
    inner = ((radius * sin(pi * i / count), -radius * cos(pi * i / count)) for i in range(1, count))
    return ((0, -radius), *inner, (0, radius))


def _marker() -> Kind:
    return Kind(
        "marker",
        (0.120, 0.018, 0.018),
        0.016,
        tuple(COLOURS),
        (
            Primitive("capsule", (0.009, 0.051), (0, 0, 0), _ALONG_X),
            Primitive("cylinder", (0.0092, 0.006), (-0.046, 0, 0), _ALONG_X, trim="paper", solid=False),
        ),
        rolls=True,
    )


def _bowl() -> Kind:
    foot = Primitive("cylinder", (0.045, 0.005), (0, 0, -0.0225), seen=False)
    low = _ring(16, 0.061, 0.005, 0.036, -0.010, flare=0.95)
    high = _ring(16, 0.0745, 0.005, 0.032, 0.0113, flare=0.25)
    return Kind(
        "bowl",
        (0.157, 0.157, 0.055),
        0.147,
        tuple(COLOURS),
        (foot, *low, *high),
        graspable=False,
        support=Support("in", -0.0175, 0.035),
        profile=(
            (0, -0.0275),
            (0.0420, -0.0275),
            (0.0450, -0.0240),
            (0.0660, -0.0060),
            (0.0755, 0.0110),
            (0.0785, 0.0275),
            (0.0745, 0.0275),
            (0.0715, 0.0120),
            (0.0620, -0.0040),
            (0.0420, -0.0178),
            (0, -0.0178),
        ),
    )


def _plate() -> Kind:
    foot = Primitive("cylinder", (0.070, 0.005), (0, 0, -0.005), seen=False)
    rim = _ring(20, 0.0895, 0.005, 0.034, 0.001, flare=1.20)
    return Kind(
        "plate",
        (0.206, 0.206, 0.020),
        0.25,
        tuple(COLOURS),
        (foot, *rim),
        graspable=False,
        support=Support("on", 0.0, 0.06),
        profile=(
            (0, -0.0100),
            (0.0680, -0.0100),
            (0.0730, -0.0080),
            (0.1020, 0.0050),
            (0.1030, 0.0080),
            (0.1000, 0.0085),
            (0.0740, -0.0008),
            (0.0680, 0.0002),
            (0, 0.0002),
        ),
    )


def _plain(name: str, primitive: Primitive, size: Vector, mass: float) -> Kind:
    return Kind(name, size, mass, tuple(COLOURS), (primitive,))


@dataclass(frozen=True)
class Pocket:
    """A rectangular hole with walls around it: half its clear `size` (x, y) m at the bottom, its `depth` m, and the
    thickness m of the `wall`, which slopes back by `lead` (m out, m up) at the top.

    The slope is steeper than 45°: at 45° what lies with one end on it and the other on the bottom stays there, by a
    friction of 0.5.
    """

    size: tuple[float, float]
    depth: float
    lead: tuple[float, float]
    wall: float


CELL = (0.0091, 0.03255)
"""Radius and half length (m) of an 18650 cell in its sleeve, 18.2 × 65.1 mm and 45.6 g: a Panasonic NCR18650B as Batemo
measured it (batemo.com, cell data base)."""
CELL_CLEARANCE = 0.001
"""Air (m) that a cell has in its pocket on every side."""
CELL_POCKET = Pocket((CELL[0] + CELL_CLEARANCE, CELL[1] + CELL_CLEARANCE), 0.008, (0.003, 0.006), 0.008)
RACK_POCKETS, RACK_PITCH, RACK_BASE = 3, 0.056, 0.004
"""How many pockets a rack has side by side, how far apart (m) their middles are, and the thickness (m) of its base."""


def _cell() -> Kind:
    radius, half = CELL
    sleeve = Primitive("cylinder", CELL, (0, 0, 0), _ALONG_X)
    return _plain("cell", sleeve, (2 * half, 2 * radius, 2 * radius), 0.0456)


PLUG_BLADE = (0.012, 0.007, 0.011)
"""Half extents (m) of what of a plug goes into its socket, 24 × 14 × 22 mm."""
SOCKET_CLEARANCE, DOCK_CLEARANCE = 0.0005, 0.004
"""Air (m) that the blade of a plug has on every side in a socket, and in the dock from which it is taken."""
SOCKET = Pocket((PLUG_BLADE[0] + SOCKET_CLEARANCE, PLUG_BLADE[1] + SOCKET_CLEARANCE), 0.028, (0.003, 0.006), 0.010)
DOCK = Pocket((PLUG_BLADE[0] + DOCK_CLEARANCE, PLUG_BLADE[1] + DOCK_CLEARANCE), 0.028, (0.003, 0.006), 0.010)


def _plug() -> Kind:
    grip = (0.028, 0.015, 0.020)
    blade = Primitive("box", PLUG_BLADE, (0, 0, -grip[2] - PLUG_BLADE[2]), trim="metal")
    x, y, z = (2 * half for half in grip)
    return Kind("plug", (x, y, z), 0.06, tuple(COLOURS), (Primitive("box", grip), blade))


def _socket() -> Kind:
    x, y, z = SOCKET.size[0] + SOCKET.wall, SOCKET.size[1] + SOCKET.wall, SOCKET.depth / 2
    return _plain("socket", Primitive("box", (x, y, z)), (2 * x, 2 * y, 2 * z), 0.1)


def _rack() -> Kind:
    x = (RACK_POCKETS - 1) / 2 * RACK_PITCH + CELL_POCKET.size[0] + CELL_POCKET.wall
    y, z = CELL_POCKET.size[1] + CELL_POCKET.wall, (RACK_BASE + CELL_POCKET.depth) / 2
    return _plain("rack", Primitive("box", (x, y, z)), (2 * x, 2 * y, 2 * z), 0.20)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _mug(),
        _can(),
        _bottle(),
        _carton("box", (0.110, 0.060, 0.160), 0.30, ("red", "orange", "yellow", "green", "blue", "purple")),
        _carton("small box", (0.085, 0.050, 0.060), 0.12, ("orange", "yellow", "green", "cyan", "blue", "pink")),
        _plain("cube", Primitive("box", (0.020, 0.020, 0.020)), (0.040, 0.040, 0.040), 0.045),
        _ball(),
        _marker(),
        _plain("sponge", Primitive("box", (0.050, 0.0325, 0.015)), (0.100, 0.065, 0.030), 0.012),
        _banana(),
        _apple(),
        _bowl(),
        _plate(),
    )
}
"""Every kind by its name."""

PROPS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _plain("button", Primitive("cylinder", (0.022, 0.008)), (0.044, 0.044, 0.016), 0.020),
        _plain("stain", Primitive("cylinder", (0.035, 0.0005)), (0.070, 0.070, 0.001), 0.001),
        _plain("handle", Primitive("box", (0.006, 0.045, 0.012)), (0.012, 0.090, 0.024), 0.5),
        _plain("lever", Primitive("box", (0.006, 0.045, 0.012)), (0.012, 0.090, 0.024), 0.05),
        _plain("cap", Primitive("cylinder", (0.034, 0.009)), (0.068, 0.068, 0.018), 0.020),
        _plain("bead", Primitive("sphere", (0.006,)), (0.012, 0.012, 0.012), 0.001),
        _plain("tray", Primitive("box", (0.11, 0.23, 0.005)), (0.22, 0.46, 0.010), 0.5),
        _plain(
            "cell", Primitive("cylinder", CELL, (0, 0, 0), _ALONG_X), (2 * CELL[1], 2 * CELL[0], 2 * CELL[0]), 0.0456
        ),
        _rack(),
        _plug(),
        _socket(),
    )
}
"""What a task may bring along besides the household's things; nobody is asked to fetch it. Of a button
the cap; of a drawer the handle, with the drawer's mass; of a tray the board, with the mass of all of it."""
RAISED = {
    "button": 0.022,
    "stain": 0.0,
    "handle": 0.043,
    "tray": 0.0,
    "cap": 0.085,
    "lever": 0.088,
    "cell": 0.0,
    "rack": 0.0,
    "plug": SOCKET.depth,
    "socket": 0.0,
}
"""How far (m) above the counter the underside of what is fixed there is, and of a tray and its handles."""
CUPBOARD, LEVER_GAP = (0.12, 0.24, 0.13), 0.050
"""Depth, width and height (m) of a cupboard with one door, and how far before the door the middle of its lever is."""
LEVER_PIVOT, LEVER_HINGE = 0.055, 0.16
"""How far (m) from the middle of a lever its own axis is, and on the other side, the outer one, the door's hinge."""
TRAY_HANDLES, TRAY_ROOM = 0.175, 0.11
"""How far (m) to either side of a tray's middle the middles of its handles are, and up to where things stand on it."""
CABINET, HANDLE_GAP = (0.14, 0.17, 0.08), 0.050
"""Depth, width and height (m) of the cabinet of a drawer, and how far before its front the middle of the handle is."""


def surface_points(kind: Kind, solid_only: bool = True) -> np.ndarray:
    """Points (n, 3) in m on the object's surface, in the object frame, whose hull is the object's convex hull."""
    return np.concatenate([_primitive_points(p) for p in kind.primitives if p.solid or not solid_only])


@cache
def footprint(kind_name: str) -> np.ndarray:
    """Convex outline (n, 2) in m, counter-clockwise, of the kind seen from above, in the object frame."""
    from scipy.spatial import ConvexHull

    points = surface_points(KINDS[kind_name])[:, :2]
    return points[ConvexHull(points).vertices]


def _primitive_points(primitive: Primitive) -> np.ndarray:
    around = np.linspace(0, 2 * pi, 24, endpoint=False)
    circle = np.stack([np.cos(around), np.sin(around), np.zeros_like(around)], axis=1)
    match primitive.shape:
        case "box":
            signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
            local = signs * np.asarray(primitive.size)
        case "cylinder":
            radius, half = primitive.size
            local = np.concatenate([circle * radius + [0, 0, z] for z in (-half, half)])
        case "sphere" | "ellipsoid" | "capsule":
            polar = np.linspace(-pi / 2, pi / 2, 9)
            unit = np.concatenate([circle * cos(angle) + [0, 0, sin(angle)] for angle in polar])
            if primitive.shape == "capsule":
                radius, half = primitive.size
                local = unit * radius + np.sign(unit[:, 2:]) * [0, 0, half]
            else:
                local = unit * np.asarray(primitive.size if len(primitive.size) == 3 else primitive.size * 3)
    return local @ _rotation(primitive.quaternion).T + primitive.position


def _rotation(quaternion: Quaternion) -> np.ndarray:
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
