"""Cutting regions that have run together, and joining those that something in front has cut apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import cv2
import numpy as np

from bunraku.vision.detect.region import Region, make_region, union

LEAST_DEPTH = 2.5
"""A notch in an outline is at least this deep, px."""
MOST_CUTS = 2
"""How many ways of cutting one region are tried."""
SEAM = 3.0
"""Outline this near (px) to the ends of a cut may be of either part."""


def cut(region: Region) -> list[tuple[Region, Region]]:
    """Ways of cutting a region in two between notches of its outline: two convex things meet at notches.

    The seam is covered: either part may go on behind the other.
    """
    contour = np.round(region.contour - 0.5).astype(np.int32)
    if len(contour) < 20:
        return []
    ends = _notches(contour)
    total = len(contour)
    candidates = [*combinations(ends, 2), *((i, _opposite(contour, i)) for i in ends)]
    scored = sorted({tuple(sorted(pair)) for pair in candidates}, key=lambda pair: _length(contour, *pair))
    parts = []
    for i, j in scored:
        if min(j - i, total - (j - i)) < 0.12 * total:
            continue
        inner = np.zeros(total, bool)
        inner[i : j + 1] = True
        parts.append((_part(region, inner, (i, j)), _part(region, ~inner | np.isin(np.arange(total), (i, j)), (i, j))))
        if len(parts) == MOST_CUTS:
            break
    return parts


def joined(regions: Sequence[Region]) -> Iterator[Region]:
    """Pairs of regions of one view, near each other, that may be one object going on behind something."""
    for a, b in combinations(regions, 2):
        if a.view != b.view or not (a.covered.any() and b.covered.any()):
            continue
        gap = np.linalg.norm(a.contour[a.covered][:, None] - b.contour[b.covered], axis=2).min()
        if gap < 0.8 * max(a.diameter, b.diameter):
            yield union((a, b))


def share_outline(a: Region, b: Region) -> bool:
    """Whether two regions are, in part, the same pixels of the same view."""
    if a is b:
        return True
    if a.view != b.view or a.box[0] > b.box[2] or b.box[0] > a.box[2] or a.box[1] > b.box[3] or b.box[1] > a.box[3]:
        return False
    common = np.intersect1d(_keys(a), _keys(b)).size
    return common > 0.1 * min(len(a.contour), len(b.contour))


def _keys(region: Region) -> np.ndarray:
    x, y = region.contour.astype(np.int64).T
    return y * 65536 + x


def _notches(contour: np.ndarray) -> list[int]:
    """Indices of the deepest points of the outline's notches, at most four."""
    hull = cv2.convexHull(contour, returnPoints=False)
    hull = np.sort(hull, axis=0)[::-1]
    defects = cv2.convexityDefects(contour, hull)
    if defects is None:
        return []
    deep = sorted((d for d in defects[:, 0] if d[3] / 256 > LEAST_DEPTH), key=lambda d: -d[3])
    return [int(d[2]) for d in deep[:4]]


def _opposite(contour: np.ndarray, i: int) -> int:
    """The nearest point on the other side of the outline."""
    total = len(contour)
    along = np.abs(np.arange(total) - i)
    far = np.minimum(along, total - along) > 0.15 * total
    distance = np.where(far, np.linalg.norm(contour - contour[i], axis=1), np.inf)
    return int(distance.argmin())


def _length(contour: np.ndarray, i: int, j: int) -> float:
    return float(np.linalg.norm(contour[i] - contour[j]))


def _part(region: Region, keep: np.ndarray, seam: tuple[int, int]) -> Region:
    contour = region.contour[keep]
    near = [np.linalg.norm(contour - region.contour[end], axis=1) < SEAM for end in seam]
    area = float(cv2.contourArea(contour.astype(np.float32)))
    return make_region(region.view, contour, region.covered[keep] | near[0] | near[1], area)
