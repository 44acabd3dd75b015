"""Does it stay within its bounds? Ten minutes of cameras into one memory: `python -m benchmarks.vision.endurance`.

While the load of the throughput benchmark is watched again and again, the size of the memory and of the recording on
disk, the number of tokens and the resident memory of the process are looked at several times a second. The caps are
those of `bunraku watch`, but for the recording, which is to wrap as well.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import tyro
from benchmarks.vision.load import RATE, make_load
from benchmarks.vision.throughput import resident_bytes, watch

from bunraku.vision.memory import VisualMemory

ANALYSED = 9
"""Pictures of each camera that are analysed per second, at most: more than `bunraku watch` does by default."""


@dataclass
class Arguments:
    """Ten minutes of seven cameras."""

    clips: tuple[Path, ...]
    """Videos to make the load from."""
    minutes: float = 10.0
    rate: int = RATE
    """Pictures per second of each camera; up to nine of them are analysed."""
    seconds: float = 8.0
    """Length of the load, which is looped."""
    tokens_per_second: float = 600.0
    max_tokens: int = 200_000
    max_bytes: int = 64_000_000
    video_bytes: int = 200_000_000
    cache: Path = Path(tempfile.gettempdir()) / "bunraku-load"
    out: Path = Path("endurance.json")


class Gauge:
    """Looks at the bounds, from a thread of its own."""

    def __init__(self, folder: Path, memory: VisualMemory) -> None:
        self.folder, self.memory = folder, memory
        self.largest = {"memory_bytes": 0, "video_bytes": 0, "tokens": 0}
        self.resident: list[int] = []
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            found = {
                "memory_bytes": size_on_disk(self.folder / "memory"),
                "video_bytes": size_on_disk(self.folder / "video"),
                "tokens": self.memory.usage.tokens,
            }
            self.largest = {name: max(value, found[name]) for name, value in self.largest.items()}
            self.resident.append(resident_bytes())


def size_on_disk(folder: Path) -> int:
    """Bytes of all files in a folder; those that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def main(arguments: Arguments) -> None:
    """Watch, print and write after every lap."""
    cv2.setNumThreads(1)
    cameras = make_load(
        list(arguments.clips), arguments.cache, arguments.seconds, "low-delay", min(arguments.rate, RATE)
    )
    laps = round(arguments.minutes * 60 / arguments.seconds)
    caps = {
        "memory_bytes": arguments.max_bytes,
        "video_bytes": arguments.video_bytes,
        "tokens": arguments.max_tokens,
    }
    by_lap: list[float] = []
    began = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        memory = VisualMemory(folder / "memory", arguments.tokens_per_second, arguments.max_bytes, arguments.max_tokens)
        gauge = Gauge(folder, memory)
        for lap in range(laps):
            origin, analysed = lap * arguments.seconds, min(arguments.rate, ANALYSED)
            watch(cameras, memory, folder, origin, arguments.video_bytes, analysed)
            # The readers and decoders of a lap refer to each other; a stream that goes on would keep its own.
            gc.collect()
            by_lap.append(round(float(np.median(gauge.resident or [resident_bytes()])) / 1e6, 1))
            gauge.resident.clear()
            settled = by_lap[len(by_lap) // 10 :]
            result = {
                "load": f"7 x 1280x960 @ {arguments.rate} fps, {(lap + 1) * arguments.seconds:g} s",
                "caps": caps,
                "largest": gauge.largest,
                "within_caps": all(gauge.largest[key] <= cap for key, cap in caps.items()),
                "tokens_kept_in_all": memory.budget.spent,
                "resident_mb_by_lap": by_lap,
                "resident_spread_after_a_tenth": round((max(settled) - min(settled)) / float(np.mean(settled)), 4),
                "cpu_seconds": round(time.process_time() - began, 1),
            }
            arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            print(f"{(lap + 1) * arguments.seconds:g} s: {by_lap[-1]} MB, {gauge.largest}", flush=True)
        gauge.stop()
        memory.close()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Arguments))
