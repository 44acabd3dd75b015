"""Patches as bytes: JPEG without its header, which is the same for all patches of a size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

QUALITY = 80
SAMPLES = {16: 16, 32: 32, 64: 32, 128: 32}
"""Scale (px of the frame) → stored samples per side; larger patches are kept at lower resolution."""
BLOCK = 16
"""Pixels of the side of JPEG's smallest unit, with chroma at half resolution."""
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
AT_ONCE = 1024
"""Patches that are encoded in one call; JPEG pictures are at most 65,535 px high."""


def encode(patches: np.ndarray) -> list[bytes]:
    """Bytes of each of the square BGR `patches` (n, s, s, 3) uint8, s one of the stored sizes."""
    side = patches.shape[1]
    return [
        scan for begin in range(0, len(patches), AT_ONCE) for scan in _scans(patches[begin : begin + AT_ONCE], side)
    ]


def decode(data: bytes, samples: int) -> np.ndarray:
    """The patch (samples, samples, 3) uint8 RGB whose bytes `encode` gave, up to JPEG loss."""
    whole = np.frombuffer(_header(samples) + data + b"\xff\xd9", np.uint8)
    image = cv2.imdecode(whole, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("a patch could not be decoded")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def thumbnails(data: Sequence[bytes], samples: int, reduction: int) -> np.ndarray:
    """Patches (n, samples / reduction, …, 3) uint8 RGB at 1/2, 1/4 or 1/8 resolution, decoded at once; grey where the
    data are empty."""
    # Chroma needs no enlarging then, so that one patch does not tinge the next.
    parts, side = [], samples // reduction
    for begin in range(0, len(data), AT_ONCE):
        scans = [scan or _grey(samples) for scan in data[begin : begin + AT_ONCE]]
        head = bytearray(_strip_header(samples))
        height = head.index(b"\xff\xc0") + 5
        head[height : height + 2] = (len(scans) * samples).to_bytes(2, "big")
        joined = [part for n, scan in enumerate(scans) for part in (scan, bytes((0xFF, 0xD0 + n % 8)))]
        joined[-1] = b"\xff\xd9"
        strip = cv2.imdecode(np.frombuffer(bytes(head) + b"".join(joined), np.uint8), _REDUCED[reduction])
        if strip is None or strip.shape != (len(scans) * side, side, 3):
            raise ValueError("patches could not be decoded")
        parts.append(strip.reshape(-1, side, side, 3)[..., ::-1])
    return np.concatenate(parts) if parts else np.empty((0, side, side, 3), np.uint8)


def _scans(patches: np.ndarray, side: int) -> list[bytes]:
    # One below the other they are one picture; a restart after each makes its scan what it would be alone.
    whole = _jpeg(patches.reshape(-1, side, 3), _restarts(side))
    scan = whole[_header_length(whole) : -2]
    restarts = np.flatnonzero((scan[:-1] == 0xFF) & (scan[1:] & 0xF8 == 0xD0)).tolist()
    data = scan.tobytes()
    return [data[begin:end] for begin, end in zip([0, *(r + 2 for r in restarts)], [*restarts, len(data)], strict=True)]


def _jpeg(picture: np.ndarray, options: list[int]) -> np.ndarray:
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY, *options])
    if not ok:
        raise ValueError(f"a picture of shape {picture.shape} could not be encoded")
    return data


def _header_length(whole: np.ndarray) -> int:
    head = whole[:1024].tobytes()
    scan = head.index(b"\xff\xda")
    return scan + 2 + int.from_bytes(head[scan + 2 : scan + 4], "big")


@cache
def _strip_header(samples: int) -> bytes:
    """What comes before the scans of two patches of a strip."""
    whole = _jpeg(np.zeros((2 * samples, samples, 3), np.uint8), _restarts(samples))
    return whole[: _header_length(whole)].tobytes()


@cache
def _grey(samples: int) -> bytes:
    return encode(np.full((1, samples, samples, 3), 128, np.uint8))[0]


def _restarts(side: int) -> list[int]:
    """Options for a restart after each patch."""
    return [cv2.IMWRITE_JPEG_RST_INTERVAL, (side // BLOCK) ** 2]


@cache
def _header(samples: int) -> bytes:
    """What comes before the scan of a patch."""
    whole = _jpeg(np.zeros((samples, samples, 3), np.uint8), [])
    return whole[: _header_length(whole)].tobytes()
