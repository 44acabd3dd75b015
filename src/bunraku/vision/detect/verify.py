"""Does a posed model agree with the pixels of every view, also of those that it was not fitted to?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bunraku.vision.detect.view import View, project

INSIDE_MARGIN = 0.7
"""An object is expected in a view if this share of its hull's points is inside the picture."""
LEAST_SHOWN = 0.2
"""Least share of a silhouette that must have the object's colour or be covered: lids and labels have another."""


@dataclass(frozen=True)
class Agreement:
    """What lies under the silhouette of a posed model.

    Attributes:
        filled: share of the silhouette that has the object's colour, in each view; NaN where it is not in view.
        covered: share that has another object's colour, or is hidden.
    """

    filled: np.ndarray
    covered: np.ndarray

    def contradicted(self, fitted: Collection[int]) -> bool:
        """Whether a view that was not `fitted` shows the bare background where the object should be."""
        shown = self.filled + self.covered
        return any(shown[i] < LEAST_SHOWN for i in range(len(shown)) if i not in fitted)


def agreement(views: Sequence[View], labels: Sequence[np.ndarray], label: int, points_stance: np.ndarray) -> Agreement:
    """Compare the silhouette of hull points (n, 3) m with label images (h, w) uint8, one per view."""
    filled, covered = np.full(len(views), np.nan), np.full(len(views), np.nan)
    for index, (view, image) in enumerate(zip(views, labels, strict=True)):
        pixels = project(view, points_stance)
        if not np.isfinite(pixels).all():
            continue
        if ((pixels > 0) & (pixels < view.size)).all(axis=1).mean() < INSIDE_MARGIN:
            continue
        inside = _under(image, pixels)
        if inside.size >= 12:
            own = np.count_nonzero(inside == label)
            filled[index] = own / inside.size
            covered[index] = (np.count_nonzero(inside) - own) / inside.size
    return Agreement(filled, covered)


def _under(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The values of an image (h, w) under the convex hull of pixels (n, 2)."""
    height, width = image.shape
    low = np.clip(np.floor(pixels.min(axis=0)).astype(int), 0, [width, height])
    high = np.clip(np.ceil(pixels.max(axis=0)).astype(int) + 1, 0, [width, height])
    window = image[low[1] : high[1], low[0] : high[0]]
    hull = cv2.convexHull(np.round(pixels - low - 0.5).astype(np.int32))
    mask = cv2.fillConvexPoly(np.zeros(window.shape, np.uint8), hull, 1)
    return window[mask > 0]
