"""From volume to force: what an actuator that must fit somewhere can pull.

The gear ratio trades force against speed, so it cancels in power: the peak mechanical power of a motor with its gear is
its volume times a power density. Two choices remain, the output's no-load speed and the spool's radius; they fix the
cable's stall force, F = 4 P / (ω r), since a DC motor's peak power is a quarter of stall torque times no-load speed.
What a motor sustains is set by heat: its motor constant grows with V^(5/6) and its cooling surface with V^(2/3), so the
continuous torque grows with V^(7/6) and continuous over stall with V^(1/6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.hands.spec import ActuationSpec, HandSpec


@dataclass(frozen=True)
class CableMotor:
    """One motor: `volume` m³, `mass` kg, cable force at `stall` and `continuous` N after losses, cable `speed` m/s."""

    volume: float
    mass: float
    stall: float
    continuous: float
    speed: float


def cable_motor(actuation: ActuationSpec, count: int) -> CableMotor:
    """The motor that results when `count` equal ones share the actuator space."""
    volume = actuation.motor_volume or actuation.volume * actuation.fill / count
    speed = actuation.muscle_speed or actuation.speed * actuation.spool_radius
    stall = (1 - actuation.loss) * 4 * actuation.power_density * volume / speed
    share = actuation.continuous_share * (volume / actuation.reference_volume) ** (1 / 6)
    return CableMotor(volume, volume * actuation.density, stall, min(share, 1.0) * stall, speed)


def tension_ranges(hand: HandSpec, continuous: bool = True) -> np.ndarray:
    """Least and greatest force of each cable, (m, 2) N; negative pulls the other run of a loop."""
    motor = cable_motor(hand.actuation, len(hand.cables))
    share = hand.actuation.continuous_share if continuous else 1.0
    rows = []
    for cable in hand.cables:
        if cable.name in hand.actuation.muscle_force:
            extension, flexion = (share * force for force in hand.actuation.muscle_force[cable.name])
        else:
            extension = flexion = motor.continuous if continuous else motor.stall
        rows.append([-extension if cable.kind == "loop" else 0.0, flexion])
    return np.array(rows)


def tension_limits(hand: HandSpec, continuous: bool = True) -> np.ndarray:
    """Greatest flexing tension of each cable, (m,) N: sustained, or at stall."""
    return tension_ranges(hand, continuous)[:, 1]


def forearm_motor_volume(hand: HandSpec) -> float:
    """Volume of motors and gears that the forearm must house, m³; 0 if they sit in the palm."""
    actuation = hand.actuation
    motors = actuation.place == "forearm" and not actuation.muscle_force
    return actuation.volume * actuation.fill if motors else 0.0


def forearm_motor_mass(hand: HandSpec) -> float:
    """Mass of motors and gears that the forearm must carry, kg; 0 if they sit in the palm."""
    return forearm_motor_volume(hand) * hand.actuation.density
