"""A second, tiny network that names the kind of one thing from a square picture of it.

To see *that* something is there takes few examples; to see *what* it is takes a normalised picture, or many more.
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
from bunraku.learning.seeing.pictures import Labelled
from bunraku.vision.detect.naming import MARGIN, SIDE, square

STORED = SIDE + 8
"""Side (px) of the examples that are kept: room to shift them."""
LEAST_PIXELS, LEAST_SHOWN = 40, 0.3
"""Examples of which less is seen (px; share of the outline) teach nothing."""


@dataclass(frozen=True)
class NamingConfig(DescentConfig):
    """How to train the network that names kinds."""

    steps: int = 4000
    batch: int = 64


class NamingNetwork(nn.Module):
    """Squares (n, 3, SIDE, SIDE) float RGB in 0–255 to logits (n, kinds)."""

    def __init__(self, kinds: int, widths: tuple[int, ...] = (16, 32, 64, 96)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for low, high in zip((3, *widths), widths, strict=False):
            layers += [nn.Conv2d(low, high, 3, 1, 1, bias=False), nn.BatchNorm2d(high), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Linear(widths[-1] * (SIDE // 2 ** len(widths)) ** 2, kinds)

    def forward(self, squares: torch.Tensor) -> torch.Tensor:
        """Logits (n, kinds)."""
        return self.last(functional.dropout(self.body(squares / 127.5 - 1).flatten(1), 0.3, self.training))


def examples(pictures: Iterable[Labelled], kinds: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A square (n, STORED, STORED, 3) uint8 of every thing that is seen well enough, and the index (n,) of its kind."""
    squares, labels = [], []
    for picture in pictures:
        for index, (kind, _) in enumerate(picture.names):
            mask = (picture.instances == index + 1).view(np.uint8)
            if picture.shown[index] < LEAST_SHOWN or np.count_nonzero(mask) < LEAST_PIXELS:
                continue
            x, y, w, h = cv2.boundingRect(mask)
            squares.append(square(picture.image, (x, y, x + w, y + h), STORED, MARGIN * STORED / SIDE))
            labels.append(kinds.index(kind))
    return np.stack(squares), np.array(labels)


def train_naming(
    pictures: Iterable[Labelled],
    kinds: Sequence[str],
    config: NamingConfig = NamingConfig(),
    report: Callable[[str], None] = lambda line: None,
) -> NamingNetwork:
    """A trained network, ready to be used."""
    torch.manual_seed(config.seed)
    squares, labels = examples(pictures, kinds)
    network, rng = NamingNetwork(len(kinds)), np.random.default_rng([config.seed, 1])

    def draw() -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
        chosen = rng.integers(len(labels), size=config.batch)
        wanted = torch.from_numpy(labels[chosen])
        return _varied(squares[chosen], rng), lambda said: functional.cross_entropy(said, wanted)

    descend(network, config, draw, "names", report)
    return network


def _varied(squares: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Shifted, scaled, mirrored, in other light and noisy: (n, 3, SIDE, SIDE) float."""
    made = np.empty((len(squares), SIDE, SIDE, 3), np.float32)
    for out, one in zip(made, squares, strict=True):
        side = int(rng.integers(SIDE - 4, STORED + 1))
        top, left = rng.integers(0, STORED - side + 1, 2)
        piece = one[top : top + side, left : left + side]
        piece = piece[:, ::-1] if rng.random() < 0.5 else piece
        out[:] = cv2.resize(np.ascontiguousarray(piece), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    gain = np.exp(rng.normal(0, 0.2, (len(made), 1, 1, 1))) * rng.uniform(0.93, 1.07, (len(made), 1, 1, 3))
    noise = np.abs(rng.normal(0, 6, (len(made), 1, 1, 1))) * rng.standard_normal(made.shape, np.float32)
    return torch.from_numpy(np.clip(made * gain + noise, 0, 255).astype(np.float32).transpose(0, 3, 1, 2).copy())
