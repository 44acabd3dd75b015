"""Small pictures with something moving in them, and videos of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

RED, BLUE = (200, 20, 25), (25, 60, 200)


def room(height: int = 240, width: int = 320, seed: int = 0) -> np.ndarray:
    """A textured, colourless background (h, w, 3) uint8 RGB."""
    noise = np.random.default_rng(seed).integers(60, 200, (height, width), dtype=np.uint8)
    grey = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), None, 50, 200, cv2.NORM_MINMAX)
    return np.repeat(grey[:, :, None], 3, 2)


def with_square(picture: np.ndarray, x: int, y: int, size: int = 48, colour: tuple[int, int, int] = RED) -> np.ndarray:
    """The picture with a square of one colour and a darker stripe."""
    picture = picture.copy()
    picture[y : y + size, x : x + size] = colour
    picture[y + size // 3 : y + size // 2, x : x + size] = tuple(c // 3 for c in colour)
    return picture


def crossing(count: int, height: int = 240, width: int = 320) -> list[np.ndarray]:
    """A red square moves across the room, stays, and leaves."""
    background = room(height, width)
    pictures = []
    for i in range(count):
        x = round((width + 48) * i / count) - 48
        wide = np.pad(background, ((0, 0), (64, 64), (0, 0)), mode="edge")
        pictures.append(np.ascontiguousarray(with_square(wide, x + 64, height // 3)[:, 64 : 64 + width]))
    return pictures


def write_video(
    path: Path, pictures: list[np.ndarray], rate: int = 20, codec: str = "libx264", times: list[int] | None = None
) -> Path:
    """Encode pictures; `times` are their time stamps in frames, for gaps."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={"g": "10", "bf": "0", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, rate)
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = i if times is None else times[i]
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
