"""What the simulator costs, in CPU time: `python benchmarks/sim/speed.py [--seed N] [--seconds S]`.

CPU time counts all cores together, so it says how fast one core would be and hardly depends on what else runs.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import mujoco
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from bunraku.hands import load_hand, tension_limits
from bunraku.robot.interface import CAMERAS, JOINTS, Command, HandCommand, JointCommand
from bunraku.robot.model import standing_configuration
from bunraku.robot.spec import RobotSpec
from bunraku.sim.darkroom import develop
from bunraku.sim.render import CameraRenderer, ViewRenderer
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import random_scene
from bunraku.sim.video import Film
from bunraku.sim.world import World, create_world, step


def stand(spec: RobotSpec) -> Command:
    """Hold the standing posture with the hands open."""
    hand, nothing = load_hand(spec.hand), np.zeros(len(JOINTS))
    strong = spec.torque_limits > 100
    damping = np.where(strong, 0.4, 0.03) * spec.torque_limits
    joints = JointCommand(standing_configuration(spec)[7:], nothing, nothing, 10 * spec.torque_limits, damping)
    open_hand = HandCommand(np.zeros(len(hand.joint_names)), tension_limits(hand))
    return Command(0.0, joints, open_hand, open_hand)


def physics(world: World, seconds: float) -> float:
    """CPU seconds per simulated second of `mj_step` alone, the robot standing under its last controls."""
    steps = round(seconds / world.model.opt.timestep)
    began = process_time()
    for _ in range(steps):
        step(world)
    return (process_time() - began) / seconds


def robot(
    world: World, cameras: tuple[str, ...], seconds: float, looked_at: bool = False, film: Film | None = None
) -> float:
    """CPU seconds per simulated second of the simulated robot: drives, sensors, cameras, of which perhaps every frame
    is looked at, and perhaps a film."""
    simulated, command = SimulatedRobot(world, cameras=cameras), stand(world.spec)
    began = process_time()
    while world.time < seconds:
        simulated.command(command)
        if looked_at:
            develop(simulated.observe().frames)
        if film is not None:
            film.record(simulated.observe(), "hold still")
    cost = (process_time() - began) / world.time
    simulated.close()
    return cost


def pictures(world: World, repetitions: int = 5) -> dict[str, float]:
    """CPU milliseconds of one picture of each camera, and of a view from outside."""
    costs = {}
    for name in (*CAMERAS, "outside, 1280 × 800"):
        renderer = ViewRenderer(world.model, 1280, 800) if name not in CAMERAS else CameraRenderer(world.model)
        arguments = (world.data, name) if name in CAMERAS else (world.data,)
        renderer.render(*arguments)
        began = process_time()
        for _ in range(repetitions):
            renderer.render(*arguments)
        costs[name] = 1e3 * (process_time() - began) / repetitions
        renderer.close()
    return costs


def main(seed: int = 0, seconds: float = 2.0) -> None:
    """Print the costs for the scene of `seed` over `seconds` of simulated time."""
    spec = RobotSpec()
    scene = random_scene(np.random.default_rng(seed), count=6)

    def fresh() -> World:
        return create_world(scene, spec)

    rows = []
    with TemporaryDirectory() as folder:
        world = fresh()
        robot(world, (), 0.5)
        rows.append(("physics alone", physics(world, min(seconds, 0.5))))
        rows.append(("+ drives and sensors", robot(fresh(), (), seconds)))
        rows.append(("+ seven cameras at 5 Hz", robot(fresh(), CAMERAS, seconds)))
        rows.append(("+ every frame looked at", robot(fresh(), CAMERAS, seconds, looked_at=True)))
        world = fresh()
        film = Film(world, Path(folder) / "film.mp4")
        rows.append(("+ film at 10 Hz", robot(world, CAMERAS, seconds, film=film)))
        film.close()
    table = Table("what runs", "CPU s per simulated s", "× real time on one core", box=None, padding=(0, 2, 0, 0))
    for name, cost in rows:
        table.add_row(name, f"{cost:.3f}", f"{1 / cost:.1f}")
    shown = Table("picture", "CPU ms", box=None, padding=(0, 2, 0, 0))
    costs = pictures(fresh())
    for name, cost in costs.items():
        shown.add_row(name, f"{cost:.1f}")
    shown.add_row("all seven cameras", f"{sum(costs[name] for name in CAMERAS):.1f}")
    console = Console()
    console.print(f"MuJoCo {mujoco.__version__}, scene of seed {seed}, {world.model.nv} degrees of freedom\n")
    console.print(table)
    console.print()
    console.print(shown)


if __name__ == "__main__":
    tyro.cli(main)
