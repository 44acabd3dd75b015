"""Inverse kinematics of the whole standing body: feet stay, balance is kept, a palm follows a line.

The planner works on its own nominal model (rigid hands) and on the map of the furniture; it never sees the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mink
import mujoco
import numpy as np

from bunraku.control.differential import Continuity, DifferentialSolver
from bunraku.control.goal import BodyGoal
from bunraku.control.stance import Stance
from bunraku.hands import tension_limits
from bunraku.robot import SIDES, RobotSpec, build_robot, standing_configuration

IK_PERIOD = 0.02
"""Seconds between two solutions; references are interpolated in between."""


@dataclass(frozen=True)
class Pose:
    """A frame in the world: `position` (3,) m, `rotation` (3, 3)."""

    position: np.ndarray
    rotation: np.ndarray

    def moved(self, offset: np.ndarray) -> Pose:
        """This pose shifted by `offset` (3,) m, given in the world frame."""
        return Pose(self.position + offset, self.rotation)

    def raised(self, height: float, least: float = 0.0) -> Pose:
        """This pose at `height` m, or `least` m above where it is if that is higher."""
        x, y, z = self.position
        return Pose(np.array([x, y, max(z + least, height)]), self.rotation)

    def shifted(self, offset: np.ndarray) -> Pose:
        """This pose shifted by `offset` (3,) m, given in its own frame."""
        return Pose(self.position + self.rotation @ offset, self.rotation)


@dataclass(frozen=True)
class Obstacle:
    """A box of the map: `centre` and `half` extents (3,) m, in the world, sides along the axes."""

    name: str
    centre: tuple[float, float, float]
    half: tuple[float, float, float]


@dataclass(frozen=True)
class Solution:
    """A posture that brings the palm to a pose: `configuration` (37,), the remaining `position_error` m and
    `rotation_error` rad, and the smallest distance to a joint limit as a share of its range, `margin`."""

    configuration: np.ndarray
    position_error: float
    rotation_error: float
    margin: float

    @property
    def close(self) -> bool:
        """Whether the palm is about where it was asked to be: enough for a point on the way."""
        return self.position_error < 0.01 and self.rotation_error < 0.1

    @property
    def reached(self) -> bool:
        """Whether the palm is where it was asked to be."""
        return self.position_error < 0.004 and self.rotation_error < 0.05


JOINT_SPEED = 2.2
"""Largest speed of any other joint's reference, rad/s."""
WAIST_SPEEDS = {"waist_yaw": 0.7, "waist_pitch": 0.5}
"""Largest speeds of the waist, rad/s: swung faster, the trunk's reaction turns the soles on the floor."""
ARM = {"left": slice(10, 17), "right": slice(17, 24)}
"""The arms in a velocity (36,)."""
UPPER = slice(6, 24)
"""Waist, neck and arms in a velocity (36,)."""
LEGS = slice(24, 36)
"""The legs in a velocity (36,): they follow from the pelvis, as the feet stay."""
PELVIS_CONTINUITY, WAIST_CONTINUITY, ARM_CONTINUITY = 100.0, 30.0, 1.5
"""Costs (1/rad, 1/m) of a change of displacement from one step to the next, of pelvis, waist and all other joints."""
SETTLING = 12
"""Steps in which legs and pelvis find to feet that stand a little apart from where they were planned."""
POSTURE_GAIN = 0.05
"""Share of the way to the wanted posture that free joints go in one step."""
PELVIS_SPEED, PELVIS_TURNING_SPEED = 0.12, 0.3
"""Largest speeds of the pelvis, m/s and rad/s."""
HOPELESS, PROGRESS, LEVER = 0.015, 0.75, 0.1
"""A search is given up that is farther (m) from its pose and in five steps has not come to this share of what was left,
a turn (rad) counting as so much way (m): of 85 poses that can be reached it loses one, and saves 60 % of the steps that
are spent on others."""
ARM_REACH = 0.95
"""Farther (m) than this from where a shoulder is on standing no palm gets: of 260 random grasps none did."""
_ARM_GEOMS = ("upper_arm_shape", "forearm_shape", "hand_shape")


