"""One camera, from a file, a URL or a V4L2 device, as frames with true times and events when something goes wrong."""

from __future__ import annotations

import statistics
import time as clock
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event as Flag
from typing import Any

import av
import av.error
import av.logging

from bunraku.errors import UserError
from bunraku.vision.clock import CameraClock
from bunraku.vision.frame import Frame, Source, frame_from_video
from bunraku.vision.recording import BitstreamRing
from bunraku.vision.store import Event

av.logging.set_level(av.logging.PANIC)

OPEN_TIMEOUT, READ_TIMEOUT = 5.0, 5.0
BACK_OFF = (0.5, 30.0)
"""Seconds before the first and, after doubling, between later attempts to reconnect."""
GAP = 1.75
"""A pause longer than this many usual intervals means lost frames."""
CUT_OFF = 1.0
"""A file that ends so many seconds before it says it does has been cut off."""
WAITING_PICTURES = 64


class CameraReader:
    """Frames of `camera` from `source`: a path, a URL or /dev/videoN. Iterate once, from one thread.

    A file's times begin at `origin` (s); a live camera's are on this machine's clock. Every packet goes to `ring`
    before it is decoded. With `realtime` a file is played at its own speed, from `origin` on this machine's clock on:
    no packet comes before its time, as from a camera. `skip` names the frames that the decoder
    may leave out (FFmpeg's skip_frame) and may be changed at any time.
    """

    def __init__(
        self,
        camera: str,
        source: str,
        ring: BitstreamRing | None = None,
        origin: float = 0.0,
        realtime: bool = False,
        stop: Flag | None = None,
    ) -> None:
        self.camera, self.source, self.ring = camera, source, ring
        self.origin, self.realtime = origin, realtime
        self.live = "://" in source or source.startswith("/dev/")
        self.skip = "DEFAULT"
        self.decoded = 0
        self.drift = 0.0
        self._stop = stop or Flag()
        self._places: dict[int, Source] = {}
        self._intervals: deque[float] = deque(maxlen=31)
        self._last: float | None = None
        self._shape: tuple[int, int] | None = None
        self._first = self._open()

    def __iter__(self) -> Iterator[Frame | Event]:
        """Frames and events until the file ends or `stop` is set."""
        container: Any = self._first
        wait = BACK_OFF[0]
        while not self._stop.is_set():
            if container is None:
                try:
                    container = self._open()
                except UserError:
                    self._stop.wait(wait)
                    wait = min(2 * wait, BACK_OFF[1])
                    continue
                yield self._event("back", "the camera is back")
            wait = BACK_OFF[0]
            reason, length = "it ended", _length(container)
            try:
                yield from self._session(container)
            except (av.error.FFmpegError, OSError) as error:
                reason = str(error.strerror or error)
                if not self.live:
                    yield self._event("truncated", f"the file is damaged or cut off here: {reason}")
            finally:
                container.close()
                if self.ring is not None:
                    self.ring.finish(self.camera)
            if not self.live:
                if reason == "it ended" and not self._stop.is_set():
                    yield from self._cut_off(length)
                return
            if not self._stop.is_set():
                yield self._event("lost", f"the stream was lost: {reason}")
            container = None

    def _open(self) -> Any:
        options = {"rtsp_transport": "tcp"} if self.source.startswith("rtsp") else {}
        if not self.live and not Path(self.source).is_file():
            raise UserError(f"camera {self.camera}: there is no file {self.source}.")
        try:
            container = av.open(
                self.source,
                format="v4l2" if self.source.startswith("/dev/") else None,
                options=options,
                timeout=(OPEN_TIMEOUT, READ_TIMEOUT),
            )
        except (av.error.FFmpegError, OSError) as error:
            kind = "could not be reached" if self.live else "is not a video that can be read"
            raise UserError(f"camera {self.camera}: {self.source} {kind} ({error.strerror or error}).") from error
        if not container.streams.video:
            container.close()
            raise UserError(f"camera {self.camera}: {self.source} has no video in it.")
        return container

    def _session(self, container: Any) -> Iterator[Frame | Event]:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        self._places.clear()
        camera_clock = CameraClock() if self.live else None
        base = stream.time_base
        start = _seconds(stream.start_time or 0, base)
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if self.realtime and not self.live and packet.dts is not None:
                self._wait_for(self.origin + _seconds(packet.dts, base) - start)
            arrival = clock.time()
            stamp = None if packet.pts is None else _seconds(packet.pts, base)
            if camera_clock is not None and stamp is not None:
                camera_clock.arrived(stamp, arrival)
                self.drift = camera_clock.drift
            if self.ring is not None and packet.size:
                yield from self._record(packet, stream, self._time(stamp or start, start, camera_clock))
            if stream.codec_context.skip_frame != self.skip:
                stream.codec_context.skip_frame = self.skip
            try:
                pictures = stream.codec_context.decode(packet)
            except av.error.InvalidDataError:
                yield self._event("damaged", "a packet could not be decoded")
                continue
            for picture in pictures:
                stamp = _seconds(picture.pts, base) if picture.pts is not None else start
                yield from self._take(picture, self._time(stamp, start, camera_clock), base)

    def _time(self, stamp: float, start: float, camera_clock: CameraClock | None) -> float:
        return self.origin + stamp - start if camera_clock is None else camera_clock.capture_time(stamp)

    def _record(self, packet: Any, stream: Any, time: float) -> Iterator[Event]:
        assert self.ring is not None
        try:
            place = self.ring.write(self.camera, packet, stream, time)
        except UserError as error:
            yield self._event("unrecorded", str(error))
            return
        if place is not None and packet.pts is not None:
            self._places[packet.pts] = place
            if len(self._places) > WAITING_PICTURES:
                del self._places[next(iter(self._places))]

    def _take(self, picture: Any, time: float, base: Fraction) -> Iterator[Frame | Event]:
        self.decoded += 1
        if picture.is_corrupt:
            yield self._event("damaged", "a picture is damaged and was left out", time)
            return
        shape = (picture.height, picture.width)
        if self._shape is not None and shape != self._shape:
            text = f"the resolution changed from {self._shape[1]}x{self._shape[0]} to {shape[1]}x{shape[0]}"
            yield self._event("resolution", text, time)
        self._shape = shape
        if self._last is not None:
            interval = time - self._last
            if interval <= 0:
                yield self._event("disorder", f"a picture came {-interval:.3f} s out of order and was left out", time)
                return
            usual = statistics.median(self._intervals) if len(self._intervals) >= 5 else interval
            if interval > GAP * usual and self.skip == "DEFAULT":
                lost = round(interval / usual) - 1
                yield self._event("gap", f"{lost} pictures are missing before this one", time)
            self._intervals.append(interval)
        self._last = time
        if self.realtime and not self.live:
            self._wait_for(time)
        place = self._places.pop(picture.pts, None)
        if place is None and not self.live and picture.pts is not None:
            place = Source(self.source, picture.pts, float(base))
        yield frame_from_video(self.camera, time, picture, place)

    def _cut_off(self, length: float) -> Iterator[Event]:
        """The event of a file that ends well before the `length` (s) that it promises: FFmpeg does not mind."""
        end = 0.0 if self._last is None else self._last - self.origin
        if end < length - CUT_OFF:
            yield self._event("truncated", f"the file is cut off: it ends at {end:.1f} of {length:.1f} s")

    def _wait_for(self, time: float) -> None:
        wait = time - clock.time()
        if wait > 0:
            self._stop.wait(wait)

    def _event(self, kind: str, text: str, time: float | None = None) -> Event:
        if time is None:
            time = clock.time() if self.live else (self._last if self._last is not None else self.origin)
        return Event(time, self.camera, kind, text)


def _length(container: Any) -> float:
    """Seconds that a file says its video lasts, 0 if it does not."""
    video = container.streams.video[0]
    if video.duration is not None:
        return _seconds(video.duration, video.time_base)
    return (container.duration or 0) / av.time_base


def _seconds(stamp: int, base: Fraction) -> float:
    """A time stamp in units of `base` (s), rounded once; a product of `Fraction` looks for common divisors as well."""
    return stamp * base.numerator / base.denominator
