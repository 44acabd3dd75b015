"""What the visual memory costs beyond decoding, measured in the same run: `python benchmarks/vision/throughput.py`.

Seven cameras of 1280×960 at 36 fps are read from files: first decoded only, then watched with recording, selection and
memory. Cores are CPU seconds of this process per second of video, so that other work on the machine matters little.
Latency, from decoded picture to memory, is wall time and does suffer from it.
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
from bunraku.vision.watch import Watch


@dataclass
class Arguments:
    """Throughput of seven cameras."""

    clips: tuple[Path, ...]
    """Videos to make the load from."""
    seconds: float = 8.0
    """Length of the load; it is looped by `laps`."""
    laps: int = 1
    """How often to watch the load into one memory; 75 of 8 s are 10 minutes."""
    tokens_per_second: float = 600.0
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
    cameras: dict[str, str], memory: VisualMemory, directory: Path, origin: float, video_bytes: int = 200_000_000
) -> tuple[float, int, list[float]]:
    """CPU seconds, pictures and latencies (s) of watching every camera."""
    ring = BitstreamRing(directory / "video", video_bytes)
    watching = Watch(cameras, memory, ring)
    for reader in watching.readers.values():
        reader.origin = origin
    began = time.process_time()
    watching.start()
    watching.join()
    latencies = [value for status in watching.status.values() for value in status.latency]
    return time.process_time() - began, sum(r.decoded for r in watching.readers.values()), latencies


def resident_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main(arguments: Arguments) -> None:
    """Measure, print and write the figures."""
    if arguments.style not in STYLES:
        raise SystemExit(f"--style is one of {', '.join(STYLES)}")
    cv2.setNumThreads(1)
    cameras = make_load(list(arguments.clips), arguments.cache, arguments.seconds, arguments.style)
    decode_cpu, pictures = decode_only(cameras)
    resident, latencies, watch_cpu, watched = [], [], 0.0, 0
    with (
        tempfile.TemporaryDirectory() as folder,
        VisualMemory(Path(folder) / "memory", arguments.tokens_per_second) as memory,
    ):
        for lap in range(arguments.laps):
            cpu, count, some = watch(cameras, memory, Path(folder), lap * arguments.seconds)
            watch_cpu, watched = watch_cpu + cpu, watched + count
            latencies += some
            resident.append(resident_bytes())
        usage = memory.usage
    half_again, _ = decode_only(cameras)
    decode_cpu = (decode_cpu + half_again) / 2
    decode_cores = decode_cpu / pictures * 7 * RATE
    watch_cores = watch_cpu / watched * 7 * RATE
    settled = resident[len(resident) // 5 :]
    result = {
        "load": f"7 x 1280x960 @ {RATE} fps H.264 {arguments.style}, {arguments.seconds * arguments.laps:g} s",
        "pictures": watched,
        "decode_only_cores": round(decode_cores, 3),
        "watch_cores": round(watch_cores, 3),
        "ratio": round(watch_cores / decode_cores, 3),
        "headroom_on_2_cores": round(1 - watch_cores / 2, 3),
        "latency_ms_p50": round(float(np.percentile(latencies, 50)) * 1e3, 2),
        "latency_ms_p99": round(float(np.percentile(latencies, 99)) * 1e3, 2),
        "resident_mb_first_last": [round(settled[0] / 1e6, 1), round(settled[-1] / 1e6, 1)],
        "resident_spread": round((max(settled) - min(settled)) / float(np.mean(settled)), 3),
        "tokens": usage.tokens,
        "tokens_per_second": round(usage.tokens / (arguments.seconds * arguments.laps), 1),
        "fewer_tokens_than_a_32_px_grid": round(watched * 1200 / max(usage.tokens, 1), 1),
        "memory_mb": round(usage.bytes / 1e6, 2),
    }
    print(json.dumps(result, indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
