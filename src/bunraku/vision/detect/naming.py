"""What kind of thing a box of a picture shows: squares around boxes, named by a tiny network in an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bunraku.vision.detect.detection import Box

SIDE = 32
"""Of the squares that the network is shown, px."""
MARGIN = 1.25
"""Of a square, relative to the longer side of its box."""


def corner_of_square(box: Box, margin: float = MARGIN) -> tuple[float, float, float]:
    """Upper left corner x, y and side (px) of the square around `box`."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top, 2) * margin / 2
    return (left + right) / 2 - half, (top + bottom) / 2 - half, 2 * half


def square(
    image: np.ndarray, box: Box, side: int = SIDE, margin: float = MARGIN, of_numbers: bool = False
) -> np.ndarray:
    """A square (side, side, …) around `box`, the picture's edge repeated where it reaches beyond; numbers of things are
    not mixed."""
    x, y, length = corner_of_square(box, margin)
    half, scale = length / 2, side / length
    if of_numbers:
        matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
        return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    if scale < 0.6:
        # Reduced by averaging: cut out first.
        height, width = image.shape[:2]
        x0, y0 = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
        cut = image[y0 : max(int(y + 2 * half) + 1, y0 + 1), x0 : max(int(x + 2 * half) + 1, x0 + 1)]
        shrunk = cv2.resize(cut, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        matrix = np.array([[0.5, 0, (x0 - x) * scale], [0, 0.5, (y0 - y) * scale]])
        return cv2.warpAffine(shrunk, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def kinds_file(path: Path) -> Path:
    """Where the network that names lies beside the detector at `path`."""
    return path.with_suffix(".kinds.onnx")


def name(session, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """How likely each box of a picture (h, w, 3) shows each kind, by an ONNX Runtime session: (n, kinds) in [0, 1]."""
    if not boxes:
        return np.zeros((0, 0))
    squares = np.stack([square(image, box) for box in boxes]).transpose(0, 3, 1, 2).astype(np.float32)
    logits = np.asarray(session.run(None, {"squares": squares})[0])
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)
