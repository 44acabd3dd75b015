"""What a camera saw at a given time, as far as the memory knows, and how far it does not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.vision.egomotion import compose, corner_motion, invert
from bunraku.vision.store import TokenStore
from bunraku.vision.table import Channel

UNSEEN_GREY = 128


@dataclass(frozen=True)
class Reconstruction:
    """`image` (h, w, 3) uint8 RGB and `staleness` (h, w) float32 s: 0 where the patch was verified at that time, else
    for how long it had not been, inf where nothing is known (shown grey)."""

    image: np.ndarray
    staleness: np.ndarray


def reconstruct(
    store: TokenStore, camera: str, time: float, box: tuple[int, int, int, int] | None = None
) -> Reconstruction:
    """The view of `camera` at `time` (s): of the patches known then, those that held at the time, then the newest.

    With a `box` (x0, y0, x1, y1) px, which must lie in the picture, only that part.
    """
    channel, rows = _known(store, camera, time)
    x0, y0, x1, y1 = box if box is not None else (0, 0, channel.width, channel.height)
    image = np.full((y1 - y0, x1 - x0, 3), UNSEEN_GREY, np.uint8)
    staleness = np.full((y1 - y0, x1 - x0), np.inf, np.float32)
    if len(rows) == 0:
        return Reconstruction(image, staleness)
    latest = rows[np.argmax(rows["start"])]
    picture_from_anchor = invert(latest["anchor_from_picture"].astype(float))
    picture_from_anchor[:, 2] -= (x0, y0)
    corners = _corners(rows, picture_from_anchor)
    near = (corners < (x1 - x0, y1 - y0)).all(1) & (corners + rows["scale"][:, None] > 0).all(1)
    rows, corners = rows[near], corners[near]
    age = np.maximum(time - store.ends(rows), 0)
    visible = _topmost(rows, age, corners, staleness.shape)
    rows, age = rows[visible], age[visible]
    for row, stale, patch in zip(rows, age, store.images(rows), strict=True):
        motion = compose(picture_from_anchor, row["anchor_from_picture"].astype(float))
        _paint(image, staleness, patch, row, float(stale), motion)
    return Reconstruction(image, staleness)


def _known(store: TokenStore, camera: str, time: float) -> tuple[Channel, np.ndarray]:
    """The channel of `camera` that was live at `time`, and its tokens up to then."""
    numbers = [channel.number for channel in store.channels.values() if channel.camera == camera]
    if not numbers:
        known = ", ".join(sorted({channel.camera for channel in store.channels.values()})) or "none"
        raise UserError(f"there is no camera “{camera}” in this memory; it knows {known}.")
    rows = store.table.rows
    at = np.flatnonzero(np.isin(rows["channel"], numbers))
    rows = rows[at[rows["start"][at] <= time]]
    number = int(rows["channel"][np.argmax(rows["start"])]) if len(rows) else numbers[0]
    return store.channels[number], rows[rows["channel"] == number]


def _corners(rows: np.ndarray, picture_from_anchor: np.ndarray) -> np.ndarray:
    """Upper left corners (n, 2) px of tokens in the picture that is reconstructed."""
    half = rows["scale"][:, None] / 2
    centres = np.column_stack([rows["x"], rows["y"]]) + half
    transforms = rows["anchor_from_picture"].astype(float)
    at_anchor = np.einsum("nij,nj->ni", transforms[:, :, :2], centres) + transforms[:, :, 2]
    return at_anchor @ picture_from_anchor[:, :2].T + picture_from_anchor[:, 2] - half


def _topmost(rows: np.ndarray, age: np.ndarray, corners: np.ndarray, shape: tuple[int, int]) -> list[int]:
    """The rows that would be visible, in the order in which to paint them."""
    covered = np.zeros((-(-shape[0] // 8), -(-shape[1] // 8)), bool)
    cells, spans = np.rint(corners / 8).astype(int).tolist(), (rows["scale"] // 8).tolist()
    visible = []
    for at in np.lexsort((-rows["start"], age > 0)).tolist():
        (x, y), span = cells[at], spans[at]
        region = covered[max(y, 0) : max(y + span, 0), max(x, 0) : max(x + span, 0)]
        if region.size and not region.all():
            region[:] = True
            visible.append(at)
            if len(visible) % 64 == 0 and covered.all():
                break
    return visible[::-1]


def _paint(
    image: np.ndarray, staleness: np.ndarray, patch: np.ndarray, row: np.ndarray, stale: float, motion: np.ndarray
) -> None:
    scale = int(row["scale"])
    if len(patch) != scale:
        patch = cv2.resize(patch, (scale, scale), interpolation=cv2.INTER_LINEAR)
    corner = np.array([float(row["x"]), float(row["y"])])
    centre = corner + scale / 2
    moved = motion[:, :2] @ centre + motion[:, 2]
    if corner_motion(np.column_stack([motion[:, :2], np.zeros(2)]), (scale, scale)) > 0.5:
        patch, corner = _turned(patch, motion, centre, moved)
    else:
        corner = np.rint(moved - scale / 2).astype(int)
    height, width = staleness.shape
    x, y = (int(value) for value in corner)
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + len(patch), width), min(y + len(patch), height)
    if x1 > x0 and y1 > y0:
        image[y0:y1, x0:x1] = patch[y0 - y : y1 - y, x0 - x : x1 - x]
        staleness[y0:y1, x0:x1] = stale


def _turned(
    patch: np.ndarray, motion: np.ndarray, centre: np.ndarray, moved: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The patch resampled by the rotation and scale of `motion`, a little larger so that no gaps show."""
    scale = len(patch)
    size = int(np.ceil(scale * max(1.0, np.hypot(motion[0, 0], motion[1, 0])))) + 2
    corner = np.rint(moved - size / 2)
    local = motion.copy()
    local[:, 2] += motion[:, :2] @ (centre - scale / 2) - corner
    patch = cv2.warpAffine(patch, local, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return patch, corner.astype(int)
