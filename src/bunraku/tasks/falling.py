"""Falls, seeded: pushed over while it stands or walks; how hard head, hands and trunk meet the ground.

Three ways of falling are compared from the moment at which the robot knows that it falls: guarded, as `control.falling`
does it; limp, without any torque; stiff, holding the posture of that moment.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np

from bunraku.robot import JOINTS, Command, JointCommand, Observation, RobotSpec
from bunraku.sim.field import Field, create_field, push
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World
from bunraku.skills.walking import Legs, Velocity
from bunraku.tasks.standing_up import LIMP_DAMPING
from bunraku.tasks.walking import COMMAND_DELAY

How = Literal["guarded", "limp", "stiff"]
HOWS: tuple[How, ...] = ("guarded", "limp", "stiff")
PARTS = ("head", "hands", "trunk")
FORCE, PUSH_TIME = 450.0, 0.25
"""A push (N, s) that nobody withstands: it adds about 1.9 m/s."""
DIRECTIONS = 12
TIME_LIMIT = 8.0
STIFFNESS, DAMPING = 8.0, 400.0
"""Of a stiff fall's servos, as multiples of a joint's peak torque (1/rad) and of its armature (1/s)."""
UNGUARDED = 2.5
"""How long a limp or stiff fall is watched, s: it has hit the ground by then, and need not come to rest."""


@dataclass(frozen=True)
class FallResult:
    """What came of a fall. `side` is what it believed to fall onto, `direction` (rad) where it was pushed to.

    `force`: largest normal force (N) of the ground on head, hands together, and torso with pelvis. `speed`: how fast
    (m/s) the head moved when it first touched the ground, and the hands likewise; None where they did not. `warning`
    (s): from the first sign of the fall to the first touch of anything but feet. `still` (s): from that sign until the
    robot said that it lay still; None if it never did.
    """

    seed: int
    how: How
    direction: float
    walking: bool
    side: str | None
    force: dict[str, float]
    speed: dict[str, float | None]
    warning: float | None
    still: float | None
    cpu: float


def fall(seed: int, how: How) -> FallResult:
    """One fall: while standing for even seeds, while walking at 0.3 m/s for odd ones, pushed 30° further each time."""
    began = time.process_time()
    direction, walking = 2 * np.pi * (seed // 2 % DIRECTIONS) / DIRECTIONS, seed % 2 == 1
    world = create_field(Field(), seed)
    robot = SimulatedRobot(world, seed, cameras=())
    legs = Legs(robot.spec, robot.control_period)
    when = (2.5 if walking else 1.0) + float(np.random.default_rng([seed, 0xF1]).uniform(0, 1.0))
    impact = FORCE * np.array([np.cos(direction), np.sin(direction), 0.0])
    watch, noticed, held = _Watch(world), None, None
    still, side = None, None
    waiting: deque[Command] = deque()
    while world.time < when + TIME_LIMIT and still is None:
        now = world.time
        push(world, impact if when <= now < when + PUSH_TIME else None)
        observation = robot.observe()
        command = legs.tick(observation, Velocity(0.3) if walking and 0.3 < now < when else Velocity())
        if legs.fallen is not None:
            if noticed is None:
                noticed, held, side = now, observation, legs.fallen.split()[-1]
            if how != "guarded" and held is not None:
                command = _without_guard(robot.spec, how, command, held, observation)
            still = now - noticed if legs.lies_still else None
            if how != "guarded" and now > noticed + UNGUARDED:
                break
        waiting.append(command)
        robot.command(waiting.popleft() if len(waiting) > COMMAND_DELAY else waiting[0])
        if noticed is not None:
            watch.note()
    return FallResult(
        seed=seed,
        how=how,
        direction=float(direction),
        walking=walking,
        side=side,
        force={part: round(force, 1) for part, force in watch.force.items()},
        speed={part: None if (speed := watch.speed[part]) is None else round(speed, 3) for part in ("head", "hands")},
        warning=None if noticed is None or watch.touched is None else watch.touched - noticed,
        still=still,
        cpu=time.process_time() - began,
    )


def _without_guard(spec: RobotSpec, how: How, command: Command, held: Observation, observation: Observation) -> Command:
    zero = np.zeros(len(JOINTS))
    joints = (
        JointCommand(observation.joints.position, zero, zero, zero, np.full(len(JOINTS), LIMP_DAMPING))
        if how == "limp"
        else JointCommand(held.joints.position, zero, zero, STIFFNESS * spec.torque_limits, DAMPING * spec.armatures)
    )
    return Command(command.time, joints, command.left_hand, command.right_hand)


class _Watch:
    """The referee's notes of what touched the ground, and how hard."""

    def __init__(self, world: World) -> None:
        self._world, model = world, world.model
        self._floor = model.geom("floor").id
        self._part = [_part_of(model, geom) for geom in range(model.ngeom)]
        self._bodies = {
            "head": [model.body("head").id],
            "hands": [model.body(f"{s}_hand").id for s in ("left", "right")],
        }
        self._last = {part: world.data.xpos[ids].copy() for part, ids in self._bodies.items()}
        self._time = world.time
        self.force: dict[str, float] = {part: 0.0 for part in PARTS}
        self.speed: dict[str, float | None] = {"head": None, "hands": None}
        self.touched: float | None = None

    def note(self) -> None:
        """Look at the world as it is now; forces are computed aside, at the present state."""
        world, scratch = self._world, self._world.scratch
        for name in ("qpos", "qvel", "act", "ctrl", "qacc_warmstart"):
            getattr(scratch, name)[:] = getattr(world.data, name)
        mujoco.mj_forward(world.model, scratch)
        now, wrench = {part: 0.0 for part in PARTS}, np.zeros(6)
        for i, contact in enumerate(scratch.contact):
            if self._floor in contact.geom:
                part = self._part[contact.geom[0] if contact.geom[1] == self._floor else contact.geom[1]]
                if part and part != "feet" and self.touched is None:
                    self.touched = world.time
                if part in now:
                    mujoco.mj_contactForce(world.model, scratch, i, wrench)
                    now[part] += float(wrench[0])
        elapsed = world.time - self._time
        for part, ids in self._bodies.items():
            moved = np.linalg.norm(scratch.xpos[ids] - self._last[part], axis=1).max()
            if now[part] > 0 and self.speed[part] is None and elapsed > 0:
                self.speed[part] = float(moved / elapsed)
            self._last[part] = scratch.xpos[ids].copy()
        self._time = world.time
        for part, force in now.items():
            self.force[part] = max(self.force[part], force)


def _part_of(model: mujoco.MjModel, geom: int) -> str:
    """The part of the body that `geom` belongs to: one of `PARTS`, "feet", "limbs", or "" for the world."""
    body = int(model.geom_bodyid[geom])
    if body == 0:
        return ""
    name = model.body(body).name
    while body:
        if model.body(body).name in ("left_hand", "right_hand"):
            return "hands"
        body = int(model.body_parentid[body])
    if name == "head":
        return "head"
    if name in ("torso", "pelvis"):
        return "trunk"
    return "feet" if name.endswith("sole") else "limbs"
