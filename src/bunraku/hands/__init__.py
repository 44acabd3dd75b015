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


def __getattr__(name: str):
    if name in ("add_hand", "build_hand"):
        from bunraku.hands import model

        return getattr(model, name)
    raise AttributeError(f"module 'bunraku.hands' has no attribute '{name}'")
