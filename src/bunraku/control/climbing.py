"""Climbing: one foot after the other onto treads that a height map knows, the weight always over a foot.

Walking falls from step to step; on stairs a foot must land on its tread and nowhere else, so here the centre of mass
rests over the standing foot before the other one leaves the ground. Stairs are left backwards: with flat soles and 35°
of ankle the lower tread is out of reach ahead, but not behind, where the hip sinks away from the bent knee.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.control.goal import BodyGoal
from bunraku.control.ground import HeightMap
from bunraku.control.inverse_dynamics import Tasks
from bunraku.control.limits import clamp
from bunraku.control.steps import rotation
from bunraku.control.walking import Walker
from bunraku.control.whole_body import balanced_load
from bunraku.robot import JOINTS, JointCommand, Observation

WAIST_PITCH = JOINTS.index("waist_pitch")
FASTEST_CROUCH = 0.25
"""How fast the trunk follows the crouch, m/s."""


@dataclass(frozen=True)
class Climb:
    """How it climbs. Times in s, lengths in m."""

    shift: float = 0.6
    slowness: float = 3.5
    """A shift of the weight takes `shift` and this much per metre, s/m: the soles can push no faster."""
    swing: float = 1.4
    com_height: float = 0.94
    """Of the centre of mass above the lower foot: its leg must reach."""
    apex: float = 0.05
    toe_down: float = 0.45
    """Pitch (rad) of a foot on its way to another tread: the ankle gives way to the bent knee."""
    width: float = 0.19
    reach: float = 0.31
    """Largest distance between the feet along the way."""
    tallest: float = 0.17
    margin: float = 0.012
    """Least distance of a sole from the edge of a tread."""
    flatness: float = 0.012
    lean: float = 0.6
    bow: float = 2.5
    """Pitch of pelvis and waist per metre of crouching, rad/m: the hips go back, the trunk goes forward; most
    of it by the waist, for a thigh reaches only 30° behind."""
    over: tuple[float, float] = (0.05, 0.025)
    """Distance (m) ahead and aside of its place over a foot at which the centre of mass lets the other foot go: a foot
    that is held down longer than it bears holds the body back."""
    touch: float = 0.08
    """Share of the weight at which a landing foot stands."""
    landing_speed: float = 0.12
    deepest: float = 0.05
    """How far below its tread a foot looks for the ground."""


REST = 1.3
"""How long it takes to bring the weight between the feet at the end, s."""
NEAR = 0.04
"""How far above its tread a foot that meets something may be to stand there, m."""
TOE_DOWN_HEIGHT = 0.10
"""How far above the ground a foot points its toe in full, m: no toe touches before the sole."""
_UPWARDS = ((0.0, 0.45), (0.3, 0.8), (0.6, 1.0))
_DOWNWARDS = ((0.0, 0.35), (0.15, 0.65), (0.62, 1.0))
"""Shares of a swing in which the foot goes up, across and down."""


@dataclass(frozen=True)
class Glide:
    """A minimum-jerk motion from `start` to `end` (n,) in `duration` s."""

    start: np.ndarray
    end: np.ndarray
    duration: float

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, velocity and acceleration (n,) at `time` s."""
        u = min(max(time / self.duration, 0.0), 1.0)
        way = self.end - self.start
        place = u**3 * (10 - 15 * u + 6 * u * u)
        speed = 30 * u * u * (1 - u) ** 2 / self.duration
        push = 60 * u * (1 - u) * (1 - 2 * u) / self.duration**2
        return self.start + place * way, speed * way, push * way


