"""Differential inverse kinematics: mink's tasks, put to daqp in the form that it solves fastest.

The same problem as `mink.solve_ik`, term by term, at two thirds of its cost: a limit on a single joint is a bound and
no row, costs of single joints go straight to the diagonal, and pairs that are far apart make no row at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import daqp
import mink
import mujoco
import numpy as np
from mink.tasks.task import BaseTask, Objective

DAMPING = 1e-4
"""Levenberg–Marquardt damping of all velocities."""
LIMIT_GAIN = 0.95
"""Share of the way to a joint limit that one step may go."""
EQUALITY = 5
"""daqp's mark of a row that holds exactly."""


class Continuity(BaseTask):
    """Keeps joint velocities near those of the step before: near its limits an arm else jerks the trunk about.

    `cost` (nv,) per velocity; `displacement` (nv,) is that of the step before.
    """

    def __init__(self, cost: np.ndarray) -> None:
        self.cost = cost
        self.displacement = np.zeros(len(cost))

    def compute_qp_objective(self, configuration: mink.Configuration) -> Objective:
        """½ ‖cost (Δq − displacement)‖²."""
        squared = self.cost**2
        return Objective(np.diag(squared), -squared * self.displacement)


class DifferentialSolver:
    """The limits of one model: joint ranges, joint speeds, speeds of its free base, and what may not collide."""

    def __init__(
        self,
        model: mujoco.MjModel,
        speeds: Mapping[str, float],
        base_speed: float,
        base_turning_speed: float,
        collisions: mink.CollisionAvoidanceLimit,
    ) -> None:
        """Prepare for `model`, whose first joint is free.

        Args:
            model: MuJoCo model; all joints but the first are hinges or slides.
            speeds: largest speed of every joint, rad/s or m/s.
            base_speed, base_turning_speed: the same along and about each axis of the base, m/s and rad/s.
            collisions: pairs of shapes and the distances that they keep.
        """
        nv = model.nv
        self._collisions = collisions
        self._base = int(model.jnt_bodyid[0])
        self._base_speed = base_speed
        self._speed = np.concatenate([np.full(3, np.inf), np.full(3, base_turning_speed), np.zeros(nv - 6)])
        for name, speed in speeds.items():
            self._speed[model.joint(name).dofadr[0]] = speed
        limited = np.concatenate([[False], model.jnt_limited[1:].astype(bool)])
        self._lower, self._upper = np.full(nv, -np.inf), np.full(nv, np.inf)
        self._lower[model.jnt_dofadr[limited]], self._upper[model.jnt_dofadr[limited]] = model.jnt_range[limited].T
        self._free = np.zeros(6)
        self._nv = nv

    def solve(
        self,
        configuration: mink.Configuration,
        tasks: Sequence[BaseTask],
        feet: Sequence[mink.FrameTask],
        period: float,
        *,
        within_speeds: bool = True,
        without_collisions: bool = True,
    ) -> np.ndarray:
        """The velocity (nv,) over `period` s that serves `tasks` best while `feet` are held exactly; 0 where there is
        none."""
        hessian, linear = self._objective(configuration, tasks)
        joints = np.concatenate([self._free, configuration.data.qpos[7:]])
        lower, upper = LIMIT_GAIN * (self._lower - joints), LIMIT_GAIN * (self._upper - joints)
        rows: list[np.ndarray] = []
        highs: list[np.ndarray] = []
        lows: list[np.ndarray] = []
        if within_speeds:
            lower, upper = np.maximum(lower, -period * self._speed), np.minimum(upper, period * self._speed)
            base = np.zeros((3, self._nv))
            base[:, :3] = configuration.data.xmat[self._base].reshape(3, 3).T
            rows.append(base)
            highs.append(np.full(3, period * self._base_speed))
            lows.append(-highs[-1])
        if without_collisions:
            limit = self._collisions.compute_qp_inequalities(configuration, period)
            assert limit.G is not None and limit.h is not None
            near = np.isfinite(limit.h)
            rows.append(limit.G[near])
            highs.append(limit.h[near])
            lows.append(np.full(int(near.sum()), -np.inf))
        for foot in feet:
            rows.append(foot.compute_jacobian(configuration))
            highs.append(-foot.gain * foot.compute_error(configuration))
            lows.append(highs[-1])
        high, low = np.concatenate([upper, *highs]), np.concatenate([lower, *lows])
        sense = np.zeros(len(high), np.intc)
        sense[len(high) - 6 * len(feet) :] = EQUALITY
        found, _, flag, _ = daqp.solve(hessian, linear, np.concatenate(rows), high, low, sense)
        return found / period if flag > 0 else np.zeros(self._nv)

    def _objective(self, configuration: mink.Configuration, tasks: Sequence[BaseTask]) -> tuple[np.ndarray, np.ndarray]:
        """½ Δqᵀ H Δq + cᵀ Δq of all tasks."""
        diagonal, linear = np.full(self._nv, DAMPING), np.zeros(self._nv)
        jacobians, errors = [], []
        for task in tasks:
            if isinstance(task, Continuity):
                squared = task.cost**2
                diagonal += squared
                linear -= squared * task.displacement
            elif isinstance(task, mink.PostureTask):
                squared = task.cost**2
                squared[:6] = 0.0
                diagonal += squared
                linear += squared * (task.gain * task.compute_error(configuration))
            else:
                residual = task.compute_qp_residual(configuration)
                assert residual is not None
                jacobian, error, damping = residual
                jacobians.append(jacobian)
                errors.append(error)
                diagonal += damping
        stacked = np.concatenate(jacobians)
        hessian = stacked.T @ stacked
        hessian.flat[:: self._nv + 1] += diagonal
        return hessian, linear - np.concatenate(errors) @ stacked
