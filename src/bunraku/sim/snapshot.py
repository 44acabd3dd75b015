"""Where everything was at one instant: enough to draw it later."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np


@dataclass(frozen=True, eq=False)
class Snapshot:
    """MuJoCo's configuration `qpos` (nq,) and where what is moved by the clock was, `mocap` (m, 7)."""

    qpos: np.ndarray
    mocap: np.ndarray

    @classmethod
    def of(cls, data: mujoco.MjData) -> Snapshot:
        """The present instant of `data`."""
        return cls(data.qpos.copy(), np.concatenate([data.mocap_pos, data.mocap_quat], axis=1))

    def show(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Bring `data` to this instant, as far as drawing needs it."""
        data.qpos[:] = self.qpos
        data.mocap_pos[:], data.mocap_quat[:] = self.mocap[:, :3], self.mocap[:, 3:]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
