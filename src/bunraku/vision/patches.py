"""Patches as bytes: JPEG without its header, which is the same for all patches of a size."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

QUALITY = 80
SAMPLES = {16: 16, 32: 32, 64: 32, 128: 32}
"""Scale (px of the frame) → stored samples per side; larger patches are kept at lower resolution."""


def encode(patch: np.ndarray) -> bytes:
    """Bytes of a square RGB `patch` (n, n, 3) uint8, n one of the stored sizes."""
    return encode_bgr(cv2.cvtColor(patch, cv2.COLOR_RGB2BGR))


def encode_bgr(patch: np.ndarray) -> bytes:
    """`encode` for a BGR patch, OpenCV's own order."""
    return _jpeg(patch)[len(_header(patch.shape[0])) : -2]


def decode(data: bytes, samples: int) -> np.ndarray:
    """The patch (samples, samples, 3) uint8 RGB that `encode` was given, up to JPEG loss."""
    whole = np.frombuffer(_header(samples) + data + b"\xff\xd9", np.uint8)
    image = cv2.imdecode(whole, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("a patch could not be decoded")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _jpeg(patch: np.ndarray) -> bytes:
    ok, data = cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise ValueError(f"a patch of shape {patch.shape} could not be encoded")
    return data.tobytes()


@cache
def _header(samples: int) -> bytes:
    data = _jpeg(np.zeros((samples, samples, 3), np.uint8))
    scan = data.index(b"\xff\xda")
    return data[: scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")]
