"""Getting up again: from lying to a squat through a sequence of postures, then balance takes over.

Kneeling, lifting the knees and squatting were found by statics (`benchmarks/legs/postures.py`): the centre of mass lies
over what touches the ground then. The others were found by hand. Joint servos play them one after the other, within the
motors' limits. What tells success from failure is gravity in the pelvis and the feet's forces; after a failure it lies
down again and tries once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from bunraku.control.goal import BodyGoal
from bunraku.control.limits import clamp
from bunraku.control.lying import Lying, lying, pitch, upward
from bunraku.control.nominal import GRAVITY, LEGS, NominalModel
from bunraku.control.supervisor import HOLD_DAMPING, HOLD_STIFFNESS
from bunraku.control.whole_body import Gains, WholeBodyController
from bunraku.hands import HandSpec, tension_limits
from bunraku.robot import JOINTS, SIDES, HandCommand, JointCommand, Observation, RobotSpec, standing_configuration


@dataclass(frozen=True)
class Move:
    """Go to a posture within `seconds`, and hold it for `pause` s.

    `posture` names joints and angles in degrees; a name without its side stands for both, joints without a name rest at
    0. `leans` is where the trunk must have got to, as `lying.pitch` in degrees; None does not matter.
    """

    name: str
    posture: Mapping[str, float]
    seconds: float
    pause: float = 0.1
    leans: float | None = None


_PRONE = {"neck_pitch": -40, "shoulder_pitch": 165, "shoulder_roll": 12, "elbow": 15, "ankle_pitch": 30, "hip_roll": 6}
_KNEES = {"neck_pitch": -40, "shoulder_roll": 8, "hip_roll": 3, "ankle_roll": -3}

STRAIGHTEN = (Move("straighten", {"shoulder_roll": 40, "elbow": 15, "hip_roll": 12}, 1.2, 0.4),)
FREE_ARMS = (Move("work the arms out", _PRONE, 1.6), *STRAIGHTEN)
"""What to do first where it lies on an arm: the arm turns ahead below the chest, and the trunk goes over it."""
_ELBOWS = {"neck_pitch": 40, "shoulder_pitch": -60, "elbow": 100, "shoulder_roll": 20, "ankle_pitch": -30}
_SIT = {"waist_pitch": 60, "shoulder_pitch": 60, "elbow": 20, "shoulder_roll": 10}
_TWIST = {"waist_pitch": 60, "waist_yaw": 58, "neck_pitch": -30, "shoulder_pitch": 80, "elbow": 10, "shoulder_roll": 10}
FROM_BACK = (
    Move("open the elbows", _ELBOWS | {"shoulder_pitch": 0, "shoulder_roll": 30}, 0.6, leans=-90),
    Move("onto the elbows", _ELBOWS, 0.8),
    Move("bow", _ELBOWS | {"waist_pitch": 58, "hip_pitch": 45}, 1.0),
    Move("sit up", _SIT | {"neck_pitch": 40, "hip_pitch": 75, "ankle_pitch": -30}, 0.6, 0.2),
    Move("sit", _SIT | {"neck_pitch": 40, "hip_pitch": 85, "knee": 40}, 0.8, 0.2, leans=-30),
    Move(
        "twist aside",
        _TWIST | {"hip_pitch": 95, "knee": 70, "left_hip_roll": 44, "right_hip_roll": -25},
        0.7,
        0.3,
    ),
    Move(
        "tip over",
        _TWIST | {"waist_yaw": 0, "waist_pitch": 20, "shoulder_pitch": 100, "hip_pitch": 10, "knee": 30},
        1.2,
        0.2,
    ),
)
_LEG_OVER = {"right_hip_pitch": 80, "right_knee": 70, "right_hip_roll": -25, "left_knee": 10}
_ARM_OVER = {"left_shoulder_pitch": 165, "left_shoulder_roll": 5, "left_elbow": 10}
_ARM_OVER |= {"right_shoulder_pitch": 95, "right_shoulder_roll": -20, "right_elbow": 20}
FROM_LEFT = (
    Move("leg and arm ahead", _LEG_OVER | _ARM_OVER | {"waist_yaw": -40}, 0.7, 0.2),
    Move(
        "roll over",
        _LEG_OVER
        | _ARM_OVER
        | {"waist_yaw": 50, "right_hip_pitch": 60, "right_shoulder_pitch": 110, "right_shoulder_yaw": -40},
        0.6,
        0.2,
    ),
    Move("uncross the legs", _PRONE | {"hip_roll": 20, "right_knee": 80}, 1.0, 0.1),
    Move("legs out", _PRONE | {"hip_roll": 20}, 0.5, 0.1),
)
FROM_FRONT = (
    Move("open the arms", _PRONE | {"shoulder_pitch": 0, "shoulder_roll": 90}, 0.8, leans=90),
    Move("reach ahead", _PRONE, 0.8, leans=90),
    Move("draw up the knees", _PRONE | {"waist_pitch": 30, "hip_pitch": 110, "knee": 95, "ankle_pitch": 34}, 1.4),
    Move(
        "hands and knees",
        _PRONE
        | {"shoulder_pitch": 85, "elbow": 20, "shoulder_roll": 8}
        | {"waist_pitch": 10, "hip_pitch": 95, "knee": 95, "ankle_pitch": 34},
        1.0,
        leans=85,
    ),
    Move(
        "sit back",
        _KNEES
        | {"shoulder_pitch": 75, "elbow": 50, "waist_pitch": 55}
        | {"hip_pitch": 65, "knee": 139, "ankle_pitch": 34},
        1.4,
        leans=30,
    ),
    Move(
        "kneel",
        _KNEES
        | {"shoulder_pitch": 53, "elbow": 15, "waist_pitch": 59}
        | {"hip_pitch": 47, "knee": 139, "ankle_pitch": 34},
        1.0,
        leans=12,
    ),
    Move(
        "lift the knees",
        _KNEES
        | {"shoulder_pitch": 86, "elbow": 17, "waist_pitch": 34}
        | {"hip_pitch": 114, "knee": 110, "ankle_pitch": 12},
        1.0,
        0.05,
        leans=62,
    ),
    Move(
        "squat",
        _KNEES
        | {"shoulder_pitch": 103, "elbow": 5, "waist_pitch": 55}
        | {"hip_pitch": 119, "knee": 120, "ankle_pitch": 31},
        1.0,
        0.0,
        leans=27,
    ),
)

LARGEST_LEAN_ERROR = np.deg2rad(35)
"""How far from where a move should bring it the trunk may lean, rad."""
LARGEST_ROLL = 0.5
"""Largest sine of the trunk's sideways tilt in a move that has a lean."""
WEIGHT_ON_FEET = 0.5
"""Share of the weight that the feet must bear before balance takes over."""
RISE_TIME, CALM = 2.5, 1.0
"""From the squat to standing, and how long it then stands before it is done, s."""
FALLEN_TILT = np.deg2rad(60)
"""Tilt of the pelvis (rad) at which the rise from the squat has failed."""
ATTEMPTS = 4
"""How often it tries before it asks for help."""
STRAIGHT_KNEE = 0.5
"""Knee flexion of the final stance where the feet stand wide, rad."""


