"""Where and when to step: the next foothold and its time follow the divergent component of motion (DCM).

The DCM ξ = c + ċ/ω of the linear inverted pendulum runs away from the centre of pressure p: ξ(t) = p + (ξ₀ − p) e^{ωt}
(Takenaka et al. 2009, Englsberger et al. 2015). A step taken at time T to foothold u leaves the offset ξ(T) − u; a gait
is stable when that offset is kept near its periodic value (Khadiv et al. 2020). All positions are on the floor, in the
frame of the stance sole: x forward, y left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bunraku.control.limits import clamp

PREVIEW = 6
"""Steps ahead that settle the nominal DCM offset; the end of the preview weighs e^{-ω T · 6}, next to nothing."""


@dataclass(frozen=True)
class Velocity:
    """Walking velocity in the robot's own frame: `forward`, `left` m/s, `turn` rad/s (counter-clockwise)."""

    forward: float = 0.0
    left: float = 0.0
    turn: float = 0.0

    @property
    def is_zero(self) -> bool:
        """Whether it asks to stand."""
        return abs(self.forward) < 1e-3 and abs(self.left) < 1e-3 and abs(self.turn) < 1e-3


@dataclass(frozen=True)
class Gait:
    """Times in s, lengths in m.

    The planner counts on a smaller foot (`plan_half_length`, `plan_half_width`) than it acts with (`act_half_length`,
    `act_half_width`): what is left over is for what neither knows.
    """

    duration: float = 0.50
    shortest: float = 0.24
    longest: float = 0.62
    double_support: float = 0.04
    width: float = 0.20
    narrowest: float = 0.115
    widest: float = 0.55
    longest_step: float = 0.45
    largest_turn: float = 0.5
    """Yaw between two successive feet, rad."""
    swing_speed: float = 2.5
    early: float = 0.018
    """How much earlier than planned a foot touches down on level ground; strides are shorter by that share."""
    apex: float = 0.06
    com_height: float = 0.935
    plan_half_length: float = 0.06
    plan_half_width: float = 0.025
    act_half_length: float = 0.085
    act_half_width: float = 0.042

    def slowed(self, factor: float) -> Gait:
        """The same gait with every time `factor` times as long: dynamically similar where gravity is `factor`² less."""
        return replace(
            self,
            duration=self.duration * factor,
            shortest=self.shortest * factor,
            longest=self.longest * factor,
            double_support=self.double_support * factor,
            early=self.early * factor,
            swing_speed=self.swing_speed / factor,
        )


@dataclass(frozen=True)
class Step:
    """One planned step in the frame of the stance sole.

    `foothold` (2,) m, `yaw` rad of the new foot, `duration` s of the whole step, `pressure` (2,) m where the centre of
    pressure should be until then, `cost` of what had to give.
    """

    foothold: np.ndarray
    yaw: float
    duration: float
    pressure: np.ndarray
    cost: float


