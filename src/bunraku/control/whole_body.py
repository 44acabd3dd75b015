"""The robot on its feet: from a whole-body goal to joint torques and servo targets, at every control tick."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.control.estimator import BodyState, Estimator
from bunraku.control.goal import BodyGoal
from bunraku.control.inverse_dynamics import FREE, Contact, InverseDynamics, Solution, Tasks, Weights
from bunraku.control.limits import clamp
from bunraku.control.nominal import GRAVITY, LEGS, UPPER_BODY, NominalModel
from bunraku.robot import JointCommand, Observation, RobotSpec
from bunraku.robot.model import SOLE_SIZE

_ARM_STIFFNESS = (900.0, 900.0, 500.0, 600.0, 150.0, 80.0, 80.0)


@dataclass(frozen=True)
class Gains:
    """Feedback gains, 1/s² and 1/s, of the tasks; servo gains, N·m/rad and N·m·s/rad, of the joints."""

    com: tuple[float, float] = (40.0, 14.0)
    com_height: tuple[float, float] = (60.0, 14.0)
    pelvis: tuple[float, float] = (150.0, 24.0)
    integral: tuple[float, float] = (50.0, 300.0)
    """1/s³, of centre of mass and pelvis: what a load that the model does not know does to them fades in a second."""
    sole: float = 20.0
    """Damping of a planted foot's residual velocity, 1/s."""
    momentum: float = 3.0
    servo_stiffness: tuple[float, ...] = (900.0, 1500.0, 40.0, 40.0, *_ARM_STIFFNESS, *_ARM_STIFFNESS)
    servo_damping_ratio: float = 0.9
    """Damping of the servos follows the inertia that the joint has in the present posture."""
    servo_integral: float = 2.5
    """1/s: rate, as a share of the stiffness, at which standing errors of waist, neck and arms are worked off."""
    leg_damping: float = 3.0

    def slowed(self, factor: float) -> Gains:
        """The same feedback, every time `factor` times as long: dynamically similar where gravity is `factor`² less."""
        return Gains(
            com=(self.com[0] / factor**2, self.com[1] / factor),
            com_height=(self.com_height[0] / factor**2, self.com_height[1] / factor),
            pelvis=(self.pelvis[0] / factor**2, self.pelvis[1] / factor),
            integral=(self.integral[0] / factor**3, self.integral[1] / factor**3),
            sole=self.sole / factor,
            momentum=self.momentum / factor,
            servo_stiffness=tuple(stiffness / factor**2 for stiffness in self.servo_stiffness),
            servo_damping_ratio=self.servo_damping_ratio,
            servo_integral=self.servo_integral / factor,
            leg_damping=self.leg_damping / factor,
        )


LARGEST_CORRECTION = (1.0, 10.0)
"""Largest acceleration that the integrals add, m/s² and rad/s²."""
SUPPORT_MARGIN = 0.03
"""How far inside the edge of the soles the reference of the centre of mass stays, m."""
LARGEST_INTEGRAL = 0.25
"""Largest servo torque of the integral, as a share of the joint's limit."""
SERVO_PERIOD = 0.002
"""Slowest motor driver that the damping must suit, s: more than 0.4 inertia / period makes a light joint buzz."""
FASTEST_REFERENCE = 25.0
"""Largest feed-forward acceleration of a joint reference, rad/s²."""
FASTEST_COM = 2.0
"""Largest feed-forward acceleration of the centre of mass, m/s²."""