class GettingUp:
    """One attempt after the other to get up, until it stands or has tried often enough.

    Attributes:
        stage: what it is doing, in words.
        attempts: how many it has begun, each from lying straight.
        finished: whether it stands.
        stuck: why it gave up, in one sentence; None while it has not.
        controller: the balance that took over, for whoever goes on from there; None before.
    """

    def __init__(self, spec: RobotSpec, period: float, gravity: float = GRAVITY) -> None:
        """Prepare to get the robot `spec` up, called every `period` s, under `gravity` m/s²."""
        self._spec, self._period, self._gravity = spec, period, gravity
        self._slow = float(np.sqrt(GRAVITY / gravity))
        self._nominal = NominalModel(spec, gravity)
        self._weight = self._nominal.total_mass * gravity
        # Dynamic similarity: a joint that gives way under the weight as on Earth, in times that are longer by `_slow`.
        self._stiffness = HOLD_STIFFNESS * spec.torque_limits / self._slow**2
        self._damping = HOLD_DAMPING * spec.armatures / self._slow
        self._moves: list[Move] = []
        self._start = np.zeros(len(JOINTS))
        self._elapsed = 0.0
        self._rise: _Rise | None = None
        self._halted: np.ndarray | None = None
        self.attempts = 0
        self.finished = False
        self.stuck: str | None = None
        self.stage = "lying"
        self.controller: WholeBodyController | None = None

    def compute(self, observation: Observation) -> JointCommand:
        """The command of this tick."""
        self._elapsed += self._period
        if self._rise is not None:
            return self._balance(observation)
        if self._halted is not None:
            return self._hold(self._halted)
        if not self._moves:
            self._begin(observation)
        move = self._moves[0]
        if self._elapsed > (move.seconds + move.pause) * self._slow:
            self._end_move(move, observation)
            if self._rise is not None:
                return self._balance(observation)
            move = self._moves[0]
        self.stage = move.name
        return self._toward(move)

    def halt(self, observation: Observation) -> None:
        """Stay as it is from now on, down on the ground; balance that has taken over goes on to standing."""
        self._halted = observation.joints.position.copy()

    def _hold(self, joints: np.ndarray) -> JointCommand:
        still = np.zeros(len(JOINTS))
        return JointCommand(joints.copy(), still, still, self._stiffness.copy(), self._damping.copy())

    def _begin(self, observation: Observation, first: tuple[Move, ...] = STRAIGHTEN) -> None:
        """Straighten first, whatever the posture is; then lie on the front or on the back."""
        if self.attempts == ATTEMPTS:
            self.stuck = f"I tried {ATTEMPTS} times to get up and could not; please help me"
        else:
            self.attempts += 1
        self._take(first, observation.joints.position)

    def _take(self, moves: tuple[Move, ...], joints: np.ndarray) -> None:
        self._moves = list(moves)
        self._restart(joints)

    def _restart(self, joints: np.ndarray) -> None:
        self._start, self._elapsed = joints.copy(), 0.0

    def _end_move(self, move: Move, observation: Observation) -> None:
        reached = posture(self._spec, move)
        if self.stuck is not None or not self._got_there(move, observation):
            self._begin(observation, FREE_ARMS if move is FROM_FRONT[0] else STRAIGHTEN)
        elif len(self._moves) > 1:
            del self._moves[0]
            self._restart(reached)
        elif move is FROM_FRONT[-1]:
            if observation.feet.wrench[:, 2].sum() > WEIGHT_ON_FEET * self._weight:
                self._rise = _Rise(self._spec, self._period, self._gravity, self._nominal, observation)
            else:
                self._begin(observation)
        else:
            side = lying(observation.imu.orientation)
            if side is Lying.FRONT:
                self._take(FROM_FRONT, reached)
            elif side is Lying.BACK and move in STRAIGHTEN:
                self._take(FROM_BACK if self.attempts % 2 else mirrored(FROM_BACK), reached)
            elif side in (Lying.LEFT, Lying.RIGHT):
                self._take(FROM_LEFT if side is Lying.LEFT else mirrored(FROM_LEFT), reached)
            else:
                self._begin(observation)

    def _got_there(self, move: Move, observation: Observation) -> bool:
        if move.leans is None:
            return True
        orientation = observation.imu.orientation
        astray = abs(pitch(orientation) - np.deg2rad(move.leans))
        return bool(astray < LARGEST_LEAN_ERROR and abs(upward(orientation)[1]) < LARGEST_ROLL)

    def _toward(self, move: Move) -> JointCommand:
        way = posture(self._spec, move) - self._start
        share, rate = eased(self._elapsed / (move.seconds * self._slow))
        velocity = way * rate / (move.seconds * self._slow)
        return JointCommand(
            self._start + way * share, velocity, np.zeros(len(JOINTS)), self._stiffness.copy(), self._damping.copy()
        )

    def _balance(self, observation: Observation) -> JointCommand:
        assert self._rise is not None
        rise, self.stage = self._rise, "rise"
        command = rise.compute(observation)
        if upward(observation.imu.orientation)[2] < np.cos(FALLEN_TILT) and rise.under_way:
            self._rise, self._moves = None, []
        elif rise.finished:
            self.finished, self.controller = True, rise.controller
        return command


