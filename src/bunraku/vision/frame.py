"""One picture as the memory sees it: luma and chroma planes, the time at which it was taken, where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np


@dataclass(frozen=True)
class Source:
    """Where a picture lies in its original bitstream: `file`, and `pts` in units of `time_base` (s)."""

    file: str
    pts: int
    time_base: float

    @property
    def seconds(self) -> float:
        """Presentation time within the file, s."""
        return self.pts * self.time_base


@dataclass(frozen=True)
class Orientation:
    """What is known of where a camera looks: `rotation_world_from_camera` (3, 3) and its `focal_length` in pixels."""

    rotation_world_from_camera: np.ndarray
    focal_length: float


@dataclass(frozen=True)
class Frame:
    """A picture in YUV 4:2:0, limited range. `time` (s) is when it was taken, never when it was due.

    `luma` is (h, w) uint8, `chroma` a pair of (h/2, w/2) uint8 planes, u then v. Planes may be views into a decoder's
    buffers and are not to be written to. `orientation` is the camera's orientation, where it is known.
    """

    camera: str
    time: float
    luma: np.ndarray
    chroma: tuple[np.ndarray, np.ndarray]
    source: Source | None = None
    orientation: Orientation | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels, both even."""
        height, width = self.luma.shape
        return height, width


def frame_from_rgb(
    camera: str, time: float, image: np.ndarray, source: Source | None = None, orientation: Orientation | None = None
) -> Frame:
    """Frame of an RGB `image` (h, w, 3) uint8; an odd last row or column is dropped."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    planes = cv2.cvtColor(np.ascontiguousarray(image[:height, :width]), cv2.COLOR_RGB2YUV_I420)
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    return Frame(camera, time, planes[:height], (chroma[0], chroma[1]), source, orientation)


def frame_from_video(camera: str, time: float, picture: Any, source: Source | None = None) -> Frame:
    """Frame of a decoded `av.VideoFrame`; planes are shared with the decoder when it gives 4:2:0, else converted."""
    if picture.format.name != "yuv420p" or picture.color_range == 2:
        picture = picture.reformat(format="yuv420p", dst_color_range="MPEG")
    height, width = picture.height // 2 * 2, picture.width // 2 * 2
    luma, u, v = (np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in picture.planes)
    chroma = (u[: height // 2, : width // 2], v[: height // 2, : width // 2])
    return Frame(camera, time, luma[:height, :width], chroma, source)


def to_rgb(frame: Frame) -> np.ndarray:
    """The whole frame as (h, w, 3) uint8 RGB."""
    planes = np.concatenate([frame.luma.ravel(), frame.chroma[0].ravel(), frame.chroma[1].ravel()])
    return cv2.cvtColor(planes.reshape(-1, frame.luma.shape[1]), cv2.COLOR_YUV2RGB_I420)


def crops(frame: Frame, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Squares of `size` (even) pixels with their corners at the even pixels `x`, `y` (n,), as (n, size, size, 3) uint8
    BGR, OpenCV's own order. Parts outside the frame repeat its edge."""
    # One below the other they are a 4:2:0 picture themselves, converted at once.
    count, half = len(x), size // 2
    planes = np.empty((count * 3 * half, size), np.uint8)
    planes[: count * size].reshape(count, size, size)[:] = _windows(frame.luma, x, y, size)
    chroma = planes[count * size :].reshape(2, count, half, half)
    for layer, plane in zip(chroma, frame.chroma, strict=True):
        layer[:] = _windows(plane, x // 2, y // 2, half)
    return cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420).reshape(count, size, size, 3)


def _windows(plane: np.ndarray, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    height, width = plane.shape
    if min(x.min(), y.min()) >= 0 and x.max() <= width - size and y.max() <= height - size:
        return np.stack([plane[b : b + size, a : a + size] for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    rows = (y[:, None] + np.arange(size)).clip(0, height - 1)
    columns = (x[:, None] + np.arange(size)).clip(0, width - 1)
    return plane[rows[:, :, None], columns[:, None, :]]


def shrink_luma(luma: np.ndarray, factor: int) -> np.ndarray:
    """`luma` (h, w) uint8 averaged over `factor` × `factor` pixels, a power of two; a ragged edge is dropped."""
    while factor > 1:
        height, width = luma.shape[0] // 2, luma.shape[1] // 2
        # Repeated halving takes OpenCV's vectorised 2×2 path: 8 times faster than one INTER_AREA step of 4.
        luma = cv2.resize(luma[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA)
        factor //= 2
    return luma
