"""What learning on cubes that differ brings, and a training seed: `python benchmarks/learning/cube_seeds.py FOLDER`.

Policies learned on one cube and on sixteen, three training seeds each, turn five cubes from the same places. All is
kept in FOLDER as soon as it is there; the same command again goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from bunraku.cli.cube import evaluate, learn, told

CUBES = {
    "48 mm, 60 g": {},
    "friction 0.6": {"friction": 0.6},
    "120 g": {"mass": 0.12},
    "55 mm, 90 g": {"side": 0.055, "mass": 0.09},
    "42 mm, 40 g": {"side": 0.042, "mass": 0.04},
}
EPISODES, SEED, TRAININGS = 60, 70_000, 3


def main(folder: Path) -> None:
    """Learn and turn what is missing, and print the table."""
    for cubes in (1, 16):
        for seed in range(TRAININGS):
            policy = folder / f"{cubes}-{seed}.onnx"
            if not policy.exists():
                learn(policy, cubes=cubes, seed=seed)
            for name, cube in CUBES.items():
                if not _kept(policy, name).exists():
                    evaluate(policy, EPISODES, SEED, json=_kept(policy, name), **cube)
    for name in CUBES:
        for cubes in (1, 16):
            rows = [json.loads(_kept(folder / f"{cubes}-{seed}.onnx", name).read_text()) for seed in range(TRAININGS)]
            speeds, lost = (np.array([row[key] for row in rows]) for key in ("speeds", "dropped"))
            each = ", ".join(f"{speed:.3f}" for speed in speeds.mean(1))
            print(told(f"{name}, learned on {cubes}", speeds.ravel(), lost.ravel()) + f"; training seeds {each} rad/s")


def _kept(policy: Path, name: str) -> Path:
    return policy.with_name(f"{policy.stem} {name}.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