def rotation(yaw: float) -> np.ndarray:
    """Rotation (2, 2) by `yaw` rad."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s], [s, c]])


@lru_cache(maxsize=256)
def nominal_foothold(gait: Gait, velocity: Velocity, side: float) -> tuple[np.ndarray, float]:
    """Where the next foot goes at `velocity`, and its yaw, in the frame of the stance sole.

    `side` is +1 when the left foot swings, −1 when the right one does.
    """
    lasting = gait.duration - gait.early
    turn = min(max(velocity.turn * lasting, -gait.largest_turn), gait.largest_turn)
    middle = np.array([0.0, side * gait.width / 2])
    travel = rotation(turn / 2) @ (lasting * np.array([velocity.forward, velocity.left]))
    foothold = middle + travel + rotation(turn) @ middle
    foothold = _within(foothold, gait, side)
    foothold.flags.writeable = False
    return foothold, turn


def nominal_offset(gait: Gait, velocity: Velocity, side: float, omega: float) -> np.ndarray:
    """DCM offset (2,) from the next foothold at the moment of the step, in the frame of the *stance* sole.

    Computed backwards from a preview of `PREVIEW` steps, at the end of which the DCM is between the feet.
    """
    feet = _preview(gait, velocity, side)
    shrink = math.exp(-omega * gait.duration)
    weights = (1 - shrink) * shrink**_POWERS
    weights[-2:] = 0.5 * shrink**PREVIEW
    weights[-2] += (1 - shrink) * shrink ** (PREVIEW - 1)
    return weights @ feet - feet[0]


_POWERS = np.arange(PREVIEW + 1)


@lru_cache(maxsize=256)
def _preview(gait: Gait, velocity: Velocity, side: float) -> np.ndarray:
    """Footholds to come (PREVIEW + 1, 2), in the frame of the stance sole."""
    position, yaw, swing = np.zeros(2), 0.0, side
    feet = []
    for _ in range(PREVIEW + 1):
        step, turn = nominal_foothold(gait, velocity, swing)
        position, yaw, swing = position + rotation(yaw) @ step, yaw + turn, -swing
        feet.append(position)
    return np.array(feet)


@dataclass(frozen=True)
class Progress:
    """How far the present step has come: `elapsed` s, `dcm` (2,) and `swing` (2,) foot position in the stance frame."""

    elapsed: float
    dcm: np.ndarray
    swing: np.ndarray


STEP_WEIGHT, TIME_WEIGHT, OFFSET_WEIGHT = 1.0, 0.3, 100.0
"""Costs of moving the foothold (1/m²), of changing the duration (1/s²) and of missing the DCM offset (1/m²)."""
TIME_GRID = 0.01


def plan_step(
    gait: Gait, velocity: Velocity, side: float, omega: float, now: Progress, lasting: float | None = None
) -> Step:
    """The step that keeps the gait at `velocity` alive: first by the centre of pressure, then by foothold and time.

    The duration is `lasting` s where that is given; else it is searched on a grid, since the problem in foothold and
    time together has several minima. For each duration the best foothold has a closed form.
    """
    wanted, yaw = nominal_foothold(gait, velocity, side)
    offset = nominal_offset(gait, velocity, side, omega)
    ideal = _pressure(gait, omega, now, wanted + offset)
    pressure = _limited(ideal, gait.plan_half_length, gait.plan_half_width)
    first = max(gait.shortest, now.elapsed + TIME_GRID)
    durations = np.arange(first, max(gait.longest, first) + TIME_GRID / 2, TIME_GRID)
    if lasting is not None:
        durations = np.array([lasting])
    remaining = durations - now.elapsed
    dcm = pressure + (now.dcm - pressure) * np.exp(omega * remaining)[:, None]
    footholds = (STEP_WEIGHT * wanted + OFFSET_WEIGHT * (dcm - offset)) / (STEP_WEIGHT + OFFSET_WEIGHT)
    reach = (gait.swing_speed * remaining)[:, None]
    footholds = _within(clamp(footholds, now.swing - reach, now.swing + reach), gait, side)
    moved, missed = footholds - wanted, dcm - footholds - offset
    squares = STEP_WEIGHT * moved * moved + OFFSET_WEIGHT * missed * missed
    costs = squares[:, 0] + squares[:, 1] + TIME_WEIGHT * (durations - gait.duration) ** 2
    best = int(costs.argmin())
    act = _limited(ideal, gait.act_half_length, gait.act_half_width)
    return Step(footholds[best], yaw, float(durations[best]), act, float(costs[best]))


def _pressure(gait: Gait, omega: float, now: Progress, dcm_at_step: np.ndarray) -> np.ndarray:
    """Centre of pressure (2,) that would bring the DCM to `dcm_at_step` in nominal time."""
    growth = math.exp(omega * max(gait.duration - now.elapsed, 0.08))
    return (dcm_at_step - now.dcm * growth) / (1 - growth)


def _limited(pressure: np.ndarray, half_length: float, half_width: float) -> np.ndarray:
    x, y = pressure.tolist()
    return np.array([min(max(x, -half_length), half_length), min(max(y, -half_width), half_width)])


def _within(foothold: np.ndarray, gait: Gait, side: float) -> np.ndarray:
    """`foothold` (…, 2) within the reach of the leg and clear of the other foot."""
    near, far = side * gait.narrowest, side * gait.widest
    return clamp(foothold, [-gait.longest_step, min(near, far)], [gait.longest_step, max(near, far)])
