"""How far a drink rises in a cup that walks along, with the arm still in the trunk's frame and with the arm steadied.

`python benchmarks/legs/cup.py [--seed N]`: the robot walks 2.1 m straight ahead, then 0.6 m with two quarter turns. The
cup is imagined: fixed to the palm, 6 cm before it, upright when the walk begins; no fingers give way, nothing is seen.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

import bunraku.runtime
from bunraku.control.stance import Stance
from bunraku.robot import JOINTS
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.liquid import CUPS, Cup, Liquid
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.skills import attending
from bunraku.skills.body import wait
from bunraku.skills.moving import move_body
from bunraku.skills.walking import walk_to

START = Stance(-4.5, -1.5, np.pi / 2)
WALKS = {"straight ahead": Stance(-4.5, 0.6, np.pi / 2), "turning": Stance(-4.0, 0.6, -2.0)}
SIDE, POINT = "right", np.array([0.02, 0.0, 0.06])
"""The hand, and the cup's middle in the palm's frame, m."""
HOLDING = {"right_shoulder_pitch": 10.0, "right_elbow": 95.0, "right_shoulder_roll": 8.0}
"""Joint angles (degrees) that hold it before the body."""
LONGEST = 60.0


class Imagined:
    """A cup of drink that moves with the palm, upright as the palm is now."""

    def __init__(self, world: World) -> None:
        self._world, self._site = world, world.model.site(f"{SIDE}_palm").id
        self._liquid = Liquid(Cup(*CUPS["mug"]))
        self._upright, (self._before, self._time) = self._pose()[1].T, (self._pose()[0], world.time)
        self.rises: list[float] = []

    def watch(self) -> None:
        """Take in how the palm moves now."""
        passed = self._world.time - self._time
        if passed <= 0:
            return
        position, rotation = self._pose()
        self._liquid.move(rotation @ self._upright, (position - self._before) / passed, passed)
        self._before, self._time = position, self._world.time
        self.rises.append(1000 * self._liquid.cup.radius * float(np.hypot(*self._liquid.slope)))

    def _pose(self) -> tuple[np.ndarray, np.ndarray]:
        rotation = self._world.data.site_xmat[self._site].reshape(3, 3).copy()
        return self._world.data.site_xpos[self._site] + rotation @ POINT, rotation


def walk(seed: int, steady: bool) -> dict[str, list[float]]:
    """The rises (mm) at every control tick of each walk."""
    world = create_world(Scene(house=True, start=(START.x, START.y, START.yaw)))
    robot = SimulatedRobot(world, seed, cameras=())
    cups: list[Imagined] = []
    runtime = Runtime(robot, on_tick=lambda observation: [cup.watch() for cup in cups], start=START, house=True)
    body, found = runtime.body, {}
    goal = body.reference.copy()
    for name, degrees in HOLDING.items():
        goal[7 + JOINTS.index(name)] = np.deg2rad(degrees)
    runtime.run(move_body(body, goal))
    runtime.idle(0.5)
    held: Any = SimpleNamespace(seen=SimpleNamespace(kind="mug" if steady else "can", name="cup"), position=POINT)
    body.grips[SIDE] = held
    for name, place in WALKS.items():
        cups[:] = [Imagined(world)]
        runtime.run(walk_to(body, place), lambda: world.time < LONGEST)
        runtime.run(wait(body, 1.0))
        found[name] = cups[0].rises
    robot.close()
    return found


def main(seed: int = 0) -> None:
    """Walk with and without the steadied arm, and print how far the drink rose at the wall."""
    attending._lost = lambda body, felt_nothing: None  # an imagined cup is not felt
    assert "mug" in bunraku.runtime.SPILLS
    table = Table("arm", *(f"{name}: most, 95 %" for name in WALKS), box=None, padding=(0, 3, 0, 0))
    for steady in (False, True):
        cells = [f"{max(rises):.1f}, {np.percentile(rises, 95):.1f} mm" for rises in walk(seed, steady).values()]
        table.add_row("steadied" if steady else "still", *cells)
    Console().print(table)


if __name__ == "__main__":
    tyro.cli(main)
