"""Which pixels have which named colour, whatever the shading.

MuJoCo's lights, and most rooms', change how bright a surface is and add white highlights; neither changes its hue.
Hue decides the label, saturation separates from wood and skin tones, and chroma finds the edge: a pixel on the edge of
an object over a grey background has a chroma in proportion to how much of it the object covers.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import cv2
import numpy as np

OTHER = 255
"""Label of saturated pixels that have none of the palette's colours."""

HUE_TOLERANCE = 13.0 / 360
"""Largest difference of hue to a named colour, in turns."""
SATURATION_SHARE = 0.5
"""Least saturation, relative to the named colour's own."""
LEAST_CHROMA = 16
"""Least chroma (max − min of RGB, 0–255): below it, hue is noise."""


def label_image(image: np.ndarray, palette: Mapping[str, tuple[float, float, float]]) -> np.ndarray:
    """Label every pixel of `image` (h, w, 3) uint8 RGB.

    Returns:
        labels (h, w) uint8: 0 for unsaturated pixels, i + 1 for the palette's i-th colour, `OTHER` for other
        saturated ones.
    """
    label_of_hue, least_saturation = _tables(list(palette.values()))
    hue, saturation, value = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL))
    chroma = cv2.multiply(saturation, value, scale=1 / 255)
    labels = cv2.LUT(hue, label_of_hue)
    dull = cv2.compare(saturation, cv2.LUT(hue, least_saturation), cv2.CMP_LT)
    faint = (chroma < LEAST_CHROMA).view(np.uint8)
    background = cv2.bitwise_or(dull, faint)
    square = np.ones((3, 3), np.uint8)
    edge = cv2.compare(cv2.add(chroma, chroma), cv2.dilate(chroma, square), cv2.CMP_LT)
    # Only next to the background is a fall in chroma the edge of a thing; elsewhere it is a face in the shade.
    edge = cv2.bitwise_and(edge, cv2.dilate(background, square))
    labels[cv2.bitwise_or(background, edge) > 0] = 0
    return labels


def _tables(colours: list[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """For each of 256 hues: the label, and the least saturation (0–255)."""
    hue = (np.arange(256) + 0.5) / 256
    label_of_hue = np.full(256, OTHER, np.uint8)
    least_saturation = np.full(256, 100, np.uint8)
    if not colours:
        return label_of_hue, least_saturation
    known = np.array([colorsys.rgb_to_hsv(*rgb) for rgb in colours])
    difference = np.abs((hue[:, None] - known[:, 0] + 0.5) % 1.0 - 0.5)
    nearest = difference.argmin(axis=1)
    near = difference.min(axis=1) <= HUE_TOLERANCE
    label_of_hue[near] = nearest[near] + 1
    least_saturation[near] = (SATURATION_SHARE * 255 * known[nearest, 1])[near]
    return label_of_hue, least_saturation
