"""Tokens, labels and events on disk within hard caps: nothing acknowledged is lost when the process is killed."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.vision import patches
from bunraku.vision.absence import PACKED, PIECES, Gaps, absences, last_of_each, pack, unpack
from bunraku.vision.frame import Source
from bunraku.vision.log import TIERS, Log, Segment
from bunraku.vision.table import STORED, TOKEN, Channel, Picture, Table, Token, unpack_picture
from bunraku.vision.thinning import survivors

VERSION = 2
MINIMUM_BYTES = 1 << 20
PICTURE, ABSENT, HEARTBEAT, CHANNEL, FILE, EVENT, LABEL, FORGET = range(1, 9)
"""Kinds of records."""
_HEARTBEAT = struct.Struct("<Hd")
OLD_SHARE = 0.5
"""Share of the bytes that the thinned past may take while the recent past needs room."""
MAXIMUM_EVENTS = 5000
MAXIMUM_LABELS = 20000


@dataclass(frozen=True)
class Event:
    """Something that happened at `time` (s): to the scene (appeared, vanished) or to a stream (gap, lost, degraded)."""

    time: float
    camera: str
    kind: str
    text: str
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Label:
    """A name that a labeller gave to the `box` (x0, y0, x1, y1) px of a picture; `embedding` (n,) if it has one."""

    time: float
    camera: str
    name: str
    score: float
    box: tuple[int, int, int, int]
    embedding: tuple[float, ...] | None = None


class TokenStore:
    """The disk side of the memory. One process writes; others may open it `read_only` meanwhile."""

    def __init__(self, directory: Path, max_bytes: int, max_tokens: int, read_only: bool = False) -> None:
        if max_tokens < 1:
            raise UserError(f"the memory must be allowed at least one token, got {max_tokens}.")
        if max_bytes < MINIMUM_BYTES:
            raise UserError(f"the memory needs at least {MINIMUM_BYTES:,} bytes, got {max_bytes:,}.")
        settings = _open_directory(directory, max_bytes, max_tokens, read_only)
        if read_only:
            max_bytes, max_tokens = settings["max_bytes"], settings["max_tokens"]
        self.directory = directory
        # The settings file counts as well.
        self.max_bytes = max_bytes
        self.log = Log(directory / "log", max_bytes - _settings_path(directory).stat().st_size, read_only)
        self.table = Table(max_tokens)
        self.channels: dict[int, Channel] = {}
        self.files: dict[int, tuple[str, float]] = {}
        self.last_seen: dict[int, float] = {}
        self.events: list[Event] = []
        self.labels: list[Label] = []
        self.next_id = self._next_picture = 0
        self.gaps = Gaps()
        self._unwritten: list[np.ndarray] = []
        self._load()
        if not read_only:
            self._close_intervals()

    @property
    def size(self) -> int:
        """Bytes on disk, settings included."""
        return self.log.size + _settings_path(self.directory).stat().st_size

    def open_channel(self, camera: str, width: int, height: int, patch: int) -> Channel:
        """A new channel of `camera`."""
        channel = Channel(max(self.channels, default=-1) + 1, camera, width, height, patch)
        self.channels[channel.number] = channel
        self._append(CHANNEL, json.dumps(asdict(channel)).encode())
        return channel

    def add(
        self,
        channel: int,
        time: float,
        source: Source | None,
        anchor_from_picture: np.ndarray,
        stored: np.ndarray,
        blobs: list[bytes],
    ) -> np.ndarray:
        """Keep tokens `stored` (n,) of `STORED` of one picture, their ids and lengths filled in here; returns the ids.

        They are with the operating system when this returns, on the disk after `sync`.
        """
        stored, blobs = stored[-self.table.capacity :], blobs[-self.table.capacity :]
        self._make_room_for_tokens(len(stored))
        stored["id"] = np.arange(self.next_id, self.next_id + len(stored))
        stored["length"] = [len(blob) for blob in blobs]
        self.next_id += len(stored)
        file, pts = self._file(source)
        at = 0
        while at < len(stored):
            count = self._fits(stored[at:])
            picture = Picture(self._next_picture, channel, time, pts, file, anchor_from_picture)
            self._next_picture += 1
            payload = picture.pack(stored[at : at + count], blobs[at : at + count])
            segment, offset = self._append(PICTURE, payload)
            self._enter(picture, stored[at : at + count], payload, segment, offset)
            at += count
        return stored["id"].copy()

    def end(self, pieces: np.ndarray, time: float) -> None:
        """What `pieces` (n,) of tokens show was last verified at `time` (s)."""
        pieces = pieces[self.table.is_alive(pieces // PIECES)] if len(pieces) else pieces
        if len(pieces):
            self.table.set_ends(pieces, time)
            self._unwritten.append(absences(pieces, time))

    def resume(self, pieces: np.ndarray, time: float) -> None:
        """What `pieces` (n,) of tokens show, and did not for a while, is seen again from `time` (s) on."""
        if len(pieces) == 0:
            return
        pieces = pieces[self.table.is_alive(pieces // PIECES)]
        gaps = absences(pieces, self.table.ends(pieces), time)
        gaps = gaps[np.isfinite(gaps["since"])]
        if len(gaps):
            self.table.set_ends(gaps["piece"], np.inf)
            self.gaps.add(gaps)
            self.gaps.forget(self.table.ids)
            self._unwritten.append(gaps)

    def seen(self, channel: int, time: float) -> None:
        """The channel was looked at: whatever holds, holds until `time` (s)."""
        self.last_seen[channel] = max(time, self.last_seen.get(channel, -np.inf))

    def add_event(self, event: Event) -> None:
        """Remember an event."""
        self.events = [*self.events[-MAXIMUM_EVENTS + 1 :], event]
        self._append(EVENT, json.dumps(asdict(event)).encode())

    def add_label(self, label: Label) -> None:
        """Remember a label."""
        self.labels = [*self.labels[-MAXIMUM_LABELS + 1 :], label]
        self._append(LABEL, json.dumps(asdict(label)).encode())

    def flush(self) -> None:
        """Write down how long tokens held, and wait until all of it is on the disk."""
        if self._unwritten:
            packed, self._unwritten = pack(self._current(np.concatenate(self._unwritten))), []
            for part in np.array_split(packed, max(1, -(-packed.nbytes // (self.log.segment_bytes // 2)))):
                self._append(ABSENT, part.tobytes())
        for channel, time in self.last_seen.items():
            self._append(HEARTBEAT, _HEARTBEAT.pack(channel, time))
        self.log.sync()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self.log.close()

    def ends(self, rows: np.ndarray) -> np.ndarray:
        """Last verified time (n,) s of table rows, with those that still hold at their camera's last picture."""
        latest = np.full(max(self.channels, default=0) + 1, -np.inf)
        for channel, time in self.last_seen.items():
            latest[channel] = time
        return np.maximum(rows["start"], np.minimum(rows["end"], latest[rows["channel"]]))

    def piece_ends(self, channel: int, start: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The same of pieces (n,) of a channel's tokens that were taken at `start` (n,) s, from the table's `ends`."""
        return np.maximum(start, np.minimum(ends, self.last_seen.get(channel, -np.inf)))

    def token(self, row: np.ndarray) -> Token:
        """One table row as a `Token`."""
        x, y, scale = int(row["x"]), int(row["y"]), int(row["scale"])
        start, end = float(row["start"]), float(self.ends(row[None])[0])
        camera = self.channels[int(row["channel"])].camera
        return Token(int(row["id"]), camera, x, y, scale, start, end, int(row["group"]), self.source(row))

    def source(self, row: np.ndarray) -> Source | None:
        """Where the row's picture lies in its original stream."""
        if int(row["file"]) not in self.files:
            return None
        name, time_base = self.files[int(row["file"])]
        return Source(name, int(row["pts"]), time_base)

    def images(self, rows: np.ndarray, side: np.ndarray | None = None) -> list[np.ndarray]:
        """Patches (samples, samples, 3) uint8 RGB of table rows; grey where a patch is gone meanwhile.

        Where `side` (n,) is a half, a quarter or an eighth of the samples, so small, which is much faster.
        """
        data, samples = self._data(rows), np.array([patches.SAMPLES[scale] for scale in rows["scale"].tolist()], int)
        side = samples if side is None else np.minimum(side, samples)
        found: list[np.ndarray] = [np.empty(0)] * len(rows)
        for stored, wanted in set(zip(samples.tolist(), side.tolist(), strict=True)):
            at = np.flatnonzero((samples == stored) & (side == wanted)).tolist()
            scans = [data[i] for i in at]
            small = wanted < stored
            pictures = patches.thumbnails(scans, stored, stored // wanted) if small else _decoded(scans, stored)
            for i, picture in zip(at, pictures, strict=True):
                found[i] = picture
        return found

    def _data(self, rows: np.ndarray) -> list[bytes]:
        """What is stored of the patches of table rows; empty where one is gone meanwhile."""
        data = [b""] * len(rows)
        segments, offsets, lengths = (rows[name].tolist() for name in ("segment", "offset", "length"))
        for key in set(segments):
            at = [i for i, segment in enumerate(segments) if segment == key]
            for i, found in zip(at, self.log.read(key, [(offsets[i], lengths[i]) for i in at]), strict=True):
                data[i] = found
        return data

    def _fits(self, stored: np.ndarray) -> int:
        """How many of the first tokens go into one record."""
        room = self.log.segment_bytes // 2 - 256
        sizes = np.cumsum(STORED.itemsize + stored["length"].astype(np.int64))
        return int(max(1, min(np.searchsorted(sizes, room), len(stored), self.table.capacity)))

    def _file(self, source: Source | None) -> tuple[int, int]:
        if source is None:
            return 0, 0
        named = (source.file, source.time_base)
        for number, known in self.files.items():
            if known == named:
                return number, source.pts
        number = next(n for n in range(1, 1 << 16) if n not in self.files)
        self.files[number] = named
        self._append(FILE, json.dumps([number, *named]).encode())
        return number, source.pts

    def _append(self, kind: int, payload: bytes) -> tuple[Segment, int]:
        attempts = 0
        while self.log.is_full(len(payload)):
            self._make_room(attempts)
            attempts += 1
        return self.log.append(kind, payload)

    def _make_room_for_tokens(self, count: int) -> None:
        """Forget tokens until `count` more are allowed: what thinning would, else the oldest, those shown now last."""
        if self.table.count + count <= self.table.capacity:
            return
        rows = self.table.rows
        wanted = max(count, self.table.capacity // 16)
        older = np.arange(len(rows)) < len(rows) // 2
        dead = older & ~survivors(rows, older)
        if dead.sum() < wanted:
            order = np.lexsort((rows["start"], np.isinf(rows["end"]), ~dead))
            dead = np.zeros(len(rows), bool)
            dead[order[:wanted]] = True
        ids = rows["id"][dead].copy()
        self.table.remove(dead)
        for part in np.array_split(ids, -(-ids.nbytes // (self.log.segment_bytes // 2))):
            self._append(FORGET, part.tobytes())

    def _make_room(self, attempt: int) -> None:
        """Thin the oldest recent segment into the old tier, or forget the oldest of the old tier.

        From attempt to attempt less is spared: first what thinning keeps, then what is shown now, then nothing.
        """
        old, recent = self.log.tier("old"), self.log.tier("recent")
        old_is_full = sum(segment.size for segment in old) >= OLD_SHARE * self.log.max_bytes
        if len(recent) > 1 and not old_is_full:
            segment = recent[0]
        else:
            segment = old[0] if old and (attempt % 2 == 0 or not recent) else recent[0]
        if attempt >= 16:
            self._rewrite(segment, lambda rows, mine: np.zeros_like(mine))
        elif segment.tier == "recent" and attempt < 8:
            self._rewrite(segment, survivors)
        else:
            self._rewrite(segment, lambda rows, mine: mine & np.isinf(rows["end"]))

    def _rewrite(self, segment: Segment, choose: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        """Carry what `choose` keeps of a segment over to the old tier and delete the segment."""
        self.log.retire(segment)
        rows = self.table.rows
        mine = rows["segment"] == segment.key
        keep = choose(rows, mine)
        if segment.tier == "old" and keep.sum() > 0.5 * mine.sum():
            keep = np.zeros_like(keep)
        kept_ids = set(rows["id"][keep].tolist())
        self.table.remove(mine & ~keep)
        used_files, used_channels = set(self.table.rows["file"].tolist()), set(self.table.rows["channel"].tolist())
        active = set({channel.camera: channel.number for channel in self.channels.values()}.values())
        for record in list(self.log.records(segment)):
            payload: bytes | None = record.payload
            if record.kind == PICTURE:
                self._carry(record.payload, kept_ids)
                continue
            if record.kind == ABSENT:
                payload = pack(self._current(unpack(np.frombuffer(record.payload, PACKED)))).tobytes()
            elif record.kind == FILE:
                number = json.loads(record.payload)[0]
                if number not in used_files and number != max(self.files):
                    self.files.pop(number, None)
                    payload = None
            elif record.kind == CHANNEL:
                number = json.loads(record.payload)["number"]
                if number not in used_channels and number not in active:
                    self.channels.pop(number, None)
                    self.last_seen.pop(number, None)
                    payload = None
            elif record.kind == HEARTBEAT:
                channel, time = _HEARTBEAT.unpack(record.payload)
                payload = record.payload if self.last_seen.get(channel) == time else None
            elif segment.tier == "old":
                # A thing's tokens lie before the note that they are forgotten, so they are gone by now.
                payload = None
            if payload:
                self.log.append(record.kind, payload, "old")
        self.log.sync()
        self.log.drop(segment)

    def _carry(self, payload: bytes, kept_ids: set[int]) -> None:
        picture, stored, offsets = unpack_picture(payload)
        chosen = np.array([int(identity) in kept_ids for identity in stored["id"]], bool)
        if not chosen.any():
            return
        stored, offsets = stored[chosen].copy(), offsets[chosen]
        rows = self.table.rows
        blobs = [payload[o : o + n] for o, n in zip(offsets, stored["length"].astype(int), strict=True)]
        while len(stored):
            count = self._fits(stored)
            part = picture.pack(stored[:count], blobs[:count])
            segment, start = self.log.append(PICTURE, part, "old")
            at = self.table.find(stored["id"][:count])
            rows["segment"][at], rows["offset"][at] = segment.key, start + unpack_picture(part)[2]
            stored, blobs = stored[count:], blobs[count:]

    def _current(self, found: np.ndarray) -> np.ndarray:
        """Those absences (n,) of `ABSENCE` that still tell something: of tokens alive, and over or going on."""
        found = found[self.table.is_alive(found["piece"] // PIECES)]
        return found[np.isfinite(found["until"]) | (found["since"] == self.table.ends(found["piece"]))]

    def _enter(self, picture: Picture, stored: np.ndarray, payload: bytes, segment: Segment, offset: int) -> None:
        offsets = unpack_picture(payload)[2] + offset
        self.table.add(self._holding(_table_rows(picture, stored, offsets, segment)))

    def _holding(self, rows: np.ndarray) -> np.ndarray:
        """The new `rows` of the table, of which all pieces hold."""
        patches_of = np.zeros(max(self.channels, default=0) + 1, int)
        for channel in self.channels.values():
            patches_of[channel.number] = channel.patch
        spans = rows["scale"] // patches_of[rows["channel"]]
        rows["ends"] = np.where(np.arange(PIECES) < spans[:, None] ** 2, np.inf, -np.inf)
        rows["end"] = np.inf
        return rows

    def _load(self) -> None:
        """Read the log back; a token written twice, because thinning was cut short, counts once."""
        loaded, absent, forgotten = [], [], []
        for segment in list(self.log.segments):
            try:
                records = list(self.log.records(segment))
            except FileNotFoundError:  # the writer thinned it meanwhile
                continue
            for record in records:
                if record.kind == PICTURE:
                    picture, stored, offsets = unpack_picture(record.payload)
                    loaded.append(_table_rows(picture, stored, offsets + record.offset, segment))
                    self._next_picture = max(self._next_picture, picture.id + 1)
                elif record.kind == ABSENT:
                    absent.append(np.frombuffer(record.payload, PACKED))
                elif record.kind == FORGET:
                    forgotten.append(np.frombuffer(record.payload, "<i8"))
                else:
                    self._load_other(record.kind, record.payload)
        rows = np.concatenate(loaded) if loaded else np.zeros(0, TOKEN)
        _, first = np.unique(rows["id"], return_index=True)
        rows = rows[first]
        if forgotten:
            rows = rows[~np.isin(rows["id"], np.concatenate(forgotten))]
        rows = rows[-self.table.capacity :]
        rows = rows[np.isin(rows["channel"], list(self.channels))]
        self.table.add(self._holding(rows))
        if absent:
            found = unpack(np.concatenate(absent))
            found = found[self.table.is_alive(found["piece"] // PIECES)]
            last = last_of_each(found)
            self.table.set_ends(last["piece"], np.where(np.isinf(last["until"]), last["since"], np.inf))
            self.gaps.add(found[np.isfinite(found["until"])])
            self.gaps.forget(self.table.ids)
        self.next_id = max((int(part["id"].max()) + 1 for part in loaded if len(part)), default=0)
        for channel in np.unique(rows["channel"]):
            self.seen(int(channel), float(rows["start"][rows["channel"] == channel].max()))

    def _load_other(self, kind: int, payload: bytes) -> None:
        if kind == HEARTBEAT:
            self.seen(*_HEARTBEAT.unpack(payload))
        elif kind == CHANNEL:
            channel = Channel(**json.loads(payload))
            self.channels[channel.number] = channel
        elif kind == FILE:
            number, name, time_base = json.loads(payload)
            self.files[number] = (name, time_base)
        elif kind == EVENT:
            self.events.append(Event(**_with_box(json.loads(payload))))
        elif kind == LABEL:
            self.labels.append(Label(**_with_box(json.loads(payload))))

    def _close_intervals(self) -> None:
        """What an earlier session still showed held until its last picture."""
        rows = self.table.rows
        row, place = np.nonzero(np.isposinf(rows["ends"]))
        ends = self.ends(rows[row])
        pieces = rows["id"][row] * PIECES + place
        for end in np.unique(ends):
            self.end(pieces[ends == end], float(end))


def _decoded(scans: list[bytes], samples: int) -> Iterator[np.ndarray]:
    for scan in scans:
        try:
            yield patches.decode(scan, samples)
        except ValueError:
            yield np.full((samples, samples, 3), 128, np.uint8)


def _table_rows(picture: Picture, stored: np.ndarray, offsets: np.ndarray, segment: Segment) -> np.ndarray:
    rows = np.zeros(len(stored), TOKEN)
    for name in STORED.names or ():
        rows[name] = stored[name]
    rows["channel"], rows["start"], rows["picture"] = picture.channel, picture.time, picture.id
    rows["pts"], rows["file"], rows["anchor_from_picture"] = picture.pts, picture.file, picture.anchor_from_picture
    rows["segment"], rows["offset"] = segment.key, offsets
    return rows


def _with_box(fields: Mapping[str, Any]) -> dict[str, Any]:
    def as_tuple(value: Iterable[Any] | None) -> tuple[Any, ...] | None:
        return None if value is None else tuple(value)

    return {name: as_tuple(value) if name in ("box", "embedding") else value for name, value in fields.items()}


def _settings_path(directory: Path) -> Path:
    return directory / "memory.json"


def _open_directory(directory: Path, max_bytes: int, max_tokens: int, read_only: bool) -> dict[str, Any]:
    path = _settings_path(directory)
    if path.exists():
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path} is damaged: it should say which version wrote this memory.") from error
        if settings.get("version") != VERSION:
            found = settings.get("version")
            other = f"{directory} holds a memory of version {found}, and this program reads version {VERSION} only"
            raise UserError(f"{other}: choose another folder, or read it with the program that wrote it.")
        if read_only:
            return settings
    elif read_only:
        raise UserError(f"there is no memory in {directory}; `bunraku watch` makes one.")
    elif directory.exists() and any(path.name != "memory.new" for path in directory.iterdir()):
        raise UserError(f"{directory} is not empty and not a memory; choose another folder.")
    settings = {"version": VERSION, "max_bytes": max_bytes, "max_tokens": max_tokens, "tiers": list(TIERS)}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(settings), encoding="utf-8")
        os.replace(temporary, path)
        (directory / "log").mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"no memory could be made in {directory}: {error.strerror}.") from error
    return settings
