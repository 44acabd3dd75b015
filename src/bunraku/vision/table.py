"""The tokens alive, as one preallocated table, and their form on disk."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from bunraku.vision.absence import PIECES
from bunraku.vision.colours import COLOUR_NAMES
from bunraku.vision.frame import Source

STORED = np.dtype(
    [
        ("id", "<i8"),
        ("x", "<i2"),  # frame px of the upper left corner; may lie outside the frame
        ("y", "<i2"),
        ("scale", "u1"),  # frame px per side: 16, 32, 64 or 128
        ("group", "<i8"),  # patches with one number were kept together
        ("track", "<i4"),  # moving thing that the group shows whole, 0 if none
        ("sharpness", "<f4"),
        ("colours", "u1", len(COLOUR_NAMES)),
        ("length", "<u2"),  # bytes of the JPEG scan
    ]
)
"""A token on disk."""

TOKEN = np.dtype(
    [
        *[(name, STORED[name]) for name in STORED.names or ()],
        ("end", "<f8"),  # s at which anything that it shows was last verified; inf while it still is
        ("ends", "<f8", PIECES),  # the same of each of its pieces, -inf for those that it does not have
        ("channel", "<u2"),
        ("start", "<f8"),  # s at which it was taken
        ("picture", "<i8"),
        ("pts", "<i8"),
        ("file", "<u2"),
        ("anchor_from_picture", "<f4", (2, 3)),  # in frame px
        ("segment", "<i4"),  # key of the log's segment
        ("offset", "<u4"),
    ]
)
"""A token in memory."""

PICTURE = struct.Struct("<qHdqH6fH")


@dataclass(frozen=True)
class Picture:
    """The frame that tokens were taken from; `anchor_from_picture` (2, 3) in frame pixels."""

    id: int
    channel: int
    time: float
    pts: int
    file: int
    anchor_from_picture: np.ndarray

    def pack(self, stored: np.ndarray, blobs: list[bytes]) -> bytes:
        """The record of this picture and some of its tokens, `stored` (n,) of `STORED`."""
        values = np.asarray(self.anchor_from_picture, np.float32).ravel()
        head = PICTURE.pack(self.id, self.channel, self.time, self.pts, self.file, *values, len(stored))
        return head + stored.tobytes() + b"".join(blobs)


def unpack_picture(payload: bytes) -> tuple[Picture, np.ndarray, np.ndarray]:
    """Picture, its tokens (n,) of `STORED`, and the offsets (n,) of their blobs in the payload."""
    identity, channel, time, pts, file, *values, count = PICTURE.unpack_from(payload)
    stored = np.frombuffer(payload, STORED, count, PICTURE.size)
    first = PICTURE.size + stored.nbytes
    lengths = stored["length"].astype(np.int64)
    offsets = first + np.concatenate([[0], np.cumsum(lengths)[:-1]]) if count else np.zeros(0, np.int64)
    transform = np.array(values, float).reshape(2, 3)
    return Picture(identity, channel, time, pts, file, transform), stored, offsets.astype(np.int64)


@dataclass(frozen=True)
class Channel:
    """A camera from one start, or change of resolution, to the next; `width`, `height` and `patch` in px."""

    number: int
    camera: str
    width: int
    height: int
    patch: int


@dataclass(frozen=True)
class Token:
    """One kept patch: where and when it was seen, how long it held, and where it lies in the original stream.

    `x`, `y`, `scale` in frame px; `start`, `end` in s, `end` the last moment at which it was verified.
    """

    id: int
    camera: str
    x: int
    y: int
    scale: int
    start: float
    end: float
    group: int
    source: Source | None


COLUMNS: dict[str, tuple[type, tuple[int, ...]]] = {
    "id": (np.int64, ()),
    "channel": (np.uint16, ()),
    "start": (np.float64, ()),
    "end": (np.float64, ()),
    "scale": (np.uint8, ()),
    "colours": (np.float32, (len(COLOUR_NAMES),)),
    "middle": (np.float32, (2,)),
}
"""What all tokens are searched by: kept side by side as well, as reading it from the rows would touch all of them.

`colours` are shares of one; `middle` is the patch's middle in px of the camera's first picture.
"""
CHUNK = 8192


class Table:
    """Tokens in the order of their ids; never more than `capacity`."""

    def __init__(self, capacity: int) -> None:
        self._rows = np.zeros(capacity, TOKEN)
        self._columns = {name: np.zeros((capacity, *shape), kind) for name, (kind, shape) in COLUMNS.items()}
        self.count = 0

    @property
    def rows(self) -> np.ndarray:
        """All tokens alive (n,) of `TOKEN`: a view, valid until tokens are removed."""
        return self._rows[: self.count]

    def column(self, name: str) -> np.ndarray:
        """One of `COLUMNS` (n, …), a view as well."""
        return self._columns[name][: self.count]

    @property
    def ids(self) -> np.ndarray:
        """Their ids (n,), ascending."""
        return self.column("id")

    @property
    def capacity(self) -> int:
        """Most tokens that can be alive."""
        return len(self._rows)

    def reserve(self) -> None:
        """Touch all memory that the table will ever need, so that it is missed now or never."""
        for array in (self._rows, *self._columns.values()):
            array.view(np.uint8).reshape(len(array), -1)[self.count :] = 0

    def add(self, rows: np.ndarray) -> None:
        """Append tokens with ids above all present."""
        there = slice(self.count, self.count + len(rows))
        self._rows[there] = rows
        for name in ("id", "channel", "start", "end", "scale"):
            self._columns[name][there] = rows[name]
        self._columns["colours"][there] = rows["colours"] / np.float32(255)
        transforms = rows["anchor_from_picture"]
        middle = np.column_stack([rows["x"], rows["y"]]) + rows["scale"][:, None] / 2
        self._columns["middle"][there] = np.einsum("nij,nj->ni", transforms[:, :, :2], middle) + transforms[:, :, 2]
        self.count += len(rows)

    def find(self, ids: np.ndarray) -> np.ndarray:
        """Row numbers of those `ids` that are alive."""
        at, alive = self._search(ids)
        return at[alive]

    def is_alive(self, ids: np.ndarray) -> np.ndarray:
        """Which of the `ids` (n,) are here."""
        return self._search(ids)[1]

    def ends(self, pieces: np.ndarray) -> np.ndarray:
        """Last verified time (n,) s of `pieces` (n,), which must be here; inf while they hold."""
        return self.rows["ends"][self.find(pieces // PIECES), pieces % PIECES]

    def set_ends(self, pieces: np.ndarray, ends: np.ndarray | float) -> None:
        """`pieces` (n,), which must be here, were last verified at `ends` (n,) s; inf where they hold."""
        at = self.find(pieces // PIECES)
        self.rows["ends"][at, pieces % PIECES] = ends
        self.rows["end"][at] = self._columns["end"][at] = self.rows["ends"][at].max(1)

    def remove(self, dead: np.ndarray) -> None:
        """Remove the rows where `dead` (n,) bool."""
        alive = np.flatnonzero(~dead)
        # Piece by piece, as a copy of all rows would take as much memory again.
        for begin in range(0, len(alive), CHUNK):
            chosen = alive[begin : begin + CHUNK]
            for array in (self._rows, *self._columns.values()):
                array[begin : begin + len(chosen)] = array[chosen]
        self.count = len(alive)

    def _search(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.count == 0:
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
        at = np.minimum(np.searchsorted(self.ids, ids), self.count - 1)
        return at, self.ids[at] == ids
