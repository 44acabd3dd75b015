"""The household catalogue as a detector wants it: of each thing, the outline of what has its own colour."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, KDTree
from scipy.spatial.transform import Rotation

from bunraku.objects import COLOURS, KINDS, PROPS, Kind, Primitive
from bunraku.vision.detect import ObjectModel, Rest

YAW_PERIODS = {
    **dict.fromkeys(("can", "bottle", "ball", "apple", "bowl", "plate", "button", "stain", "cap"), 0.0),
    **dict.fromkeys(("box", "small box", "sponge", "handle", "lever", "cell", "rack", "plug", "socket"), np.pi),
    "cube": np.pi / 2,
}
"""After which turn about z a kind looks the same, rad; 2π for those that are not named."""

MUG_ROLL = 1.02
"""How far (rad) a mug that lies on its side has rolled from having its handle straight below."""

TRIM_MARGIN = 0.0004
"""What lies this near (m) to a cap, lid or band is hidden by it."""
RIM = 0.002
"""A lid may leave a rim (m) of the face that it covers: too narrow to be seen."""
LEAST_HIDDEN = 0.08
"""Share of the outermost points that a lid must hide to matter."""
LINK = 0.014
"""Coloured points nearer than this (m) are one part."""


def object_model(kind: Kind, colour: str) -> ObjectModel:
    """The largest part of `kind` that has its own colour, for the detector."""
    points, normals, hides_faces = _own_colour(kind.name)
    return ObjectModel(
        kind.name,
        colour,
        COLOURS[colour],
        points,
        normals if hides_faces else None,
        kind.size,
        -kind.rest_height,
        YAW_PERIODS.get(kind.name, 2 * np.pi),
        _lying(kind),
    )


def catalogue_models() -> list[ObjectModel]:
    """Every kind in every colour that it has."""
    return [object_model(kind, colour) for kind in KINDS.values() for colour in kind.colours]


def _lying(kind: Kind) -> tuple[Rest, ...]:
    """How it lies once it has fallen over."""
    on_its_side = Rotation.from_euler("y", 90, degrees=True)
    if kind.name in ("can", "bottle"):
        return (Rest(on_its_side.as_matrix(), np.pi if kind.name == "can" else 2 * np.pi),)
    if kind.name == "mug":
        # The handle, at first straight below, lies on the board too on either side, or stays somewhere above.
        angles = (MUG_ROLL, 1.6, 2.3, np.pi, -2.3, -1.6, -MUG_ROLL)
        rolls = (Rotation.from_rotvec([angle, 0, 0]) for angle in angles)
        return tuple(Rest((roll * on_its_side).as_matrix(), 2 * np.pi) for roll in rolls)
    if kind.name in ("box", "small box", "sponge"):
        on_its_edge = Rotation.from_euler("x", 90, degrees=True)
        return (Rest(on_its_side.as_matrix(), np.pi), Rest(on_its_edge.as_matrix(), np.pi))
    if kind.name == "bowl":
        return (Rest(np.diag([1.0, -1.0, -1.0]), 0.0),)
    return ()


@cache
def _own_colour(kind_name: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Points (n, 3) m on the hull of the largest part in the kind's own colour, their normals (n, 3), and whether a
    lid, a cap or a band hides something that would show at its outline."""
    kind = KINDS.get(kind_name) or PROPS[kind_name]
    surfaces = [_surface(p) for p in kind.primitives if p.trim is None and p.seen]
    if kind.profile:
        surfaces.append(_turned_surface(np.array(kind.profile)))
    points, normals, probes = (np.concatenate(a) for a in zip(*surfaces, strict=True))
    outermost = _on_hull(points)
    bare = np.ones(len(points), bool)
    for lid in kind.primitives:
        if lid.trim is not None and lid.shape != "box":
            bare &= ~_inside(lid, probes)
    part = np.arange(len(points)) if bare.all() else np.flatnonzero(bare)[_largest_part(points[bare])]
    hidden = 1 - np.count_nonzero(outermost[part]) / np.count_nonzero(outermost)
    visible = part[_on_hull(points[part])]
    return points[visible], normals[visible], bool(hidden > LEAST_HIDDEN)


