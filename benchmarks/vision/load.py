"""The load of the throughput benchmark: seven cameras of 1280×960 at 36 fps, H.264, made once from other videos.

No public recording of seven such cameras is known to us, so given clips are scaled, looped and retimed, and encoded
once, ahead of the measurement. `low-delay` is what cameras send (no B-frames); `offline` is x264's usual file.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import cycle
from pathlib import Path

import av
from benchmarks.vision.videos import pictures

WIDTH, HEIGHT, RATE = 1280, 960, 36
BIT_RATE = 3_000_000
STYLES = {
    "low-delay": {"preset": "veryfast", "tune": "zerolatency", "g": "72"},
    "offline": {"preset": "veryfast", "g": "72"},
}


def make_load(clips: list[Path], cache: Path, seconds: float, style: str, rate: int = RATE) -> dict[str, str]:
    """Camera names and files of seven cameras, encoded into `cache` unless they are there."""
    cache.mkdir(parents=True, exist_ok=True)
    cameras = {}
    for number, clip in zip(range(7), cycle(clips), strict=False):
        path = cache / f"{style}-{seconds:g}s-{number}-{clip.stem}{'' if rate == RATE else f'-{rate}fps'}.mp4"
        if not path.exists():
            print(f"encoding {path.name}", flush=True)
            _encode(clip, path, round(seconds * rate), STYLES[style], rate)
        cameras[f"camera{number}"] = str(path)
    return cameras


def _encode(clip: Path, path: Path, count: int, options: dict[str, str], rate: int) -> None:
    partial = path.with_suffix(".part.mp4")
    with av.open(str(partial), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={**options, "threads": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", BIT_RATE
        for number, picture in zip(range(count), pictures(clip, again=True), strict=False):
            frame = picture.reformat(WIDTH, HEIGHT, "yuv420p")
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, rate), 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    partial.rename(path)
