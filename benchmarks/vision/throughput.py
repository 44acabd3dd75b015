"""What the visual memory costs beyond decoding, measured in the same run: `python -m benchmarks.vision.throughput`.

Seven cameras of 1280×960 at 36 fps are read from files: decoded only and watched with recording, selection and memory,
in turns, as fast as it goes; then watched at their own speed. Cores are CPU seconds of this process per second of
video, so that other work on the machine matters less; the ratio is that of the medians. Latency, from the moment a
picture was taken to its place in memory, is wall time at the cameras' own speed.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import av
import cv2
import numpy as np
import tyro
from benchmarks.vision.load import RATE, STYLES, make_load

from bunraku.vision.memory import VisualMemory
from bunraku.vision.recording import BitstreamRing
from bunraku.vision.watch import ANALYSED_PER_SECOND, Watch


@dataclass
class Arguments:
    """Throughput of seven cameras."""

    clips: tuple[Path, ...]
    """Videos to make the load from."""
    seconds: float = 8.0
    """Length of the load; it is looped by `laps`."""
    laps: int = 3
    """How often to decode, and to watch into one memory, as fast as it goes."""
    paced_laps: int = 2
    """How often to watch at the cameras' own speed."""
    tokens_per_second: float = 600.0
    analysed_per_second: float = ANALYSED_PER_SECOND
    """Pictures of each camera."""
    style: str = "low-delay"
    """How the load is encoded: low-delay as cameras do, or offline with B-frames."""
    cache: Path = Path(tempfile.gettempdir()) / "bunraku-load"
    out: Path = Path("throughput.json")


def decode_only(cameras: dict[str, str]) -> tuple[float, int]:
    """CPU seconds, and pictures, of decoding every camera on a thread of its own."""
    counts = dict.fromkeys(cameras, 0)

    def decode(camera: str, path: str) -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            for _ in container.decode(stream):
                counts[camera] += 1

    threads = [Thread(target=decode, args=item) for item in cameras.items()]
    began = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.process_time() - began, sum(counts.values())


def watch(
    cameras: dict[str, str],
    memory: VisualMemory,
    directory: Path,
    origin: float | None,
    video_bytes: int = 200_000_000,
    analysed_per_second: float = ANALYSED_PER_SECOND,
) -> tuple[float, int, list[float]]:
    """CPU seconds, pictures and latencies (s) of watching every camera.

    Times begin at `origin` (s); with None the cameras are watched at their own speed, from now on.
    """
    ring = BitstreamRing(directory / "video", video_bytes)
    watching = Watch(cameras, memory, ring, origin is None, analysed_per_second=analysed_per_second)
    for reader in watching.readers.values():
        reader.origin = origin or 0.0
    began = time.process_time()
    watching.start()
    watching.join()
    latencies = [value for status in watching.status.values() for value in status.latency]
    return time.process_time() - began, sum(r.decoded for r in watching.readers.values()), latencies


def resident_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _cores(cpu: float, pictures: int) -> float:
    """Cores that the load takes, from the CPU seconds that so many of its pictures took."""
    return cpu / pictures * 7 * RATE


def main(arguments: Arguments) -> None:
    """Measure, print and write the figures."""
    if arguments.style not in STYLES:
        raise SystemExit(f"--style is one of {', '.join(STYLES)}")
    cv2.setNumThreads(1)
    cameras = make_load(list(arguments.clips), arguments.cache, arguments.seconds, arguments.style)
    decoding, watching, pacing = [], [], []
    resident, latencies = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate = arguments.analysed_per_second
        with VisualMemory(folder / "memory", arguments.tokens_per_second) as memory:
            for lap in range(arguments.laps):
                decoding.append(_cores(*decode_only(cameras)))
                origin = lap * arguments.seconds
                watching.append(_cores(*watch(cameras, memory, folder, origin, analysed_per_second=rate)[:2]))
                resident.append(resident_bytes())
                print(f"decoding {decoding[-1]:.3f} cores, watching {watching[-1]:.3f}", flush=True)
            usage = memory.usage
        with VisualMemory(folder / "paced", arguments.tokens_per_second) as memory:
            for _ in range(arguments.paced_laps):
                cpu, count, some = watch(cameras, memory, folder, None, analysed_per_second=rate)
                pacing.append(_cores(cpu, count))
                latencies += some
            degraded = sum(event.kind == "degraded" for event in memory.events())
    decode_cores, watch_cores = float(np.median(decoding)), float(np.median(watching))
    seconds = arguments.seconds * arguments.laps
    result = {
        "load": f"7 x 1280x960 @ {RATE} fps H.264 {arguments.style}, {seconds:g} s",
        "laps": arguments.laps,
        "analysed_per_second": rate,
        "decode_only_cores": round(decode_cores, 3),
        "watch_cores": round(watch_cores, 3),
        "ratio": round(watch_cores / decode_cores, 3),
        "headroom_on_2_cores": round(1 - watch_cores / 2, 3),
        "ratio_by_lap": [round(w / d, 3) for w, d in zip(watching, decoding, strict=True)],
        "own_speed": {
            "cores": round(float(np.median(pacing)), 3) if pacing else None,
            "latency_ms_p50_p99": [round(float(np.percentile(latencies or [0], q)) * 1e3, 1) for q in (50, 99)],
            "times_degraded": degraded,
        },
        "resident_mb": [round(value / 1e6, 1) for value in resident],
        "tokens": usage.tokens,
        "tokens_per_second": round(usage.tokens / seconds, 1),
        "fewer_tokens_than_a_32_px_grid": round(7 * RATE * seconds * 1200 / max(usage.tokens, 1), 1),
        "memory_mb": round(usage.bytes / 1e6, 2),
    }
    print(json.dumps(result, indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
