"""The learned detector: the network says which pixels are one thing, and what it looks like; colour finds the outlines,
and known shapes are fitted to them as the classical detector does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bunraku.vision.detect.classical import ColourDetector, Palette, by_colour
from bunraku.vision.detect.colour import OTHER
from bunraku.vision.detect.dishes import DishDetector, DishEyes
from bunraku.vision.detect.network import HOUSEHOLD, Look, SpottingNetwork
from bunraku.vision.detect.region import LEAST_AREA, Region, find_regions, union
from bunraku.vision.detect.view import View

LEAST_SHARE = 0.25
"""A patch of colour is of a thing when it covers this share of what the network sees of it."""
SEAM = 3
"""Within so many px of where votes divide a patch in two, the picture's own edges decide."""
PART = 100
"""Label of the first thing's part of a divided patch; see `label_image` for the others."""


@dataclass(frozen=True)
class LearnedSegment:
    """A `Segment` by a trained network.

    Where two or more things are seen in one patch of colour, each pixel goes to the thing for whose middle it votes;
    patches that are parts of one thing are joined; a patch in which nothing is seen stays as it is. The divided patch
    itself remains a region, as the network may have seen two where one is.
    """

    network: SpottingNetwork

    def __call__(self, index: int, view: View, palette: Palette) -> tuple[np.ndarray, dict[int, list[Region]]]:
        """Labels (h, w) uint8 and regions by label of one view."""
        labels, plain = by_colour(index, view, palette)
        look = self.network(view.image)
        divided, regions = labels.copy(), {}
        for label, whole in plain.items():
            patches = _Patches.of(labels == label, look)
            for patch, things in patches.shared.items():
                _divide(divided, view.image, patches.image == patch, look, things)
            found: dict[int, list[Region]] = {}
            for region in whole:
                things = patches.things(region)
                # What is divided may be one thing after all: which it is, the fit tells.
                found.setdefault(things[0] if len(things) == 1 else -1, []).append(region)
            for thing in {thing for things in patches.shared.values() for thing in things}:
                found.setdefault(thing, []).extend(find_regions(index, divided, PART + thing))
            regions[label] = [one for thing, some in found.items() for one in _told(some, thing, look)]
        return labels, regions


def learned_detector(support_heights: Sequence[float], path: Path = HOUSEHOLD) -> ColourDetector:
    """The detector with the network at `path`; see `ColourDetector` and `SpottingNetwork`."""
    return ColourDetector(tuple(support_heights), segment=LearnedSegment(SpottingNetwork(path)))


def dish_detector(support_heights: Sequence[float], path: Path = HOUSEHOLD) -> DishDetector:
    """Colour, and the network for dishes beside `path` where things lie on dishes of their own colour; see
    `DishDetector`."""
    return DishDetector(ColourDetector(tuple(support_heights)), DishEyes(path))


@dataclass(frozen=True, eq=False)
class _Patches:
    """Patches of one colour: an `image` (h, w) of their numbers from 1, and the things that are seen in each."""

    image: np.ndarray
    seen: dict[int, list[int]]

    @classmethod
    def of(cls, mask: np.ndarray, look: Look) -> _Patches:
        count, image, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
        rows, columns = look.fields.shape[1:]
        x = np.minimum(((np.arange(columns) + 0.5) / look.cells).astype(int), mask.shape[1] - 1)
        y = np.minimum(((np.arange(rows) + 0.5) / look.cells).astype(int), mask.shape[0] - 1)
        small = image[y[:, None], x]
        seen: dict[int, list[int]] = {}
        for thing, spotted in enumerate(look.spotted):
            cells = np.bincount(small[spotted.mask], minlength=count)
            for patch in np.flatnonzero(cells[1:] >= max(LEAST_SHARE * cells.sum(), 1)) + 1:
                if stats[patch, cv2.CC_STAT_AREA] >= LEAST_AREA:
                    seen.setdefault(int(patch), []).append(thing)
        return cls(image, seen)

    @property
    def shared(self) -> dict[int, list[int]]:
        """Those in which two or more things are seen."""
        return {patch: things for patch, things in self.seen.items() if len(things) > 1}

    def things(self, region: Region) -> list[int]:
        """What is seen in the patch of which `region` is the outline."""
        x, y = region.contour[0].astype(int)
        return self.seen.get(int(self.image[y, x]), [])


def _divide(labels: np.ndarray, image: np.ndarray, patch: np.ndarray, look: Look, things: Sequence[int]) -> None:
    """Give every pixel of `patch` (h, w) the label of one of `things`, in place; `OTHER` on the seams."""
    left, top, width, height = cv2.boundingRect(patch.view(np.uint8))
    window = (slice(top, top + height), slice(left, left + width))
    inside = patch[window]
    ys, xs = np.nonzero(inside)
    owners = look.owners(np.column_stack([xs + left, ys + top]), things)
    markers = np.zeros(inside.shape, np.int32)
    kernel = np.ones((2 * SEAM + 1, 2 * SEAM + 1), np.uint8)
    owner = np.zeros(inside.shape, np.uint8)
    owner[ys, xs] = owners + 1
    for thing in things:
        others = cv2.dilate(((owner > 0) & (owner != thing + 1)).view(np.uint8), kernel)
        markers[(owner == thing + 1) & (others == 0)] = PART + thing
    markers[~inside] = 1
    cv2.watershed(cv2.cvtColor(np.ascontiguousarray(image[window]), cv2.COLOR_RGB2BGR), markers)
    drawn = labels[window]
    drawn[inside] = np.where(markers >= PART, markers, OTHER)[inside]


def _told(regions: Sequence[Region], thing: int, look: Look) -> list[Region]:
    """The regions of one thing, which know what it looks like, and all of them as one; as they are if `thing` is -1."""
    if thing < 0:
        return list(regions)
    whole = [union(tuple(regions))] if len(regions) > 1 else []
    return [replace(region, likeness=look.spotted[thing].likeness) for region in (*whole, *regions)]
