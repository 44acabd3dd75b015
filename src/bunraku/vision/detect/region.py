"""Connected regions of one colour, and the support function of their outlines.

The support function h(u) = max over the region of u · p, for unit directions u in the image, says all there is to say
of a convex outline: how far it reaches each way. That of a projected convex body is the maximum over its projected
points, so that bodies and pictures can be compared without drawing anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from bunraku.vision.detect.detection import Box

DIRECTIONS = np.stack([np.cos(a := np.arange(24) * np.pi / 12), np.sin(a)], axis=1)
"""Unit directions (k, 2) in the image at which support functions are sampled."""

LEAST_AREA = 30
"""Smaller regions are noise, px."""


@dataclass(frozen=True, eq=False)
class Region:
    """A region of one colour in one view.

    Attributes:
        view: index of the view.
        contour: its outermost pixels' centres (n, 2) px.
        covered: (n,) bool, where something else or the image's border is next to the contour, so that the region may
            go on behind it.
        area: px.
        likeness: how likely it looks each kind of thing, by name, in [0, 1]; None where nobody said.
    """

    view: int
    contour: np.ndarray
    covered: np.ndarray
    area: float
    support: np.ndarray
    """Support function (k,) px, to the outer edge of the outermost pixels."""
    openness: np.ndarray
    """(k,) in [0, 1]: how much of the outline that is extreme in each direction is covered."""
    likeness: Mapping[str, float] | None = None

    @cached_property
    def centre(self) -> np.ndarray:
        """Middle (2,) of the region's bounding box, px."""
        return (self.contour.min(axis=0) + self.contour.max(axis=0)) / 2

    @cached_property
    def diameter(self) -> float:
        """Greatest width, px."""
        half = len(DIRECTIONS) // 2
        return float((self.support[:half] + self.support[half:]).max())

    @cached_property
    def box(self) -> Box:
        """Bounding box in px."""
        left, top = np.floor(self.contour.min(axis=0)).astype(int)
        right, bottom = np.ceil(self.contour.max(axis=0)).astype(int)
        return int(left), int(top), int(right), int(bottom)


def make_region(view: int, contour: np.ndarray, covered: np.ndarray, area: float) -> Region:
    """Region with the given outline; see `Region`."""
    reach = contour @ DIRECTIONS.T
    support = reach.max(axis=0)
    extreme = reach > support - 1.5
    openness = (extreme & covered[:, None]).sum(axis=0) / extreme.sum(axis=0)
    return Region(view, contour, covered, area, support + 0.5, openness)


def union(regions: tuple[Region, ...]) -> Region:
    """One region out of pieces in the same view that something in front has cut apart."""
    return make_region(
        regions[0].view,
        np.concatenate([r.contour for r in regions]),
        np.concatenate([r.covered for r in regions]),
        sum(r.area for r in regions),
    )


def find_regions(view: int, labels: np.ndarray, label: int) -> Iterator[Region]:
    """Regions of `label` in a label image (h, w) uint8, the largest first."""
    mask = (labels == label).view(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    height, width = labels.shape
    sized = [(cv2.contourArea(c), c[:, 0]) for c in contours if len(c) >= 12]
    for area, contour in sorted(sized, key=lambda pair: -pair[0]):
        # A line one or two pixels wide is a cable or the blend of two colours, never an object.
        if area < LEAST_AREA or area < 0.8 * len(contour):
            continue
        covered = _near_foreign(labels, label, contour)
        covered |= ((contour <= 1) | (contour >= [width - 2, height - 2])).any(axis=1)
        yield make_region(view, contour + 0.5, covered, area)


def _near_foreign(labels: np.ndarray, label: int, contour: np.ndarray) -> np.ndarray:
    """(n,) bool: whether another coloured thing lies within 4 px of each contour pixel (n, 2)."""
    margin = 6
    low = np.maximum(contour.min(axis=0) - margin, 0)
    window = labels[low[1] : contour[:, 1].max() + margin + 1, low[0] : contour[:, 0].max() + margin + 1]
    foreign = ((window != 0) & (window != label)).view(np.uint8)
    # Blended edges and the coarse chroma of compressed pictures leave seams one or two pixels wide: no things.
    things = cv2.morphologyEx(foreign, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    near = cv2.dilate(things, np.ones((9, 9), np.uint8))
    at = contour - low
    return near[at[:, 1], at[:, 0]] > 0
