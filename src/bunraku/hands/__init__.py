"""Hands: what they are, what pulls them, and what they can do. Needs no humanoid.

`load_hand("h22")` reads a `HandSpec`; `build_hand` and `add_hand` make MuJoCo models of it.
"""

from typing import TYPE_CHECKING

from bunraku.hands.actuators import (
    cable_motor,
    forearm_motor_mass,
    forearm_motor_volume,
    tension_limits,
    tension_ranges,
)
from bunraku.hands.cables import cable_arms
from bunraku.hands.spec import ActuationSpec, CableSpec, DigitSpec, HandSpec, JointSpec, LinkSpec, hand_names, load_hand
from bunraku.lazy import lazy

if TYPE_CHECKING:
    from bunraku.hands.model import add_hand, build_hand

__all__ = [
    "ActuationSpec",
    "CableSpec",
    "DigitSpec",
    "HandSpec",
    "JointSpec",
    "LinkSpec",
    "add_hand",
    "build_hand",
    "cable_arms",
    "cable_motor",
    "forearm_motor_mass",
    "forearm_motor_volume",
    "hand_names",
    "load_hand",
    "tension_limits",
    "tension_ranges",
]

__getattr__ = lazy(__name__, "model", ("add_hand", "build_hand"))
