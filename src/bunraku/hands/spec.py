"""What a hand is: digits, links, joints, cables and actuators as data, read from one YAML file.

Hand frame: origin at the wrist, x along the fingers, palm facing −z, thumb at +y. Specs describe the right hand; the
left is its mirror image in y. Lengths in m, forces in N; clinical ranges in degrees (`_deg`).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import yaml

from bunraku.errors import UserError

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class JointSpec:
    """One hinge. `axis` is in the frame of its link at zero; positive angles flex, or abduct towards the thumb."""

    name: str
    axis: Vector
    range_deg: tuple[float, float]
    damping: float = 0.005
    """N·m·s/rad."""
    stiffness: float = 0.0
    """Return spring towards the lower limit, N·m/rad; only joints without an antagonist need one."""


@dataclass(frozen=True)
class LinkSpec:
    """One phalanx or metacarpal: a capsule along x of its own frame, which begins where the previous link ends."""

    name: str
    length: float
    radius: float
    joints: tuple[JointSpec, ...] = ()
    yaw_deg: float = 0.0
    """Fixed turn about z against the previous link."""
    pitch_deg: float = 0.0
    """Fixed flexion against the previous link (a fused joint)."""


@dataclass(frozen=True)
class DigitSpec:
    """A chain of links from the palm to a tip. `yaw_deg` is the direction of the first link in the palm plane."""

    name: str
    base: Vector
    yaw_deg: float
    links: tuple[LinkSpec, ...]

    @property
    def joints(self) -> Iterator[JointSpec]:
        """Joints from the palm to the tip."""
        return (joint for link in self.links for joint in link.joints)


@dataclass(frozen=True)
class PadSpec:
    """A fixed piece of the palm: a box with half sizes, or a capsule between two points with a radius."""

    name: str
    box: tuple[Vector, Vector] | None = None
    """Centre and half sizes."""
    capsule: tuple[Vector, Vector, float] | None = None
    """Two ends and the radius."""


@dataclass(frozen=True)
class CableSpec:
    """One cable and its signed moment arms (m) at the joints which it crosses.

    A `loop` pulls both ways, as an antagonistic pair on one motor does; a `pull` cable can only pull.
    """

    name: str
    arms: Mapping[str, float]
    kind: Literal["loop", "pull"] = "loop"


@dataclass(frozen=True)
class ActuationSpec:
    """Where the actuators sit and what their volume yields; see `bunraku.hands.actuators` for the law."""

    place: Literal["palm", "forearm"]
    volume: float
    """Space for everything between the structure, m³."""
    fill: float
    """Share of that space which is motor and gear."""
    power_density: float = 0.112e6
    """Peak mechanical power per volume, W/m³; Robotis XC330-M288: 0.93 N·m × 8.5 rad/s / 4 / 17.7 cm³."""
    speed: float = 8.5
    """No-load speed of the geared output, rad/s (XC330-M288: 81 rpm at 5 V)."""
    spool_radius: float = 0.006
    loss: float = 0.25
    """Share of the motor's force lost to friction before the joint."""
    continuous_share: float = 0.22
    """Continuous over stall force for an actuator of `reference_volume`."""
    reference_volume: float = 17.7e-6
    """Volume of the actuator to which `power_density` and `continuous_share` belong, m³."""
    motor_volume: float | None = None
    """Volume of each actuator, m³; by default they share the space equally."""
    wrist_offset: float = 0.006
    """Radius of the circle on which cables pass the wrist, m."""
    density: float = 1300.0
    """Motor and gear, kg/m³ (XC330-M288: 23 g, 20 × 34 × 26 mm)."""
    muscle_force: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Published maximum (extension, flexion) force of each cable, N, where muscles pull instead of motors."""
    muscle_speed: float | None = None
    """Greatest speed of a muscle's tendon, m/s, where muscles pull instead of motors."""


@dataclass(frozen=True)
class HandSpec:
    """A whole hand. `joint_names` and `cable_names` give the order of every array about it."""

    name: str
    description: str
    mass: float
    digits: tuple[DigitSpec, ...]
    palm: tuple[PadSpec, ...]
    cables: tuple[CableSpec, ...]
    actuation: ActuationSpec
    wrist_joints: tuple[JointSpec, ...] = ()
    """Joints between forearm and hand; they belong to the arm of a robot and count only in `dof_with_wrist`."""
    friction: float = 0.9
    cable_stiffness: float = 20_000.0
    """Position gain of a motor on its cable, N/m."""
    cable_inertia: float = 15.0
    """Rotor inertia reflected to the cable, kg."""

    @cached_property
    def joints(self) -> tuple[JointSpec, ...]:
        """Joints of the hand, digit by digit, palm to tip."""
        return tuple(joint for digit in self.digits for joint in digit.joints)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names without a side, such as `index_mcp_flexion`."""
        return tuple(joint.name for joint in self.joints)

    @property
    def cable_names(self) -> tuple[str, ...]:
        """Names without a side, such as `index_mcp_flexion_cable`."""
        return tuple(cable.name for cable in self.cables)

    @property
    def dof(self) -> int:
        """Degrees of freedom in the hand."""
        return len(self.joints)

    @property
    def dof_with_wrist(self) -> int:
        """Degrees of freedom in the hand and the wrist."""
        return self.dof + len(self.wrist_joints)

    def digit(self, name: str) -> DigitSpec:
        """The digit called `name`; KeyError if there is none."""
        for digit in self.digits:
            if digit.name == name:
                return digit
        raise KeyError(name)


def hand_names() -> list[str]:
    """Names of the hands that ship with the package."""
    folder = resources.files("bunraku.hands") / "data"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def load_hand(name: str | Path) -> HandSpec:
    """The shipped hand called `name`, or the one in the YAML file at `name`; UserError if there is none."""
    if str(name).endswith((".yaml", ".yml")):
        return hand_from_yaml(read_hand_file(name), str(name))
    if str(name) not in hand_names():
        raise UserError(f"There is no hand '{name}'; known are {', '.join(hand_names())}, or give a YAML file.")
    return _shipped_hand(str(name))


def read_hand_file(name: str | Path) -> str:
    """The text of a YAML file about a hand; UserError if there is none, or if it is no text."""
    try:
        return Path(name).read_text()
    except UnicodeDecodeError:
        raise UserError(f"{name} is not a text file.") from None
    except OSError:
        raise UserError(f"There is no hand file {name}.") from None


@cache
def _shipped_hand(name: str) -> HandSpec:
    return hand_from_yaml((resources.files("bunraku.hands") / "data" / f"{name}.yaml").read_text(), name)


def hand_from_yaml(text: str, source: str = "hand") -> HandSpec:
    """Parse and validate; `source` names the file in errors."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML ({str(error).splitlines()[0]}).") from None
    hand = _read(HandSpec, data, source)
    validate(hand, source)
    from bunraku.hands.cables import check_balance

    check_balance(hand, source)
    return hand


