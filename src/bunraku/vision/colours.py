"""Colour words: how much of a picture bears each name."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

COLOUR_NAMES = (
    "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "white", "grey", "black"
)  # fmt: skip
"""The basic colour terms of English (Berlin & Kay 1969), and cyan."""

_HUES = {
    0: "red",
    15: "orange",
    42: "yellow",
    70: "green",
    165: "cyan",
    200: "blue",
    262: "purple",
    296: "pink",
    345: "red",
}
"""Hue (degrees) from which each name holds."""


def colour_shares(images: np.ndarray) -> np.ndarray:
    """Share of the pixels of `images` (..., h, w, 3) uint8 RGB that bears each of `COLOUR_NAMES`: (..., 12) uint8,
    255 for all."""
    lead, pixels = images.shape[:-3], images.shape[-3] * images.shape[-2]
    names = _names(images).reshape(-1, pixels)
    offsets = np.arange(len(names))[:, None] * len(COLOUR_NAMES)
    counts = np.bincount((names + offsets).ravel(), minlength=len(names) * len(COLOUR_NAMES))
    return np.rint(counts * (255 / pixels)).astype(np.uint8).reshape(*lead, len(COLOUR_NAMES))


def colour_mask(image: np.ndarray, colour: str) -> np.ndarray:
    """Which pixels (h, w) bool of `image` (h, w, 3) uint8 RGB bear the name `colour`."""
    return _names(image) == COLOUR_NAMES.index(colour)


def _names(images: np.ndarray) -> np.ndarray:
    """Index into `COLOUR_NAMES` of every pixel."""
    index = images >> 3
    return _table()[index[..., 0], index[..., 1], index[..., 2]]


@cache
def _table() -> np.ndarray:
    """Index into `COLOUR_NAMES` of every colour with 5 bits per channel, (32, 32, 32)."""
    steps = (np.arange(32, dtype=np.uint8) << 3) + 4
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(1, -1, 3)
    hue, value_saturation = _hue_degrees(cube)
    saturation, value = value_saturation
    names = np.empty(hue.shape, int)
    for start, name in _HUES.items():
        names[hue >= start] = COLOUR_NAMES.index(name)
    brownish = (hue >= 12) & (hue < 48) & (value < 0.62) & (saturation > 0.25)
    names[brownish] = COLOUR_NAMES.index("brown")
    grey = saturation < np.where(value > 0.4, 0.22, 0.35)
    names[grey] = COLOUR_NAMES.index("grey")
    names[grey & (value > 0.78)] = COLOUR_NAMES.index("white")
    names[value < 0.2] = COLOUR_NAMES.index("black")
    return names.reshape(32, 32, 32)


def _hue_degrees(colours: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    hsv = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[0]
    return hsv[:, 0], (hsv[:, 1], hsv[:, 2])
