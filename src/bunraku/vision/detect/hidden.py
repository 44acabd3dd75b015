"""Where the robot's own body is in front of the camera: it knows where its arms are."""

from __future__ import annotations

import cv2
import numpy as np

from bunraku.vision.detect.view import View, project

_AROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)


def capsule_mask(view: View, ends: np.ndarray, radii: np.ndarray, margin: float = 0.004) -> np.ndarray:
    """(h, w) bool: the pixels of `view` that are behind one of the capsules.

    Args:
        view: the picture; only its camera matters.
        ends: the capsules' end points (n, 2, 3) m in the stance frame; both the same for a sphere.
        radii: (n,) m.
        margin: added to every radius, m: cables and shells stand out a little.
    """
    width, height = view.size
    mask = np.zeros((height, width), np.uint8)
    right, down, _ = view.rotation_stance_from_camera.T
    circle = np.cos(_AROUND)[:, None] * right + np.sin(_AROUND)[:, None] * down
    discs = ends[:, :, None] + (np.asarray(radii) + margin)[:, None, None, None] * circle
    for pixels in project(view, discs.reshape(len(discs), -1, 3)):
        if np.isfinite(pixels).all():
            hull = cv2.convexHull(np.clip(pixels, -1e4, 1e4).astype(np.int32))
            cv2.fillConvexPoly(mask, hull, 1)
    return mask > 0
