"""`VisualMemory`: minutes of many cameras within hard caps of bytes and tokens, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from types import TracebackType

import cv2
import numpy as np

from bunraku.vision import patches
from bunraku.vision.absence import PIECES
from bunraku.vision.budget import TokenBudget
from bunraku.vision.canvas import Grid
from bunraku.vision.colours import colour_shares
from bunraku.vision.egomotion import rescaled
from bunraku.vision.frame import Frame, Orientation, Source, crops, frame_from_rgb
from bunraku.vision.query import Query
from bunraku.vision.recall import Answer, recall
from bunraku.vision.reconstruction import Reconstruction, Views
from bunraku.vision.selection import Group, Selection, Selector
from bunraku.vision.store import Event, Label, TokenStore
from bunraku.vision.table import STORED, Channel, Token

SIDE = 8
"""Samples per side of a patch that its colours are told from."""
FLUSH_PERIOD = 1.0
"""Seconds of capture time between two waits for the disk."""


@dataclass
class _Camera:
    """What is live of one camera."""

    channel: Channel
    selector: Selector
    holding: np.ndarray
    """Pieces (rows, columns) of tokens that still show what is there, -1 where none does."""
    tracks: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """How full the memory is, and its caps."""

    tokens: int
    max_tokens: int
    bytes: int
    max_bytes: int


class VisualMemory:
    """The memory in `directory`: made if there is none, continued if there is one.

    `observe` pictures from any number of cameras, from any threads; ask at any time. Neither `max_bytes` on disk nor
    `max_tokens` is ever exceeded: the past is thinned, oldest first. Times are seconds on one clock of the caller's.
    """

    def __init__(
        self,
        directory: Path | str,
        tokens_per_second: float = 600.0,
        max_bytes: int = 64_000_000,
        max_tokens: int = 200_000,
        patch: int = 32,
        read_only: bool = False,
    ) -> None:
        self.store = TokenStore(Path(directory), max_bytes, max_tokens, read_only)
        self.budget = TokenBudget(tokens_per_second)
        self.patch = patch
        self._read_only = read_only
        self._cameras: dict[str, _Camera] = {}
        self._numbers: dict[str, int] = {}
        self._attention: dict[str, tuple[tuple[int, int, int, int], float]] = {}
        self._next_group = int(self.store.table.rows["group"].max(initial=-1)) + 1
        self._next_track = int(self.store.table.rows["track"].max(initial=0)) + 1
        self._flushed = -np.inf
        self._lock = RLock()
        self._turn = Lock()

    def __enter__(self) -> VisualMemory:
        """Nothing to do: the memory is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def observe(self, frame: Frame) -> Selection:
        """Keep what matters of a frame. Frames of one camera come in order of time, from one thread at a time."""
        # In turn: threads that hand the interpreter over at every array operation cost more than they gain.
        with self._turn:
            return self._observe(frame)

    def _observe(self, frame: Frame) -> Selection:
        camera = self._camera(frame)
        selection = camera.selector.select(frame)
        kept = [self._cut(frame, camera, group) for group in selection.groups]
        with self._lock:
            new = []
            for group, cut in zip(selection.groups, kept, strict=True):
                new += self._enter(frame, camera, group, cut)
            self._settle(camera, selection, frame.time, new)
            self.store.seen(camera.channel.number, frame.time)
            self._note(frame, camera, selection)
            if frame.time - self._flushed >= FLUSH_PERIOD:
                self._flushed = frame.time
                self.store.flush()
        return selection

    def observe_image(
        self,
        camera: str,
        time: float,
        image: np.ndarray,
        orientation: Orientation | None = None,
        source: Source | None = None,
    ) -> Selection:
        """`observe` for an RGB `image` (h, w, 3) uint8 taken at `time` (s)."""
        return self.observe(frame_from_rgb(camera, time, image, source, orientation))

    def attend(self, camera: str, box: tuple[int, int, int, int], weight: float) -> None:
        """From now on, patches within `box` (x0, y0, x1, y1) px of a camera are worth `weight` times as much."""
        self._attention[camera] = (box, weight)
        if camera in self._cameras:
            self._apply_attention(self._cameras[camera])

    def label(self, label: Label) -> None:
        """Remember what a labeller saw."""
        with self._lock:
            self.store.add_label(label)

    def note(self, event: Event) -> None:
        """Remember that something happened to a stream or a scene."""
        with self._lock:
            self.store.add_event(event)

    def tokens(self, budget: int | None = None, since: float = -np.inf, until: float = np.inf) -> list[Token]:
        """What is worth showing within `budget` tokens, in order of time: what holds now first, then the newest."""
        with self._lock:
            rows = self.store.table.rows
            rows = rows[(rows["start"] <= until) & (self.store.ends(rows) >= since)]
            order = np.lexsort((rows["start"], np.isinf(rows["end"])))
            chosen = np.sort(order[len(order) - min(len(order), budget) :]) if budget is not None else np.sort(order)
            rows = rows[chosen]
            return [self.store.token(row) for row in rows[np.argsort(rows["start"], kind="stable")]]

    def images(self, tokens: Sequence[Token]) -> Iterator[np.ndarray]:
        """Patch (n, n, 3) uint8 RGB of each token; a 64-px patch has 32 samples a side."""
        with self._lock:
            rows = self.store.table.rows
            at = np.minimum(np.searchsorted(rows["id"], [token.id for token in tokens]), max(len(rows) - 1, 0))
            yield from self.store.images(rows[at])

    def reconstruct(self, camera: str, time: float) -> Reconstruction:
        """What the camera saw at `time` (s), as far as it is known, and how stale each pixel is."""
        with self._lock:
            return Views(self.store).reconstruct(camera, time)

    def recall(self, query: Query | str, limit: int = 5) -> Answer:
        """Where and when something was seen, the latest good match first. Words are parsed by `Query.from_words`."""
        with self._lock:
            return recall(self.store, Query.from_words(query) if isinstance(query, str) else query, limit)

    def events(self) -> list[Event]:
        """What happened, in the order in which it was noted."""
        with self._lock:
            return list(self.store.events)

    @property
    def usage(self) -> Usage:
        """Tokens and bytes in use."""
        store = self.store
        return Usage(store.table.count, store.table.capacity, store.size, store.max_bytes)

    def reserve(self) -> None:
        """Claim now all the resident memory that `max_tokens` will ever need, rather than as tokens come."""
        with self._lock:
            self.store.table.reserve()

    def flush(self) -> None:
        """Return when everything observed is on the disk."""
        with self._lock:
            self.store.flush()

    def close(self) -> None:
        """Flush and close; a closed memory is not used again."""
        if not self._read_only:
            with self._lock:
                self.store.close()

    def _camera(self, frame: Frame) -> _Camera:
        camera = self._cameras.get(frame.camera)
        height, width = frame.shape
        if camera is not None and (camera.channel.height, camera.channel.width) == (height, width):
            return camera
        with self._lock:
            grid = Grid(height, width, self.patch if width >= 480 else min(self.patch, 16))
            if frame.camera not in self._numbers:
                self._numbers[frame.camera] = self.budget.join()
            if camera is not None:
                self.store.end(np.setdiff1d(camera.holding, -1), self._last_seen(camera))
            channel = self.store.open_channel(frame.camera, width, height, grid.patch)
            selector = Selector(grid, self.budget, self._numbers[frame.camera])
            camera = _Camera(channel, selector, np.full(grid.shape, -1))
            self._cameras[frame.camera] = camera
            self._apply_attention(camera)
        return camera

    def _apply_attention(self, camera: _Camera) -> None:
        if camera.channel.camera not in self._attention:
            return
        (x0, y0, x1, y1), weight = self._attention[camera.channel.camera]
        patch = camera.channel.patch
        weights = np.ones(camera.selector.grid.shape, np.float32)
        weights[max(y0, 0) // patch : -(-y1 // patch), max(x0, 0) // patch : -(-x1 // patch)] = weight
        camera.selector.attention = weights

    def _cut(self, frame: Frame, camera: _Camera, group: Group) -> tuple[np.ndarray, list[bytes]]:
        """A group's patches as they are stored; ids follow later."""
        stored = np.zeros(len(group.rows), STORED)
        stored["scale"] = group.spans * camera.channel.patch
        stored["sharpness"] = group.sharpness
        blobs = [b""] * len(stored)
        for span in set(group.spans.tolist()):
            at = np.flatnonzero(group.spans == span)
            corners = camera.selector.canvas.corners(group.rows[at], group.columns[at], span) // 2 * 2
            stored["x"][at], stored["y"][at] = corners.T
            scale = span * camera.channel.patch
            cut, side = crops(frame, corners[:, 0], corners[:, 1], scale), patches.SAMPLES[scale]
            if side < scale:
                strip = cv2.resize(cut.reshape(-1, scale, 3), (side, len(at) * side), interpolation=cv2.INTER_AREA)
                cut = strip.reshape(-1, side, side, 3)
            for i, blob in zip(at.tolist(), patches.encode(cut), strict=True):
                blobs[i] = blob
            step = side // SIDE
            stored["colours"][at] = colour_shares(cut[:, step // 2 :: step, step // 2 :: step, ::-1])
        return stored, blobs

    def _enter(self, frame: Frame, camera: _Camera, group: Group, cut: tuple[np.ndarray, list[bytes]]) -> list[int]:
        """Store a group and show it; returns its pieces."""
        stored, blobs = cut
        stored["group"], self._next_group = self._next_group, self._next_group + 1
        stored["track"] = self._track(camera, group.track) if group.track else 0
        canvas = camera.selector.canvas
        anchor = rescaled(canvas.anchor_from_picture, 1 / camera.selector.grid.factor)
        ids = self.store.add(camera.channel.number, frame.time, frame.source, anchor, stored, blobs)
        shown = canvas.cells["piece"]
        newest = slice(len(group.rows) - len(ids), None)
        rows, columns, spans = group.rows[newest], group.columns[newest], group.spans[newest]
        small = spans == 1
        shown[rows[small], columns[small]] = PIECES * ids[small]
        entered = [(PIECES * ids[small]).tolist()]
        for at in np.flatnonzero(~small):
            row, column, span = rows[at], columns[at], spans[at]
            pieces = PIECES * ids[at] + np.arange(span * span).reshape(span, span)
            cells = shown[row : row + span, column : column + span]
            cells[:] = pieces[: cells.shape[0], : cells.shape[1]]
            entered.append(pieces.ravel().tolist())
        return [piece for part in entered for piece in part]

    def _settle(self, camera: _Camera, selection: Selection, time: float, new: list[int]) -> None:
        """End the interval of what ceased to hold at the picture before, resume that of what holds again.

        The `new` pieces were kept from this picture, which was taken at `time` (s).
        """
        shown = camera.selector.canvas.cells["piece"]
        difference = selection.difference
        first_new = min(new, default=PIECES * self.store.next_id)
        holds = difference.visible & (shown >= 0) & (~difference.changed | (shown >= first_new))
        now = np.where(holds, shown, -1)
        differs = now != camera.holding
        before, camera.holding = camera.holding, now
        if not new and not differs.any():
            return
        left, came = set(before[differs].tolist()), set(now[differs].tolist())
        self.store.end(_nowhere(left - came, now), self._last_seen(camera))
        self.store.end(np.array(sorted(set(new) - came), np.int64), time)
        self.store.resume(_nowhere(came - left - set(new), before), time)

    def _last_seen(self, camera: _Camera) -> float:
        return self.store.last_seen.get(camera.channel.number, -np.inf)

    def _track(self, camera: _Camera, track: int) -> int:
        """Number of a moving thing, unique in the memory."""
        if track not in camera.tracks:
            camera.tracks[track], self._next_track = self._next_track, self._next_track + 1
        return camera.tracks[track]

    def _note(self, frame: Frame, camera: _Camera, selection: Selection) -> None:
        patch = camera.channel.patch
        for track in selection.vanished:
            camera.tracks.pop(track, None)
        for group in selection.groups:
            # A single patch is kept like any thing, but is too often a reflection or noise to be an event.
            if group.track and group.first and len(group.rows) > 1:
                x0, y0 = int(group.columns.min()) * patch, int(group.rows.min()) * patch
                x1, y1 = int((group.columns + group.spans).max()) * patch, int((group.rows + group.spans).max()) * patch
                text = f"something of {x1 - x0}x{y1 - y0} px began to move"
                self.store.add_event(Event(frame.time, frame.camera, "appeared", text, (x0, y0, x1, y1)))


def _nowhere(pieces: set[int], held: np.ndarray) -> np.ndarray:
    """Those of the `pieces` that no cell of `held` holds, ascending: cells wander when a camera turns."""
    found = np.array(sorted(pieces - {-1}), np.int64)
    return found[~(found[:, None] == held.ravel()).any(1)]