class _Rise:
    """From a squat on flat feet, wherever they stand, to standing over them, balanced by the whole-body controller."""

    def __init__(
        self, spec: RobotSpec, period: float, gravity: float, nominal: NominalModel, observation: Observation
    ) -> None:
        slow = float(np.sqrt(GRAVITY / gravity))
        self.controller = WholeBodyController(spec, period, Gains().slowed(slow), gravity=gravity)
        self._nominal, self._period = nominal, period
        self._duration = RISE_TIME * slow
        self._low, self._high = spec.lower_limits, spec.upper_limits
        self._elapsed = 0.0
        state = self.controller.estimator.update(observation)
        self._start = state.configuration.copy()
        self._end = standing_configuration(spec)
        nominal.place(self._start)
        sites = [nominal.model.site(f"{side}_sole").id for side in SIDES]
        self._feet = []
        for site in sites:
            x, y, _ = nominal.data.site_xpos[site]
            forward = nominal.data.site_xmat[site].reshape(3, 3)[:, 0]
            self._feet.append((site, np.array([x, y, 0.0]), float(np.arctan2(forward[1], forward[0]))))
        size = spec.segments
        apart = abs(self._feet[0][1][1] - self._feet[1][1][1]) / 2 - size.hip_offset
        leg = np.sqrt(size.thigh**2 + size.shank**2 + 2 * size.thigh * size.shank * np.cos(STRAIGHT_KNEE))
        self._end[2] = min(self._end[2], size.ankle_height + np.sqrt(max(leg**2 - apart**2, 0.1)))
        self._goal = self._start.copy()
        self._lean = np.empty(3)
        mujoco.mju_quat2Vel(self._lean, self._start[3:7], 1.0)

    @property
    def under_way(self) -> bool:
        """Whether the trunk had time to come upright."""
        return self._elapsed > 0.5 * self._duration

    @property
    def finished(self) -> bool:
        return self._elapsed > self._duration + CALM

    def compute(self, observation: Observation) -> JointCommand:
        share, _ = eased(self._elapsed / self._duration)
        self._elapsed += self._period
        goal = self._start + share * (self._end - self._start)
        lean = (1 - share) * self._lean
        angle = float(np.linalg.norm(lean))
        mujoco.mju_axisAngle2Quat(goal[3:7], lean / max(angle, 1e-9), angle)
        goal[7 + LEGS[0] :] = self._goal[7 + LEGS[0] :]
        goal[7:] = self._with_feet_planted(goal)
        velocity = np.zeros(self._nominal.model.nv)
        mujoco.mj_differentiatePos(self._nominal.model, velocity, self._period, self._goal, goal)
        self._goal = goal
        return self.controller.compute(observation, BodyGoal(goal, velocity))

    def _with_feet_planted(self, goal: np.ndarray) -> np.ndarray:
        """Joints (30,) of `goal`, the legs a damped Newton step nearer to where the feet stand."""
        nominal = self._nominal
        nominal.place(goal)
        joints, jacobian = goal[7:].copy(), np.zeros((6, nominal.model.nv))
        for i, (site, position, yaw) in enumerate(self._feet):
            mujoco.mj_jacSite(nominal.model, nominal.data, jacobian[:3], jacobian[3:], site)
            legs = LEGS[6 * i : 6 * i + 6]
            error = np.zeros(6)
            error[:3] = position - nominal.data.site_xpos[site]
            c, s = np.cos(yaw), np.sin(yaw)
            level = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
            turn = np.empty(4)
            mujoco.mju_mat2Quat(turn, (level @ nominal.data.site_xmat[site].reshape(3, 3).T).ravel())
            mujoco.mju_quat2Vel(error[3:], turn, 1.0)
            leg = jacobian[:, 6 + legs]
            step = leg.T @ np.linalg.solve(leg @ leg.T + 1e-4 * np.eye(6), error)
            joints[legs] = clamp(joints[legs] + clamp(step, -0.2, 0.2), self._low[legs], self._high[legs])
        return joints


