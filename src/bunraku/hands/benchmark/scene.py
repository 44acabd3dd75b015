"""A hand and one free object, many copies at once: what the dynamic tests step."""

from __future__ import annotations

import mujoco
import numpy as np
from mujoco.batch import Batch
from scipy.spatial.transform import Rotation

from bunraku.hands.benchmark.fit import Fit
from bunraku.hands.benchmark.kinematics import Kinematics

TIMESTEP = 0.004
"""s; halving it changes no verdict."""
CHUNK = 5
"""Simulation steps between two commands."""
OBJECT_FRICTION = 0.5
"""Of the object with anything but a hand, whose own friction takes precedence."""


class HandAndObject:
    """`count` copies of a hand at `posture` with the object of `fit` at its fitted pose plus noise.

    The arrays `qpos`, `qvel`, `ctrl`, `force`, `xpos` and `xmat` are live, one row per copy; `dof` is the first of the
    object's six velocities and `object` its body.
    """

    def __init__(
        self,
        kinematics: Kinematics,
        fit: Fit,
        posture: np.ndarray,
        count: int,
        rng: np.random.Generator,
        noise: tuple[float, float],
        threads: int = 1,
    ) -> None:
        spec = kinematics.subject.make()
        body = spec.worldbody.add_body(name="object")
        body.add_freejoint(name="object")
        body.add_geom(name="object", friction=[OBJECT_FRICTION, 0.004, 0.0001], condim=4, **fit.grasp.shape.geom())
        spec.option.timestep, spec.option.gravity = TIMESTEP, [0, 0, 0]
        self.model = spec.compile()
        self.object = self.model.body("object").id
        free = self.model.joint("object")
        start, self.dof = int(free.qposadr[0]), int(free.dofadr[0])
        self.hand = [a for a in range(self.model.nq) if not start <= a < start + 7]
        self.batch = Batch(self.model, nsim=count, nthread=threads)
        names = ("qpos", "qvel", "ctrl", "actuator_force", "xpos", "xmat")
        self.qpos, self.qvel, self.ctrl, self.force, self.xpos, self.xmat = (self.batch.bind(name) for name in names)
        self.gravity, self.damping = self.batch.expand("opt.gravity"), self.batch.expand("dof_damping")
        self.qpos[:, self.hand], self.qvel[:] = posture, 0
        self.qpos[:, start : start + 3] = fit.position + rng.normal(0, noise[0], (count, 3))
        turns = Rotation.from_rotvec(rng.normal(0, noise[1], (count, 3))) * Rotation.from_matrix(fit.rotation)
        self.qpos[:, start + 3 : start + 7] = turns.as_quat(scalar_first=True)

    def lengths(self, posture: np.ndarray) -> np.ndarray:
        """Actuator lengths (m,) at a hand posture (n,)."""
        data = mujoco.MjData(self.model)
        data.qpos[self.hand] = posture
        mujoco.mj_forward(self.model, data)
        return data.actuator_length.copy()

    def step(self, steps: int) -> None:
        """Advance all copies."""
        self.batch.step(nstep=steps)
