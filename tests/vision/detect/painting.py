"""A painter that shares no code with the detector's fit: filled silhouettes of convex solids, far ones first."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from bunraku.vision.detect import ObjectModel, View, pinhole
from bunraku.vision.detect.view import project

COLOURS = {"red": (0.80, 0.09, 0.09), "green": (0.12, 0.58, 0.20), "blue": (0.09, 0.25, 0.78)}
TABLE = (196, 180, 160)
SCALE = 4
"""Silhouettes are painted this many times larger and then reduced, so that edges are blended as in a real camera."""


def box(colour: str, size=(0.10, 0.06, 0.08), kind: str = "box") -> ObjectModel:
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    return ObjectModel(kind, colour, COLOURS[colour], signs * np.asarray(size) / 2, yaw_period=np.pi)


def drum(colour: str, radius=0.04, height=0.1, kind: str = "drum") -> ObjectModel:
    around = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    ring = np.stack([radius * np.cos(around), radius * np.sin(around), 0 * around], axis=1)
    points = np.concatenate([ring + np.array([0, 0, z]) for z in (-height / 2, height / 2)])
    return ObjectModel(kind, colour, COLOURS[colour], points, yaw_period=0.0)


def look_at(name: str, position, target, fovy: float = 1.0, size=(640, 480)) -> View:
    forward = np.subtract(target, position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
    image = np.full((size[1], size[0], 3), TABLE, np.uint8)
    return View(name, 1.5, image, pinhole(fovy, *size), np.asarray(position, float), rotation)


def three_eyes() -> list[View]:
    target = (0.5, 0.0, 0.9)
    return [
        look_at("left", (0.1, 0.03, 1.52), target),
        look_at("right", (0.1, -0.03, 1.52), target),
        look_at("chest", (0.1, 0.0, 1.2), target),
    ]


def posed(model: ObjectModel, position, yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return model.outline @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + position


def paint(views: list[View], objects: list[tuple[ObjectModel, tuple, float]], light: float = 0.9) -> list[View]:
    """The views with objects = (model, position, yaw) in them; `light` in (0, 1] scales their brightness."""
    painted = []
    for view in views:
        width, height = view.size
        canvas = cv2.resize(view.image, (width * SCALE, height * SCALE), interpolation=cv2.INTER_NEAREST)
        for model, position, yaw in sorted(objects, key=lambda o: -np.linalg.norm(o[1] - view.position_stance)):
            pixels = project(view, posed(model, position, yaw)) * SCALE
            hull = cv2.convexHull(np.round(pixels - 0.5).astype(np.int32))
            colour = [round(255 * light * c) for c in model.rgb]
            cv2.fillConvexPoly(canvas, hull, colour)
        painted.append(replace(view, image=cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)))
    return painted
