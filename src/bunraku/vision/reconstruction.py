"""What a camera saw at a given time, as far as the memory knows, and how far it does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.vision.absence import PIECES
from bunraku.vision.egomotion import IDENTITY, invert
from bunraku.vision.query import Box
from bunraku.vision.store import TokenStore
from bunraku.vision.table import Channel

UNSEEN_GREY = 128
FINE = 8
"""Pixels of a square that is taken to show one piece of one patch."""
SPARE = 3
"""How many of the newest patches that ceased to hold are looked at first, for each that fits into a view."""
STRAIGHT = 0.5
"""Pixels by which a patch may be out of place at its corners before it is turned."""


@dataclass(frozen=True)
class Reconstruction:
    """`image` (h, w, 3) uint8 RGB and `staleness` (h, w) float32 s: 0 where the patch was verified at that time, else
    for how long it had not been, inf where nothing is known (shown grey)."""

    image: np.ndarray
    staleness: np.ndarray


@dataclass(frozen=True)
class Mosaic:
    """The pieces (n,) of patches that a view of a camera at `time` (s) is made of, in the order in which to lay them.

    `token` (n,) tells which of `rows` (m,) of `TOKEN` each is part of, and `places` (n, 2) its column and row there in
    cells of `cell` px. `stale` (n,) s is for how long it had not been verified then, `ends` (n,) s when it last was,
    maybe later. `motions` (n, 2, 2) turn the pieces as the view, of `shape` (h, w), needs them, and `corners` (n, 2) px
    are their upper left corners in it.
    """

    time: float
    cell: int
    shape: tuple[int, int]
    rows: np.ndarray
    token: np.ndarray
    places: np.ndarray
    stale: np.ndarray
    ends: np.ndarray
    motions: np.ndarray
    corners: np.ndarray

    def laid(self, values: np.ndarray) -> np.ndarray:
        """`values` (n,) of the pieces on squares of `FINE` px of the view, nan where there is no piece."""
        height, width = (-(-side // FINE) for side in self.shape)
        span = self.cell // FINE
        squares = np.full((height + 2 * span, width + 2 * span), np.nan)
        at = np.rint(self.corners / FINE).astype(int) + span
        inside = ((at >= 0) & (at <= (width + span, height + span))).all(1)
        rows, columns = at[inside, 1, None, None], at[inside, 0, None, None]
        # Of what is laid on one square, the last stays.
        squares[rows + np.arange(span)[:, None], columns + np.arange(span)] = values[inside, None, None]
        return squares[span : span + height, span : span + width]

    def part(self, box: Box, corner: tuple[int, int]) -> Mosaic:
        """The mosaic of what is in `box` px, when this one has its upper left corner at `corner`."""
        moved = self.corners - np.subtract(box[:2], corner)
        size = (box[2] - box[0], box[3] - box[1])
        # A turned piece reaches beyond its cell.
        inside = ((moved > -1.5 * self.cell) & (moved < np.add(size, self.cell / 2))).all(1)
        names = ("token", "places", "stale", "ends", "motions")
        parts = {name: getattr(self, name)[inside] for name in names}
        return replace(self, shape=size[::-1], corners=moved[inside], **parts)

    def visible(self) -> tuple[Mosaic, bool]:
        """Without the pieces that others hide, and the rows of which no piece is left; and whether nothing is free."""
        numbers = self.laid(np.arange(len(self.token)))
        laid = ~np.isnan(numbers)
        shown = np.zeros(len(self.token), bool)
        shown[numbers[laid].astype(int)] = True
        used = np.zeros(len(self.rows), bool)
        used[self.token[shown]] = True
        names = ("places", "stale", "ends", "motions", "corners")
        parts = {name: getattr(self, name)[shown] for name in names}
        token = (np.cumsum(used) - 1)[self.token[shown]]
        return replace(self, rows=self.rows[used], token=token, **parts), bool(laid.all())


class Views:
    """Views of a memory that does not change meanwhile."""

    def __init__(self, store: TokenStore) -> None:
        self.store = store
        self.cameras: dict[str, list[int]] = {}
        """Camera names and the numbers of their channels."""
        for channel in store.channels.values():
            self.cameras.setdefault(channel.camera, []).append(channel.number)
        self._known: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._images: dict[tuple[int, int], np.ndarray] = {}

    def reconstruct(self, camera: str, time: float, box: Box | None = None) -> Reconstruction:
        """The view of `camera` at `time` (s): of the patches known then, those that held at the time, then the newest.

        With a `box` (x0, y0, x1, y1) px, which must lie in the picture, only that part.
        """
        return self.show(self.mosaic(camera, time, box))

    def show(self, mosaic: Mosaic, reduction: int = 1) -> Reconstruction:
        """The picture of a mosaic, in all or at 1/2, 1/4 or 1/8 of the resolution."""
        shape, cell = [-(-side // reduction) for side in mosaic.shape], mosaic.cell // reduction
        image = np.full((*shape, 3), UNSEEN_GREY, np.uint8)
        staleness = np.full(shape, np.inf, np.float32)
        patches, exact = self.images(mosaic.rows, reduction), mosaic.corners / reduction
        turned = (np.abs(mosaic.motions - np.eye(2)).sum((1, 2)) * cell > STRAIGHT).tolist()
        corners, places = np.rint(exact).astype(int).tolist(), (mosaic.places * cell).tolist()
        parts = zip(mosaic.token.tolist(), places, corners, mosaic.stale.tolist(), strict=True)
        for at, (number, (x, y), corner, stale) in enumerate(parts):
            patch = patches[number][y : y + cell, x : x + cell]
            if turned[at]:
                patch, corner = _turned(patch, mosaic.motions[at], exact[at])
            _paint(image, staleness, patch, stale, *corner)
        return Reconstruction(image, staleness)

    def mosaic(self, camera: str, time: float, box: Box | None = None) -> Mosaic:
        """What the view of `camera` at `time` (s) within `box` is made of."""
        channel = self._channel(camera, time)
        x0, y0, x1, y1 = box if box is not None else (0, 0, channel.width, channel.height)
        at, start, _ = self._patches(channel.number)
        earlier = int(np.searchsorted(start, time, "right"))
        linear, shift = self._picture_from_anchor(channel, earlier, (x0, y0))
        near = self._near(channel, slice(0, earlier), linear, shift, (x1 - x0, y1 - y0))
        table, among = self.store.table, np.take(at, near)
        middle = linear @ np.take(self._patches(channel.number)[2], near, axis=1).astype(float) + shift[:, None]
        reach = 0.75 * np.take(table.column("scale"), among)
        inside = np.flatnonzero(
            (middle[0] + reach > 0)
            & (middle[0] - reach < x1 - x0)
            & (middle[1] + reach > 0)
            & (middle[1] - reach < y1 - y0)
        )
        among, middle = among[inside], np.take(middle, inside, axis=1)
        ends = self.store.piece_ends(channel.number, start[near[inside]], np.take(table.column("end"), among))
        chosen = ends >= time
        # What had ceased to hold shows only where nothing newer lies: the newest of it are mostly enough.
        newest, shape = SPARE * max(1, (x1 - x0) * (y1 - y0) // channel.patch**2), (y1 - y0, x1 - x0)
        while True:
            chosen[-newest:] = True
            mosaic = self._laid_out(channel, time, shape, linear, among[chosen], middle[:, chosen].T, newest)
            visible, covers = mosaic.visible()
            if covers or newest >= len(among):
                return visible
            newest *= 8

    def _laid_out(
        self,
        channel: Channel,
        time: float,
        shape: tuple[int, int],
        linear: np.ndarray,
        among: np.ndarray,
        middle: np.ndarray,
        newest: int,
    ) -> Mosaic:
        """Of the patches in the rows `among` (n,) of the table, which lie around `middle` (n, 2) px: all pieces of the
        `newest`, and those of the others that held at `time`."""
        rows = np.take(self.store.table.rows, among)
        spans = rows["scale"].astype(int) // channel.patch
        count = spans**2
        token = np.repeat(np.arange(len(rows)), count)
        place = np.arange(len(token)) - np.repeat(np.cumsum(count) - count, count)
        begun = rows["start"][token]
        ends = self.store.piece_ends(channel.number, begun, rows["ends"][token, place])
        stale = np.maximum(time - ends, 0)
        hidden = self.store.gaps.since(rows["id"][token] * PIECES + place, time)
        stale = np.where(np.isnan(hidden), stale, time - hidden)
        order = np.lexsort((begun, stale == 0))
        order = order[(stale[order] == 0) | (token[order] >= len(rows) - newest)]
        token, place, span = token[order], place[order], spans[token[order]]
        motions = (linear @ rows["anchor_from_picture"][:, :, :2].astype(float))[token]
        places = np.column_stack([place % span, place // span])
        offsets = (places + 0.5 - span[:, None] / 2) * channel.patch
        corners = middle[token] + (motions * offsets[:, None]).sum(2) - channel.patch / 2
        return Mosaic(time, channel.patch, shape, rows, token, places, stale[order], ends[order], motions, corners)

    def kept(self, camera: str, since: float, until: float, box: Box) -> list[float]:
        """When (s) patches were kept within `box` of `camera` after `since` and up to `until`, in order."""
        channel = self._channel(camera, until)
        start = self._patches(channel.number)[1]
        first, end = (int(n) for n in np.searchsorted(start, (since, until), "right"))
        linear, shift = self._picture_from_anchor(channel, end, box[:2])
        near = self._near(channel, slice(first, end), linear, shift, (box[2] - box[0], box[3] - box[1]))
        return np.unique(start[near]).tolist()

    def _picture_from_anchor(
        self, channel: Channel, earlier: int, corner: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Linear part (2, 2) and shift (2,) from the camera's first picture to the last of its first `earlier` patches,
        seen from its `corner`."""
        transform = IDENTITY
        if earlier:
            row = self._patches(channel.number)[0][earlier - 1]
            transform = invert(self.store.table.rows["anchor_from_picture"][row].astype(float))
        return transform[:, :2], transform[:, 2] - corner

    def _near(
        self, channel: Channel, among: slice, linear: np.ndarray, shift: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        """Which of the channel's patches may reach into a view of `size` (w, h) that lies so; a few do not."""
        scale = float(np.hypot(*linear[:, 0]))
        # A turned view reaches as far as its diagonal.
        half = np.array([np.hypot(*size)] * 2 if linear[1, 0] else size) / 2
        inverse = invert(np.column_stack([linear, shift]))
        centre = inverse[:, :2] @ (np.array(size) / 2) + inverse[:, 2]
        reach = half / scale + PIECES**0.5 * channel.patch / 2 * 1.5 * max(1.0, 1 / scale)
        low, high = (centre - reach).astype(np.float32), (centre + reach).astype(np.float32)
        x, y = self._patches(channel.number)[2][:, among]
        return among.start + np.flatnonzero((x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]))

    def images(self, rows: np.ndarray, reduction: int = 1) -> list[np.ndarray]:
        """Patches (scale / reduction, …, 3) uint8 RGB of rows of the table."""
        keys = [(identity, reduction) for identity in rows["id"].tolist()]
        missing = list({key: at for at, key in enumerate(keys) if key not in self._images}.values())
        if missing:
            side = rows["scale"][missing].astype(int) // reduction
            for at, size, patch in zip(missing, side.tolist(), self.store.images(rows[missing], side), strict=True):
                self._images[keys[at]] = _enlarged(patch, size)
        return [self._images[key] for key in keys]

    def require(self, camera: str) -> None:
        """Raise `UserError` if the memory does not know `camera`."""
        if camera not in self.cameras:
            known = ", ".join(sorted(self.cameras)) or "none"
            raise UserError(f"there is no camera “{camera}” in this memory; it knows {known}.")

    def _channel(self, camera: str, time: float) -> Channel:
        """The channel of `camera` that was live at `time`."""
        self.require(camera)
        numbers = self.cameras[camera]
        begun = [n for n in numbers if len(self._patches(n)[1]) and self._patches(n)[1][0] <= time]
        return self.store.channels[max(begun) if begun else numbers[0]]

    def _patches(self, channel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the patches (n,) of a channel, by time: row numbers, start (s), middle (2, n) px in its first picture."""
        if channel not in self._known:
            table = self.store.table
            at = np.flatnonzero(table.column("channel") == channel)
            start = table.column("start")[at]
            if (np.diff(start) < 0).any():
                order = np.argsort(start, kind="stable")
                at, start = at[order], start[order]
            self._known[channel] = (at, start, np.ascontiguousarray(table.column("middle")[at].T))
        return self._known[channel]


def _enlarged(patch: np.ndarray, scale: int) -> np.ndarray:
    return patch if len(patch) == scale else cv2.resize(patch, (scale, scale), interpolation=cv2.INTER_LINEAR)


def _paint(image: np.ndarray, staleness: np.ndarray, patch: np.ndarray, stale: float, x: int, y: int) -> None:
    height, width = staleness.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + len(patch), width), min(y + len(patch), height)
    if x1 > x0 and y1 > y0:
        image[y0:y1, x0:x1] = patch[y0 - y : y1 - y, x0 - x : x1 - x]
        staleness[y0:y1, x0:x1] = stale


def _turned(patch: np.ndarray, motion: np.ndarray, corner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The patch resampled by the rotation and scale of `motion`, a little larger so that no gaps show."""
    side = len(patch)
    size = int(np.ceil(side * max(1.0, np.hypot(motion[0, 0], motion[1, 0])))) + 2
    middle = corner + side / 2
    new_corner = np.rint(middle - size / 2)
    local = np.column_stack([motion, middle - new_corner - motion @ np.full(2, side / 2)])
    patch = cv2.warpAffine(patch, local, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return patch, new_corner.astype(int)
