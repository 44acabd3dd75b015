"""Why a hand is as it is: one feature removed or changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bunraku.errors import UserError
from bunraku.hands.spec import HandSpec, JointSpec, load_hand

NEEDED = ("thumb_cmc_rotation", "mcp_abduction", "little_cmc", "_dip", "thumb_ip")
"""Parts of the names of joints which the variants change."""


def _without_digits(hand: HandSpec, *names: str) -> HandSpec:
    digits = tuple(digit for digit in hand.digits if digit.name not in names)
    joints = {joint.name for digit in digits for joint in digit.joints}
    cables = tuple(cable for cable in hand.cables if set(cable.arms) <= joints)
    return replace(hand, digits=digits, cables=cables)


def _change_joints(hand: HandSpec, change: Callable[[JointSpec], JointSpec]) -> HandSpec:
    digits = tuple(
        replace(
            digit,
            links=tuple(replace(link, joints=tuple(change(joint) for joint in link.joints)) for link in digit.links),
        )
        for digit in hand.digits
    )
    return replace(hand, digits=digits)


def _locked(hand: HandSpec, part: str, at_deg: float = 0.0) -> HandSpec:
    def change(joint: JointSpec) -> JointSpec:
        return replace(joint, range_deg=(at_deg - 0.5, at_deg + 0.5)) if part in joint.name else joint

    return _change_joints(hand, change)


def _long_little(hand: HandSpec) -> HandSpec:
    middle, little = hand.digit("middle"), hand.digit("little")
    lengths = [link.length for link in middle.links]
    links = tuple(replace(link, length=length) for link, length in zip(little.links[-3:], lengths, strict=True))
    longer = replace(little, links=(*little.links[:-3], *links))
    return replace(hand, digits=tuple(longer if digit is little else digit for digit in hand.digits))


def variants(hand: HandSpec) -> dict[str, tuple[str, HandSpec]]:
    """Short name → (the question it answers, the changed hand), the unchanged one first.

    Raises UserError if the hand lacks a joint that is to be taken away.
    """
    for part in NEEDED:
        if not any(part in name for name in hand.joint_names):
            raise UserError(
                f"The hand '{hand.name}' has no joint '{part}' to take away; try h22 or a hand made from it."
            )
    palm = load_hand("h22-palm")
    changed = {
        "whole": ("the hand as it is", hand),
        "four-fingers": ("why five digits? without the little finger", _without_digits(hand, "little")),
        "three-fingers": ("why five digits? without ring and little finger", _without_digits(hand, "ring", "little")),
        "long-little": ("why is the little finger shorter? as long as the middle one", _long_little(hand)),
        "flat-thumb": (
            "why does the thumb oppose? its rotation locked beside the palm",
            _locked(hand, "thumb_cmc_rotation"),
        ),
        "fixed-opposition": (
            "why does the thumb turn? its rotation locked opposite the fingers",
            _locked(hand, "thumb_cmc_rotation", 90.0),
        ),
        "no-spread": ("why do fingers spread? without abduction", _locked(hand, "mcp_abduction")),
        "stiff-palm": ("why does the palm cup? without the little finger's CMC joint", _locked(hand, "little_cmc")),
        "stiff-tips": (
            "why do the last joints bend? DIP and IP locked at 20°",
            _locked(_locked(hand, "_dip", 20.0), "thumb_ip", 20.0),
        ),
        "motors-in-palm": (
            "why do the muscles sit in the forearm? motors in the palm",
            replace(hand, actuation=palm.actuation, mass=palm.mass),
        ),
    }
    return {name: (why, replace(variant, name=name)) for name, (why, variant) in changed.items()}
