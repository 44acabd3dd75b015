"""The last word before the motors: whatever comes from above is brought within the robot's limits, or held, or stopped.

The supervisor needs no model of the world and nothing above it; no skill, policy or mind can switch it off, and a stop
cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from bunraku.control.limits import clamp
from bunraku.hands import HandSpec, cable_arms, cable_motor, tension_limits
from bunraku.robot import JOINTS, SIDES, Command, HandCommand, JointCommand, Observation, RobotSpec

HEARTBEAT = 0.1
"""Longest silence from above, s; then the robot stops."""
STIFFNESS_LIMIT, DAMPING_LIMIT = 25.0, 2.5
"""Largest servo gains, as multiples of a joint's peak torque: 1/rad and s/rad."""
HOLD_STIFFNESS = 8.0
"""Servo stiffness of a held posture, in the same measure: enough to stay on flat feet."""
HOLD_DAMPING = 400.0
"""Servo damping of a held posture as a multiple of the joint's armature, 1/s: what a 500 Hz driver can give to its own
rotor without buzzing."""
BRAKING = 0.08
"""Time constant with which a stopped motion comes to rest, s."""
TOLERANCE = 1e-6
"""Excess over a limit that is cut but not worth reporting, relative."""


@dataclass(frozen=True)
class Intervention:
    """One correction at `time` s.

    `kind` is "position", "velocity", "torque", "stiffness", "damping", "rate", "tension", "garbage", "silence", "stop"
    or, of the legs, "refusal" or "fall". `joint` names the joint or cable, the part of the command, the reason of a
    stop or refusal, or what is to be said of a fall. `asked` and `given` are the numbers before and after (NaN where
    there is no number).
    """

    time: float
    kind: str
    joint: str
    asked: float
    given: float


class Supervisor:
    """Filters every command of one robot: call `filter` once per control tick, with None when nothing came."""

    def __init__(self, spec: RobotSpec, hand_specs: Mapping[str, HandSpec], period: float) -> None:
        """Take the limits of `spec` and of the hands ("left", "right"); `period` is the control period, s."""
        self._spec = spec
        self._period = period
        self._limits = _BodyLimits.of(spec)
        self._hands = {side: _HandLimits.of(hand_specs[side], side, period) for side in SIDES}
        self._last: Command | None = None
        self._last_heard: float | None = None
        self._stopped_at: float | None = None
        self._stop_start: tuple[np.ndarray, np.ndarray] | None = None
        self._reason: str | None = None

    @property
    def stopped(self) -> str | None:
        """Why the robot was stopped; None while it runs."""
        return self._reason

    def stop(self, reason: str) -> None:
        """From the next tick on, hold the posture and the grip that the robot has. There is no way back."""
        if self._reason is None:
            self._reason = reason

    def filter(self, command: Command | None, observation: Observation) -> tuple[Command, list[Intervention]]:
        """The command that may go to the motors, and what was changed.

        Args:
            command: what the level above wants; None if it said nothing this tick.
            observation: the robot's sensors now.
        """
        time = observation.time
        if self._last_heard is None:
            self._last_heard = time
        said: list[Intervention] = []
        if command is not None and self._reason is None:
            problem = _problem(command, self._hands)
            if problem is None:
                self._last_heard = time
                self._last = self._clamped(command, observation, said)
                return self._last, said
            said.append(Intervention(time, "garbage", problem, float("nan"), float("nan")))
        if self._reason is None and time - self._last_heard > HEARTBEAT:
            self.stop(f"no usable command came for {HEARTBEAT:.1f} s")
            said.append(Intervention(time, "silence", "command", time - self._last_heard, HEARTBEAT))
        if self._reason is not None and self._stopped_at is None:
            said.append(Intervention(time, "stop", self._reason, float("nan"), float("nan")))
        self._last = self._holding(observation) if self._reason is not None else self._repeated(observation)
        return self._last, said

    def _clamped(self, command: Command, observation: Observation, said: list[Intervention]) -> Command:
        limits, time = self._limits, observation.time
        asked = np.array([getattr(command.joints, name) for name in _JOINT_FIELDS], float)
        given = clamp(asked, limits.lower, limits.upper)
        previous = self._last.joints.position if self._last is not None else observation.joints.position
        previous = clamp(previous, limits.lower[0], limits.upper[0])
        step = limits.speed * self._period
        stepped = clamp(given[0], previous - step, previous + step)
        if (asked != given).any():
            for name, values, clamped in zip(_JOINT_FIELDS, asked, given, strict=True):
                _report(said, time, name, JOINTS, values, clamped)
        _report(said, time, "rate", JOINTS, given[0], stepped)
        joints = JointCommand(stepped, *given[1:])
        hands = {side: self._clamped_hand(side, command, observation, said) for side in SIDES}
        return Command(time, joints, hands["left"], hands["right"])

    def _clamped_hand(
        self, side: str, command: Command, observation: Observation, said: list[Intervention]
    ) -> HandCommand:
        limits, time = self._hands[side], observation.time
        asked = _hand(command, side)
        wanted, pull = np.asarray(asked.position, float), np.asarray(asked.tension_limit, float)
        position = clamp(wanted, limits.lower, limits.upper)
        tension = clamp(pull, 0.0, limits.tension)
        _report(said, time, "position", limits.joints, wanted, position)
        _report(said, time, "tension", limits.cables, pull, tension)
        previous = _hand(self._last, side).position if self._last is not None else observation.hand(side).position
        previous = clamp(previous, limits.lower, limits.upper)
        travel = float(np.abs(limits.arms @ (position - previous)).max())
        if travel > limits.travel:
            stepped = previous + (position - previous) * (limits.travel / travel)
            worst = int(np.abs(position - stepped).argmax())
            if travel > 10 * limits.travel:
                said.append(
                    Intervention(time, "rate", limits.joints[worst], float(position[worst]), float(stepped[worst]))
                )
            position = stepped
        return HandCommand(position, tension)

    def _repeated(self, observation: Observation) -> Command:
        """The last good command, or the present posture when there was none."""
        if self._last is None:
            return self._posture(observation, observation.joints.position, np.zeros(len(JOINTS)), np.zeros(len(JOINTS)))
        return replace(self._last, time=observation.time)

    def _holding(self, observation: Observation) -> Command:
        """Come to rest near where the stop began, with the grip of that moment."""
        if self._stopped_at is None or self._stop_start is None:
            self._stopped_at = observation.time
            self._stop_start = (observation.joints.position.copy(), observation.joints.velocity.copy())
            self._stop_torque = self._last.joints.torque if self._last is not None else np.zeros(len(JOINTS))
        start, speed = self._stop_start
        fade = float(np.exp(-(observation.time - self._stopped_at) / BRAKING))
        position = clamp(start + speed * BRAKING * (1 - fade), self._limits.lower[0], self._limits.upper[0])
        return self._posture(observation, position, speed * fade, self._stop_torque)

    def _posture(
        self, observation: Observation, position: np.ndarray, velocity: np.ndarray, torque: np.ndarray
    ) -> Command:
        joints = JointCommand(
            position,
            velocity,
            torque,
            HOLD_STIFFNESS * self._spec.torque_limits,
            HOLD_DAMPING * self._spec.armatures,
        )
        hands = {
            side: _hand(self._last, side)
            if self._last is not None
            else HandCommand(observation.hand(side).position.copy(), self._hands[side].tension.copy())
            for side in SIDES
        }
        return Command(observation.time, joints, hands["left"], hands["right"])


