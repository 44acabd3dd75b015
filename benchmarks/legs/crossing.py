"""How near the robot comes to somebody who crosses its way, with and without minding people.

`python benchmarks/legs/crossing.py [--seeds N] [--first SEED] [--json FILE]`: it walks 3.3 m through the living room;
a person comes from the left, or from the right through the door of the hall, at 0.4 to 0.8 m/s, timed so that both
would meet within 0.4 s, and gives way to nobody. Trials that are in FILE already are not run again.
"""

from __future__ import annotations

from json import dumps, loads
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from bunraku.control.stance import Stance, stance_of
from bunraku.runtime import Runtime
from bunraku.sim import Scene, truth
from bunraku.sim.person import Person
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.walking import walk_to

START, GOAL = Stance(-4.6, -2.3, np.pi / 2), Stance(-4.6, 1.0, np.pi / 2)
CROSSES = 0.5
"""Where (y, m) the person's way crosses the robot's."""
LONGEST, UPRIGHT = 30.0, 0.6
WAYS = {
    "left": ((-6.6, CROSSES), (-3.6, CROSSES)),
    "right": ((-2.3, 0.75), (-3.1, 0.75), (-3.6, CROSSES), (-6.6, CROSSES)),
}


def crossing(seed: int, side: str, minds: bool) -> dict[str, Any]:
    """One trial: the least distance (m) between the middles of both, what was touched, and how it ended."""
    rng = np.random.default_rng([seed, 0xC5, side == "left"])
    speed, jitter = float(rng.uniform(0.4, 0.8)), float(rng.uniform(-0.4, 0.4))
    meeting = 1.5 + (CROSSES - START.y) / 0.45 + jitter
    way = WAYS[side]
    to_line = Person(way).length - abs(way[-1][0] - START.x)
    person = Person(way, speed=speed, departs=max(0.0, meeting - to_line / speed))
    world = create_world(Scene(house=True, person=person, start=(START.x, START.y, START.yaw)))
    robot = SimulatedRobot(world, seed, cameras=("head_left", "head_right"))
    found = {"least_m": np.inf, "touched": False, "fell": False}

    def tick(observation) -> None:
        here = world.data.body("pelvis").xpos[:2]
        found["least_m"] = min(found["least_m"], float(np.hypot(*(here - person.at(world.time)[:2]))))
        if found["least_m"] < 0.7:
            found["touched"] |= truth.touches_person(world)

    runtime = Runtime(robot, on_tick=tick, start=START, house=True)

    def goes_on() -> bool:
        if not minds:
            runtime.body.tracks = []
        return world.time < LONGEST and world.data.body("pelvis").xpos[2] > UPRIGHT

    outcome = runtime.run(walk_to(runtime.body, GOAL), goes_on)
    off = stance_of(np.concatenate([world.data.qpos[:7], np.zeros(30)]))
    found["fell"] = bool(world.data.body("pelvis").xpos[2] < UPRIGHT)
    robot.close()
    arrived = bool(outcome and outcome.success and np.hypot(*(off.position - GOAL.position)) < 0.2)
    return {"seed": seed, "side": side, "minds": minds, **found, "arrived": arrived, "seconds": round(world.time, 2)}


def main(seeds: int = 6, first: int = 0, json: Path = Path("runs/crossing.jsonl")) -> None:
    """Cross with `seeds` seeds from `first` on, from either side, and print how near they came."""
    json.parent.mkdir(parents=True, exist_ok=True)
    rows = [loads(line) for line in json.read_text().splitlines()] if json.exists() else []
    done = {(row["seed"], row["side"], row["minds"]) for row in rows}
    wanted = [(seed, side, minds) for minds in (True, False) for seed in range(first, first + seeds) for side in WAYS]
    for trial in wanted:
        if trial not in done:
            rows.append(crossing(*trial))
            with json.open("a") as file:
                file.write(dumps(rows[-1]) + "\n")
    table = Table("minds people", "touched", "nearest, least", "median", "arrived", box=None, padding=(0, 3, 0, 0))
    for minds in (True, False):
        mine = [row for row in rows if (row["seed"], row["side"], row["minds"]) in wanted and row["minds"] == minds]
        near = [row["least_m"] for row in mine]
        counts = [f"{sum(row[what] for row in mine)}/{len(mine)}" for what in ("touched", "arrived")]
        table.add_row("yes" if minds else "no", counts[0], f"{min(near):.2f} m", f"{np.median(near):.2f} m", counts[1])
    Console().print(table)


if __name__ == "__main__":
    tyro.cli(main)
