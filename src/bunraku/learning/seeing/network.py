"""The network: a residual encoder to a thirty-second of the resolution, and one sum of its scales at a quarter of it.

Objects are points (Zhou et al. 2019, "Objects as Points"): two maps say how likely the middle of a thing, and of a dish
that may lie under one, is here. Every cell that is of a thing says all the rest, as that teaches most in least time:
where the thing's middle is, by which things are told apart (Cheng et al. 2020, "Panoptic-DeepLab"), how far away the
sides of its box are, and which kind and colour it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

STRIDE = 4
"""Pixels of a picture to one cell of what comes out."""
LAYERS = 2
"""Maps of middles: of things, and of dishes, as the two may have one middle."""
UNIT = 8.0
"""Votes and boxes are learned in units of so many cells."""


@dataclass(frozen=True)
class DetectorConfig:
    """How large: channels at a half, quarter, … thirty-second of the resolution, and of the head."""

    widths: tuple[int, ...] = (16, 24, 40, 64, 96)
    head: int = 40


def _convolution(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(self.first(x)))


class DetectorNetwork(nn.Module):
    """Pictures (b, 3, h, w) float RGB in 0–255 to maps at a quarter of the resolution; h and w multiples of 32."""

    def __init__(self, kinds: int, colours: int, config: DetectorConfig = DetectorConfig()) -> None:
        super().__init__()
        widths = config.widths
        self.stem = _convolution(3, widths[0], stride=2)
        self.levels = nn.ModuleList(
            nn.Sequential(_convolution(low, high, stride=2), _Residual(high), *([_Residual(high)] if i else []))
            for i, (low, high) in enumerate(pairwise(widths))
        )
        self.sides = nn.ModuleList(nn.Conv2d(width, config.head, 1) for width in widths[1:])
        self.mixed = nn.ModuleList(_convolution(config.head, config.head) for _ in widths[1:-1])
        self.outputs = {"heat": LAYERS, "box": 4, "vote": 2, "covered": 1, "kind": kinds, "colour": colours}
        self.head = nn.Sequential(
            _convolution(config.head, config.head), nn.Conv2d(config.head, sum(self.outputs.values()), 1)
        )
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        # Nearly all cells are no thing's middle: begin by saying so.
        nn.init.constant_(last.bias[:LAYERS], -3.9)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Logits of middles (b, LAYERS, h/4, w/4); left, top, right, bottom (b, 4, …) and votes x, y (b, 2, …), both in
        cells from the cell's own middle; logits of being of a thing (b, 1, …), of kinds and of colours."""
        x = self.stem(image / 127.5 - 1)
        scales = []
        for level in self.levels:
            x = level(x)
            scales.append(x)
        summed = self.sides[-1](scales[-1])
        for side, mix, scale in zip(
            reversed(self.sides[:-1]), reversed(self.mixed), reversed(scales[:-1]), strict=True
        ):
            summed = mix(side(scale) + nn.functional.interpolate(summed, scale_factor=2.0, mode="nearest"))
        heat, box, vote, covered, kind, colour = self.head(summed).split(list(self.outputs.values()), dim=1)
        return heat, UNIT * torch.exp(box.clamp(-6, 3)), UNIT * vote, covered, kind, colour
