"""Does the mind delay the control loop? A 100 Hz loop beside a mind that hears 20 turns a second: how late is it?

    python benchmarks/mind/load.py

Prints how late ticks are (ms) without a mind and with one, in the same process.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import tyro

from bunraku.mind.rules import RuleMind

PERIOD = 0.01
TURNS = 20
"""Turns a second: many more than a person can take."""
TEXTS = (
    "pick up the blue box and then put it beside the bowl",
    "throw the mug out of the window",
    "青い箱を取って、それからボウルの横に置いてください",
    "マグを取っていると想像して",
)


def main(seconds: float = 10.0) -> None:
    """Measure lateness.

    Args:
        seconds: length of each of the two runs.
    """
    mind = RuleMind()
    for text in TEXTS:
        mind.plan(text)
    over = threading.Event()

    def think() -> None:
        while not over.is_set():
            for text in TEXTS:
                mind.plan(text)
                time.sleep(1 / TURNS)

    for name, busy in (("no mind", False), ("busy mind", True)):
        over.clear()
        thread = threading.Thread(target=think, daemon=True)
        if busy:
            thread.start()
        late = 1000 * lateness(seconds)
        over.set()
        print(
            f"{name:10} median {np.median(late):.2f} ms, p99 {np.quantile(late, 0.99):.2f} ms, "
            f"max {late.max():.2f} ms; later than one tick: {np.mean(late > 1000 * PERIOD):.2%} of {len(late)}"
        )


def lateness(seconds: float) -> np.ndarray:
    """How late (s) each tick of a loop with `PERIOD` begins, with 1 ms of work in it."""
    late = []
    due = time.perf_counter()
    end = due + seconds
    while due < end:
        due = max(due + PERIOD, time.perf_counter())  # a missed tick is not made up for
        time.sleep(max(0.0, due - time.perf_counter()))
        late.append(time.perf_counter() - due)
        busy_until = time.perf_counter() + 0.001
        while time.perf_counter() < busy_until:
            pass
    return np.array(late)


if __name__ == "__main__":
    tyro.cli(main)
