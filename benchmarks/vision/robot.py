"""What the visual memory costs the robot: `python -m benchmarks.vision.robot`.

First an episode of `bunraku run`: the share of its CPU time that goes into drawing pictures for the memory alone, into
handing them over in the loop that controls the robot, and into remembering them beside it. Then the loop of
`benchmarks/mind/load.py`: how long a tick is held up while seven cameras are remembered at the rate of an episode, and
while the memory is asked for things without a pause.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tyro
from benchmarks.mind.load import TICK, held_up

import bunraku.skills.recollection as recollection
import bunraku.tasks.pick_place as pick_place
from bunraku.skills.recollection import Recollection
from bunraku.vision import Label, Query, VisualMemory

ASKED = ("red mug", "blue thing", "bowl", "small green thing", "yellow banana")


@dataclass
class Arguments:
    """What the visual memory costs the robot."""

    seed: int = 0
    """Of the episode."""
    ticks: int = 1000
    """Of the loop, for each kind of work beside it."""
    out: Path = Path("robot.json")


class Measured(Recollection):
    """A recollection that knows what it cost: CPU seconds by what they were spent on."""

    spent: ClassVar[dict[str, float]] = {}
    pictures = 0

    def note(self, observation: Any, eyes: Any) -> None:
        """Note, and count."""
        began = time.thread_time()
        super().note(observation, eyes)
        self._count("noting in the loop", began)

    def _look(self, frame: Any, eyes: Any) -> None:
        drawn, began = "image" in vars(frame), time.thread_time()
        assert frame.image is not None
        if not drawn:
            self._count("drawing", began)
            self._count("noting in the loop", began, -1)
        Measured.pictures += 1
        super()._look(frame, eyes)

    def close(self) -> None:
        """Close, and count what the thread of its own has spent."""
        self.spent["remembering"] = self._thread.submit(time.thread_time).result()
        super().close()

    def _count(self, name: str, began: float, sign: int = 1) -> None:
        self.spent[name] = self.spent.get(name, 0.0) + sign * (time.thread_time() - began)


def episode(seed: int, out: Path) -> dict[str, object]:
    """Run one and tell its shares."""
    Measured.spent, Measured.pictures = {}, 0
    pick_place.Recollection = Measured  # type: ignore[misc]
    began = time.process_time()
    result = pick_place.run("pick-place", seed, None, out, False, lambda progress: None)
    cpu = time.process_time() - began
    return {
        "seed": seed,
        "outcome": result.outcome,
        "cpu_seconds": round(cpu, 1),
        "pictures": Measured.pictures,
        "share_of_cpu": {name: round(seconds / cpu, 4) for name, seconds in Measured.spent.items()},
        "share_in_all": round(sum(Measured.spent.values()) / cpu, 4),
    }


def beside(work: Callable[[], object], pause: float) -> Callable[[threading.Event, threading.Event], None]:
    """`work` again and again, `pause` seconds apart, beside the loop."""

    def load(warm: threading.Event, over: threading.Event) -> None:
        work()
        warm.set()
        while not over.wait(pause):
            work()

    return load


def main(arguments: Arguments) -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as name:
        shares = episode(arguments.seed, Path(name))
        print(json.dumps(shares), flush=True)
        with VisualMemory(Path(name) / "memory", recollection.TOKENS_PER_SECOND, recollection.MAX_BYTES) as memory:
            pictures = {camera: memory.reconstruct(camera, np.inf).image for camera in _cameras(memory)}
            start, rng, count = time.monotonic() + 1000, np.random.default_rng(0), iter(range(10**9))

            def remember() -> None:
                now = time.monotonic() - start + 2000
                for camera, image in pictures.items():
                    shifted = np.roll(image, int(rng.integers(-40, 40)), axis=1)
                    memory.observe_image(camera, now, shifted)
                memory.label(Label(now, next(iter(pictures)), "red mug", 0.9, (10, 10, 60, 60)))

            def ask() -> None:
                memory.recall(Query.from_words(ASKED[next(count) % len(ASKED)]), 1)

            works = {
                "nothing": beside(lambda: None, 1.0),
                "remembering": beside(remember, 0.4),
                "asking": beside(ask, 0),
            }
            held = {name: held_up(work, arguments.ticks) for name, work in works.items()}
    result = {"episode": shares, "ticks": {name: _summary(values) for name, values in held.items()}}
    print(json.dumps(result["ticks"], indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _cameras(memory: VisualMemory) -> list[str]:
    return sorted({channel.camera for channel in memory.store.channels.values()})


def _summary(held: np.ndarray) -> dict[str, float]:
    return {
        "held_up_ms_median": round(1e3 * float(np.median(held)), 2),
        "held_up_ms_p99": round(1e3 * float(np.percentile(held, 99)), 2),
        "held_up_ms_worst": round(1e3 * float(held.max()), 2),
        "by_more_than_a_tick": int((held > TICK).sum()),
        "ticks": len(held),
    }


if __name__ == "__main__":
    main(tyro.cli(Arguments))
