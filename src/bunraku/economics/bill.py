"""The bill of materials of a robot: every part counted and weighed from its `RobotSpec`, and priced at any volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.learning import cost_at
from bunraku.economics.parts import Part, PriceList, load_price_list
from bunraku.errors import UserError
from bunraku.hands import HandSpec, load_hand
from bunraku.hands.actuators import cable_motor
from bunraku.robot.spec import STRUCTURE_FRACTIONS, RobotSpec

CROSSES = {"wrist": 0.06, "ankle": 0.10}
"""Mass of the undriven part between two crossed joint axes, kg, one each side."""

BEARINGS_PER_JOINT = 2

_SINGLE_SEGMENTS = ("head", "torso", "pelvis")


@dataclass(frozen=True)
class Line:
    """One line: `quantity` units of `part`, each of `mass` kg.

    `price`, `price_at_million`, `floor` and `raw` (commodity value) in USD per unit.
    """

    part: Part
    name: str
    quantity: float
    mass: float
    price: float
    price_at_million: float
    floor: float
    raw: float

    @property
    def total_mass(self) -> float:
        """Mass of the whole line, kg."""
        return self.quantity * self.mass


@dataclass(frozen=True)
class Bill:
    """All lines of one robot, with the price list behind them."""

    lines: tuple[Line, ...]
    prices: PriceList

    @property
    def mass(self) -> float:
        """Mass of the robot, kg."""
        return sum(line.total_mass for line in self.lines)

    @property
    def hours(self) -> float:
        """Hours of assembly and test at the reference volume."""
        return self.prices.labour.test_hours + sum(self.minutes) / 60

    @property
    def minutes(self) -> NDArray[np.float64]:
        """Assembly minutes of each line (p,) at the reference volume."""
        return self.column(lambda line: line.quantity * line.part.assembly_minutes)

    def material_mass(self, material: str) -> float:
        """Mass of one material in the robot, kg."""
        return sum(line.total_mass * line.part.materials.get(material, 0.0) for line in self.lines)

    def column(self, value) -> NDArray[np.float64]:
        """`value` of every line as an array (p,)."""
        return np.array([value(line) for line in self.lines], dtype=float)

    def unit_prices(self, volume: float, floors: bool = True) -> NDArray[np.float64]:
        """Price of one unit of every line (p,) at cumulative `volume` robots, USD.

        A part of our own falls towards its material floor, or towards nothing without `floors`; a part of a world
        market falls towards what mass buyers pay.
        """
        if not volume > 0:
            raise UserError(f"volume must be positive, got {volume}")
        base = self.column(lambda line: self._base(line, floors))
        price, rate = self.column(lambda line: line.price), self.column(lambda line: line.part.learning_rate)
        return cost_at(volume, price, self.prices.reference_volume, rate, base)

    def _base(self, line: Line, floors: bool) -> float:
        if line.part.market is not None:
            return line.price_at_million
        return line.floor if floors else 0.0

    def hours_at(self, volume: float) -> float:
        """Hours of assembly and test per robot at cumulative `volume`."""
        labour = self.prices.labour
        floor = labour.floor_share * self.hours
        return float(cost_at(volume, self.hours, self.prices.reference_volume, labour.learning_rate, floor))


def cents(amount: float) -> Decimal:
    """`amount` rounded to the cent, half up, so that printed lines add up to the printed total."""
    return Decimal(repr(float(amount))).quantize(Decimal("0.01"), ROUND_HALF_UP)


def bill_of_materials(spec: RobotSpec, prices: PriceList | None = None) -> Bill:
    """Count, weigh and price every part of `spec`. Raises UserError for a part without a price or of negative mass."""
    prices = prices or load_price_list()
    lines = [
        *_joint_lines(spec, prices),
        *_hand_lines(load_hand(spec.hand), prices),
        *_component_lines(spec, prices),
    ]
    inside = sum(line.total_mass for line in lines if line.part.name in ("transmission", "bearing", "foot_sensor"))
    return Bill((*lines, *_structure_lines(spec, prices, inside)), prices)


def _line(prices: PriceList, part_name: str, quantity: float, mass: float | None = None, name: str = "") -> Line:
    part = prices.part(part_name)
    each = mass if mass is not None else part.mass if part.mass is not None else 1.0
    if each < 0 or quantity < 0:
        raise UserError(f"{name or part.title}: quantity {quantity:g} and mass {each:g} kg must not be negative")
    scale = (each / part.reference_mass) ** part.mass_exponent if part.reference_mass else 1.0
    raw = each * prices.raw_material(part)
    price, at_million = part.price * scale, part.price_at_million * scale
    floor = min(raw * prices.processes[part.process], at_million)
    return Line(part, name or part.title, quantity, each, price, at_million, floor, raw)


def _joint_lines(spec: RobotSpec, prices: PriceList) -> Iterator[Line]:
    motors = {joint.drive.motor.name: joint.drive.motor for joint in spec.joints}
    for name, count in Counter(joint.drive.motor.name for joint in spec.joints).most_common():
        yield _line(prices, "joint_motor", count, motors[name].mass, f"{name} {prices.part('joint_motor').title}")
    yield _line(prices, "transmission", sum(joint.drive.reduction != 1 for joint in spec.joints))
    yield _line(prices, "bearing", BEARINGS_PER_JOINT * len(spec.joints))
    yield _line(prices, "foot_sensor", 2)


def _hand_lines(hand: HandSpec, prices: PriceList) -> Iterator[Line]:
    if hand.actuation.muscle_force:
        raise UserError(f"hand {hand.name!r} is pulled by muscles, which have no price; choose a hand with motors")
    motor = cable_motor(hand.actuation, len(hand.cables))
    pairs = (
        ("hand_motor", len(hand.cables), motor.mass),
        ("hand_cable", len(hand.cables), None),
        ("hand_sensor", len(hand.cables) + hand.dof, None),
        ("hand_skin", 1, None),
    )
    lines = [_line(prices, part, 2 * count, mass) for part, count, mass in pairs]
    in_hand = sum(line.total_mass for line in lines[1:]) / 2
    if hand.actuation.place == "palm":
        in_hand += lines[0].total_mass / 2
    yield from lines
    yield _line(prices, "hand_frame", 2 * (hand.mass - in_hand))


def _component_lines(spec: RobotSpec, prices: PriceList) -> Iterator[Line]:
    small = [_line(prices, "camera", len(spec.cameras)), _line(prices, "imu", 1)]
    yield from small
    for component in spec.components:
        part = prices.part(component.name)
        if component.name == "harness":
            yield _line(prices, "harness", component.mass - sum(line.total_mass for line in small))
        elif part.unit == "piece":
            yield _line(prices, component.name, 1, component.mass)
        else:
            yield _line(prices, component.name, component.mass / (part.mass or 1.0))


def _structure_lines(spec: RobotSpec, prices: PriceList, inside: float) -> Iterator[Line]:
    """Frame, shells, skin and fasteners share what `structure_mass` leaves after the `inside` parts (kg)."""
    yield _line(prices, "joint_cross", 2 * sum(CROSSES.values()))
    segments = sum(share * (1 if name in _SINGLE_SEGMENTS else 2) for name, share in STRUCTURE_FRACTIONS.items())
    rest = segments * spec.structure_mass - inside
    for part in prices.parts.values():
        if part.share is not None:
            yield _line(prices, part.name, part.share * rest)