_JOINT_FIELDS = tuple(field.name for field in fields(JointCommand))


@dataclass(frozen=True)
class _BodyLimits:
    """`lower` and `upper` limit (5, 30) of every field of a `JointCommand`, in their order; the joints' top `speed`."""

    lower: np.ndarray
    upper: np.ndarray
    speed: np.ndarray

    @classmethod
    def of(cls, spec: RobotSpec) -> _BodyLimits:
        torque, speed, zero = spec.torque_limits, spec.speed_limits, np.zeros(len(spec.joints))
        lower = JointCommand(spec.lower_limits, -speed, -torque, zero, zero)
        upper = JointCommand(spec.upper_limits, speed, torque, STIFFNESS_LIMIT * torque, DAMPING_LIMIT * torque)
        low, high = (np.array([getattr(limit, name) for name in _JOINT_FIELDS]) for limit in (lower, upper))
        return cls(low, high, speed)


@dataclass(frozen=True)
class _HandLimits:
    joints: tuple[str, ...]
    cables: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    tension: np.ndarray
    arms: np.ndarray
    travel: float
    """How far a cable motor winds in one tick, m."""

    @classmethod
    def of(cls, hand: HandSpec, side: str, period: float) -> _HandLimits:
        ranges = np.deg2rad([joint.range_deg for joint in hand.joints])
        return cls(
            tuple(f"{side}_{name}" for name in hand.joint_names),
            tuple(f"{side}_{name}" for name in hand.cable_names),
            ranges[:, 0],
            ranges[:, 1],
            tension_limits(hand),
            cable_arms(hand),
            cable_motor(hand.actuation, len(hand.cables)).speed * period,
        )


def _hand(command: Command, side: str) -> HandCommand:
    return command.left_hand if side == "left" else command.right_hand


def _problem(command: Any, hands: Mapping[str, _HandLimits]) -> str | None:
    """The first part of `command` that is not finite numbers of the right shape, or None."""
    parts = [("joints", name, len(JOINTS)) for name in _JOINT_FIELDS]
    for side in SIDES:
        parts.append((f"{side}_hand", "position", len(hands[side].joints)))
        parts.append((f"{side}_hand", "tension_limit", len(hands[side].cables)))
    found = []
    for part, name, count in parts:
        try:
            values = np.asarray(getattr(getattr(command, part), name), float)
        except (AttributeError, TypeError, ValueError):
            return f"{part}.{name}"
        if values.shape != (count,):
            return f"{part}.{name}"
        found.append(values)
    if np.isfinite(np.concatenate(found)).all():
        return None
    return next(
        f"{part}.{name}" for (part, name, _), values in zip(parts, found, strict=True) if not np.isfinite(values).all()
    )


def _report(
    said: list[Intervention], time: float, kind: str, names: tuple[str, ...], asked: np.ndarray, given: np.ndarray
) -> None:
    if (asked == given).all():
        return
    excess = np.abs(asked - given) > TOLERANCE * np.maximum(1.0, np.abs(given))
    said.extend(Intervention(time, kind, names[i], float(asked[i]), float(given[i])) for i in np.flatnonzero(excess))
