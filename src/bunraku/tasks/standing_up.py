"""Standing up, seeded: the robot lies as it fell, tangled and limp, and has to get on its feet by its own sensors."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from bunraku.robot import JOINTS, SIDES, Command, HandCommand, JointCommand
from bunraku.sim.field import Field, create_field, has_fallen
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import LYING, World
from bunraku.skills.walking import Legs, Velocity
from bunraku.tasks.walking import COMMAND_DELAY

SIDES_DOWN = ("front", "back", "left", "right")
"""What a seed's remainder by four lays it on."""
LIMP_TIME = 2.0
"""How long it drops and rolls without strength before it may begin, s."""
LIMP_DAMPING = 2.0
"""What is left of a limp joint's resistance: gears and motors turned by hand, N·m·s/rad."""
DROP = 0.25
"""Height of the pelvis from which it is dropped, m."""
STANDS = 2.0
"""How long it must stand at the end, s."""
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class StandUpResult:
    """What came of a trial. Times in s, simulated.

    `side` is what it was dropped on. `stood` says whether it truly stood for the last `STANDS` s. `problem` is what the
    robot said when it gave up. `peak_torque` (30,) N·m.
    """

    seed: int
    side: str
    stood: bool
    attempts: int
    problem: str | None
    simulated: float
    peak_torque: tuple[float, ...]
    cpu: float


def succeeded(row: Mapping[str, Any]) -> bool:
    """Whether the trial that a row of results tells of ended on its feet."""
    return bool(row["stood"])


def stand_up(seed: int, gravity: float = 9.81) -> StandUpResult:
    """One trial: dropped limp onto the side that the seed names, limbs anyhow, on a ground of friction 0.6 to 1.0."""
    began = time.process_time()
    rng = np.random.default_rng([seed, 0xD1])
    side = SIDES_DOWN[seed % len(SIDES_DOWN)]
    world = create_field(Field(gravity=gravity, friction=float(rng.uniform(0.6, 1.0))), seed)
    lay_down(world, side, rng)
    robot = SimulatedRobot(world, seed, cameras=())
    drop(robot, world)
    legs = Legs(robot.spec, robot.control_period, gravity)
    legs.get_up()
    peak = np.zeros(len(JOINTS))
    motors = np.array([world.model.actuator(name).id for name in JOINTS])
    limit, stood = world.time + TIME_LIMIT * np.sqrt(9.81 / gravity), 0.0
    waiting: deque[Command] = deque()
    attempts, problem = 1, None
    while world.time < limit and stood < STANDS and problem is None:
        waiting.append(legs.tick(robot.observe(), Velocity()))
        robot.command(waiting.popleft() if len(waiting) > COMMAND_DELAY else waiting[0])
        np.maximum(peak, np.abs(world.data.actuator_force[motors]), out=peak)
        if legs.rising is not None:
            attempts, problem = legs.rising.attempts, legs.rising.stuck
        up = legs.rising is None and not has_fallen(world)
        stood = stood + robot.control_period if up else 0.0
    return StandUpResult(
        seed=seed,
        side=side,
        stood=stood >= STANDS,
        attempts=attempts,
        problem=problem,
        simulated=world.time - LIMP_TIME,
        peak_torque=tuple(np.round(peak, 1).tolist()),
        cpu=time.process_time() - began,
    )


def lay_down(world: World, side: str, rng: np.random.Generator) -> None:
    """Put the robot above the ground with `side` down, turned by up to 25° any way, limbs anywhere in half of their
    range."""
    spec, data = world.spec, world.data
    quaternion, off, both = np.empty(4), np.empty(4), np.empty(4)
    mujoco.mju_euler2Quat(quaternion, LYING[side], "XYZ")
    axis = rng.standard_normal(3)
    mujoco.mju_axisAngle2Quat(off, axis / np.linalg.norm(axis), float(rng.uniform(-0.44, 0.44)))
    mujoco.mju_mulQuat(both, off, quaternion)
    data.qpos[2] = DROP
    data.qpos[3:7] = both
    rest = np.clip(0.0, spec.lower_limits, spec.upper_limits)
    spread = rng.uniform(0.0, 0.5, len(JOINTS)) * np.where(rng.random(len(JOINTS)) < 0.5, 1, 0)
    toward = np.where(rng.random(len(JOINTS)) < 0.5, spec.lower_limits, spec.upper_limits)
    for name, angle in zip(JOINTS, rest + spread * (toward - rest), strict=True):
        data.joint(name).qpos = angle
    mujoco.mj_forward(world.model, data)
    lowest = _lowest_point(world)
    data.qpos[2] += 0.02 - lowest
    mujoco.mj_forward(world.model, data)
    mujoco.mj_step1(world.model, data)


def drop(robot: SimulatedRobot, world: World) -> None:
    """Let it fall limp for `LIMP_TIME` s."""
    end, zero = world.time + LIMP_TIME, np.zeros(len(JOINTS))
    hands = {}
    for side in SIDES:
        reading = robot.observe().hand(side)
        hands[side] = HandCommand(reading.position.copy(), np.zeros(len(reading.tension)))
    while world.time < end:
        observation = robot.observe()
        limp = JointCommand(observation.joints.position, zero, zero, zero, np.full(len(JOINTS), LIMP_DAMPING))
        robot.command(Command(observation.time, limp, hands["left"], hands["right"]))


def _lowest_point(world: World) -> float:
    """Height of the lowest point of the robot's bounding spheres, m."""
    model, data = world.model, world.data
    solid = (model.geom_contype != 0) & (model.geom_bodyid > 0)
    return float((data.geom_xpos[solid, 2] - model.geom_rbound[solid]).min())
