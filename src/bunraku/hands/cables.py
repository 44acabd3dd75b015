"""Cables at constant moment arms: length, torque and what a loop needs."""

from __future__ import annotations

import numpy as np

from bunraku.hands.spec import HandSpec


def cable_arms(hand: HandSpec) -> np.ndarray:
    """Moment arms R (m cables, n joints) in m: cable travel = R q, joint torque = Rᵀ tension."""
    column = {name: i for i, name in enumerate(hand.joint_names)}
    arms = np.zeros((len(hand.cables), hand.dof))
    for row, cable in enumerate(hand.cables):
        for joint, arm in cable.arms.items():
            arms[row, column[joint]] = arm
    return arms
