"""Colour tells things apart, but not a thing from a dish of its own colour on which it lies: there a network looks.

A convolutional network is shown a square around each dish that colour has found, in each picture, and says which part
of it is not the dish. The outlines of that part, along the picture's own edges, are fitted as any others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bunraku.vision.detect.classical import ColourDetector, Palette, by_colour
from bunraku.vision.detect.detection import Box, Detection
from bunraku.vision.detect.model import ObjectModel
from bunraku.vision.detect.naming import corner_of_square, kinds_file, name, square
from bunraku.vision.detect.region import Region, find_regions
from bunraku.vision.detect.session import open_network
from bunraku.vision.detect.view import View

SIDE, MARGIN, CELLS = 64, 1.3, 32
"""Of the squares that the network is shown: px, and how much longer than the dish's box; and cells of what it says."""
SURE = 0.4
"""Where the network is less sure than this by what it says, the picture's own edges decide."""
RISE = 0.2
"""How far (m) above the middle of a dish the middle of a thing may be that lies on it."""
APART = 0.03
"""Two things of one colour are not nearer (m) to each other."""
LOOSE = 3.0
"""How much farther than outlines that colour draws those on dishes are off (root mean square of 12 rooms)."""
THING = 2


def dishes_file(path: Path) -> Path:
    """Where the network for dishes lies beside the detector at `path`."""
    return path.with_suffix(".dishes.onnx")


class DishEyes:
    """The network for dishes beside the detector at `path`. Raises `UserError` when there is none."""

    def __init__(self, path: Path) -> None:
        self._session, about = open_network(dishes_file(path))
        self._namer, named = open_network(kinds_file(path))
        self.dishes: tuple[str, ...] = tuple(about["dishes"])
        """The kinds of dishes that it knows."""
        self._kinds = named["kinds"]

    def __call__(self, image: np.ndarray, box: Box) -> np.ndarray:
        """How likely each pixel of a picture (h, w, 3) around the `box` of a dish is of a thing on it: (h, w) in
        [0, 1]; 0 farther away."""
        shown = square(image, box, SIDE, MARGIN).transpose(2, 0, 1)[None].astype(np.float32)
        likely = 1 / (1 + np.exp(-np.asarray(self._session.run(None, {"squares": shown})[0])[0]))
        x, y, length = corner_of_square(box, MARGIN)
        scale = length / CELLS
        # Pixel centres lie at halves in the squares and at whole numbers in OpenCV.
        matrix = np.array([[scale, 0, x + scale / 2 - 0.5], [0, scale, y + scale / 2 - 0.5]])
        return cv2.warpAffine(likely.astype(np.float32), matrix, image.shape[1::-1], flags=cv2.INTER_LINEAR)

    def likeness(self, image: np.ndarray, region: Region) -> Region:
        """The region, which knows then how likely it looks each kind."""
        likely = name(self._namer, image, [region.box])[0]
        return replace(region, likeness=dict(zip(self._kinds, likely.tolist(), strict=True)))


@dataclass(frozen=True)
class OnDishes:
    """A `Segment` of what lies on the `dishes` that were found, in their own colours."""

    eyes: DishEyes
    dishes: Sequence[Detection]

    def __call__(self, index: int, view: View, palette: Palette) -> tuple[np.ndarray, dict[int, list[Region]]]:
        """Labels (h, w) uint8 as of colour alone, and the regions of what lies on dishes by label."""
        labels, _ = by_colour(index, view, palette)
        regions: dict[int, list[Region]] = {}
        for dish in self.dishes:
            if view.camera in dish.boxes and dish.colour in palette:
                label = list(palette).index(dish.colour) + 1
                likely = self.eyes(view.image, dish.boxes[view.camera])
                divided = divide(view.image, labels == label, likely)
                found = find_regions(index, divided, THING)
                regions.setdefault(label, []).extend(self.eyes.likeness(view.image, region) for region in found)
        return labels, regions


def divide(image: np.ndarray, patch: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """(h, w) uint8, `THING` where a patch (h, w) bool of one colour is `likely` (h, w) no dish, 1 where it is, 0 on the
    seams and elsewhere."""
    divided = np.zeros(patch.shape, np.uint8)
    if not (patch & (likely > 0.5 + SURE)).any():
        return divided
    left, top, width, height = cv2.boundingRect((patch & (likely > 0)).view(np.uint8))
    window = (slice(top, top + height), slice(left, left + width))
    markers = np.zeros((height, width), np.int32)
    markers[likely[window] < 0.5 - SURE] = 1
    markers[likely[window] > 0.5 + SURE] = THING
    markers[~patch[window]] = 3
    cv2.watershed(cv2.cvtColor(np.ascontiguousarray(image[window]), cv2.COLOR_RGB2BGR), markers)
    divided[window] = np.where(patch[window] & (markers > 0) & (markers <= THING), markers, 0)
    return divided


@dataclass(frozen=True)
class DishDetector:
    """What `colour` finds, and what it misses on dishes of its own colour, where `eyes` look. Where there is no dish
    they do not."""

    colour: ColourDetector
    eyes: DishEyes

    def detect(self, views: Sequence[View], models: Sequence[ObjectModel]) -> list[Detection]:
        """Every object of `models` that is in `views` (of one moment), the surest first."""
        found = self.colour.detect(views, models)
        dishes = [one for one in found if one.kind in self.eyes.dishes]
        if not dishes:
            return found
        things = [model for model in models if model.kind not in self.eyes.dishes]
        for more in replace(self.colour, segment=OnDishes(self.eyes, dishes)).detect(views, things):
            others = [one for one in found if one.kind not in self.eyes.dishes]
            known = any(np.linalg.norm(more.position_stance - one.position_stance) < APART for one in others)
            if not known and any(_is_on(more, dish) for dish in dishes):
                found.append(replace(more, covariance=LOOSE**2 * more.covariance, yaw_std=LOOSE * more.yaw_std))
        return sorted(found, key=lambda d: -d.confidence)

    def standing_at(self, heights: tuple[float, ...]) -> DishDetector:
        """The same for things that stand at `heights` (m)."""
        return replace(self, colour=self.colour.standing_at(heights))


def _is_on(thing: Detection, dish: Detection) -> bool:
    """Whether the middle of `thing` lies over the dish, which has its colour."""
    x, y, z = thing.position_stance - dish.position_stance
    over = np.hypot(x, y) < max(dish.size[:2]) / 2 and -dish.size[2] < z < RISE
    return bool(over) and thing.colour == dish.colour