def posture(spec: RobotSpec, move: Move) -> np.ndarray:
    """Joint angles (30,) rad of a move, within the robot's ranges.

    Raises:
        KeyError: if the move names a joint that there is not.
    """
    index = {name: i for i, name in enumerate(JOINTS)}
    angles = np.zeros(len(JOINTS))
    for name, degrees in move.posture.items():
        for joint in (name,) if name in index else (f"{side}_{name}" for side in SIDES):
            angles[index[joint]] = np.deg2rad(degrees)
    return clamp(angles, spec.lower_limits, spec.upper_limits)


def fist(hand: HandSpec) -> HandCommand:
    """The command that curls all fingers around the thumb's side of the palm."""
    angles = [next((a for end, a in _FIST if joint.name.endswith(end)), 0.0) for joint in hand.joints]
    low, high = np.array([joint.range_deg for joint in hand.joints]).T
    return HandCommand(np.deg2rad(np.clip(angles, low, high)), tension_limits(hand))


def curled(closed: HandCommand, position: np.ndarray) -> HandCommand:
    """The fist `closed`, but with no finger that is flexed further at `position` (n,) rad opened by it."""
    return replace(closed, position=np.where(closed.position > 0, np.maximum(closed.position, position), 0.0))


_FIST = (
    ("cmc_rotation", 60.0),
    ("thumb_cmc_flexion", 30.0),
    ("thumb_mcp_flexion", 40.0),
    ("thumb_ip", 40.0),
    ("mcp_flexion", 88.0),
    ("pip", 100.0),
    ("dip", 60.0),
)
"""Ends of joint names and their angles in a fist, degrees; all others are 0."""


def mirrored(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """The same moves with left and right exchanged."""
    return tuple(
        replace(
            move,
            posture={
                _other_side(name): -angle if name in ("waist_yaw", "neck_yaw") else angle
                for name, angle in move.posture.items()
            },
        )
        for move in moves
    )


def _other_side(joint: str) -> str:
    for side, other in (("left", "right"), ("right", "left")):
        if joint.startswith(f"{side}_"):
            return other + joint.removeprefix(side)
    return joint


def eased(share: float) -> tuple[float, float]:
    """Minimum-jerk course from 0 to 1, and its rate, at `share` of the time; at rest before 0 and after 1."""
    u = min(max(share, 0.0), 1.0)
    return u**3 * (10 - 15 * u + 6 * u * u), 30 * u * u * (1 - u) ** 2
