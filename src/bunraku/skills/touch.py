"""What a hand feels: whether there is something between its fingers, from joint angles and cable tensions."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.control.grasping import HandGrasp, hand_model
from bunraku.robot import HandReading
from bunraku.skills.body import Body

EMPTY_WRAP = 0.94
"""A wrap that closed further than this share of its way holds nothing: an object stops the fingers before."""

EMPTY = 0.004
"""Between fingertips nearer to each other than this (m) there is no handle."""


def aperture(hand_name: str, position: np.ndarray) -> float:
    """Free distance (m) between the thumb's pad and the nearer of index and middle finger, from joint angles (n,)."""
    model, data, address = hand_model(hand_name)
    data.qpos[address] = position
    mujoco.mj_kinematics(model, data)
    thumb = data.site("right_thumb_tip").xpos
    gaps = [float(np.linalg.norm(data.site(f"right_{name}_tip").xpos - thumb)) for name in ("index", "middle")]
    return min(gaps) - 0.0165


def pinch_centre(hand_name: str, position: np.ndarray) -> float:
    """Where along the palm's x (m) the middle between the thumb and the fingers is, from joint angles (n,)."""
    thumb, fingers = _opposed(hand_name, position)
    return float(thumb[0] + 0.009 + fingers[0] - 0.0075) / 2


def pinch_line(hand_name: str, position: np.ndarray) -> tuple[np.ndarray, float]:
    """How a thing sits that is pinched between thumb and fingers, from joint angles (n,).

    Parallel faces lie square to the line from the middle of the thumb's pad to that of the fingers': the pads are
    round, and any other way would push them apart.

    Returns:
        The middle between the pads in the right palm frame, (2,) m along its x and z, and the slope (rad) of the line.
    """
    thumb, fingers = _opposed(hand_name, position)
    x = (thumb[0] + 0.009 + fingers[0] - 0.0075) / 2
    z = (thumb[2] + fingers[2]) / 2
    return np.array([x, z]), float(np.arctan2(fingers[2] - thumb[2], fingers[0] - thumb[0]))


def _opposed(hand_name: str, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle of the thumb's pad, and of those of index and middle finger, each (3,) m in the right palm frame."""
    model, data, address = hand_model(hand_name)
    data.qpos[address] = position
    mujoco.mj_kinematics(model, data)
    fingers = np.mean([data.site(f"right_{name}_tip").xpos for name in ("index", "middle")], axis=0)
    return data.site("right_thumb_tip").xpos.copy(), fingers


def closure(grasp: HandGrasp, hand_names: tuple[str, ...], position: np.ndarray) -> float:
    """How far the fingers have gone from `open` (0) to `closed` (1): the median over the fingers' flexion joints."""
    way = grasp.closed - grasp.open
    moving = np.array([abs(w) > 0.3 and not name.startswith("thumb") for w, name in zip(way, hand_names, strict=True)])
    return float(np.median((position - grasp.open)[moving] / way[moving]))


def holds(body: Body, side: str, grasp: HandGrasp, width: float) -> tuple[bool, dict[str, float]]:
    """Whether the hand on `side` feels a thing `width` m wide in its grasp, and the measurements behind the answer."""
    if body.observation is None:
        return False, {}
    reading: HandReading = body.observation.hand(side)
    tension = float(np.mean(np.abs(reading.tension)))
    if grasp.family == "wrap":
        share = closure(grasp, body.hand.joint_names, reading.position)
        return share < EMPTY_WRAP and tension > 2.0, {"closure": share, "tension_N": tension}
    gap = aperture(body.planner.spec.hand, reading.position)
    return gap > max(0.3 * width, width - 0.018), {"aperture_m": gap, "tension_N": tension}
