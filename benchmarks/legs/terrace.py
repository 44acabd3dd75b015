"""Stairs as part of a way: from the living room out to the terrace, and back again, with `walk_to` alone.

`python benchmarks/legs/terrace.py [--seeds N] [--first SEED] [--json FILE]`: by odometry and the map, without cameras.
Trials that are in FILE already are not run again.
"""

from __future__ import annotations

from json import dumps, loads
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import tyro
from rich.console import Console

from bunraku.control.stance import Stance, stance_of
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.walking import walk_to
from bunraku.statistics import wilson_interval

LONGEST = 180.0
NEAR, UPRIGHT = 0.25, 0.6
"""Distance (m) from where it should be that counts as there, and height (m) of the pelvis above its ground."""


def errand(seed: int) -> dict[str, Any]:
    """One trial: how far (m) it truly stood from both goals, and what it said."""
    begun = process_time()
    rng = np.random.default_rng([seed, 0x7E])
    start = Stance(float(rng.uniform(-5.2, -4.0)), float(rng.uniform(-1.5, 0.0)), float(rng.uniform(-3.1, 3.1)))
    goals = (
        (Stance(float(rng.uniform(-5.6, -4.0)), 2.65, float(rng.uniform(-3.1, 3.1))), 0.45),
        (Stance(float(rng.uniform(-5.2, -4.0)), float(rng.uniform(-1.5, 0.0)), float(rng.uniform(-3.1, 3.1))), 0.0),
    )
    world = create_world(Scene(house=True, start=(start.x, start.y, start.yaw)))
    robot = SimulatedRobot(world, seed, cameras=())
    runtime = Runtime(robot, start=start, house=True)
    row: dict[str, Any] = {"seed": seed, "off_m": [], "said": []}
    for goal, level in goals:

        def goes_on(level: float = level) -> bool:
            return world.time < LONGEST and world.data.body("pelvis").xpos[2] > UPRIGHT

        outcome = runtime.run(walk_to(runtime.body, goal), goes_on)
        true = stance_of(np.concatenate([world.data.qpos[:7], np.zeros(30)]))
        up = world.data.body("pelvis").xpos[2] - level > UPRIGHT
        row["said"].append(outcome.reason if outcome else "it fell or took too long")
        row["off_m"].append(round(float(np.hypot(*(true.position - goal.position))), 3) if up else 9.0)
        if not (outcome and outcome.success):
            break
    good = len(row["off_m"]) == len(goals) and max(row["off_m"]) < NEAR
    return row | {"good": good, "seconds": round(world.time, 1), "cpu_s": round(process_time() - begun, 1)}


def main(seeds: int = 4, first: int = 0, json: Path = Path("runs/terrace.jsonl")) -> None:
    """Go out and back with `seeds` seeds from `first` on."""
    console = Console(highlight=False)
    json.parent.mkdir(parents=True, exist_ok=True)
    rows = [loads(line) for line in json.read_text().splitlines()] if json.exists() else []
    wanted = range(first, first + seeds)
    for seed in wanted:
        if seed not in {row["seed"] for row in rows}:
            rows.append(errand(seed))
            with json.open("a") as file:
                file.write(dumps(rows[-1]) + "\n")
            console.print(rows[-1])
    mine = [row for row in rows if row["seed"] in wanted]
    good = sum(row["good"] for row in mine)
    low, high = wilson_interval(good, len(mine))
    console.print(f"out to the terrace and back: {good}/{len(mine)} ({100 * low:.0f} to {100 * high:.0f} %)")


if __name__ == "__main__":
    tyro.cli(main)
