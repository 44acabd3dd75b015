"""Many cameras into one memory: a thread for each, and a stated order of giving way under load."""

from __future__ import annotations

import ctypes
import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import cv2

from bunraku.errors import UserError
from bunraku.vision.frame import Frame
from bunraku.vision.labelling import Labeller, LabelQueue
from bunraku.vision.memory import VisualMemory
from bunraku.vision.recording import BitstreamRing
from bunraku.vision.store import Event
from bunraku.vision.stream import CameraReader

ANALYSED_PER_SECOND = 6.0
"""Pictures of each camera that are analysed, by default; all are recorded."""
DEGRADATION = (
    "every picture is decoded",
    "half as many pictures are analysed",
    "a quarter as many pictures are analysed",
    "only reference pictures are decoded",
    "only key pictures are decoded",
)
"""What happens under load, in this order; the recording goes on untouched throughout."""
LATE, RECOVERED = 0.15, 0.03
"""Seconds behind capture at which the next step is taken, and at which one is taken back."""
AHEAD = 0.25
"""Seconds of capture time that one file may be read ahead of another."""
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
HEAPS, LARGE_BLOCK = 2, 1 << 20
"""Heaps of the C library, and the bytes from which a block is given back as soon as it is freed."""
PATIENCE = 1.0
"""Seconds between two steps."""


@dataclass
class CameraStatus:
    """Counts of one camera. `latency` holds the last seconds from a picture, taken (live) or decoded (a file), to its
    place in memory."""

    analysed: int = 0
    tokens: int = 0
    lost: int = 0
    level: int = 0
    behind: float = 0.0
    time: float = 0.0
    ended: bool = False
    latency: list[float] = field(default_factory=list)


class LoadShedder:
    """Steps through `DEGRADATION` as a camera falls behind, and back as it catches up."""

    def __init__(self) -> None:
        self.level = 0
        self._changed = -PATIENCE

    def update(self, behind: float, now: float) -> str | None:
        """Take note that a picture is `behind` (s) at `now` (s); returns what changed, if anything."""
        if now - self._changed < PATIENCE:
            return None
        step = int(behind > LATE and self.level < len(DEGRADATION) - 1) - int(behind < RECOVERED and self.level > 0)
        if step == 0:
            return None
        self.level += step
        self._changed = now
        return DEGRADATION[self.level]

    @property
    def stride(self) -> float:
        """How much longer than usual to wait between two analysed pictures."""
        return (1.0, 2.0, 4.0, 4.0, 1.0)[self.level]

    @property
    def skip(self) -> str:
        """FFmpeg's skip_frame."""
        return ("DEFAULT", "DEFAULT", "DEFAULT", "NONREF", "NONKEY")[self.level]


class Watch:
    """Feeds `sources` (camera name → file, URL or device) into `memory` until they end or `stop` is called."""

    def __init__(
        self,
        sources: Mapping[str, str],
        memory: VisualMemory,
        ring: BitstreamRing | None = None,
        realtime: bool = False,
        labeller: Labeller | None = None,
        analysed_per_second: float = ANALYSED_PER_SECOND,
    ) -> None:
        if not sources:
            raise UserError("there is nothing to watch: name at least one camera, as in `desk=/dev/video0`.")
        if not analysed_per_second > 0:
            raise UserError(f"more than 0 pictures per second must be analysed, got {analysed_per_second:g}.")
        cv2.setNumThreads(1)
        self.memory, self.ring = memory, ring
        self.interval = 1 / analysed_per_second
        self._stop = Flag()
        self.readers = {
            camera: CameraReader(camera, source, ring, realtime=realtime, stop=self._stop)
            for camera, source in sources.items()
        }
        self.status = {camera: CameraStatus() for camera in sources}
        self._labels = LabelQueue(labeller, memory) if labeller is not None else None
        self._failure: BaseException | None = None
        self._threads = [Thread(target=self._run, args=(camera,), name=camera, daemon=True) for camera in sources]

    def start(self) -> None:
        """Begin."""
        return_freed_memory()
        self.memory.reserve()
        for reader in self.readers.values():
            if reader.realtime:
                reader.origin = clock.time()
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether any camera is still being read."""
        return any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Ask all cameras to stop."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the end; everything observed is on the disk then. Raises what stopped a camera's thread."""
        for thread in self._threads:
            thread.join()
        if self._labels is not None:
            self._labels.close()
        if self.ring is not None:
            self.ring.close()
        self.memory.flush()
        if self._failure is not None:
            raise self._failure

    def _run(self, camera: str) -> None:
        try:
            self._feed(camera, self.readers[camera], self.status[camera])
        except BaseException as error:
            self._failure = error
            self._stop.set()
        finally:
            self.status[camera].ended = True

    def _feed(self, camera: str, reader: CameraReader, status: CameraStatus) -> None:
        shedder = LoadShedder()
        paced = reader.live or reader.realtime
        due = -float("inf")
        # Cameras that run in step would else all want to be looked at in the same moment, and wait for each other.
        turn = self.interval * list(self.readers).index(camera) / len(self.readers)
        for item in reader:
            if isinstance(item, Event):
                status.lost += item.kind in ("gap", "damaged", "disorder")
                self.memory.note(item)
                continue
            status.time = item.time
            if not paced:
                self._keep_step(item.time)
            arrived = clock.time()
            status.behind = max(0.0, arrived - item.time) if paced else 0.0
            changed = shedder.update(status.behind, clock.monotonic())
            if changed is not None:
                status.level, reader.skip = shedder.level, shedder.skip
                text = f"{status.behind:.2f} s behind: from now on {changed}"
                self.memory.note(Event(item.time, camera, "degraded" if shedder.level else "recovered", text))
            if item.time < due:
                continue
            # Half a frame of slack, so that jitter does not turn every second picture into every third.
            due = item.time + (self.interval * shedder.stride) + turn - 0.01
            turn = 0.0
            self._observe(item, status)
            status.latency.append(clock.time() - (item.time if paced else arrived))
            del status.latency[:-20000]

    def _keep_step(self, time: float) -> None:
        """Wait for the other files: cameras share one budget, so they have to live through the same time."""
        while not self._stop.is_set():
            if time <= AHEAD + min((s.time for s in self.status.values() if not s.ended), default=time):
                return
            clock.sleep(0.01)

    def _observe(self, frame: Frame, status: CameraStatus) -> None:
        selection = self.memory.observe(frame)
        status.analysed += 1
        status.tokens += selection.tokens
        if self._labels is not None:
            self._labels.offer(frame, selection)


def return_freed_memory() -> None:
    """Have the C library give large blocks back when they are freed, and keep few heaps, in this process from now on.

    By default glibc (mallopt(3)) keeps a heap for each of many threads, and after a while takes even megabytes from
    them: what thinning needs for a moment then stays resident once per camera. Elsewhere nothing is done.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(M_ARENA_MAX, HEAPS)
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def parse_sources(arguments: list[str]) -> dict[str, str]:
    """Camera names and sources from NAME=SOURCE words; a word without a name is named after its file."""
    sources: dict[str, str] = {}
    for argument in arguments:
        name, equals, source = argument.partition("=")
        if not equals or "/" in name:
            name, source = Path(argument).stem or "camera", argument
        if not name.replace("_", "").replace("-", "").isalnum():
            raise UserError(f"“{name}” is no name for a camera: use letters, digits, - and _.")
        if not source:
            raise UserError(f"camera {name} has no source: write {name}=FILE, {name}=URL or {name}=/dev/videoN.")
        if name in sources:
            raise UserError(f"two cameras are called {name}; give each its own name.")
        sources[name] = source
    return sources
