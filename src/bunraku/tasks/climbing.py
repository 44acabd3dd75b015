"""Three stairs up and down, seeded: walk up to them, climb, come down backwards, stand.

The robot is given the height map of the stairs and finds its way by its own odometry; nothing tells it where it is.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bunraku.sim.field import Field, create_field, has_fallen
from bunraku.sim.relief import stairs
from bunraku.sim.robot import SimulatedRobot
from bunraku.skills.walking import HeightMap, Legs, Stance, Velocity, steer
from bunraku.tasks.walking import COMMAND_DELAY, height_map

STEPS = 3
BEFORE = 0.24
"""How far before the first riser it stops walking, m."""
TIME_LIMIT = 90.0


@dataclass(frozen=True)
class ClimbResult:
    """What came of a trial. Times in s.

    `fell_at` is None when it stayed up. `top` and `bottom` say whether both feet truly stood on the landing, and truly
    stood on the ground again. `problem` is what the robot said when it could not go on.
    """

    seed: int
    fell_at: float | None
    top: bool
    bottom: bool
    problem: str | None
    simulated: float
    cpu: float


def succeeded(row: Mapping[str, Any]) -> bool:
    """Whether the trial that a row of results tells of went up and down without a fall."""
    return row["top"] and row["bottom"] and row["fell_at"] is None


def climb_stairs(seed: int, gravity: float = 9.81) -> ClimbResult:
    """One trial: the stairs begin 0.6 to 1.2 m ahead, have treads of 28 to 32 cm and rise 15 cm each."""
    began = time.process_time()
    rng = np.random.default_rng([seed, 0xC1])
    slabs = tuple(stairs(float(rng.uniform(0.6, 1.2)), STEPS, 0.15, float(rng.uniform(0.28, 0.32))))
    aside, skew = float(rng.uniform(-0.15, 0.15)), float(rng.uniform(-0.05, 0.05))
    world = create_field(Field(gravity=gravity, slabs=slabs), seed)
    robot = SimulatedRobot(world, seed, cameras=())
    legs = Legs(robot.spec, robot.control_period, gravity)
    legs.tick(robot.observe(), Velocity())
    soles = [world.data.site(f"{side}_sole") for side in ("left", "right")]
    way = _way(legs, height_map(slabs), slabs[0].x[0] - BEFORE, aside, skew)
    waiting: deque = deque()
    problem, heights = None, []
    while world.time < TIME_LIMIT and not has_fallen(world):
        try:
            velocity = next(way)
        except StopIteration as end:
            problem = end.value
            heights.append([float(sole.xpos[2]) for sole in soles])
            break
        if velocity is None:
            heights.append([float(sole.xpos[2]) for sole in soles])
            continue
        waiting.append(legs.tick(robot.observe(), velocity))
        robot.command(waiting.popleft() if len(waiting) > COMMAND_DELAY else waiting[0])
    fell = has_fallen(world)
    height = slabs[-1].heights[1]
    return ClimbResult(
        seed=seed,
        fell_at=round(world.time, 3) if fell else None,
        top=bool(heights) and bool(np.allclose(heights[0], height, atol=0.02)),
        bottom=len(heights) > 1 and bool(np.allclose(heights[1], 0.0, atol=0.02)),
        problem=problem,
        simulated=world.time,
        cpu=time.process_time() - began,
    )


def _way(
    legs: Legs, ground: HeightMap, ahead: float, aside: float, skew: float
) -> Generator[Velocity | None, None, str | None]:
    """Velocities for every tick; None when it stands at the top; returns a problem at the end."""
    goal = Stance(ahead, aside, skew)
    while not (velocity := steer(Stance(*legs.walker.pose), goal)).is_zero or not legs.walker.is_standing:
        yield velocity
    for backward in (False, True):
        yield from _standing(1.0)
        legs.climb(ground, STEPS, 0.0, backward)
        while (climber := legs.climber) is not None:
            if climber.stuck is not None:
                return climber.stuck
            yield Velocity()
        if not backward:
            yield None
    yield from _standing(1.0)
    return None


def _standing(seconds: float) -> Iterator[Velocity]:
    for _ in range(round(seconds / 0.004)):
        yield Velocity()
