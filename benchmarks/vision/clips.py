"""Clips with known things in them: sprites of exact masks laid into given videos, some at rest, some moving."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from benchmarks.vision.videos import pictures

from bunraku.vision.canvas import Grid
from bunraku.vision.frame import frame_from_video, shrink_luma

SIZES = {"small": 0.03, "medium": 0.07, "large": 0.16}
"""Sprite widths as shares of the picture's width."""


@dataclass(frozen=True, eq=False)
class Clip:
    """`luma` (t, h, w) uint8 full size, `small` the same as the memory analyses it; `masks` (t, objects, h, w) bool in
    analysed pixels; `sizes` name each object's size; `times` (t,) s."""

    name: str
    grid: Grid
    luma: np.ndarray
    small: np.ndarray
    masks: np.ndarray
    sizes: tuple[str, ...]
    times: np.ndarray


def load_clip(path: Path, count: int, sprites: bool, seed: int, rate: float, first: int = 0) -> Clip:
    """`count` pictures of a video, thinned to about `rate` per second, from number `first` of these, with three sprites
    if wanted."""
    found, times = [], []
    for picture in islice(pictures(path, rate), first, first + count):
        found.append(np.array(frame_from_video(path.stem, 0, picture).luma))
        times.append(picture.time or 0.0)
    luma = np.stack(found)
    grid = Grid(*luma.shape[1:])
    masks = np.zeros((len(luma), 3 if sprites else 0, *grid.analysed_shape), bool)
    if sprites:
        _lay_sprites(luma, masks, np.array(times), grid, np.random.default_rng(seed))
    return Clip(
        path.stem, grid, luma, np.stack([_analysed(p, grid) for p in luma]), masks, tuple(SIZES), np.array(times)
    )


def _analysed(luma: np.ndarray, grid: Grid) -> np.ndarray:
    small = shrink_luma(luma, grid.factor)
    height, width = grid.analysed_shape
    below, right = height - small.shape[0], width - small.shape[1]
    return cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)


def _lay_sprites(luma: np.ndarray, masks: np.ndarray, times: np.ndarray, grid: Grid, rng: np.random.Generator) -> None:
    height, width = luma.shape[1:]
    for number, share in enumerate(SIZES.values()):
        side = max(12, round(share * width))
        texture, alpha = _sprite(side, rng)
        track = _walk(times - times[0], height - side, width - side, rng)
        for at, (x, y) in enumerate(track):
            region = luma[at, y : y + side, x : x + side]
            region[:] = np.rint(region * (1 - alpha) + texture * alpha)
            full = np.zeros((height, width), np.uint8)
            full[y : y + side, x : x + side] = np.where(alpha > 0.5, 255, 0)
            masks[at, number] = _analysed(full, grid) > 127
            masks[at, :number] &= ~masks[at, number]


def _sprite(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Texture and coverage (side, side) of a disc with stripes and specks."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    angle = rng.uniform(0, np.pi)
    stripes = np.sign(np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / max(side / 3, 8)))
    texture = 125 + 60 * stripes + cv2.GaussianBlur(rng.normal(0, 40, (side, side)), (0, 0), 2)
    alpha = np.clip(side / 2 - np.hypot(x, y), 0, 1)
    return np.clip(texture, 17, 235), alpha


def _walk(times: np.ndarray, height: int, width: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Positions (x, y): moves of about a second at up to 40 % of the width per second, and rests between them."""
    here = rng.uniform(0, 1, 2) * (width, height)
    there, begin, duration, resting = here, 0.0, 0.0, True
    track = []
    for time in times:
        while time > begin + duration:
            begin, here, resting = begin + duration, there, not resting
            duration = rng.uniform(0.5, 1.2)
            there = (
                here if resting else np.clip(here + rng.uniform(-0.4, 0.4, 2) * width * duration, 0, (width, height))
            )
        x, y = here + (there - here) * (time - begin) / max(duration, 1e-6)
        track.append((round(float(np.clip(x, 0, width))), round(float(np.clip(y, 0, height)))))
    return track