class ReachPlanner:
    """Solves for whole-body postures with the feet where they are.

    Args:
        spec: the robot.
        obstacles: boxes that arms and hands must not enter.
    """

    def __init__(self, spec: RobotSpec, obstacles: Sequence[Obstacle] = ()):
        self.spec = spec
        self.obstacles = tuple(obstacles)
        self.full_tension = float(tension_limits(spec.hand_spec).max())
        model = build_robot(spec, hands=False)
        self._add_planning_shapes(model, obstacles)
        self.model = model.compile()
        self._standing = standing_configuration(spec)
        self._configuration = mink.Configuration(self.model, q=self._standing)
        self._feet = [mink.FrameTask(f"{s}_sole", "site", 1.0, 1.0) for s in SIDES]
        self._com = mink.ComTask(np.array([40.0, 40.0, 0.0]))
        self._pelvis = mink.FrameTask("pelvis", "body", [0, 0, 20.0], [10.0, 10.0, 10.0])
        self.place(Stance())
        cost = np.full(self.model.nv, 0.03)
        cost[:6] = 0.0
        cost[6:8] = 0.10  # the waist helps only when the arm does not suffice
        cost[8:10] = 0.3
        cost[LEGS] = 0.0
        # A low gain: what is free drifts to the posture smoothly instead of jumping there within one step.
        self._posture = mink.PostureTask(self.model, cost, gain=POSTURE_GAIN)
        # An idle arm stays beside the chest: as a counterweight it would strike what stands around.
        self._idle = {}
        for side in SIDES:
            idle = np.zeros(self.model.nv)
            idle[ARM[side]] = 4.0
            self._idle[side] = mink.PostureTask(self.model, idle, gain=POSTURE_GAIN)
            self._idle[side].set_target(self.nominal)
        continuity = np.full(self.model.nv, ARM_CONTINUITY)
        continuity[:6], continuity[6:8] = PELVIS_CONTINUITY, WAIST_CONTINUITY
        continuity[LEGS] = 0.0
        self._continuity = Continuity(continuity)
        upper = np.zeros(self.model.nv)
        upper[UPPER] = 20.0
        self._upper = mink.PostureTask(self.model, upper)
        self._palms = {s: mink.FrameTask(f"{s}_palm", "site", 10.0, 2.0, lm_damping=0.02) for s in SIDES}
        self._solver = self._make_solver(obstacles)
        shoulders = {
            side: self._configuration.get_transform_frame_to_world(f"{side}_upper_arm", "body") for side in SIDES
        }
        self._shoulders = {side: shoulder.translation() for side, shoulder in shoulders.items()}
        eye, size = spec.camera("head_left"), spec.segments
        self._eyes_tilt = float(np.arctan2(-eye.forward[2], eye.forward[0]))
        self._eyes_torso = np.array([eye.position[0] / 2, 0.0, size.trunk + size.neck + eye.position[2]])

    def _add_planning_shapes(self, model: mujoco.MjSpec, obstacles: Sequence[Obstacle]) -> None:
        segments = self.spec.segments
        capsule, box = mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_BOX
        for side in SIDES:
            for body, length, radius in (
                (f"{side}_upper_arm", segments.upper_arm, 0.05),
                (f"{side}_forearm", segments.forearm, 0.05),
            ):
                model.body(body).add_geom(
                    name=f"{body}_shape",
                    type=capsule,
                    fromto=[0, 0, -0.02, 0, 0, -length + 0.03],
                    size=[radius, 0, 0],
                    mass=0,
                    contype=1,
                    conaffinity=1,
                )
            model.body(f"{side}_palm_mount").add_geom(
                name=f"{side}_hand_shape",
                type=box,
                pos=[0, 0, -0.060],
                size=[0.044, 0.016, 0.060],
                mass=0,
                contype=1,
                conaffinity=1,
            )
        for obstacle in obstacles:
            model.worldbody.add_geom(
                name=obstacle.name,
                type=box,
                pos=obstacle.centre,
                size=obstacle.half,
                contype=1,
                conaffinity=1,
            )
        for body, size in (("torso", [0.12, 0.15, 0.18]), ("pelvis", [0.10, 0.12, 0.09])):
            model.body(body).add_geom(
                name=f"{body}_shape",
                type=box,
                pos=[0, 0, 0.22 if body == "torso" else 0.02],
                size=size,
                mass=0,
                contype=1,
                conaffinity=1,
            )

    def _make_solver(self, obstacles: Sequence[Obstacle]) -> DifferentialSolver:
        speeds = {j.name: min(0.5 * j.drive.no_load_speed, JOINT_SPEED) for j in self.spec.joints} | WAIST_SPEEDS
        arms = [[f"{side}_{name}" for name in _ARM_GEOMS] for side in SIDES]
        furniture = [obstacle.name for obstacle in obstacles]
        pairs: list = [(arm[1:], ["torso_shape", "pelvis_shape"]) for arm in arms] + [(arms[0][1:], arms[1][1:])]
        if furniture:
            pairs += [(arm[1:], furniture) for arm in arms]
        collisions = mink.CollisionAvoidanceLimit(
            self.model, pairs, minimum_distance_from_collisions=0.004, collision_detection_distance=0.06
        )
        return DifferentialSolver(self.model, speeds, PELVIS_SPEED, PELVIS_TURNING_SPEED, collisions)

    def place(self, stance: Stance, feet: np.ndarray | None = None) -> None:
        """Plan from another place on the floor.

        Args:
            stance: where the robot stands, or would stand, in the world.
            feet: configuration (37,) whose soles stay where they are; those of the standing posture if None.
        """
        self.stance = stance
        self.nominal = stance.configuration(self._standing)
        self._configuration.update(self.nominal)
        for task in (self._com, self._pelvis, *self._feet):
            task.set_target_from_configuration(self._configuration)
        if feet is None:
            return
        self._configuration.update(feet)
        for task in self._feet:
            task.set_target_from_configuration(self._configuration)
        self.nominal = self.settled(self.nominal)

    def settled(self, configuration: np.ndarray) -> np.ndarray:
        """The configuration (37,) with this one's waist, neck and arms whose feet and balance are where they belong."""
        self._upper.set_target(configuration)
        self._configuration.update(configuration)
        for _ in range(SETTLING):
            velocity = self._solver.solve(
                self._configuration,
                [self._com, self._pelvis, self._upper],
                self._feet,
                1.0,
                within_speeds=False,
                without_collisions=False,
            )
            self._configuration.integrate_inplace(velocity, 1.0)
        return self._configuration.q.copy()

    def palm(self, configuration: np.ndarray, side: str) -> Pose:
        """Where the palm is in a configuration (37,)."""
        self._configuration.update(configuration)
        frame = self._configuration.get_transform_frame_to_world(f"{side}_palm", "site")
        return Pose(frame.translation(), frame.rotation().as_matrix())

    def difference(self, out: np.ndarray, start: np.ndarray, end: np.ndarray) -> None:
        """Write to `out` (36,) the way from configuration `start` to `end`, both (37,)."""
        mujoco.mj_differentiatePos(self.model, out, 1.0, start, end)

    def integrate(self, start: np.ndarray, way: np.ndarray) -> np.ndarray:
        """The configuration (37,) that lies `way` (36,) from `start` (37,)."""
        end = start.copy()
        mujoco.mj_integratePos(self.model, end, way, 1.0)
        return end

    def neck_towards(self, configuration: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Neck yaw and pitch (2,) rad, within their limits, that turn the eyes to `point` (3,) m."""
        self._configuration.update(configuration)
        torso = self._configuration.get_transform_frame_to_world("torso", "body")
        eyes = torso.rotation().as_matrix() @ self._eyes_torso + torso.translation()
        x, y, z = torso.rotation().as_matrix().T @ (point - eyes)
        angles = np.array([np.arctan2(y, x), np.arctan2(-z, np.hypot(x, y)) - self._eyes_tilt])
        return np.clip(angles, self.spec.lower_limits[2:4], self.spec.upper_limits[2:4])

    def step(
        self,
        configuration: np.ndarray,
        palms: Mapping[str, Pose],
        *,
        posture: np.ndarray | None = None,
        velocity: np.ndarray | None = None,
        period: float = IK_PERIOD,
    ) -> BodyGoal:
        """One step of differential inverse kinematics.

        Args:
            configuration: reference (37,) from which to go on.
            palms: wanted pose of one palm or of both; a palm that is not named follows `posture`.
            posture: configuration (37,) towards which what is free drifts; the standing posture if None.
            velocity: velocity (36,) of the step before, from which the next one departs smoothly; None to ignore it.
            period: s.

        Returns:
            The next reference; its velocity (36,) is what leads there within `period`.
        """
        self._configuration.update(configuration)
        tasks: list = [self._com, self._pelvis, self._posture]
        tasks += [idle for side, idle in self._idle.items() if side not in palms]
        self._posture.set_target(self.nominal if posture is None else posture)
        if velocity is not None:
            self._continuity.displacement = velocity * period
            tasks.append(self._continuity)
        for side, pose in palms.items():
            rotation = mink.SO3.from_matrix(pose.rotation)
            self._palms[side].set_target(mink.SE3.from_rotation_and_translation(rotation, pose.position))
            tasks.append(self._palms[side])
        solved = self._solver.solve(self._configuration, tasks, self._feet, period)
        return BodyGoal(self._configuration.integrate(solved, period), solved)

    def balance(self, configuration: np.ndarray, upper: np.ndarray, velocity: np.ndarray) -> BodyGoal:
        """One step in which waist, neck and arms go to `upper` (18,) rad while pelvis and legs keep the balance.

        `configuration` (37,) and `velocity` (36,) are those of the step before.
        """
        target = configuration.copy()
        target[7:25] = upper
        self._configuration.update(configuration)
        self._upper.set_target(target)
        self._continuity.displacement = velocity * IK_PERIOD
        tasks: list = [self._com, self._pelvis, self._upper, self._continuity]
        solved = self._solver.solve(self._configuration, tasks, self._feet, IK_PERIOD, without_collisions=False)
        return BodyGoal(self._configuration.integrate(solved, IK_PERIOD), solved)

    def solve(self, side: str, pose: Pose, start: np.ndarray | None = None, iterations: int = 60) -> Solution:
        """A posture that brings a palm to `pose`, from `start` (37,) or the standing posture."""
        configuration = self.nominal if start is None else start
        position_error = rotation_error = before = np.inf
        for count in range(iterations):
            configuration = self.step(configuration, {side: pose}, period=0.1).configuration
            if count % 5 == 4:
                reached = self.palm(configuration, side)
                position_error = float(np.linalg.norm(reached.position - pose.position))
                rotation_error = rotation_distance(reached.rotation, pose.rotation)
                left = position_error + LEVER * rotation_error
                stuck = left > PROGRESS * before and (left > HOPELESS or before - left < 2e-4)
                if (position_error < 0.004 and rotation_error < 0.03) or stuck:
                    break
                before = left
        return Solution(configuration, position_error, rotation_error, self._margin(configuration, side))

    def may_reach(self, side: str, position: np.ndarray) -> bool:
        """Whether `position` (3,) m of a palm is not certainly too far from the shoulder, however the body leans."""
        return bool(np.linalg.norm(position - self.stance.point(self._shoulders[side])) < ARM_REACH)

    def trace(self, side: str, poses: Sequence[Pose], start: np.ndarray) -> list[np.ndarray] | None:
        """Postures (37,) that bring a palm through `poses` one after the other, each near the one before and the first
        near `start`; None when one of them cannot be reached like that."""
        way: list[np.ndarray] = []
        for pose in poses:
            solution = self.solve(side, pose, way[-1] if way else start, iterations=20)
            if not solution.close:
                return None
            way.append(solution.configuration)
        return way

    def _margin(self, configuration: np.ndarray, side: str) -> float:
        low, high = self.spec.lower_limits, self.spec.upper_limits
        first = 4 if side == "left" else 11
        joints = configuration[7:][first : first + 7]
        low, high = low[first : first + 7], high[first : first + 7]
        return float(np.min(np.minimum(joints - low, high - joints) / (high - low)))


def rotation_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Angle in rad between two rotations (3, 3)."""
    cosine = (np.trace(first.T @ second) - 1) / 2
    return float(np.arccos(np.clip(cosine, -1, 1)))


def turn_onto(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that turns the unit vector `start` (3,) onto `end` (3,), not its opposite."""
    axis, cosine = np.cross(start, end), float(start @ end)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cosine)
