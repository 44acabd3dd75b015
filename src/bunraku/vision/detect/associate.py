"""Which regions of different views may be the same object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bunraku.vision.detect.region import Region
from bunraku.vision.detect.view import View, project, ray

REACH = (0.05, 4.0)
"""Distances at which objects are looked for, m."""


@dataclass(frozen=True)
class Group:
    """Regions of different views that may show one object, around `centre` (3,) m; None if one view alone."""

    regions: tuple[Region, ...]
    centre: np.ndarray | None


def groups(views: Sequence[View], regions: Sequence[Region]) -> list[Group]:
    """All plausible groups of two or more views, each as large as it can be; those of most views first, then those
    whose rays meet best."""
    found: dict[frozenset[int], tuple[float, Group]] = {}
    rays = [ray(views[r.view], r.centre) for r in regions]
    for i, j in combinations(range(len(regions)), 2):
        a, b = regions[i], regions[j]
        if a.view == b.view:
            continue
        centre, gap = _closest(views[a.view].position_stance, rays[i], views[b.view].position_stance, rays[j])
        if gap > _allowed_gap(views, (a, b), centre):
            continue
        members = [i, j]
        for other in range(len(views)):
            if other not in (a.view, b.view):
                near = _nearest(views, regions, other, centre, (a, b))
                members += [] if near is None else [near]
        key = frozenset(members)
        if key not in found or gap < found[key][0]:
            found[key] = (gap, Group(tuple(regions[m] for m in sorted(members)), centre))
    return [group for _, group in sorted(found.values(), key=lambda pair: (-len(pair[1].regions), pair[0]))]


def smaller_groups(group: Group) -> list[Group]:
    """The group without one of its views, in every way: in one view it may have run together with something else."""
    if len(group.regions) < 3:
        return []
    return [Group(subset, group.centre) for subset in combinations(group.regions, len(group.regions) - 1)]


def _closest(p: np.ndarray, u: np.ndarray, q: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, float]:
    """The point nearest to two rays, and the distance between them; infinite if it is behind or out of reach."""
    dot, offset = u @ v, q - p
    determinant = max(1 - dot * dot, 1e-9)
    s = (offset @ u - (offset @ v) * dot) / determinant
    t = ((offset @ u) * dot - offset @ v) / determinant
    if not (REACH[0] < s < REACH[1] and REACH[0] < t < REACH[1]):
        return p, np.inf
    a, b = p + s * u, q + t * v
    return (a + b) / 2, float(np.linalg.norm(a - b))


def _allowed_gap(views: Sequence[View], pair: tuple[Region, Region], centre: np.ndarray) -> float:
    """How far apart (m) the rays through the middles may pass: outlines have their middles in different places of a
    body, and a part that is hidden shifts them."""
    widths, covered = [], 0.0
    for region in pair:
        view = views[region.view]
        distance = np.linalg.norm(centre - view.position_stance)
        widths.append(region.diameter * distance / view.intrinsics[0, 0])
        covered = max(covered, float(region.openness.mean()))
    if max(widths) > (2.0 + 4 * covered) * min(widths):
        return 0.0
    return 0.005 + (0.15 + 0.5 * covered) * max(widths)


def _nearest(views, regions: Sequence[Region], view: int, centre: np.ndarray, pair) -> int | None:
    """The region of `view` that best agrees with an object at `centre`."""
    pixel = project(views[view], centre)
    distance = np.linalg.norm(centre - views[view].position_stance)
    best, best_distance = None, np.inf
    for index, region in enumerate(regions):
        if region.view != view:
            continue
        width = region.diameter * distance / views[view].intrinsics[0, 0]
        apart = np.linalg.norm(region.centre - pixel) * distance / views[view].intrinsics[0, 0]
        if apart < 0.01 + (0.35 + 0.5 * float(region.openness.mean())) * width and apart < best_distance:
            best, best_distance = index, apart
    return best