class Climber:
    """Climbs `levels` treads, from a stand and to a stand, with the balance of `walker`.

    Attributes:
        stuck: why it cannot go on, standing on both feet; None while it can.
        halted: whether it shall rest on both feet after the present step, until it shall go on.
    """

    def __init__(
        self,
        walker: Walker,
        ground: HeightMap,
        levels: int,
        heading: float = 0.0,
        backward: bool = False,
        climb: Climb | None = None,
    ) -> None:
        """Prepare to climb from where `walker` stands.

        Args:
            walker: standing.
            ground: the treads, in the walker's first stance frame.
            levels: how many changes of height to make.
            heading: yaw of the feet on the treads, in the first stance frame, rad.
            backward: go backwards, as down stairs.
            climb: times and lengths.
        """
        self.stuck: str | None = None
        self.halted = self._resting = False
        self._walker, self._ground, self._climb = walker, ground, climb or Climb()
        self._controller = walker.controller
        self._levels, self._left = levels, levels
        self._heading = heading - walker.stance_frame[2]
        self._way = -1.0 if backward else 1.0
        self._weight = self._controller.nominal.total_mass * self._controller.nominal.gravity
        self._arrived = False
        self._elapsed = 0.0
        self._swing = 1
        self._target: np.ndarray | None = None
        self._airborne = False
        self._depth = 0.0
        self._yaw_start = 0.0
        self._toe_down = 0.0

    @property
    def finished(self) -> bool:
        """Whether both feet stand on the last tread, the weight between them."""
        return self._arrived and self._elapsed > REST

    def compute(self, observation: Observation, goal: BodyGoal | None = None) -> JointCommand:
        """The command of this tick, the upper body along `goal` (the standing posture if None)."""
        controller = self._controller
        controller.sense(observation)
        goal = goal or self._walker.still_goal
        if self._target is None and not self._arrived and self.stuck is None:
            self._stay() if self.halted else self._next()
        self._elapsed += controller.period
        self._advance(observation)
        goal = self._bowed(goal)
        return controller.act(self._tasks(goal), goal)

    def _bowed(self, goal: BodyGoal) -> BodyGoal:
        """`goal` with the waist bent by how deep it crouches."""
        nominal, climb = self._controller.nominal, self._climb
        bearing = nominal.sole_position[1 - self._swing, 2] if self._airborne else nominal.sole_position[:, 2].max()
        depth = max(bearing + climb.com_height - self._com.at(self._elapsed)[0][2], 0.0)
        most = FASTEST_CROUCH * self._controller.period
        self._depth += min(max(depth - self._depth, -most), most)
        configuration = goal.configuration.copy()
        configuration[7 + WAIST_PITCH] += climb.bow * self._depth
        return BodyGoal(configuration, goal.velocity)

    # What comes next

    def _stay(self) -> None:
        """Rest between the feet, on whichever treads they stand."""
        if not self._resting:
            self._resting = True
            self._rest()

    def _next(self) -> None:
        """Choose the next foot and where it goes, and begin to move the weight off it."""
        self._resting = False
        climb, nominal = self._climb, self._controller.nominal
        back = rotation(-self._heading)
        along = self._way * (back @ nominal.sole_position[:, :2].T)[0]
        heights = self._heights(nominal.sole_position[:, :2])
        level = abs(heights[0] - heights[1]) < climb.flatness
        if level and self._left == 0 and abs(along[0] - along[1]) < 0.06:
            self._arrived = True
            self._rest()
            return
        swing = int(np.argmin(along)) if abs(along[0] - along[1]) > 0.02 else 1 - self._swing
        stance = 1 - swing
        side = 1.0 if swing == 0 else -1.0
        distances, landings = self._candidates(stance, side)
        rises = np.array([landing[2] for landing in landings]) - nominal.sole_position[stance, 2]
        joining = distances <= (0.05 if self._left or not level else 0.0) + 1e-9
        same = np.abs(rises) < climb.flatness
        if not level or self._left == 0:
            fitting = np.flatnonzero(same & joining)
            chosen = fitting[-1] if len(fitting) else None
        else:
            treads = np.flatnonzero(~same)
            flat = np.flatnonzero(same & (distances <= 0.2) & (distances > along[swing] - along[stance] + 0.02))
            if len(treads):
                # Up, the nearest place is easiest for the leg that stays behind; down, the middle keeps the toe free.
                chosen = treads[0] if rises[treads[0]] > 0 else treads[len(treads) // 2]
            else:
                chosen = flat[-1] if len(flat) else None
        if chosen is None:
            self.stuck = "there is no place for the next foot within reach"
            self._rest()
            return
        if not same[chosen]:
            self._left -= 1
        self._swing, self._target = swing, landings[chosen]
        self._airborne, self._elapsed = False, 0.0
        self._begin_shift(stance)

    def _candidates(self, stance: int, side: float) -> tuple[np.ndarray, list[np.ndarray]]:
        """Distances (n,) ahead of the stance foot at which the other sole fits, and where (3,) it would stand there."""
        climb, soles = self._climb, self._controller.nominal.sole_position
        turn = rotation(self._heading)
        found = []
        for distance in np.arange(-0.06, climb.reach + 0.005, 0.01):
            place = soles[stance, :2] + turn @ [self._way * distance, side * climb.width]
            x, y, yaw = self._in_map(place)
            patch = self._ground.patch(np.array([x, y]), yaw, climb.margin)
            here = self._ground.patch(np.array(self._in_map(soles[stance, :2])[:2]), yaw, 0.0).height
            rise = patch.height - here
            if patch.roughness < climb.flatness and abs(rise) < climb.tallest:
                found.append((distance, np.array([*place, soles[stance, 2] + rise])))
        return np.array([distance for distance, _ in found]), [place for _, place in found]

    def _heights(self, points: np.ndarray) -> list[float]:
        return [
            self._ground.patch(np.array([x, y]), yaw).height for x, y, yaw in (self._in_map(point) for point in points)
        ]

    def _in_map(self, point: np.ndarray) -> tuple[float, float, float]:
        x, y, yaw = self._walker.stance_frame
        place = np.array([x, y]) + rotation(yaw) @ point
        return float(place[0]), float(place[1]), yaw + self._heading

    # The phases of a step

    def _begin_shift(self, stance: int) -> None:
        nominal, climb = self._controller.nominal, self._climb
        sole = nominal.sole_position[stance]
        assert self._target is not None
        lowest = min(*nominal.sole_position[:, 2], self._target[2])
        aim = np.array([*(sole[:2] + rotation(self._heading) @ [-0.015, 0.0]), lowest + climb.com_height])
        start = self._com_now()
        self._com = Glide(start, aim, climb.shift + climb.slowness * float(np.linalg.norm(aim - start)))

    def _begin_swing(self) -> None:
        nominal, climb, swing = self._controller.nominal, self._climb, self._swing
        assert self._target is not None
        self._airborne, self._elapsed = True, 0.0
        stance = nominal.sole_position[1 - swing]
        start = nominal.sole_position[swing].copy()
        changes = abs(start[2] - self._target[2]) > climb.flatness
        self._toe_down = climb.toe_down if changes else 0.0
        top = max(start[2], self._target[2]) + climb.apex + 0.12 * math.sin(self._toe_down)
        # On the way down it is behind the edge before it sinks, on the way up above the edge before it moves on.
        self._times = _DOWNWARDS if start[2] - self._target[2] > climb.flatness else _UPWARDS
        up, across, down = (climb.swing * (end - begin) for begin, end in self._times)
        self._up = Glide(start[2:], np.array([top]), up)
        self._across = Glide(start[:2], self._target[:2], across)
        self._down = Glide(np.array([top]), self._target[2:] + 0.01, down)
        self._yaw_start = math.atan2(nominal.sole_rotation[swing, 1, 0], nominal.sole_rotation[swing, 0, 0])
        aim = self._com.end.copy()
        aim[2] = min(stance[2], self._target[2]) + climb.com_height
        self._com = Glide(self._com_now(), aim, 0.8 * climb.swing)

    def _rest(self) -> None:
        """Bring the weight between the feet."""
        soles = self._controller.nominal.sole_position
        aim = np.array([*soles[:, :2].mean(axis=0), soles[:, 2].min() + self._climb.com_height])
        self._com = Glide(self._com_now(), aim, REST - 0.2)
        self._target, self._airborne, self._elapsed = None, False, 0.0

    def _com_now(self) -> np.ndarray:
        """Where a new motion of the centre of mass starts: at the old reference if there is one."""
        if hasattr(self, "_com"):
            return self._com.at(self._com.duration)[0] if self._airborne else self._com.at(self._elapsed)[0]
        return self._controller.nominal.com.copy()

    def _advance(self, observation: Observation) -> None:
        if self._target is None:
            return
        climb, nominal = self._climb, self._controller.nominal
        if not self._airborne:
            off = np.abs(rotation(-self._heading) @ (nominal.com[:2] - self._com.end[:2]))
            over = bool((off < climb.over).all())
            if self._elapsed > 0.8 * self._com.duration and (over or self._elapsed > 2 * self._com.duration):
                self._begin_swing()
            return
        force = observation.feet.wrench[self._swing, 2]
        near = nominal.sole_position[self._swing, 2] - self._target[2] < NEAR
        if self._elapsed > 0.6 * climb.swing and near and force > climb.touch * self._weight:
            self._target = None
            self._com = Glide(self._com.at(self._elapsed)[0], self._com.end, 1.0)
            self._airborne, self._elapsed = False, 0.0
        elif self._elapsed > climb.swing + climb.deepest / climb.landing_speed + 0.5:
            self.stuck = "a foot found no ground where the map has some"

    # Tasks

    def _tasks(self, goal: BodyGoal) -> Tasks:
        controller, nominal, swing = self._controller, self._controller.nominal, self._swing
        gains = controller.gains
        place, speed, push = self._com.at(self._elapsed)
        stiffness = np.array([gains.com[0], gains.com[0], gains.com_height[0]])
        damping = np.array([gains.com[1], gains.com[1], gains.com_height[1]])
        com = push + clamp(stiffness * (place - nominal.com) + damping * (speed - nominal.com_velocity), -4.0, 4.0)
        soles = -gains.sole * nominal.sole_velocity
        contact, load = np.array([True, True]), balanced_load(nominal)
        if self._airborne:
            contact[swing] = False
            load = contact.astype(float)
            soles[swing] = self._swing_acceleration()
        return Tasks(
            com=com,
            angular_momentum_rate=-gains.momentum * nominal.angular_momentum,
            pelvis=self._pelvis_acceleration(),
            joints=controller.joint_accelerations(goal),
            soles=soles,
            contact=contact,
            load=load,
        )

    def _pelvis_acceleration(self) -> np.ndarray:
        """Heading along the stairs, leaning forward a little."""
        controller = self._controller
        gains, state = self._walker.gains, controller.state
        yaw, half = self._heading / 2, self._climb.lean * self._depth / 2
        upright = np.array(
            [
                math.cos(yaw) * math.cos(half),
                -math.sin(yaw) * math.sin(half),
                math.cos(yaw) * math.sin(half),
                math.sin(yaw) * math.cos(half),
            ]
        )
        turn = np.empty(3)
        mujoco.mju_subQuat(turn, upright, state.configuration[3:7])
        return gains.pelvis[0] * turn - gains.pelvis[1] * state.velocity[3:6]

    def _swing_acceleration(self) -> np.ndarray:
        """Acceleration (6,) of the swing sole: up, across and down, then slowly on until it touches."""
        climb, nominal, swing, now = self._climb, self._controller.nominal, self._swing, self._elapsed
        gains = self._walker.gains
        _, across_from, down_from = (climb.swing * begin for begin, _ in self._times)
        across = self._across.at(now - across_from)
        vertical = self._up.at(now) if now < down_from else self._down.at(now - down_from)
        place, speed, push = (np.concatenate([across[i], vertical[i]]) for i in range(3))
        if now > climb.swing:
            place[2] -= min(climb.landing_speed * (now - climb.swing), climb.deepest + 0.01)
            speed[2] = -climb.landing_speed
        error = place - nominal.sole_position[swing]
        linear = push + gains.swing[0] * error + gains.swing[1] * (speed - nominal.sole_velocity[swing, :3])
        turned, rate, rate2 = Glide(np.array([self._yaw_start]), np.array([self._heading]), 0.8 * climb.swing).at(now)
        c, s = math.cos(turned[0]), math.sin(turned[0])
        base = self._up.start if now < down_from else self._down.end
        lifted = (place[2] - base[0]) / TOE_DOWN_HEIGHT
        pitch = self._toe_down * min(max(lifted, 0.0), 1.0)
        pitching = self._toe_down * speed[2] / TOE_DOWN_HEIGHT if 0.0 < lifted < 1.0 else 0.0
        cp, sp = math.cos(pitch), math.sin(pitch)
        wanted = np.array([[c * cp, -s, c * sp], [s * cp, c, s * sp], [-sp, 0, cp]])
        off = wanted @ nominal.sole_rotation[swing].T
        vector = 0.5 * np.array([off[2, 1] - off[1, 2], off[0, 2] - off[2, 0], off[1, 0] - off[0, 1]])
        turning = pitching * wanted[:, 1] + np.array([0.0, 0.0, rate[0]])
        angular = gains.swing_rotation[0] * vector
        angular += gains.swing_rotation[1] * (turning - nominal.sole_velocity[swing, 3:])
        angular[2] += rate2[0]
        return np.concatenate([clamp(linear, -gains.swing_limit, gains.swing_limit), clamp(angular, -240.0, 240.0)])