def hand_to_yaml(hand: HandSpec) -> str:
    """The inverse of `hand_from_yaml`; what is at its default is left out."""
    return yaml.safe_dump(_plain(hand), sort_keys=False, allow_unicode=True)


def validate(hand: HandSpec, source: str = "hand") -> None:
    """Raise UserError with one sentence that names the first part which cannot be."""
    names = list(hand.joint_names)
    for kind, values in (("joint", names), ("cable", list(hand.cable_names)), ("digit", [d.name for d in hand.digits])):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice:
            raise UserError(f"{source}: the {kind} name '{twice}' is used twice.")
    for digit in hand.digits:
        if not digit.links:
            raise UserError(f"{source}: the digit '{digit.name}' has no links.")
        for link in digit.links:
            for what in ("length", "radius"):
                if not getattr(link, what) > 0:
                    raise UserError(
                        f"{source}: the {what} of {digit.name} {link.name} must be positive, got {getattr(link, what)}."
                    )
    for joint in (*hand.joints, *hand.wrist_joints):
        low, high = joint.range_deg
        if not low < high:
            raise UserError(f"{source}: the range of joint '{joint.name}' must rise, got {low} to {high} degrees.")
        if abs(sum(a * a for a in joint.axis) - 1) > 1e-2:
            raise UserError(f"{source}: the axis of joint '{joint.name}' must have length 1.")
    for cable in hand.cables:
        unknown = set(cable.arms) - set(names)
        if unknown:
            raise UserError(f"{source}: the cable '{cable.name}' crosses unknown joint '{min(unknown)}'.")
        if not any(cable.arms.values()):
            raise UserError(f"{source}: the cable '{cable.name}' moves no joint.")
    driven = {joint for cable in hand.cables for joint, arm in cable.arms.items() if arm}
    for name in names:
        if name not in driven:
            raise UserError(f"{source}: the joint '{name}' has no cable.")
    actuation = hand.actuation
    if not 0 < actuation.fill <= 1:
        raise UserError(f"{source}: fill must be a share between 0 and 1, got {actuation.fill}.")
    for what in ("volume", "power_density", "speed", "spool_radius"):
        if not getattr(actuation, what) > 0:
            raise UserError(f"{source}: actuation {what} must be positive, got {getattr(actuation, what)}.")
    if actuation.motor_volume is not None and not actuation.muscle_force:
        space, need = actuation.volume * actuation.fill, actuation.motor_volume * len(hand.cables)
        if need > space * (1 + 1e-9):
            raise UserError(
                f"{source}: {len(hand.cables)} actuators need {1e6 * need:.0f} cm³ "
                f"but the {actuation.place} offers {1e6 * space:.0f} cm³."
            )
    if not hand.mass > 0:
        raise UserError(f"{source}: the mass must be positive, got {hand.mass}.")


def _read(kind: Any, value: Any, where: str) -> Any:
    """Build `kind` (a dataclass, tuple, mapping, literal, number or string) from plain YAML data."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise UserError(f"{where}: expected a mapping with the fields of {getattr(kind, '__name__', kind)}.")
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind)}
        for key in value:
            if key not in fields:
                raise UserError(f"{where}: unknown field '{key}'; known are {', '.join(fields)}.")
        for name, f in fields.items():
            required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            if required and name not in value:
                raise UserError(f"{where}: the field '{name}' is missing.")
        label = f"{where}: {value['name']}" if "name" in value and "." not in where else where
        return typing.cast(Any, kind)(**{k: _read(hints[k], v, f"{label}.{k}") for k, v in value.items()})
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise UserError(f"{where}: expected a list, got {value!r}.")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise UserError(f"{where}: expected {len(kinds)} values, got {len(value)}.")
        return tuple(_read(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if origin is typing.Literal:
        if value not in arguments:
            raise UserError(f"{where}: expected one of {', '.join(arguments)}, got {value!r}.")
        return value
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise UserError(f"{where}: expected a mapping, got {value!r}.")
        return {str(k): _read(arguments[1], v, f"{where}.{k}") for k, v in value.items()}
    if kind is float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise UserError(f"{where}: expected a number, got {value!r}.") from None
        if not isfinite(number):
            raise UserError(f"{where}: expected a finite number, got {value!r}.")
        return number
    return str(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = [(f, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return {f.name: _plain(item) for f, item in fields if item != f.default and item not in ({}, ())}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
