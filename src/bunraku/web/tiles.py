"""The pictures of all cameras in one."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from bunraku.robot.interface import CAMERAS, CameraFrame

BACKGROUND = (24, 26, 30)
INK = (235, 235, 235)
GAP = 4
STRIP = 20


def tile_cameras(
    frames: Mapping[str, CameraFrame], columns: int = 2, width: int = 216, height: int = 162
) -> np.ndarray:
    """Lay the newest frame of every camera out in a grid, each with its name and the time at which it was taken.

    Tiles are `width` × `height` px in the order of `CAMERAS`; a camera without a frame stays dark. Returns RGB uint8.
    """
    rows = -(-len(CAMERAS) // columns)
    canvas = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), BACKGROUND, np.uint8)
    for index, camera in enumerate(CAMERAS):
        top, left = (index // columns) * (height + GAP), (index % columns) * (width + GAP)
        tile = canvas[top : top + height, left : left + width]
        label = camera.replace("_", " ")
        if frame := frames.get(camera):
            tile[:] = _fit(frame.image, width, height)
            label += f"  {frame.time:.1f} s"
        _write(tile, label)
    return canvas


def _fit(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The largest middle part of `image` with the proportions of the tile, at the tile's size."""
    tall, wide = image.shape[:2]
    cut_wide, cut_tall = min(wide, tall * width // height), min(tall, wide * height // width)
    top, left = (tall - cut_tall) // 2, (wide - cut_wide) // 2
    return cv2.resize(
        image[top : top + cut_tall, left : left + cut_wide], (width, height), interpolation=cv2.INTER_AREA
    )


def _write(tile: np.ndarray, label: str) -> None:
    strip = tile[-STRIP:]
    strip[:] = strip // 3
    origin = (6, tile.shape[0] - 6)
    cv2.putText(tile, label, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
