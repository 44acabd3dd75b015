"""Smooth shells: closed surfaces lofted through superelliptic cross-sections, as vertices and triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Section:
    """A cross-section at height `z` (m): half axes `rx`, `ry`, centre `cx`, `cy`, and the superellipse `power`
    (2 is an ellipse, larger is squarer)."""

    z: float
    rx: float
    ry: float
    cx: float = 0.0
    cy: float = 0.0
    power: float = 2.3


def loft(sections: Sequence[Section], segments: int = 28, rounds: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Surface through `sections`, interpolated with monotone cubics and closed with a cap at each end.

    Returns:
        vertices (n, 3) m and triangles (m, 3), outward-facing.
    """
    from scipy.interpolate import PchipInterpolator

    table = np.array([[s.z, s.rx, s.ry, s.cx, s.cy, s.power] for s in sections])
    if table[0, 0] > table[-1, 0]:
        table = table[::-1]
    knots = np.arange(len(table))
    samples = np.linspace(0, len(table) - 1, rounds * (len(table) - 1) + 1)
    rings = PchipInterpolator(knots, table)(samples)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    exponent = 2.0 / rings[:, 5:6]
    x = rings[:, 3:4] + rings[:, 1:2] * np.sign(cos) * np.abs(cos) ** exponent
    y = rings[:, 4:5] + rings[:, 2:3] * np.sign(sin) * np.abs(sin) ** exponent
    z = np.repeat(rings[:, :1], segments, axis=1)
    caps = np.array([[rings[0, 3], rings[0, 4], rings[0, 0]], [rings[-1, 3], rings[-1, 4], rings[-1, 0]]])
    vertices = np.concatenate([np.stack([x, y, z], axis=-1).reshape(-1, 3), caps])
    faces = []
    count = len(rings)
    for ring in range(count - 1):
        for i in range(segments):
            a, b = ring * segments + i, ring * segments + (i + 1) % segments
            faces += [(a, b, b + segments), (a, b + segments, a + segments)]
    bottom, top = count * segments, count * segments + 1
    last = (count - 1) * segments
    for i in range(segments):
        j = (i + 1) % segments
        faces += [(bottom, j, i), (top, last + i, last + j)]
    return vertices, np.array(faces)
