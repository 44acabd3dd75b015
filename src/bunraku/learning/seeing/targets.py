"""What the network ought to say of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bunraku.learning.seeing.network import LAYERS, STRIDE
from bunraku.learning.seeing.pictures import Labelled

LEAST_PIXELS, LEAST_SHOWN = 24, 0.15
"""A thing of which less is seen (px; share of its outline) need not be found, and may be."""
BLOB = 0.11
"""Standard deviation of the blob on the map of middles, relative to the sides of the box."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Maps on a grid (h, w) of cells.

    Attributes:
        heat: (layers, h, w) in [0, 1], 1 at the middle of a thing.
        judged: (h, w), 0 where the map of middles is not judged.
        box: (4, h, w) cells to the left, top, right and bottom of the box, where `whose` (h, w) is not 0.
        vote: (2, h, w) cells to the thing's middle, in the same cells.
        whose: (h, w) 1 where most of a cell is of a thing.
        covered: (h, w) the share of a cell that is of a thing.
        kind, colour: (h, w) index of its kind and of its colour.
    """

    heat: np.ndarray
    judged: np.ndarray
    box: np.ndarray
    vote: np.ndarray
    whose: np.ndarray
    covered: np.ndarray
    kind: np.ndarray
    colour: np.ndarray


def targets(picture: Labelled, kinds: Sequence[str], colours: Sequence[str], dishes: Sequence[str] = ()) -> Targets:
    """What there is to find in `picture`, whose sides are multiples of `STRIDE`; the middles of the kinds `dishes` are
    on the second map."""
    height, width = (side // STRIDE for side in picture.instances.shape)
    heat, judged = np.zeros((LAYERS, height, width), np.float32), np.ones((height, width), np.float32)
    box, vote = np.zeros((4, height, width), np.float32), np.zeros((2, height, width), np.float32)
    shares = np.zeros((height, width), np.float32)
    kind, colour = np.zeros((2, height, width), np.int64)
    covered = _shrunk((picture.instances > 0).view(np.uint8), width, height)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    for index in np.unique(picture.instances)[1:]:
        mask = (picture.instances == index).view(np.uint8)
        left, top, w, h = (value / STRIDE for value in cv2.boundingRect(mask))
        its_kind, its_colour = picture.names[index - 1]
        middle = (left + w / 2, top + h / 2)
        share = _shrunk(mask, width, height)
        own = share > shares
        shares[own] = share[own]
        kind[own], colour[own] = kinds.index(its_kind), colours.index(its_colour)
        vote[:, own] = middle[0] - x[own], middle[1] - y[own]
        box[:, own] = x[own] - left, y[own] - top, left + w - x[own], top + h - y[own]
        if np.count_nonzero(mask) < LEAST_PIXELS or picture.shown[index - 1] < LEAST_SHOWN:
            judged[int(top) : int(top + h) + 1, int(left) : int(left + w) + 1] = 0
            continue
        # A blob exactly on the cell of the middle: somewhere the map must be 1.
        at = (np.clip(np.floor(middle[0]), 0, width - 1) + 0.5, np.clip(np.floor(middle[1]), 0, height - 1) + 0.5)
        spread = (max(BLOB * w, 0.55), max(BLOB * h, 0.55))
        blob = np.exp(-0.5 * (((x - at[0]) / spread[0]) ** 2 + ((y - at[1]) / spread[1]) ** 2))
        layer = int(its_kind in dishes)
        heat[layer] = np.maximum(heat[layer], blob)
    judged = np.maximum(judged, (heat.max(axis=0) == 1).astype(np.float32))
    whose = ((shares > 0.5) & (box.min(axis=0) > 0)).astype(np.float32)
    return Targets(heat, judged, box, vote, whose, covered, kind, colour)


def _shrunk(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    """The share of each of the (height, width) cells that the mask covers."""
    return cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
