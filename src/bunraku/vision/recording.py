"""The original bitstream on disk, untouched: packets copied into segments, the oldest deleted, flagged ones kept.

After openpilot's loggerd: segments of a fixed length, and with a flagged segment the one before it is kept as well.
The folder is the index: `video/<camera>/<start in ms>.mkv`, and a `.keep` beside it. Matroska needs no trailer, so a
segment whose writer was killed is readable up to its last packet.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import RLock
from typing import Any

import av
import av.error

from bunraku.errors import UserError
from bunraku.vision.frame import Source

SEGMENT_SECONDS = 10.0
MINIMUM_BYTES = 1 << 20
OPTIONS = {"live": "1", "flush_packets": "1", "cluster_time_limit": "500"}
"""A kill loses at most the half second that the muxer holds back."""
TIME_BASE = Fraction(1, 1000)
"""Seconds per unit of Matroska's time stamps."""


@dataclass
class _Segment:
    path: Path
    size: int
    start: float

    @property
    def kept(self) -> bool:
        return self.path.with_suffix(".keep").exists()


class _CountingFile:
    """What PyAV writes to: a file that knows its size."""

    def __init__(self, ring: BitstreamRing, segment: _Segment) -> None:
        self._file = segment.path.open("wb", buffering=0)
        self._ring, self._segment = ring, segment

    def write(self, data: bytes) -> int:
        """Write all of `data` once there is room for it."""
        self._ring.reserve(len(data), self._segment)
        self._segment.size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        """Close."""
        self._file.close()


class _Writer:
    """The open segment of one camera."""

    def __init__(self, ring: BitstreamRing, segment: _Segment, template: Any) -> None:
        self.segment = segment
        self.name = segment.path.relative_to(ring.directory.parent).as_posix()
        self.file = _CountingFile(ring, segment)
        self.container = av.open(self.file, "w", format="matroska", options=OPTIONS)
        self.stream = self.container.add_stream_from_template(template)
        self.first_dts: int | None = None

    def write(self, packet: Any) -> Source:
        """Append a packet; returns where its picture lies."""
        original = (packet.stream, packet.pts, packet.dts, packet.time_base)
        if self.first_dts is None:
            self.first_dts = packet.dts
        place = self.place(packet.pts if packet.pts is not None else packet.dts, packet.time_base)
        packet.stream, packet.dts = self.stream, packet.dts - self.first_dts
        packet.pts = None if packet.pts is None else packet.pts - self.first_dts
        try:
            self.container.mux(packet)
        finally:
            # The decoder gets the same packet next.
            packet.stream, packet.pts, packet.dts, packet.time_base = original
        return place

    def place(self, pts: int, time_base: Fraction) -> Source:
        """Where the picture with this time stamp lies."""
        return Source(self.name, round((pts - (self.first_dts or 0)) * time_base / TIME_BASE), float(TIME_BASE))

    def close(self) -> None:
        """Finish the segment."""
        self.container.close()
        self.file.close()


class BitstreamRing:
    """All cameras' segments in `directory`, together never above `max_bytes`. Safe to use from several threads."""

    def __init__(self, directory: Path | str, max_bytes: int, segment_seconds: float = SEGMENT_SECONDS) -> None:
        if max_bytes < MINIMUM_BYTES:
            raise UserError(f"the recording needs at least {MINIMUM_BYTES:,} bytes, got {max_bytes:,}.")
        self.directory, self.max_bytes, self.segment_seconds = Path(directory), max_bytes, segment_seconds
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._writers: dict[str, _Writer] = {}
        self._segments = sorted(
            (_Segment(path, path.stat().st_size, int(path.stem) / 1000) for path in self.directory.glob("*/*.mkv")),
            key=lambda segment: segment.start,
        )

    @property
    def size(self) -> int:
        """Bytes on disk."""
        with self._lock:
            return sum(segment.size for segment in self._segments)

    def write(self, camera: str, packet: Any, template: Any, time: float) -> Source | None:
        """Record a packet, taken at about `time` (s), of the stream `template`; None while waiting for a key frame.

        Raises `UserError` when the disk is full, or when everything in the ring is flagged to be kept.
        """
        with self._lock:
            writer = self._writers.get(camera)
            if packet.dts is None:
                return None
            too_long = writer is not None and time - writer.segment.start >= self.segment_seconds
            if packet.is_keyframe and (writer is None or too_long):
                self.finish(camera)
                writer = self._writers[camera] = self._begin(camera, template, time)
            if writer is None:
                return None
            try:
                return writer.write(packet)
            except (OSError, av.error.FFmpegError) as error:
                self._abandon(camera)
                raise UserError(f"the recording in {self.directory} stopped: {error.strerror or error}.") from error

    def finish(self, camera: str) -> None:
        """Close a camera's segment; its next key frame begins another."""
        with self._lock:
            writer = self._writers.pop(camera, None)
            if writer is not None:
                writer.close()

    def preserve(self, camera: str, start: float, end: float) -> int:
        """Keep the segments of `camera` that touch `start`–`end` (s), and the one before; returns how many."""
        with self._lock:
            mine = [segment for segment in self._segments if segment.path.parent.name == camera]
            ends = [segment.start for segment in mine[1:]] + [float("inf")]
            touched = [i for i, (s, e) in enumerate(zip(mine, ends, strict=True)) if s.start <= end and e >= start]
            chosen = {*touched, *(max(i - 1, 0) for i in touched[:1])}
            for i in chosen:
                mine[i].path.with_suffix(".keep").touch()
            return len(chosen)

    def reserve(self, size: int, writing: _Segment) -> None:
        """Delete the oldest unflagged segments until `size` more bytes fit."""
        with self._lock:
            while self.size + size > self.max_bytes:
                open_ones = {id(writer.segment) for writer in self._writers.values()} | {id(writing)}
                victim = next((s for s in self._segments if id(s) not in open_ones and not s.kept), None)
                if victim is None:
                    raise OSError(28, f"nothing may be deleted and the cap of {self.max_bytes:,} bytes is reached")
                victim.path.unlink(missing_ok=True)
                self._segments.remove(victim)

    def close(self) -> None:
        """Close all segments."""
        for camera in list(self._writers):
            self.finish(camera)

    def _begin(self, camera: str, template: Any, time: float) -> _Writer:
        folder = self.directory / camera
        try:
            folder.mkdir(exist_ok=True)
            stem = max(0, round(time * 1000))
            while (folder / f"{stem:014d}.mkv").exists():
                stem += 1
            segment = _Segment(folder / f"{stem:014d}.mkv", 0, stem / 1000)
            self._segments.append(segment)
            return _Writer(self, segment, template)
        except OSError as error:
            raise UserError(f"the recording in {self.directory} could not begin: {error.strerror}.") from error

    def _abandon(self, camera: str) -> None:
        writer = self._writers.pop(camera, None)
        if writer is not None:
            writer.file.close()
            writer.segment.size = os.path.getsize(writer.segment.path)
