"""Colour tells things apart, but not a thing from a dish of its own colour on which it lies: there a network looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bunraku.vision.detect.classical import ColourDetector
from bunraku.vision.detect.detection import Detection
from bunraku.vision.detect.model import ObjectModel
from bunraku.vision.detect.view import View

RISE = 0.2
"""How far (m) above the middle of a dish the middle of a thing may be that lies on it."""
APART = 0.03
"""Two things of one colour are not nearer (m) to each other."""


@dataclass(frozen=True)
class DishDetector:
    """What `colour` finds, and what `learned` finds besides on those `dishes` (kinds) that `colour` found, in their own
    colours. Elsewhere the network has no say, and where there is no dish it does not look."""

    colour: ColourDetector
    learned: ColourDetector
    dishes: tuple[str, ...]

    def detect(self, views: Sequence[View], models: Sequence[ObjectModel]) -> list[Detection]:
        """Every object of `models` that is in `views` (of one moment), the surest first."""
        found = self.colour.detect(views, models)
        dishes = [one for one in found if one.kind in self.dishes]
        if not dishes:
            return found
        colours = {dish.colour for dish in dishes}
        for more in self.learned.detect(views, [model for model in models if model.colour in colours]):
            known = any(np.linalg.norm(more.position_stance - one.position_stance) < APART for one in found)
            if more.kind not in self.dishes and not known and any(_is_on(more, dish) for dish in dishes):
                found.append(more)
        return sorted(found, key=lambda d: -d.confidence)

    def standing_at(self, heights: tuple[float, ...]) -> DishDetector:
        """The same for things that stand at `heights` (m)."""
        return replace(self, colour=self.colour.standing_at(heights), learned=self.learned.standing_at(heights))


def _is_on(thing: Detection, dish: Detection) -> bool:
    """Whether the middle of `thing` lies over the dish, which has its colour."""
    x, y, z = thing.position_stance - dish.position_stance
    return (
        thing.colour == dish.colour and np.hypot(x, y) < max(dish.size[:2]) / 2 and -max(dish.size[2], 0.02) < z < RISE
    )
