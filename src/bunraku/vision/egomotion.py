"""How a camera moved: the similarity transform that lays a picture on what was kept of the scene before.

Inverse-compositional alignment (Baker & Matthews 2004) with a brightness bias and Geman–McClure weights, coarse to
fine. Transforms are (2, 3) float64 and map pixels of the new picture to pixels of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from bunraku.vision.frame import Orientation, shrink_luma

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
UNKNOWN = 0
"""Luma of reference pixels that were never seen; limited-range luma is at least 16."""

LEVEL_WIDTHS = (80, 160)
ITERATIONS = 5
MINIMUM_CORNER_MOTION = 0.5
"""Pixels; smaller motion is left alone, as resampling a static camera costs more than it corrects."""
MAXIMUM_COST_RATIO = 0.85
"""A motion is believed only if it explains the picture this much better than rest."""


@dataclass(frozen=True)
class Alignment:
    """A transform with the robust residual it leaves (`cost`, luma levels), and that of the first guess."""

    reference_from_picture: np.ndarray
    cost: float
    cost_of_first: float


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The transform that applies `inner` first, then `outer`."""
    result = outer[:, :2] @ inner
    result[:, 2] += outer[:, 2]
    return result


def invert(transform: np.ndarray) -> np.ndarray:
    """The inverse transform."""
    (a, b, x), (c, d, y) = transform.tolist()
    determinant = a * d - b * c
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def translation(x: float, y: float) -> np.ndarray:
    """Shift by (x, y) pixels."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def median(values: np.ndarray) -> float:
    """The upper median of `values` (n,), n > 0: NumPy's own looks for nan and averages, in most of its time."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def rescaled(transform: np.ndarray, scale: float) -> np.ndarray:
    """The same motion in pixels `scale` times as large."""
    result = transform.copy()
    result[:, 2] /= scale
    return result


def corner_motion(transform: np.ndarray, shape: tuple[int, int]) -> float:
    """Largest displacement (px) of the corners of a picture of `shape` (h, w)."""
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float).T
    return float(np.linalg.norm(transform @ corners - corners[:2], axis=0).max())


