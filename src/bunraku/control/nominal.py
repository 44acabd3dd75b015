"""The controller's own idea of the robot: kinematics and dynamics of the nominal model at an estimated state.

It has rigid hands and no payload, so errors of mass and load are real to everything that uses it.
"""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.robot import JOINTS, SIDES, RobotSpec, build_robot

GRAVITY = 9.81

UPPER_BODY = np.arange(JOINTS.index("left_hip_yaw"))
"""Indices into `JOINTS` of waist, neck and arms (18,)."""
LEGS = np.arange(JOINTS.index("left_hip_yaw"), len(JOINTS))
"""Indices into `JOINTS` of the legs (12,), left then right."""


class NominalModel:
    """Kinematics, and on request dynamics, of the robot at one configuration and velocity.

    Attributes set by `update` (world = the frame of the configuration that was given):
        mass (36, 36) kg: joint-space inertia with armatures. bias (36,): Coriolis, gravity and joint damping, N or N·m.
        sole_position (2, 3), sole_rotation (2, 3, 3), sole_jacobian (2, 6, 36) (linear, then angular, world frame),
        sole_velocity (2, 6), sole_drift (2, 6): J̇ q̇.
    """

    def __init__(self, spec: RobotSpec, gravity: float = GRAVITY) -> None:
        """Compile the nominal model of `spec` under `gravity` (m/s², downwards)."""
        self.model = build_robot(spec, hands=False).compile()
        self.model.opt.gravity[:] = 0, 0, -gravity
        self.gravity = gravity
        self.data = mujoco.MjData(self.model)
        self.pelvis = self.model.body("pelvis").id
        self.total_mass = float(self.model.body_subtreemass[self.pelvis])
        soles = [self.model.site(f"{side}_sole") for side in SIDES]
        self._soles = [(sole.id, int(sole.bodyid[0])) for sole in soles]
        nv = self.model.nv
        self.mass = np.zeros((nv, nv))
        self.bias = np.zeros(nv)
        self.sole_position = np.zeros((2, 3))
        self.sole_rotation = np.zeros((2, 3, 3))
        self.sole_jacobian = np.zeros((2, 6, nv))
        self.sole_velocity = np.zeros((2, 6))
        self.sole_drift = np.zeros((2, 6))
        self._sole_jacobian_rate = np.zeros((2, 6, nv))
        # Views of the simulator's arrays: to fetch one anew costs a microsecond each time.
        self._com = self.data.subtree_com[self.pelvis]
        self._com_velocity = self.data.subtree_linvel[self.pelvis]
        self._angular_momentum = self.data.subtree_angmom[self.pelvis]
        first = self._soles[0][0]
        assert self._soles[1][0] == first + 1
        self._site_position = self.data.site_xpos[first : first + 2]
        self._site_rotation = self.data.site_xmat[first : first + 2].reshape(2, 3, 3)

    @property
    def com(self) -> np.ndarray:
        """Centre of mass (3,), m."""
        return self._com

    @property
    def com_velocity(self) -> np.ndarray:
        """Velocity of the centre of mass (3,), m/s; valid after `move`."""
        return self._com_velocity

    @property
    def angular_momentum(self) -> np.ndarray:
        """Angular momentum about the centre of mass (3,), N·m·s; valid after `move`."""
        return self._angular_momentum

    def place(self, configuration: np.ndarray) -> None:
        """Update positions only, from `configuration` (37,)."""
        self.data.qpos[:] = configuration
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)

    def move(self, configuration: np.ndarray, velocity: np.ndarray) -> None:
        """Update positions, velocities and momentum from `configuration` (37,) and `velocity` (36,)."""
        self.place(configuration)
        self.data.qvel[:] = velocity
        mujoco.mj_comVel(self.model, self.data)
        mujoco.mj_subtreeVel(self.model, self.data)

    def update(self, configuration: np.ndarray, velocity: np.ndarray) -> None:
        """Update everything from `configuration` (37,) and `velocity` (36,)."""
        model, data = self.model, self.data
        self.move(configuration, velocity)
        mujoco.mj_makeM(model, data)
        mujoco.mj_fullM(model, data, self.mass)
        mujoco.mj_passive(model, data)
        mujoco.mj_rne(model, data, 0, self.bias)
        self.bias -= data.qfrc_passive
        self.sole_position[:] = self._site_position
        self.sole_rotation[:] = self._site_rotation
        for i, (site, body) in enumerate(self._soles):
            jacobian, rate = self.sole_jacobian[i], self._sole_jacobian_rate[i]
            mujoco.mj_jacSite(model, data, jacobian[:3], jacobian[3:], site)
            mujoco.mj_jacDot(model, data, rate[:3], rate[3:], self.sole_position[i], body)
        np.matmul(self.sole_jacobian, velocity, out=self.sole_velocity)
        np.matmul(self._sole_jacobian_rate, velocity, out=self.sole_drift)
