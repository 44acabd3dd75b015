"""An append-only log on disk whose size never exceeds its cap and which survives being cut off at any byte.

The log is a folder of segment files in two tiers: `recent`, written as things happen, and `old`, to which the owner
moves what is worth keeping longer. A record is (length, CRC-32, kind, payload); reading stops at the first record of
a file that does not check out, so a torn tail costs nothing but itself.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bunraku.errors import UserError

MAGIC = b"bunraku-memory 2\n"
HEADER = struct.Struct("<IIB")
SEGMENTS = 32
"""Segments into which the cap is divided; one is kept free to write into while another is thinned."""
TIERS = ("old", "recent")


@dataclass
class Segment:
    """One file of the log; `number` grows with age order within a tier."""

    path: Path
    tier: str
    number: int
    size: int

    @property
    def key(self) -> int:
        """One number for tier and number."""
        return 2 * self.number + TIERS.index(self.tier)


@dataclass(frozen=True)
class Record:
    """A record, and where its payload lies."""

    kind: int
    payload: bytes
    segment: Segment
    offset: int


class Log:
    """Segments in `directory`, together never above `max_bytes`."""

    def __init__(self, directory: Path, max_bytes: int, read_only: bool = False) -> None:
        self.directory, self.max_bytes, self.read_only = directory, max_bytes, read_only
        self.segment_bytes = max_bytes // SEGMENTS
        self._files: dict[str, int] = {}
        self.segments = sorted(map(_segment, directory.glob("*.log")), key=lambda s: (TIERS.index(s.tier), s.number))
        for segment in self.segments:
            _check_version(segment.path)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self.segments)

    def tier(self, name: str) -> list[Segment]:
        """Segments of a tier, oldest first."""
        return [segment for segment in self.segments if segment.tier == name]

    def is_full(self, more: int) -> bool:
        """Whether `more` bytes of payload need room to be made first."""
        reserve = self.segment_bytes + HEADER.size + len(MAGIC)
        return self.size + more + reserve > self.max_bytes

    def append(self, kind: int, payload: bytes, tier: str = "recent") -> tuple[Segment, int]:
        """Write a record and return the segment and the offset of its payload there.

        The record is with the operating system when this returns; `sync` puts it on the disk itself.
        """
        record = HEADER.pack(len(payload), zlib.crc32(payload, kind), kind) + payload
        if len(record) + len(MAGIC) > self.segment_bytes:
            raise ValueError(f"a record must fit a segment of {self.segment_bytes} bytes, got {len(record)}")
        if self.size + len(record) + len(MAGIC) > self.max_bytes:
            raise ValueError("the log is full: make room first")
        segments = self.tier(tier)
        segment = segments[-1] if segments else None
        # A segment that another process wrote may have a torn tail: never append to it.
        if segment is None or str(segment.path) not in self._files or segment.size + len(record) > self.segment_bytes:
            segment = self._begin(tier, segment.number + 1 if segment else 0)
        try:
            _write_all(self._files[str(segment.path)], record)
        except OSError as error:
            os.ftruncate(self._files[str(segment.path)], segment.size)
            raise UserError(f"the memory in {self.directory} could not be written: {error.strerror}.") from error
        offset = segment.size + HEADER.size
        segment.size += len(record)
        return segment, offset

    def sync(self) -> None:
        """Wait until everything appended is on the disk."""
        for descriptor in self._files.values():
            os.fdatasync(descriptor)

    def read(self, key: int, places: list[tuple[int, int]]) -> list[bytes]:
        """Bytes at each (offset, length) of the segment with `key`; empty where it is gone."""
        path = self.directory / f"{TIERS[key % 2]}-{key // 2:08d}.log"
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return [b""] * len(places)
        try:
            return [os.pread(descriptor, length, offset) for offset, length in places]
        finally:
            os.close(descriptor)

    def records(self, segment: Segment) -> Iterator[Record]:
        """Intact records of a segment, in the order in which they were written."""
        data = segment.path.read_bytes()
        offset = len(MAGIC)
        while offset + HEADER.size <= len(data):
            length, checksum, kind = HEADER.unpack_from(data, offset)
            start = offset + HEADER.size
            payload = data[start : start + length]
            if len(payload) < length or zlib.crc32(payload, kind) != checksum:
                return
            yield Record(kind, payload, segment, start)
            offset = start + length

    def retire(self, segment: Segment) -> None:
        """Append nothing more to a segment."""
        descriptor = self._files.pop(str(segment.path), None)
        if descriptor is not None:
            os.fdatasync(descriptor)
            os.close(descriptor)

    def drop(self, segment: Segment) -> None:
        """Delete a segment."""
        self.retire(segment)
        segment.path.unlink()
        self.segments.remove(segment)

    def close(self) -> None:
        """Sync and close all files."""
        self.sync()
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def _begin(self, tier: str, number: int) -> Segment:
        for path in [path for path in self._files if Path(path).name.startswith(tier)]:
            os.fdatasync(self._files[path])
            os.close(self._files.pop(path))
        path = self.directory / f"{tier}-{number:08d}.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            _write_all(descriptor, MAGIC)
        except OSError as error:
            raise UserError(f"the memory in {self.directory} could not be written: {error.strerror}.") from error
        self._files[str(path)] = descriptor
        segment = Segment(path, tier, number, len(MAGIC))
        self.segments.append(segment)
        return segment


def _segment(path: Path) -> Segment:
    tier, number = path.stem.split("-")
    return Segment(path, tier, int(number), path.stat().st_size)


def _check_version(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if not MAGIC.startswith(head):
        raise UserError(f"{path.parent} is not a memory that this version can read; choose another folder.")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
