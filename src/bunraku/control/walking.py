"""Walking: a small state machine over the whole-body controller that steps when it is told to, or has to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import mujoco
import numpy as np

from bunraku.control.goal import BodyGoal
from bunraku.control.ground import HeightMap
from bunraku.control.inverse_dynamics import Tasks
from bunraku.control.limits import clamp
from bunraku.control.nominal import GRAVITY
from bunraku.control.stance import wrapped
from bunraku.control.steps import (
    Gait,
    Progress,
    Step,
    Velocity,
    nominal_foothold,
    nominal_offset,
    plan_step,
    rotation,
)
from bunraku.control.whole_body import WholeBodyController
from bunraku.robot import JointCommand, Observation, RobotSpec, standing_configuration


class Phase(Enum):
    """What the legs do."""

    STANDING = "standing"
    SHIFTING = "shifting"
    STEPPING = "stepping"


@dataclass(frozen=True)
class WalkGains:
    """Feedback of walking: swing foot, trunk and height (1/s², 1/s); see also `whole_body.Gains`."""

    swing: tuple[float, float] = (500.0, 45.0)
    swing_limit: float = 60.0
    swing_rotation: tuple[float, float] = (400.0, 40.0)
    pelvis: tuple[float, float] = (150.0, 24.0)
    height: tuple[float, float] = (60.0, 14.0)
    momentum: float = 5.0


SLEW, SLOWING = np.array([0.6, 0.4, 1.0]), np.array([1.3, 0.8, 2.0])
"""Fastest rise and fall of the commanded velocity: m/s², m/s², rad/s²."""
FASTEST = np.array([0.6, 0.2, 0.7])
"""Largest commanded velocity: forward and left m/s, turn rad/s."""
COVERED = np.array([0.975, 1.025, 1.03])
"""Share of the asked velocity that strides come to on level ground; what is asked for is divided by it."""
SHIFT_TIME = 0.45
"""Time to move the weight over the first stance foot, s."""
TOUCH_SHARE = 0.1
"""Normal force on a landing foot, as a share of the weight, that ends the step."""
EARLIEST_TOUCH = 0.55
"""Share of a step before which a touching swing foot does not end it."""
FREEZE = 0.05
"""Time before touchdown from which the foothold stays, s."""
LATE_HURRY = 20.0
"""How fast a foot that finds no ground speeds up downwards, m/s²."""
LATE = 0.01
"""How long after the planned touchdown a foot without ground starts to follow the DCM again, s."""
LATE_LEFT = 0.04
"""How long such a foot is taken to need until it touches, s."""
LEVEL, MOST_UNEVEN = 0.008, 0.04
"""Departure of the ground from its expected height (m) that counts as none, and the largest that changes the gait."""
FORGETTING = 0.9
"""Share of the felt unevenness that is left one step later."""
EXPECT_LOWER = 0.6
"""How much lower than the stance foot a step lands on uneven ground, as a share of what was felt: late is not safe."""
LAND_EARLY = 0.03
"""How long before the planned touchdown the swing foot is due at the ground, s: early is safe, late is not."""
YAW_EARLY = 0.08
"""How long before touchdown the swing foot has turned, s: late turns cost hip torque."""
CLEARING = 25.0
"""Deceleration with which a foot that swings inwards can always stop beside the other one, m/s²."""
LANDING_SPEED = 0.15
"""m/s: a foot that comes to rest at the ground touches it at an uncertain time."""
PUSHED_FORWARD, PUSHED_SIDEWAYS = 0.095, 0.105
"""Distance (m) of the DCM from where it rests at which a standing robot steps."""
HEADING_RATE = 4.0
"""Rate at which the pelvis turns to the heading between the feet, 1/s."""
RESTS_BEHIND = 0.01
"""How far behind the middle of the feet the centre of mass stands, m."""
HEIGHT_RATE = 4.0
"""Rate at which the centre of mass takes on the height of walking, 1/s."""


class Walker:
    """Walks at a velocity, stands at none, and steps when pushed. Uses the balance of `controller`.

    Positions are in the frame of the estimator: the stance frame of the last time that it stood.
    """

    def __init__(
        self,
        spec: RobotSpec,
        period: float,
        gait: Gait | None = None,
        gains: WalkGains | None = None,
        controller: WholeBodyController | None = None,
        gravity: float = GRAVITY,
    ) -> None:
        """Prepare to walk the robot `spec`, called every `period` s, under `gravity` m/s²."""
        self.controller = controller or WholeBodyController(spec, period, gravity=gravity)
        self._weight = self.controller.nominal.total_mass * self.controller.nominal.gravity
        self._slow = float(np.sqrt(GRAVITY / self.controller.nominal.gravity))
        """Times are this much longer than on Earth, speeds as much smaller (Froude's similarity)."""
        self.gait = (gait or Gait()).slowed(self._slow)
        self.gains = gains or WalkGains()
        self.period = period
        self.ground: HeightMap | None = None
        """What is known of the ground, in the frame of the very first stance; None: all is level."""
        self.phase = Phase.STANDING
        self.step: Step | None = None
        self.stance_frame = np.zeros(3)
        """x, y (m) and yaw (rad) of the present stance frame in the first one, by odometry."""
        self._velocity = np.zeros(3)
        self.still_goal = BodyGoal(standing_configuration(spec), np.zeros(36))
        self._elapsed = 0.0
        self._stance = 0
        self._since_push = 10.0
        self._unevenness = 0.0
        """How far the ground lay from where the last steps expected it, m; 0 on level ground."""

    @property
    def is_standing(self) -> bool:
        """Whether both feet stay where they are."""
        return self.phase is Phase.STANDING

    @property
    def pace(self) -> np.ndarray:
        """How fast it walks now, by its own plan (3,): ahead and left, m/s, and turning, rad/s."""
        return self._velocity * COVERED

    @property
    def stance(self) -> int | None:
        """The foot that bears the robot in a step, 0 left or 1 right; None while both do."""
        return self._stance if self.phase is Phase.STEPPING else None

    @property
    def pose(self) -> np.ndarray:
        """x, y (m) and yaw (rad) of the pelvis in the frame of the very first stance, by odometry."""
        configuration = self.controller.state.configuration
        yaw = _yaw_of(configuration[3:7])
        x, y, heading = self.stance_frame
        return np.array([*(np.array([x, y]) + rotation(heading) @ configuration[:2]), heading + yaw])

    def compute(self, observation: Observation, velocity: Velocity, goal: BodyGoal | None = None) -> JointCommand:
        """The command of this tick.

        Args:
            observation: the sensors now.
            velocity: where to walk; zero to stand.
            goal: the upper body's reference while walking, the whole body's while standing; the standing posture if
                None.
        """
        self.controller.sense(observation)
        goal = goal or self.still_goal
        self._slew(velocity)
        self._elapsed += self.period
        self._since_push += self.period
        self._advance(observation, wants=not velocity.is_zero)
        if self.phase is Phase.STANDING:
            return self.controller.act(self.controller.standing_tasks(goal), goal)
        tasks = self._shifting_tasks(goal) if self.phase is Phase.SHIFTING else self._stepping_tasks(goal)
        return self.controller.act(tasks, goal)

    # The state machine

    def _advance(self, observation: Observation, wants: bool) -> None:
        if self.phase is Phase.STANDING:
            if self._must_step():
                self._begin_walking()
                self._recover()
            elif wants:
                self._begin_walking()
                self._begin_shift()
        elif self.phase is Phase.SHIFTING:
            if self._must_step():
                self._recover()
            elif self._elapsed >= SHIFT_TIME * self._slow:
                self._begin_step(self._stance)
        elif self._touched(observation):
            if not wants and self._can_stand():
                self.stand()
            else:
                self._begin_step(1 - self._stance)

    def _begin_walking(self) -> None:
        nominal = self.controller.nominal
        self._height = float(nominal.com[2])
        self._heading = _yaw_of(self.controller.state.configuration[3:7])
        self.controller.rest()

    def _begin_shift(self) -> None:
        self.phase, self._elapsed = Phase.SHIFTING, 0.0
        sideways = self._velocity[1] + 0.2 * self._velocity[2]
        self._stance = 1 if sideways > 0 else 0  # the foot on the side of the motion swings first

    def _begin_step(self, stance: int) -> None:
        nominal = self.controller.nominal
        self.phase, self._elapsed, self._stance = Phase.STEPPING, 0.0, stance
        swing = 1 - stance
        self._swing = nominal.sole_position[swing].copy()
        self._swing_rate, self._swing_rate2 = np.zeros(3), np.zeros(3)
        self._swing_yaw = np.array([_yaw(nominal.sole_rotation[swing]), 0.0, 0.0])
        self._lift_height = float(self._swing[2])
        self._landing = float(nominal.sole_position[stance, 2]), _UP
        self._pressure_start = self._pressure_from
        self.step = None

    def _recover(self) -> None:
        """Step at once, with the foot that costs less."""
        self._pressure_from = self._pressure_now()
        self._since_push = 0.0
        costs = [self._plan_from(stance, 0.0).cost for stance in (0, 1)]
        self._begin_step(int(np.argmin(costs)))

    def _touched(self, observation: Observation) -> bool:
        assert self.step is not None
        force = observation.feet.wrench[1 - self._stance, 2]
        touched = self._elapsed > EARLIEST_TOUCH * self.step.duration and force > TOUCH_SHARE * self._weight
        if touched:
            self._pressure_from = self._pressure_now()
            surprise = abs(self.controller.nominal.sole_position[1 - self._stance, 2] - self._landing[0]) - LEVEL
            self._unevenness = min(max(surprise, FORGETTING * self._unevenness), MOST_UNEVEN)
        return touched

    def _must_step(self) -> bool:
        """Whether the DCM has left the region from which standing can bring it back."""
        nominal = self.controller.nominal
        middle = nominal.sole_position[:, :2].mean(axis=0)
        offset = rotation(-self._feet_yaw()) @ (self._dcm() - middle)
        return abs(offset[0] + RESTS_BEHIND) > PUSHED_FORWARD or abs(offset[1]) > PUSHED_SIDEWAYS

    def _can_stand(self) -> bool:
        nominal = self.controller.nominal
        back = rotation(-self._feet_yaw())
        apart = back @ (nominal.sole_position[0, :2] - nominal.sole_position[1, :2])
        offset = back @ (self._dcm() - nominal.sole_position[:, :2].mean(axis=0))
        return bool(abs(apart[0]) < 0.06 and 0.15 < apart[1] < 0.30 and abs(offset[0]) < 0.06 and abs(offset[1]) < 0.07)

    def stand(self) -> None:
        """Stand where the feet are: take the middle between them as the new stance frame."""
        shift = self.controller.estimator.rebase()
        x, y, yaw = self.stance_frame
        self.stance_frame = np.array([*(np.array([x, y]) + rotation(yaw) @ shift[:2]), yaw + shift[2]])
        state = self.controller.state
        self.controller.nominal.update(state.configuration, state.velocity)
        self.controller.rest()
        self.phase, self.step = Phase.STANDING, None

    # Tasks

    def _shifting_tasks(self, goal: BodyGoal) -> Tasks:
        """Move the DCM over to where the first step needs it."""
        omega, stance = self._omega(), self._stance
        frame, origin = self._sole_frame(stance)
        side = 1.0 if stance == 1 else -1.0
        velocity = Velocity(*self._velocity.tolist())
        offset = nominal_offset(self.gait, velocity, side, omega)
        foothold, _ = nominal_foothold(self.gait, velocity, side)
        start = (foothold + offset) * np.exp(-omega * self.gait.duration)  # DCM at lift-off, stance at the origin
        target = origin + frame @ start
        left = max(SHIFT_TIME * self._slow - self._elapsed, 0.06)
        growth = np.exp(omega * left)
        pressure = self._in_feet((target - self._dcm() * growth) / (1 - growth))
        self._pressure_from = pressure
        return self._tasks(goal, pressure, np.array([True, True]), None)

    def _stepping_tasks(self, goal: BodyGoal) -> Tasks:
        stance, swing, gait = self._stance, 1 - self._stance, self.gait
        frame, origin = self._sole_frame(stance)
        if self.step is None or self.step.duration - self._elapsed > FREEZE * self._slow:
            self.step = self._plan_from(stance, self._elapsed)
        elif self._elapsed - self.step.duration > LATE * self._slow:
            late = self._plan_from(stance, self._elapsed, self._elapsed + LATE_LEFT * self._slow)
            self.step = replace(self.step, foothold=late.foothold, pressure=late.pressure)
        else:
            pressure = self._plan_from(stance, self._elapsed).pressure
            self.step = replace(self.step, pressure=pressure)
        step = self.step
        pressure = origin + frame @ step.pressure
        if self._elapsed < gait.double_support:
            share = self._elapsed / gait.double_support
            blended = (1 - share) * self._pressure_start + share * pressure
            return self._tasks(goal, blended, np.array([True, True]), None)
        foothold = origin + frame @ step.foothold
        if self.ground is not None:
            self._landing = self._known_landing(
                foothold, _yaw(self.controller.nominal.sole_rotation[stance]) + step.yaw
            )
        accelerations = self._swing_accelerations(foothold, step)
        contact = np.array([True, True])
        contact[swing] = False
        return self._tasks(goal, pressure, contact, accelerations)

    def _tasks(self, goal: BodyGoal, pressure: np.ndarray, contact: np.ndarray, swing: np.ndarray | None) -> Tasks:
        """Tasks that put the centre of pressure at `pressure` (2,), with `swing` (6,) for the foot in the air."""
        controller, gains, nominal = self.controller, self.gains, self.controller.nominal
        omega = self._omega()
        com = np.empty(3)
        com[:2] = omega**2 * (nominal.com[:2] - pressure)
        self._height += HEIGHT_RATE * self.period * (self._ground_height() + self.gait.com_height - self._height)
        com[2] = gains.height[0] * (self._height - nominal.com[2]) - gains.height[1] * nominal.com_velocity[2]
        soles = -controller.gains.sole * nominal.sole_velocity
        if swing is not None:
            soles[1 - self._stance] = swing
        load = np.array([0.5, 0.5])
        if not contact.all():
            load = contact.astype(float)
        elif self.phase is Phase.STEPPING:
            share = min(max(self._elapsed / self.gait.double_support, 0.0), 1.0)
            load[self._stance], load[1 - self._stance] = 0.5 + 0.5 * share, 0.5 - 0.5 * share
        return Tasks(
            com=clamp(com, -12.0, 12.0),
            angular_momentum_rate=-gains.momentum * nominal.angular_momentum,
            pelvis=self._pelvis_acceleration(),
            joints=controller.joint_accelerations(goal),
            soles=soles,
            contact=contact,
            load=load,
        )

    def _pelvis_acceleration(self) -> np.ndarray:
        """Upright, heading between the feet."""
        state, gains = self.controller.state, self.gains
        astray = wrapped(self._feet_yaw() - self._heading)
        self._heading += (self._velocity[2] + min(max(HEADING_RATE * astray, -2.0), 2.0)) * self.period
        upright = np.array([math.cos(self._heading / 2), 0, 0, math.sin(self._heading / 2)])
        turn = np.empty(3)
        mujoco.mju_subQuat(turn, upright, state.configuration[3:7])
        return gains.pelvis[0] * turn + gains.pelvis[1] * (np.array([0, 0, self._velocity[2]]) - state.velocity[3:6])

    def _swing_accelerations(self, foothold: np.ndarray, step: Step) -> np.ndarray:
        """Acceleration (6,) of the swing sole along a minimum-jerk path that is planned anew at every tick."""
        nominal, gains, gait, swing = self.controller.nominal, self.gains, self.gait, 1 - self._stance
        left = max(step.duration - self._elapsed, 0.02)
        whole = step.duration - gait.double_support
        early = LAND_EARLY * self._slow
        rise = 0.45 * whole - (self._elapsed - gait.double_support)
        ground, normal = self._landing
        apex = max(ground, self._lift_height) + gait.apex + self._unevenness
        target = np.array([*foothold, ground - EXPECT_LOWER * self._unevenness])
        late = self._elapsed > step.duration + LATE * self._slow
        self._glide(slice(0, 2), target[:2], LATE_LEFT * self._slow if late else left)
        self._keep_clear()
        if rise > 0.02:
            self._glide(slice(2, 3), np.array([apex]), rise)
        elif left > early + 0.01:
            self._glide(slice(2, 3), target[2:], left - early, -LANDING_SPEED / self._slow)
        else:
            late = max(self._elapsed - step.duration + early, 0.0)
            speed = LANDING_SPEED / self._slow + LATE_HURRY / self._slow**2 * late
            self._swing[2] -= speed * self.period
            self._swing_rate[2], self._swing_rate2[2] = -speed, 0.0
        yaw, rate, rate2 = self._swing_yaw
        if left > YAW_EARLY * self._slow + 0.02:
            error = wrapped(_yaw(nominal.sole_rotation[self._stance]) + step.yaw - yaw)
            rate2 += _jerk(error, rate, rate2, 0.0, left - YAW_EARLY * self._slow) * self.period
            rate += rate2 * self.period
            self._swing_yaw = np.array([yaw + rate * self.period, rate, rate2])
        else:
            self._swing_yaw[1:] = 0.0
        position, velocity = nominal.sole_position[swing], nominal.sole_velocity[swing]
        linear = (
            self._swing_rate2
            + gains.swing[0] * (self._swing - position)
            + gains.swing[1] * (self._swing_rate - velocity[:3])
        )
        flat = _tilted(normal) @ _about_z(self._swing_yaw[0]) if normal is not _UP else _about_z(self._swing_yaw[0])
        error = _rotation_vector(flat @ nominal.sole_rotation[swing].T)
        angular = gains.swing_rotation[0] * error + gains.swing_rotation[1] * (
            np.array([0, 0, self._swing_yaw[1]]) - velocity[3:]
        )
        angular[2] += self._swing_yaw[2]
        limit = gains.swing_limit / self._slow**2
        return np.concatenate([clamp(linear, -limit, limit), clamp(angular, -4 * limit, 4 * limit)])

    def _glide(self, axes: slice, target: np.ndarray, left: float, speed: float = 0.0) -> None:
        """One tick of the minimum-jerk path that arrives at `target` with `speed` in `left` s."""
        position, rate, rate2 = self._swing[axes], self._swing_rate[axes], self._swing_rate2[axes]
        jerk = _jerk(target - position, rate, rate2, speed, left)
        limit = self.gains.swing_limit / self._slow**2
        rate2 = clamp(rate2 + jerk * self.period, -limit, limit)
        rate = rate + rate2 * self.period
        self._swing[axes], self._swing_rate[axes], self._swing_rate2[axes] = position + rate * self.period, rate, rate2

    def _keep_clear(self) -> None:
        """Slow the swing foot down before it would land on the other one: a step that is shortened late comes in faster
        than the path can brake."""
        frame, origin = self._sole_frame(self._stance)
        inwards = frame[:, 1] if self._stance == 0 else -frame[:, 1]
        gap = (origin - self._swing[:2]) @ inwards - self.gait.narrowest
        slowing = CLEARING / self._slow**2
        excess = self._swing_rate[:2] @ inwards - math.sqrt(2 * slowing * max(gap, 0.0))
        if excess > 0:
            self._swing_rate[:2] -= excess * inwards
            self._swing_rate2[:2] -= (self._swing_rate2[:2] @ inwards + slowing) * inwards

    # Geometry

    def _plan_from(self, stance: int, elapsed: float, lasting: float | None = None) -> Step:
        frame, origin = self._sole_frame(stance)
        swing = self.controller.nominal.sole_position[1 - stance, :2]
        now = Progress(elapsed, frame.T @ (self._dcm() - origin), frame.T @ (swing - origin))
        side = 1.0 if stance == 1 else -1.0
        scale = 1.0 if self._since_push > 0.8 else 0.3
        return plan_step(self.gait, Velocity(*(scale * self._velocity).tolist()), side, self._omega(), now, lasting)

    def _known_landing(self, foothold: np.ndarray, yaw: float) -> tuple[float, np.ndarray]:
        """Height and normal (3,) of the ground at `foothold`, by the map's difference to where the stance foot is."""
        assert self.ground is not None
        x, y, heading = self.stance_frame
        turn, sole = rotation(heading), self.controller.nominal.sole_position[self._stance]
        there = self.ground.patch(np.array([x, y]) + turn @ foothold, heading + yaw)
        here = self.ground.patch(np.array([x, y]) + turn @ sole[:2], heading + yaw)
        normal = np.array([*(turn.T @ there.normal[:2]), there.normal[2]])
        return float(sole[2] + there.height - here.height), normal

    def _sole_frame(self, stance: int) -> tuple[np.ndarray, np.ndarray]:
        nominal = self.controller.nominal
        return rotation(_yaw(nominal.sole_rotation[stance])), nominal.sole_position[stance, :2]

    def _omega(self) -> float:
        nominal = self.controller.nominal
        return math.sqrt(nominal.gravity / max(nominal.com[2] - self._ground_height(), 0.4))

    def _ground_height(self) -> float:
        return float(self.controller.nominal.sole_position[self._stance, 2])

    def _dcm(self) -> np.ndarray:
        nominal = self.controller.nominal
        return nominal.com[:2] + nominal.com_velocity[:2] / self._omega()

    def _pressure_now(self) -> np.ndarray:
        """Centre of pressure (2,) that the last solution asked for."""
        solution, nominal = self.controller.solution, self.controller.nominal
        if solution is None:
            return nominal.com[:2].copy()
        total, moment = 0.0, np.zeros(2)
        for i in range(2):
            force = solution.wrench[i, 2]
            local = np.array([-solution.wrench[i, 4], solution.wrench[i, 3]]) / max(force, 1.0)
            where = nominal.sole_position[i, :2] + nominal.sole_rotation[i, :2, :2] @ local
            moment += force * where
            total += force
        return moment / max(total, 1.0)

    def _in_feet(self, pressure: np.ndarray) -> np.ndarray:
        """The nearest point that both feet together can press on, in the box around them."""
        soles, yaw = self.controller.nominal.sole_position[:, :2], self._feet_yaw()
        back = rotation(-yaw)
        corners = soles @ back.T
        margin = np.array([0.085, 0.042])
        return rotation(yaw) @ clamp(back @ pressure, corners.min(axis=0) - margin, corners.max(axis=0) + margin)

    def _feet_yaw(self) -> float:
        first, second = (_yaw(r) for r in self.controller.nominal.sole_rotation)
        return first + wrapped(second - first) / 2

    def _slew(self, velocity: Velocity) -> None:
        wanted = (velocity.forward, velocity.left, velocity.turn)
        fastest = FASTEST / self._slow
        asked = clamp(wanted, -fastest, fastest) / COVERED
        slowing = np.abs(asked) < np.abs(self._velocity)
        step = np.where(slowing, SLOWING, SLEW) * self.period / self._slow**2
        self._velocity = self._velocity + clamp(asked - self._velocity, -step, step)


def _jerk(way, rate, rate2, speed: float, left: float):
    """Jerk now of the quintic that covers `way` in `left` s and ends with `speed` and no acceleration."""
    return (60 * way - (36 * rate + 24 * speed) * left - 9 * rate2 * left**2) / left**3


def _yaw(matrix: np.ndarray) -> float:
    return math.atan2(matrix[1, 0], matrix[0, 0])


def _yaw_of(quaternion: np.ndarray) -> float:
    w, x, y, z = quaternion.tolist()
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def _about_z(yaw: float) -> np.ndarray:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


_UP = np.array([0.0, 0.0, 1.0])


def _tilted(normal: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) of the vertical to `normal` (Rodrigues)."""
    x, y, z = normal.tolist()
    k = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    return np.eye(3) + k + k @ k / (1 + z)


def _rotation_vector(matrix: np.ndarray) -> np.ndarray:
    (_, xy, xz), (yx, _, yz), (zx, zy, _) = matrix.tolist()
    return np.array([0.5 * (zy - yz), 0.5 * (xz - zx), 0.5 * (yx - xy)])