class WholeBodyController:
    """Stands while the arms follow a goal. Keeps the body's state; knows nothing of the simulator.

    Use one instance for one robot, and call `compute` once every `period` s.
    """

    def __init__(
        self,
        spec: RobotSpec,
        period: float,
        gains: Gains | None = None,
        weights: Weights | None = None,
        gravity: float = GRAVITY,
    ) -> None:
        """Prepare the controller of the robot `spec`, called every `period` s, under `gravity` m/s²."""
        self.spec = spec
        self.period = period
        self.gains = gains or Gains()
        self.estimator = Estimator(spec, period, gravity=gravity)
        self.solution: Solution | None = None
        self.nominal = NominalModel(spec, gravity)
        self._reference = NominalModel(spec, gravity)
        self._inverse = InverseDynamics(spec, weights, Contact())
        self._torque_limits = spec.torque_limits
        self._lower, self._upper = spec.lower_limits, spec.upper_limits
        self._stiffness = np.zeros(len(spec.joints))
        self._damping = np.zeros(len(spec.joints))
        self._damping[LEGS] = self.gains.leg_damping
        self._stiffness[UPPER_BODY] = self.gains.servo_stiffness
        self._com_integral = np.zeros(3)
        self._pelvis_integral = np.zeros(3)
        self._servo_integral = np.zeros(len(UPPER_BODY))
        self._servo_integral_rate = self.gains.servo_integral * period * self._stiffness[UPPER_BODY]
        self._largest_servo_integral = LARGEST_INTEGRAL * self._torque_limits[UPPER_BODY]
        self._last_goal_velocity: np.ndarray | None = None
        self._last_com_velocity: np.ndarray | None = None

    @property
    def state(self) -> BodyState:
        """The latest estimate of the body's state; raises RuntimeError before the first `compute`."""
        return self.estimator.state

    def compute(self, observation: Observation, goal: BodyGoal) -> JointCommand:
        """The command that moves the body along `goal` and keeps it standing on both feet.

        The goal's centre of mass is kept over the soles; where goal and balance disagree, balance wins and the arms
        still follow in joint space.
        """
        self.sense(observation)
        return self.act(self.standing_tasks(goal), goal)

    def sense(self, observation: Observation) -> BodyState:
        """Update the state and the nominal model from `observation`."""
        state = self.estimator.update(observation)
        self.nominal.update(state.configuration, state.velocity)
        return state

    def standing_tasks(self, goal: BodyGoal) -> Tasks:
        """Tasks of standing on both feet along `goal`; call once a tick, after `sense`."""
        gains, nominal, state = self.gains, self.nominal, self.state
        turn = np.empty(3)
        mujoco.mju_subQuat(turn, goal.configuration[3:7], state.configuration[3:7])
        pelvis = gains.pelvis[0] * turn + gains.pelvis[1] * (goal.velocity[3:6] - state.velocity[3:6])
        self._pelvis_integral = _accumulated(
            self._pelvis_integral, gains.integral[1] * self.period * turn, LARGEST_CORRECTION[1]
        )
        return Tasks(
            com=self._com_acceleration(goal),
            angular_momentum_rate=gains.momentum * (self._reference.angular_momentum - nominal.angular_momentum),
            pelvis=pelvis + self._pelvis_integral,
            joints=self.joint_accelerations(goal),
            soles=-gains.sole * nominal.sole_velocity,
            contact=np.array([True, True]),
            load=balanced_load(nominal),
        )

    def act(self, tasks: Tasks, goal: BodyGoal) -> JointCommand:
        """The command that serves `tasks`, with the servos of the upper body at the joints of `goal`."""
        state = self.state
        self.solution = self._inverse.solve(self.nominal, state.configuration[7:], state.velocity[6:], tasks)
        return self._command(state, goal)

    def rest(self) -> None:
        """Forget the accumulated corrections of balance and the last reference, as when the feet have moved."""
        self._com_integral[:] = self._pelvis_integral[:] = 0.0
        self._last_goal_velocity = self._last_com_velocity = None

    def _com_acceleration(self, goal: BodyGoal) -> np.ndarray:
        """Acceleration (3,) that keeps the centre of mass where the goal has it, but over the soles."""
        gains, nominal, reference = self.gains, self.nominal, self._reference
        reference.move(goal.configuration, goal.velocity)
        position, velocity = reference.com.copy(), reference.com_velocity.copy()
        last = self._last_com_velocity if self._last_com_velocity is not None else velocity
        self._last_com_velocity = velocity.copy()
        forward = clamp((velocity - last) / self.period, -FASTEST_COM, FASTEST_COM)
        margin = np.array(SOLE_SIZE[:2]) - SUPPORT_MARGIN
        soles = nominal.sole_position[:, :2]
        kept = clamp(position[:2], soles.min(axis=0) - margin, soles.max(axis=0) + margin)
        outside = kept != position[:2]
        velocity[:2][outside] = forward[:2][outside] = 0.0
        position[:2] = kept
        error = position - nominal.com
        self._com_integral = _accumulated(
            self._com_integral, gains.integral[0] * self.period * error, LARGEST_CORRECTION[0]
        )
        stiffness = np.array([gains.com[0], gains.com[0], gains.com_height[0]])
        damping = np.array([gains.com[1], gains.com[1], gains.com_height[1]])
        feedback = stiffness * error + damping * (velocity - nominal.com_velocity) + self._com_integral
        return forward + clamp(feedback, -4.0, 4.0)

    def joint_accelerations(self, goal: BodyGoal) -> np.ndarray:
        """Acceleration (30,) of the reference, with soft feedback that tells the legs of the servos' pull."""
        state = self.state
        last = self._last_goal_velocity if self._last_goal_velocity is not None else goal.velocity
        self._last_goal_velocity = goal.velocity
        forward = clamp((goal.velocity - last)[6:] / self.period, -FASTEST_REFERENCE, FASTEST_REFERENCE)
        error = goal.configuration[7:] - state.configuration[7:]
        rate = goal.velocity[6:] - state.velocity[6:]
        return forward + clamp(60.0 * error + 12.0 * rate, -60.0, 60.0)

    def _command(self, state: BodyState, goal: BodyGoal) -> JointCommand:
        assert self.solution is not None
        torque = self.solution.torque.copy()
        joints, legs = state.configuration[7:], slice(LEGS[0], None)
        error = goal.configuration[7 : 7 + legs.start] - joints[: legs.start]
        self._servo_integral = _accumulated(
            self._servo_integral, self._servo_integral_rate * error, self._largest_servo_integral
        )
        torque[: legs.start] += self._servo_integral
        position, velocity = goal.configuration[7:].copy(), goal.velocity[6:].copy()
        position[legs] = joints[legs]
        position = clamp(position, self._lower, self._upper)
        velocity[legs] = (state.velocity[6:] + self.solution.acceleration[6:] * self.period)[legs]
        torque = clamp(torque, -self._torque_limits, self._torque_limits)
        return JointCommand(position, velocity, torque, self._stiffness.copy(), self._servo_damping())

    def _servo_damping(self) -> np.ndarray:
        inertia = self.nominal.mass.diagonal()[FREE:]
        critical = 2 * self.gains.servo_damping_ratio * np.sqrt(self._stiffness * inertia)
        return np.minimum(np.maximum(critical, self._damping), 0.4 * inertia / SERVO_PERIOD)


def _accumulated(integral: np.ndarray, growth: np.ndarray, limit: np.ndarray | float) -> np.ndarray:
    return clamp(integral + growth, -limit, limit)


def balanced_load(nominal: NominalModel) -> np.ndarray:
    """Share of the weight (2,) that each foot bears when the centre of mass lies where it is."""
    left, right = nominal.sole_position[:, :2]
    between = left - right
    share = clamp((nominal.com[:2] - right) @ between / max(between @ between, 1e-6), 0.05, 0.95)
    return np.array([share, 1 - share])