def phase_shift(picture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Translation of `picture` onto `reference` by phase correlation (Kuglin & Hines 1975)."""
    window = _hann(picture.shape[1], picture.shape[0])
    (x, y), _ = cv2.phaseCorrelate(picture.astype(np.float32), reference.astype(np.float32), window)
    return translation(x, y)


def motion_from_orientations(before: Orientation, now: Orientation, shape: tuple[int, int]) -> np.ndarray:
    """Similarity nearest to the rotation homography between two known orientations of one camera.

    The camera frame is x right, y down, z forward; `shape` is the picture's (h, w) and the result is in its pixels.
    """
    height, width = shape
    centre = np.array([width / 2, height / 2])
    corners = np.array([[x, y] for x in (0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75)]) * (width, height)
    rays = np.column_stack([(corners - centre) / now.focal_length, np.ones(len(corners))])
    turned = rays @ (before.rotation_world_from_camera.T @ now.rotation_world_from_camera).T
    if np.any(turned[:, 2] <= 0.1):
        return translation(4.0 * width, 0.0)
    there = turned[:, :2] / turned[:, 2:] * before.focal_length + centre
    return fit_similarity(corners, there)


def fit_similarity(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Least-squares similarity that maps points `here` (n, 2) to `there` (n, 2)."""
    here_z, there_z = here @ (1, 1j), there @ (1, 1j)
    here_mean, there_mean = here_z.mean(), there_z.mean()
    centred = here_z - here_mean
    a = np.vdot(centred, there_z - there_mean) / max(np.vdot(centred, centred).real, 1e-12)
    shift = there_mean - a * here_mean
    return np.array([[a.real, -a.imag, shift.real], [a.imag, a.real, shift.imag]])


def align(picture: np.ndarray, reference: np.ndarray, guesses: list[np.ndarray]) -> Alignment:
    """Similarity that lays `picture` (h, w) uint8 on `reference` (h, w) uint8, starting from the best of `guesses`."""
    best, cost, first = guesses[0], float("inf"), float("inf")
    for index, width in enumerate(LEVEL_WIDTHS):
        factor = _level_factor(picture, width)
        level = _Level(shrink_luma(picture, factor), shrink_known(reference, factor))
        if index == 0:
            best = min(guesses, key=lambda guess: level.cost(rescaled(guess, factor)))
        best = rescaled(level.refine(rescaled(best, factor)), 1 / factor)
        cost, first = level.cost(rescaled(best, factor)), level.cost(rescaled(guesses[0], factor))
    return Alignment(best, cost, first)


def _level_factor(picture: np.ndarray, width: int) -> int:
    return 1 << max(0, round(np.log2(picture.shape[1] / width)))


def shrink_known(reference: np.ndarray, factor: int) -> np.ndarray:
    """`reference` averaged over `factor` × `factor` pixels; a block with any unknown pixel is unknown."""
    small = shrink_luma(reference, factor)
    if factor > 1:
        known = shrink_luma(cv2.threshold(reference, UNKNOWN, 255, cv2.THRESH_BINARY)[1], factor)
        small = cv2.copyTo(small, cv2.threshold(known, 254, 255, cv2.THRESH_BINARY)[1])
    return small


class _Level:
    """One resolution of the alignment; only the pixels with the strongest gradients take part."""

    def __init__(self, picture: np.ndarray, reference: np.ndarray) -> None:
        self.reference = reference
        self.shape = height, width = picture.shape
        floats = picture.astype(np.float32)
        gx = cv2.Sobel(floats, cv2.CV_32F, 1, 0, scale=1 / 8).ravel()
        gy = cv2.Sobel(floats, cv2.CV_32F, 0, 1, scale=1 / 8).ravel()
        strength = gx * gx + gy * gy
        count = strength.size // 5
        self.pixels = np.argpartition(strength, -count)[-count:]
        self.picture = floats.ravel()[self.pixels]
        gx, gy = gx[self.pixels], gy[self.pixels]
        # Coordinates from the centre in half widths keep the normal equations well conditioned.
        self.scale = width / 2
        x = ((self.pixels % width).astype(np.float32) - (width - 1) / 2) / self.scale
        y = ((self.pixels // width).astype(np.float32) - (height - 1) / 2) / self.scale
        self.descent = np.stack([gx * x + gy * y, gy * x - gx * y, gx, gy, np.ones_like(gx)])
        self.to_centre = translation(-(width - 1) / 2, -(height - 1) / 2)

    def _residual(self, transform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(self.reference, transform, (width, height), flags=flags, borderValue=UNKNOWN)
        values = warped.ravel()[self.pixels]
        known = values > 8
        residual = values.astype(np.float32) - self.picture
        if known.any():
            residual -= median(residual[known])
        return residual, known

    def cost(self, transform: np.ndarray) -> float:
        residual, known = self._residual(transform)
        # Clipped at a fixed level, so that two transforms can be compared.
        return float(np.minimum(np.abs(residual[known]), 30).mean()) if known.sum() > 64 else float("inf")

    def refine(self, transform: np.ndarray) -> np.ndarray:
        for _ in range(ITERATIONS):
            residual, known = self._residual(transform)
            if known.sum() <= 64:
                break
            spread = 1.4826 * median(np.abs(residual[known])) + 0.5
            weighted = self.descent * (known / (1 + (residual / (2 * spread)) ** 2) ** 2)
            normal = weighted @ self.descent.T
            normal[np.diag_indices(5)] = normal.diagonal() * (1 + 1e-4) + 1e-3
            step = np.linalg.solve(normal, weighted @ residual)
            a, c = 1 + step[0] / self.scale, step[1] / self.scale
            local = np.array([[a, -c, step[2]], [c, a, step[3]]])
            update = compose(invert(self.to_centre), compose(local, self.to_centre))
            transform = compose(transform, invert(update))
            if np.abs(step[:4]).max() < 0.02:
                break
        return transform


@lru_cache(maxsize=16)
def _hann(width: int, height: int) -> np.ndarray:
    return cv2.createHanningWindow((width, height), cv2.CV_32F)
