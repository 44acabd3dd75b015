"""A third network: which part of a square picture of a dish is not the dish but something that lies on it.

Things of the dish's own colour are what it is for, and rare even in rooms of few colours. So things of other colours
are given the dish's: what is learned is shading and outlines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bunraku.learning.seeing.descent import DescentConfig, descend
from bunraku.learning.seeing.pictures import Labelled, disturb
from bunraku.vision.detect.dishes import CELLS, MARGIN, SIDE
from bunraku.vision.detect.naming import square

STORED = 84
"""Side (px) of the examples that are kept: room to shift and scale them."""
LEAST_PIXELS, LEAST_SHOWN = 150, 0.3
"""Dishes of which less is seen (px; share of the outline) teach nothing."""
COLOURED = 70
"""Saturation (0–255) from which a pixel has the colour of its thing, and is no trim, gloss or shade."""
RECOLOURED = 0.7
"""Share of the things on dishes that are given the dish's colour."""
BEHIND = 0.05
"""Weight of a pixel that is neither of the dish nor of a thing: at the end it has another colour anyway."""


@dataclass(frozen=True)
class DishConfig(DescentConfig):
    """How to train the network that is shown dishes."""

    steps: int = 2000
    batch: int = 16


class DishNetwork(nn.Module):
    """Squares (n, 3, SIDE, SIDE) float RGB in 0–255 to logits (n, CELLS, CELLS) of being of a thing on the dish."""

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__()
        low, middle, high = widths
        self.fine = nn.Sequential(_layer(3, low, 2), _layer(low, low))
        self.middle = nn.Sequential(_layer(low, middle, 2), _layer(middle, middle))
        self.whole = nn.Sequential(
            _layer(middle, high, 2), _layer(high, high), _layer(high, high), _layer(high, middle)
        )
        self.up = _layer(middle, low)
        self.last = nn.Sequential(_layer(low, low), nn.Conv2d(low, 1, 1))

    def forward(self, squares: torch.Tensor) -> torch.Tensor:
        """Logits (n, CELLS, CELLS)."""
        fine = self.fine(squares / 127.5 - 1)
        half = self.middle(fine)
        half = self.up(half + functional.interpolate(self.whole(half), scale_factor=2.0, mode="nearest"))
        return self.last(fine + functional.interpolate(half, scale_factor=2.0, mode="nearest"))[:, 0]


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


@dataclass(frozen=True, eq=False)
class Dish:
    """A square picture (STORED, STORED, 3) uint8 of a dish, which is 1 in `owners` (STORED, STORED) uint8; things are
    2 and more, all else is 0."""

    image: np.ndarray
    owners: np.ndarray


def dishes_in(pictures: Iterable[Labelled], dishes: Sequence[str]) -> list[Dish]:
    """Every dish, one of the kinds `dishes`, that is seen well enough."""
    found = []
    for picture in pictures:
        kinds = np.array(["", *(kind for kind, _ in picture.names)])
        for index, (kind, _) in enumerate(picture.names):
            mask = (picture.instances == index + 1).view(np.uint8)
            if kind not in dishes or picture.shown[index] < LEAST_SHOWN or np.count_nonzero(mask) < LEAST_PIXELS:
                continue
            x, y, w, h = cv2.boundingRect(mask)
            # Other dishes are background: they may be stacked, and are told by their sizes.
            things = np.where(np.isin(kinds, dishes)[picture.instances], 0, picture.instances + 1)
            owners = np.where(mask > 0, 1, np.where(picture.instances > 0, things, 0)).astype(np.uint8)
            box, margin = (x, y, x + w, y + h), MARGIN * STORED / SIDE
            found.append(Dish(square(picture.image, box, STORED, margin), square(owners, box, STORED, margin, True)))
    return found


def recoloured(dish: Dish, rng: np.random.Generator) -> np.ndarray:
    """The picture of the dish with most things in its own colour, their shading kept."""
    image = dish.image.copy()
    colour = _colour(image, dish.owners == 1)
    if colour is None:
        return image
    for thing in np.unique(dish.owners[dish.owners > 1]):
        mask = dish.owners == thing
        own = _colour(image, mask)
        if own is None or rng.random() > RECOLOURED:
            continue
        painted = mask & (cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[..., 1] > COLOURED)
        shade = image[painted].max(axis=1) / max(own.max(), 1.0) * rng.uniform(0.8, 1.25)
        image[painted] = np.clip(colour * shade[:, None], 0, 255).astype(np.uint8)
    return image


def _colour(image: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """The usual colour (3,) of what the mask covers; None where it has none."""
    coloured = mask & (cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[..., 1] > COLOURED)
    return np.median(image[coloured], axis=0) if np.count_nonzero(coloured) >= 8 else None


def train_dishes(
    pictures: Iterable[Labelled],
    dishes: Sequence[str],
    config: DishConfig = DishConfig(),
    report: Callable[[str], None] = lambda line: None,
) -> DishNetwork:
    """A trained network, ready to be used."""
    torch.manual_seed(config.seed)
    examples, network = dishes_in(pictures, dishes), DishNetwork()
    rng = np.random.default_rng([config.seed, 2])
    # What is empty teaches little.
    laden = np.array([np.count_nonzero(one.owners > 1) > 20 for one in examples])
    chances = np.where(laden, 1.0, 0.4) / np.where(laden, 1.0, 0.4).sum()

    def draw() -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
        chosen = rng.choice(len(examples), config.batch, p=chances)
        images, wanted, weights = (
            torch.from_numpy(np.stack(parts))
            for parts in zip(*(varied(examples[at], rng) for at in chosen), strict=True)
        )

        def loss_of(said: torch.Tensor) -> torch.Tensor:
            loss = functional.binary_cross_entropy_with_logits(said, wanted, weights, reduction="sum")
            return loss / weights.sum()

        return images.permute(0, 3, 1, 2).float(), loss_of

    descend(network, config, draw, "dishes", report)
    return network


def varied(dish: Dish, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture (SIDE, SIDE, 3) uint8, recoloured, shifted, scaled, mirrored and disturbed; and on CELLS × CELLS which
    share of each is of a thing, and how much it counts."""
    image = recoloured(dish, rng)
    side = int(rng.integers(SIDE - 8, STORED + 1))
    top, left = rng.integers(0, STORED - side + 1, 2)
    piece, owners = (one[top : top + side, left : left + side] for one in (image, dish.owners))
    if rng.random() < 0.5:
        piece, owners = piece[:, ::-1], owners[:, ::-1]
    piece = cv2.resize(np.ascontiguousarray(piece), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    thing, seen = (
        cv2.resize(np.ascontiguousarray(mask).astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        for mask in (owners > 1, owners > 0)
    )
    return disturb(piece, rng), thing, np.maximum(seen, BEHIND)
