"""How collecting grows with workers: `python benchmarks/learning/scaling.py [EPISODES] [TASK]`.

The same seeds are collected with one worker and with two, on a Ray cluster that is started here and in processes of our
own. Wall-clock times include starting everything; run it on a machine that does nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bunraku.learning.lerobot import RECORDED


def collect(task: str, episodes: int, workers: int, ray: bool) -> float:
    """Seconds that collecting takes by the clock."""
    with tempfile.TemporaryDirectory(prefix="bunraku-scaling-") as place:
        command = [sys.executable, "-m", "bunraku", "collect", task, "--out", place, "--seed", "0"]
        command += ["--episodes", str(episodes), "--workers", str(workers), *(["--ray", "local"] if ray else [])]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
        took = time.perf_counter() - began
        kept = len(list((Path(place) / RECORDED / task).glob("*/outcome.json")))
        if kept != episodes:
            raise SystemExit(f"{kept} episodes were kept instead of {episodes}")
    return took


def main(episodes: int, task: str) -> None:
    """Measure and print."""
    for ray in (True, False):
        name, alone = "Ray" if ray else "processes", 0.0
        for workers in (1, 2):
            took = collect(task, episodes, workers, ray)
            alone = alone or took
            rate = 60 * episodes / took
            print(f"{name}, {workers}: {took:.0f} s, {rate:.1f} episodes a minute, {alone / took:.2f} ×", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24, sys.argv[2] if len(sys.argv) > 2 else "pick-up")
