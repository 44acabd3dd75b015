"""What a walk does to what the hand holds: how far each kind of thing slips, phase by phase, and what is lost.

`python benchmarks/legs/carrying.py [--kinds marker mug] [--seeds N] [--first SEED] [--json FILE]`: take the thing from
the counter, hold it level, walk through the door into the hall, hold it still. The robot is told where the thing is,
so that neither seeing nor the person's plate counts; trials that are in FILE already are not run again.
"""

from __future__ import annotations

from dataclasses import replace
from json import dumps, loads
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from bunraku.control.stance import Stance
from bunraku.runtime import Runtime
from bunraku.sim import random_scene, truth
from bunraku.sim.liquid import Drink
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.skills import Seen
from bunraku.skills.body import wait
from bunraku.skills.grasps import grip_width
from bunraku.skills.picking import pick
from bunraku.skills.placing import hold_level
from bunraku.skills.touch import holds
from bunraku.skills.walking import walk_to

PHASES = ("level", "walk", "stand")
HALL = Stance(-2.4, 0.1, 1.2)
LONGEST = 60.0
CARRIED = ("apple", "ball", "bottle", "box", "can", "cube", "marker", "mug", "small box", "sponge")
"""Kinds that fit on a plate."""


def carry(kind: str, seed: int) -> dict[str, Any]:
    """One trial: what the hand felt, and how the thing moved in it, in each phase."""
    begun = process_time()
    rng = np.random.default_rng([seed, 0xCA])
    scene = replace(random_scene(rng, (kind,)), house=True)
    world = create_world(scene)
    robot = SimulatedRobot(world, seed, cameras=())
    thing = scene.objects[0]
    drink = Drink(world, thing.name)
    runtime = Runtime(robot, house=True, on_tick=lambda observation: drink.watch())
    runtime.idle(0.3)
    body = runtime.body
    row: dict[str, Any] = {"kind": kind, "seed": seed, "kept": False, "problem": "", "phases": {}}
    seen = Seen(kind, thing.colour, truth.object_pose(world, thing.name).position, thing.yaw)
    taken = runtime.run(pick(body, seen, tries=1), lambda: world.time < LONGEST)
    row["slosh_picking_mm"] = _slosh(drink)
    if not (taken and taken.success):
        return row | {"problem": taken.reason if taken else "too late"}
    side = taken.measured["side"]
    grip = body.grips[side]
    before = in_palm(world, side, thing.name)
    for phase, skill in (
        ("level", hold_level(body, side)),
        ("walk", walk_to(body, HALL, "into the hall")),
        ("stand", wait(body, 2.0)),
    ):
        runtime.run(skill, lambda: world.time < LONGEST)
        now = in_palm(world, side, thing.name)
        turn = np.arccos(np.clip((np.trace(before[1].T @ now[1]) - 1) / 2, -1, 1))
        felt, measured = holds(body, side, grip.grasp, grip_width(kind))
        row["phases"][phase] = {
            "slosh_mm": _slosh(drink),
            "slip_mm": round(1000 * float(np.linalg.norm(now[0] - before[0])), 2),
            "turn_deg": round(float(np.rad2deg(turn)), 2),
            "tilt_deg": round(float(np.rad2deg(truth.object_pose(world, thing.name).tilt)), 1),
            "felt": felt,
            **{name: round(value, 4) for name, value in measured.items()},
        }
        before = now
    row["kept"] = f"{side}_hand" in truth.touching(world, thing.name)
    robot.close()
    return row | {
        "family": grip.grasp.family,
        "side": side,
        "cpu_s": round(process_time() - begun, 1),
    }


def _slosh(drink: Drink) -> float | None:
    """How far (mm) the drink rose since the last question; None without one."""
    if drink.liquid is None:
        return None
    risen, drink.liquid.highest = drink.liquid.highest, 0.0
    return round(1000 * min(risen, 1.0), 1)


def in_palm(world: World, side: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Position (3,) m and rotation (3, 3) of the thing in the frame of the hand."""
    import mujoco

    palm, at, rotation = world.data.body(f"{side}_hand"), truth.object_pose(world, name), np.empty(9)
    mujoco.mju_quat2Mat(rotation, at.quaternion)
    turn = palm.xmat.reshape(3, 3)
    return turn.T @ (at.position - palm.xpos), turn.T @ rotation.reshape(3, 3)


def main(
    kinds: tuple[str, ...] = CARRIED, seeds: int = 2, first: int = 0, json: Path = Path("runs/carrying.jsonl")
) -> None:
    """Carry each of `kinds` with `seeds` seeds from `first` on, and print how far it slipped at most, and what was
    spilled."""
    json.parent.mkdir(parents=True, exist_ok=True)
    rows = [loads(line) for line in json.read_text().splitlines()] if json.exists() else []
    done = {(row["kind"], row["seed"]) for row in rows}
    wanted = [(kind, seed) for kind in kinds for seed in range(first, first + seeds)]
    for kind, seed in wanted:
        if (kind, seed) not in done:
            rows.append(carry(kind, seed))
            with json.open("a") as file:
                file.write(dumps(rows[-1]) + "\n")
    heads = ("", "kept", "slip, level", "walk", "stand", "turn, walk", "slosh, mm: pick, level, walk, stand")
    table = Table(*heads, box=None, padding=(0, 3, 0, 0))
    for kind in kinds:
        mine = [row for row in rows if row["kind"] == kind and (kind, row["seed"]) in wanted and row["phases"]]
        slips = [max((row["phases"][p]["slip_mm"] for row in mine), default=0) for p in ("level", "walk", "stand")]
        turn = max((row["phases"]["walk"]["turn_deg"] for row in mine), default=0)
        slosh = [
            " ".join(f"{mm:.0f}" for mm in (row["slosh_picking_mm"], *(row["phases"][p]["slosh_mm"] for p in PHASES)))
            for row in mine
            if row["slosh_picking_mm"] is not None
        ]
        cells = [f"{sum(row['kept'] for row in mine)}/{len(mine)}", *(f"{slip:.1f} mm" for slip in slips)]
        table.add_row(kind, *cells, f"{turn:.1f}°", ", ".join(slosh))
    Console().print(table)


if __name__ == "__main__":
    tyro.cli(main)
