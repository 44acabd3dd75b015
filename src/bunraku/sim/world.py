"""The physics of one room: a scene, a robot in it, and time."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.house import ground_height
from bunraku.objects import quaternion_about_z
from bunraku.robot.interface import SIDES
from bunraku.robot.model import standing_configuration
from bunraku.robot.spec import RobotSpec
from bunraku.sim.build import build_model
from bunraku.sim.person import move_person
from bunraku.sim.scene import Scene

UNSOLVED = 0.01
"""Gradient at which the solver has failed: of 5,110 steps with a laden tray 5,108 ended below 1e-4, two wrong ones
above 0.03; the dense solver, with things thrown into each other, ends below 3e-3."""
LYING = {
    "front": [0.0, np.pi / 2, 0.0],
    "back": [0.0, -np.pi / 2, 0.0],
    "left": [-np.pi / 2, 0.0, 0.0],
    "right": [np.pi / 2, 0.0, 0.0],
}
"""How the pelvis is turned (rad about x, y, z) from upright to lying on either side."""
DROP = 0.02
"""Air (m) under a robot that is laid down, below the spheres around its parts."""


@dataclass(frozen=True)
class World:
    """One running simulation. `model` and `data` are the simulator's own: what the robot may know of them goes through
    `bunraku.sim.robot.SimulatedRobot`, what a referee may ask through `bunraku.sim.truth`.

    Between steps `data` is evaluated up to velocities at the present time (`mj_step1` has run). `scratch` is a second
    `MjData` for questions that must not disturb the first.
    """

    spec: RobotSpec
    scene: Scene
    model: mujoco.MjModel
    data: mujoco.MjData
    scratch: mujoco.MjData

    @property
    def time(self) -> float:
        """Simulated seconds since the start."""
        return self.data.time


@dataclass(frozen=True)
class Instant:
    """State (`qpos`, `qvel`) and all `sensors` of a world at one `time` (s), in memory of their own."""

    time: float
    qpos: np.ndarray
    qvel: np.ndarray
    sensors: np.ndarray


def now(world: World) -> Instant:
    """The present instant of `world`."""
    data = world.data
    return Instant(data.time, data.qpos.copy(), data.qvel.copy(), data.sensordata.copy())


def step(world: World) -> Instant:
    """Advance `world` by one time step under its present controls.

    Returns the instant before the step, for which the simulator computed its forces.

    MuJoCo 4.0.0 has an error in its sparse Cholesky factor (google-deepmind/mujoco#3767): very rarely, with things deep
    inside each other or with many contacts, the solver then ends far from the solution, and things that only touch fly
    apart. Such a step is taken again with the dense solver.
    """
    model, data = world.model, world.data
    time, qpos, qvel, activation = data.time, data.qpos.copy(), data.qvel.copy(), data.act.copy()
    mujoco.mj_step2(model, data)
    if not _is_solved(data):
        data.time, data.qpos[:], data.qvel[:], data.act[:] = time, qpos, qvel, activation
        data.qacc_warmstart[:] = 0
        model.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        mujoco.mj_step1(model, data)
        mujoco.mj_step2(model, data)
        model.opt.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
    before = Instant(time, qpos, qvel, data.sensordata.copy())
    if world.scene.person:
        for moved in (data, world.scratch):
            move_person(world.scene.person, model, moved, data.time)
    mujoco.mj_step1(model, data)
    return before


def _is_solved(data: mujoco.MjData) -> bool:
    """Whether the solver came to a small gradient in every island of the last step."""
    counts = enumerate(data.solver_niter[: max(1, data.nisland)].tolist())
    last = (island * mujoco.mjNSOLVER + count - 1 for island, count in counts if count)
    return all(data.solver[index].gradient < UNSOLVED for index in last)


def lay_down(model: mujoco.MjModel, data: mujoco.MjData, side: str) -> None:
    """Tip the robot over onto `side`, stiff as it stands, `DROP` m above the ground that it stands on."""
    turn, upright = np.empty(4), data.qpos[3:7].copy()
    mujoco.mju_euler2Quat(turn, LYING[side], "XYZ")
    ground = min(data.site(f"{side}_sole").xpos[2] for side in SIDES)
    mujoco.mju_mulQuat(data.qpos[3:7], upright, turn)
    mujoco.mj_forward(model, data)
    own = model.body_rootid[model.geom_bodyid] == model.body("pelvis").rootid
    solid = own & (model.geom_contype != 0)
    lowest = float((data.geom_xpos[solid, 2] - model.geom_rbound[solid]).min())
    data.qpos[2] += ground + DROP - lowest
    mujoco.mj_forward(model, data)


def create_world(scene: Scene, spec: RobotSpec | None = None) -> World:
    """A world at time 0, the robot in its initial posture where the scene has it, standing or laid down."""
    spec = spec or RobotSpec()
    model = build_model(spec, scene)
    data = mujoco.MjData(model)
    configuration = standing_configuration(spec)
    x, y, yaw = scene.start
    c, s = np.cos(yaw), np.sin(yaw)
    ahead, aside, height = configuration[:3]
    floor = float(ground_height(np.array(x), np.array(y))) if scene.house else 0.0
    data.qpos[:3] = [x + c * ahead - s * aside, y + s * ahead + c * aside, floor + height]
    data.qpos[3:7] = quaternion_about_z(yaw)
    for joint, angle in zip(spec.joints, configuration[7:], strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_forward(model, data)
    if scene.lying:
        lay_down(model, data, scene.lying)
    mujoco.mj_step1(model, data)
    return World(spec, scene, model, data, mujoco.MjData(model))
