"""The physics of one room: a scene, a robot in it, and time."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.robot.model import standing_configuration
from bunraku.robot.spec import RobotSpec
from bunraku.sim.build import build_model
from bunraku.sim.scene import Scene


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


def step(world: World) -> np.ndarray:
    """Advance `world` by one time step under its present controls.

    Returns a copy of all sensor values at the time before the step, when the simulator computed its forces.

    MuJoCo 4.0.0 has an error in its sparse Cholesky factor (google-deepmind/mujoco#3767): very rarely, with things deep
    inside each other, the solver then never converges. Such a step is taken again with the dense solver.
    """
    model, data = world.model, world.data
    time, qpos, qvel, activation = data.time, data.qpos.copy(), data.qvel.copy(), data.act.copy()
    mujoco.mj_step2(model, data)
    if data.solver_niter[: max(1, data.nisland)].max() >= model.opt.iterations:
        data.time, data.qpos[:], data.qvel[:], data.act[:] = time, qpos, qvel, activation
        data.qacc_warmstart[:] = 0
        model.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        mujoco.mj_step1(model, data)
        mujoco.mj_step2(model, data)
        model.opt.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
    sensors = data.sensordata.copy()
    mujoco.mj_step1(model, data)
    return sensors


def create_world(scene: Scene, spec: RobotSpec | None = None) -> World:
    """A world at time 0, the robot standing in its initial posture before the counter."""
    spec = spec or RobotSpec()
    model = build_model(spec, scene)
    data = mujoco.MjData(model)
    configuration = standing_configuration(spec)
    data.qpos[:7] = configuration[:7]
    for joint, angle in zip(spec.joints, configuration[7:], strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_forward(model, data)
    mujoco.mj_step1(model, data)
    return World(spec, scene, model, data, mujoco.MjData(model))