def _on_hull(points: np.ndarray) -> np.ndarray:
    """(n,) bool: which of the points (n, 3) are corners of their convex hull."""
    return KDTree(points[ConvexHull(points).vertices]).query(points)[0] < 1e-6


def _turned_surface(profile: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_surface`, of a profile (n, 2) = radius, z turned about z."""
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points, normals, probes = [], [], []

    def turned(radius: float, z: float) -> np.ndarray:
        return np.stack([radius * np.cos(around), radius * np.sin(around), 0 * around + z], axis=1)

    for a, b in pairwise(profile):
        length = max(float(np.linalg.norm(b - a)), 1e-9)
        normal = np.array([b[1] - a[1], a[0] - b[0]]) / length
        inset = min(RIM / length, 0.5)
        for share in np.linspace(0, 1, 2 + int(2 * length / LINK)):
            points.append(turned(*(a + share * (b - a))))
            normals.append(turned(*normal))
            probes.append(turned(*(a + np.clip(share, inset, 1 - inset) * (b - a))))
    return np.concatenate(points), np.concatenate(normals), np.concatenate(probes)


def _pose(primitive: Primitive) -> tuple[np.ndarray, np.ndarray]:
    return Rotation.from_quat(primitive.quaternion, scalar_first=True).as_matrix(), np.asarray(primitive.position)


def _surface(primitive: Primitive) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 3) m on the surface of a primitive, outward normals (n, 3), and probes (n, 3) m, which are the same
    points drawn a little into their own face, away from its rim. In the object frame."""
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
    up = 0 * ring + [0, 0, 1]
    size = np.asarray(primitive.size)
    if primitive.shape == "box":
        signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], float)
        points = np.repeat(signs * size, 3, axis=0)
        normals = np.concatenate([np.diag(sign) for sign in signs])
        probes = points
    elif primitive.shape == "cylinder":
        radius, half = size
        heights = np.linspace(-half, half, 41)
        points = np.concatenate([ring * radius + up * z for z in (*heights, -half, half)])
        normals = np.concatenate([ring] * len(heights) + [-up, up])
        inset = max(half - RIM, 0) / half
        probes = np.concatenate(
            [ring * radius + up * z * inset for z in heights] + [ring * (radius - RIM) + up * z for z in (-half, half)]
        )
    else:
        polar = np.linspace(-np.pi / 2, np.pi / 2, 17)
        normals = np.concatenate([ring * np.cos(angle) + up * np.sin(angle) for angle in polar])
        if primitive.shape == "capsule":
            radius, half = size
            heights = np.linspace(-half, half, 9)
            walls = np.concatenate([ring * radius + up * z for z in heights])
            points = np.concatenate([normals * radius + np.sign(normals[:, 2:]) * [0, 0, half], walls])
            normals = np.concatenate([normals, *[ring] * len(heights)])
        else:
            points = normals * size
            normals = normals / size
            normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        probes = points
    rotation, position = _pose(primitive)
    return points @ rotation.T + position, normals @ rotation.T, probes @ rotation.T + position


def _inside(primitive: Primitive, points: np.ndarray) -> np.ndarray:
    """(n,) bool: which points (n, 3) lie within `TRIM_MARGIN` of a primitive."""
    rotation, position = _pose(primitive)
    local = (points - position) @ rotation
    radius = np.linalg.norm(local[:, :2], axis=1)
    match primitive.shape:
        case "cylinder":
            reach, half = primitive.size
            return (radius < reach + TRIM_MARGIN) & (np.abs(local[:, 2]) < half + TRIM_MARGIN)
        case "sphere":
            return np.hypot(radius, local[:, 2]) < primitive.size[0] + TRIM_MARGIN
        case "capsule":
            reach, half = primitive.size
            along = np.clip(local[:, 2:], -half, half)
            return np.asarray(np.linalg.norm(local - along * [0, 0, 1], axis=1) < reach + TRIM_MARGIN)
        case _:
            return np.all(np.abs(local) < np.asarray(primitive.size) + TRIM_MARGIN, axis=1)


def _largest_part(points: np.ndarray) -> np.ndarray:
    count, part = connected_components(KDTree(points).sparse_distance_matrix(KDTree(points), LINK))
    return np.asarray(part == np.bincount(part, minlength=count).argmax())
