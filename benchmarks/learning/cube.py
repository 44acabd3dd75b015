"""The finger gaits of the hands' benchmark, played for 10 s: `python benchmarks/learning/cube.py [SEED…]`.

Each seed is one search. What a policy does is measured by `bunraku evaluate cube-rotation`.
"""

from __future__ import annotations

import sys

import numpy as np

from bunraku.cli.cube import told
from bunraku.hands import load_hand
from bunraku.hands.benchmark.gait import rotate_in_hand
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.subject import subject_from_spec
from bunraku.tasks.cube_rotation import SECONDS


def main(seeds: list[int], episodes: int = 20) -> None:
    """Measure and print."""
    kinematics = Kinematics(subject_from_spec(load_hand("h22")))
    for seed in seeds:
        found = rotate_in_hand(kinematics, "cube", episodes, seed, seconds=SECONDS)
        print(told(f"search {seed}", np.radians(found.speeds_deg), np.arange(episodes) < found.drops), flush=True)


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [0, 1])
