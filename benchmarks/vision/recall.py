"""How long does a full memory take to answer? `python -m benchmarks.vision.recall --memory full --clips …`.

Given clips are watched, looped and shifted so that each camera sees something else, until the memory has thinned its
past. Then it is asked by colour, by the example of what some camera showed at some time, by region and by label. CPU
time is of this process, so that other work on the machine matters little. With `--memory` the memory is kept in that
folder, and asked again when it is there.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro
from benchmarks.vision.videos import pictures

from bunraku.errors import UserError
from bunraku.vision.colours import COLOUR_NAMES
from bunraku.vision.frame import frame_from_video
from bunraku.vision.memory import VisualMemory
from bunraku.vision.query import Query
from bunraku.vision.store import Label

CAMERAS = 7
RATE = 9
"""Pictures per second of each camera."""
FULL = "full"
"""The file that says that a memory was filled to the end."""
EXAMPLE = 112
"""Pixels of the side of an example."""


@dataclass
class Arguments:
    """Recall from a full memory."""

    clips: tuple[Path, ...] = ()
    """Videos; the cameras take turns in using them."""
    memory: Path | None = None
    """Where the memory is kept; by default it is thrown away."""
    tokens_per_second: float = 6000.0
    """High, so that the memory fills soon."""
    max_tokens: int = 200_000
    max_bytes: int = 64_000_000
    overfill: float = 1.5
    """Tokens to keep in all, as multiples of the cap."""
    queries: int = 40
    seed: int = 0
    out: Path = Path("recall.json")


def fill(memory: VisualMemory, arguments: Arguments) -> None:
    """Watch until enough was kept."""
    if not arguments.clips:
        raise UserError("a memory is filled from videos: name some with --clips.")
    streams = [pictures(arguments.clips[n % len(arguments.clips)], RATE, again=True) for n in range(CAMERAS)]
    for number, stream in enumerate(streams):
        for _ in range(11 * number):
            next(stream)
    now, step, reported = 0.0, 0, 0
    while memory.store.next_id < arguments.overfill * arguments.max_tokens:
        now, step = step / RATE, step + 1
        for number, stream in enumerate(streams):
            memory.observe(frame_from_video(f"camera{number}", now, next(stream)))
            if step % RATE == number:
                memory.label(Label(now, f"camera{number}", ("mug", "hand", "box")[step % 3], 0.8, (200, 150, 330, 290)))
        if memory.store.next_id > reported + 30_000:
            reported = memory.store.next_id
            print(f"{now:.0f} s: {reported} kept, {memory.usage}", flush=True)
    memory.flush()


def queries(memory: VisualMemory, end: float, arguments: Arguments) -> Iterator[tuple[str, Query]]:
    """Kinds of query, and queries."""
    rng = np.random.default_rng(arguments.seed)
    for number in range(arguments.queries):
        camera = f"camera{rng.integers(CAMERAS)}"
        yield "colour", Query(colour=COLOUR_NAMES[number % len(COLOUR_NAMES)])
        image = memory.reconstruct(camera, float(rng.uniform(0, end))).image
        y, x = (int(rng.integers(side - EXAMPLE)) for side in image.shape[:2])
        yield "example", Query(example=image[y : y + EXAMPLE, x : x + EXAMPLE].copy())
        yield "region and time", Query(camera=camera, region=(x, y, x + 200, y + 200), since=end / 2)
        yield "label", Query(label=("mug", "hand", "box")[number % 3], colour=("red", None, "purple")[number % 3])


def main(arguments: Arguments) -> None:
    """Fill, ask, print and write."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = arguments.memory or Path(folder) / "m"
        if not (directory / FULL).exists():
            limits = arguments.tokens_per_second, arguments.max_bytes, arguments.max_tokens
            with VisualMemory(directory, *limits) as memory:
                fill(memory, arguments)
            (directory / FULL).touch()
        memory = VisualMemory(directory, read_only=True)
        end = max(memory.store.last_seen.values())
        taken: dict[str, list[tuple[float, float, int]]] = {}
        for kind, query in queries(memory, end, arguments):
            cpu, wall = time.process_time(), time.perf_counter()
            found = len(memory.recall(query).sightings)
            taken.setdefault(kind, []).append((time.process_time() - cpu, time.perf_counter() - wall, found))
        usage = memory.usage
    result: dict[str, object] = {
        "tokens": usage.tokens,
        "megabytes": round(usage.bytes / 1e6, 1),
        "seconds_of_video": round(end),
        "queries_of_each_kind": arguments.queries,
    }
    statistics: dict[str, Callable[[np.ndarray], np.floating]] = {
        "median": np.median,
        "p95": lambda values: np.percentile(values, 95),
        "max": np.max,
    }
    for kind, values in taken.items():
        cpu, wall, found = np.array(values).T
        result[kind] = {
            "cpu_ms": {name: round(float(f(cpu)) * 1e3, 1) for name, f in statistics.items()},
            "wall_ms_median": round(float(np.median(wall)) * 1e3, 1),
            "answered": int((found > 0).sum()),
        }
    print(json.dumps(result, indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
