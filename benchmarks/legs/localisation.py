"""How well the robot knows where it is after a walk through two rooms, with and without looking at the floor.

`python benchmarks/legs/localisation.py [--seeds N] [--first SEED]`: from the living room to the kitchen counter and
back, 12 m; started where it is told to be, and 10 cm, 10 cm and 1.9° away from there.
"""

from __future__ import annotations

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from bunraku.control.stance import Stance, stance_of
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.skills.walking import walk_to

START = Stance(-4.4, -0.6, 1.2)
TOLD_WRONG = Stance(0.10, -0.10, 0.033)
GOALS = (Stance(), Stance(-4.6, 0.4, 3.0))
LONGEST = 60.0
"""Simulated seconds for each of the two walks."""


def errors(seed: int, looks: bool, told: Stance) -> list[tuple[float, float]]:
    """Distance (m) and angle (rad) between where it stands and where it believes to stand, after each walk."""
    world = create_world(Scene(house=True, start=(START.x, START.y, START.yaw)))
    robot = SimulatedRobot(world, seed, cameras=("head_left",))
    runtime = Runtime(robot, start=Stance(START.x + told.x, START.y + told.y, START.yaw + told.yaw), house=True)
    if not looks:
        runtime.body.localizer = None
    found = []
    for goal in GOALS:
        end = world.time + LONGEST
        runtime.run(walk_to(runtime.body, goal), lambda end=end: world.time < end)
        off = true_stance(world).inverse.then(stance_of(runtime.body.configuration))
        found.append((float(np.hypot(off.x, off.y)), abs(off.yaw)))
    robot.close()
    return found


def true_stance(world: World) -> Stance:
    """Where the pelvis really is."""
    return stance_of(np.concatenate([world.data.qpos[:7], np.zeros(30)]))


def main(seeds: int = 3, first: int = 1) -> None:
    """Walk with `seeds` seeds from `first` on, and print the mean errors."""
    table = Table(
        "start", "looks at the floor", "at the counter", "back in the living room", box=None, padding=(0, 3, 0, 0)
    )
    for name, told in (("as told", Stance()), ("14 cm, 1.9° off", TOLD_WRONG)):
        for looks in (False, True):
            runs = np.array([errors(seed, looks, told) for seed in range(first, first + seeds)])
            cells = [f"{100 * d:.1f} cm, {np.rad2deg(a):.1f}°" for d, a in runs.mean(axis=0)]
            table.add_row(name, "yes" if looks else "no", *cells)
    Console().print(table)


if __name__ == "__main__":
    tyro.cli(main)
