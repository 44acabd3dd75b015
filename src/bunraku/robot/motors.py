"""Motor classes from which every limit of the body derives.

A `MotorClass` is a quasi-direct-drive unit that one can buy; a `Drive` is such a unit behind a belt or linkage. Torque,
speed and reflected inertia of a joint follow from its drive and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi


@dataclass(frozen=True)
class MotorClass:
    """A geared motor unit, figures at its own output shaft.

    Units: `peak_torque`, `rated_torque` N·m; `no_load_speed` rad/s; `reflected_inertia` kg·m² (rotor inertia times
    gear ratio squared); `mass` kg; `diameter`, `length` m. `source` names where the figures come from.
    """

    name: str
    peak_torque: float
    rated_torque: float
    no_load_speed: float
    reflected_inertia: float
    gear_ratio: float
    mass: float
    diameter: float
    length: float
    source: str

    @property
    def volume(self) -> float:
        """Volume of the unit as a cylinder, m³."""
        return pi / 4 * self.diameter**2 * self.length


@dataclass(frozen=True)
class Drive:
    """A motor unit and the further reduction (belt or linkage) between it and its joint; losses are taken as nil."""

    motor: MotorClass
    reduction: float = 1.0

    @property
    def peak_torque(self) -> float:
        """Largest joint torque, N·m."""
        return self.motor.peak_torque * self.reduction

    @property
    def no_load_speed(self) -> float:
        """Joint speed at which no torque is left, rad/s."""
        return self.motor.no_load_speed / self.reduction

    @property
    def armature(self) -> float:
        """Rotor inertia as felt at the joint, kg·m²."""
        return self.motor.reflected_inertia * self.reduction**2


def rpm(value: float) -> float:
    """Revolutions a minute in rad/s."""
    return value * 2 * pi / 60


_SHEET = "RobStride {} user manual (48 V); reflected inertia as published in the K-Bot actuator metadata"
_SCALED = "RobStride {} user manual (48 V); reflected inertia scaled from RS02 and RS03 by mass^(5/3)"

RS00 = MotorClass("RS00", 14.0, 5.0, rpm(315), 0.001, 10.0, 0.310, 0.057, 0.051, _SHEET.format("RS00"))
RS02 = MotorClass("RS02", 17.0, 6.0, rpm(410), 0.0042, 7.75, 0.405, 0.0785, 0.0455, _SHEET.format("RS02"))
RS03 = MotorClass("RS03", 60.0, 20.0, rpm(195), 0.02, 9.0, 0.880, 0.106, 0.055, _SHEET.format("RS03"))
RS04 = MotorClass("RS04", 120.0, 40.0, rpm(167), 0.04, 9.0, 1.420, 0.120, 0.056, _SHEET.format("RS04"))
RS05 = MotorClass("RS05", 5.5, 1.6, rpm(480), 0.0012, 7.75, 0.191, 0.046, 0.044, _SCALED.format("RS05"))
RS06 = MotorClass("RS06", 36.0, 11.0, rpm(480), 0.010, 9.0, 0.621, 0.088, 0.046, _SCALED.format("RS06"))

MOTORS = {motor.name: motor for motor in (RS00, RS02, RS03, RS04, RS05, RS06)}
"""Every motor class by name."""
