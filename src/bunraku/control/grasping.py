"""Grasps of a 22-DoF hand: which posture closes on what, and where the palm must be.

Two families serve everything on a table: the *power wrap* of the Feix taxonomy (medium wrap) around upright cylinders,
and the *prismatic precision grasp*, thumb against index, middle and ring finger. Geometry is in the palm frame of the
right hand: x along the fingers, y to the thumb, the palm faces −z; a left hand mirrors y.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import mujoco
import numpy as np
from scipy.optimize import least_squares

from bunraku.control.reach import Pose
from bunraku.hands import HandSpec, build_hand, load_hand

PALM_THICKNESS = 0.0095
"""From the palm frame to the skin of the palm, m."""


@dataclass(frozen=True)
class HandGrasp:
    """How a hand closes. Joint postures are (n,) rad in the order of `HandSpec.joint_names`.

    `open` clears the object, `contact` touches it, `closed` is the target that presses; `closing` and `tension` N limit
    the cable tension while the hand closes and while it holds, `centre` (3,) m where the object sits in the right palm
    frame, and `approach` (3,) m the offset in the palm frame from which the palm comes.
    """

    family: str
    open: np.ndarray
    contact: np.ndarray
    closed: np.ndarray
    closing: float
    tension: float
    centre: np.ndarray
    approach: np.ndarray


def posture(hand: HandSpec, angles_deg: Mapping[str, float]) -> np.ndarray:
    """Joint posture (n,) rad from angles in degrees by joint name; a name like `mcp_flexion` sets that joint of every
    finger; what is not named is zero."""
    values = np.zeros(len(hand.joint_names))
    for index, name in enumerate(hand.joint_names):
        common = name.split("_", 1)[1] if not name.startswith("thumb") else name
        values[index] = np.deg2rad(angles_deg.get(name, angles_deg.get(common, 0.0)))
    return values


def relaxed(hand: HandSpec) -> np.ndarray:
    """The posture of a hand that does nothing: a loose curl."""
    return posture(
        hand,
        {"mcp_flexion": 20, "pip": 25, "dip": 15, "thumb_cmc_rotation": 45, "thumb_mcp_flexion": 15, "thumb_ip": 10},
    )


def wrap(hand_name: str, radius: float, tension: float) -> HandGrasp:
    """Medium wrap around a cylinder of `radius` m whose axis lies along the palm's y."""
    hand = load_hand(hand_name)
    opened = posture(
        hand,
        {
            "mcp_flexion": -8,
            "pip": 5,
            "thumb_cmc_rotation": 92,
            "thumb_cmc_flexion": -28,
            "thumb_mcp_abduction": 25,
            "thumb_ip": -5,
        },
    )
    closed = posture(
        hand,
        {
            "mcp_flexion": 80,
            "pip": 80,
            "dip": 50,
            "thumb_cmc_rotation": 98,
            "thumb_cmc_flexion": 55,
            "thumb_mcp_flexion": 50,
            # Abducted, the thumb opposes the middle of the four fingers; else the couple turns the object in the hand.
            "thumb_mcp_abduction": 25,
            "thumb_ip": 40,
        },
    )
    return HandGrasp(
        "wrap",
        opened,
        0.5 * (opened + closed),
        closed,
        1.2 * tension,
        tension,
        centre=np.array([0.062, 0.0, -(radius + PALM_THICKNESS + 0.002)]),
        approach=np.array([-0.05, 0.0, 0.07]),
    )


def pinch(
    hand_name: str, width: float, tension: float, *, centre_x: float, depth: float, squeeze: float, share: float = 1.0
) -> HandGrasp:
    """Prismatic grasp across `width` m: thumb against index, middle and ring, opposed along the palm's x.

    `centre_x` and `depth` (m) place the middle of the object in the palm frame; `squeeze` (m) is how far inside the
    surface the thumb is told to go, and each finger a `share` of it. At 1 the fingers, three against one, push the
    thing and the thumb back by all of it, and a thumb that has given way holds lower: it turns what is round.
    """
    contact = _pinch_posture(hand_name, round(width, 4), round(centre_x, 4), round(depth, 4))
    inside, shift = (1 + share) * squeeze, (1 - share) * squeeze / 2
    closed = _pinch_posture(hand_name, round(width - inside, 4), round(centre_x + shift, 4), round(depth, 4))
    opened = _pinch_posture(
        hand_name, round(width + 2 * _CLEARANCE, 4), round(centre_x, 4), round(depth - 0.010, 4), 0.3
    )
    return HandGrasp(
        "pinch",
        opened,
        contact,
        closed,
        30.0,
        tension,
        centre=np.array([centre_x, 0.006, -depth]),
        approach=np.array([0.0, 0.0, 0.09]),
    )


_CLEARANCE = 0.028
"""How far thumb and fingers each open from contact, m. The open fingertips are a little higher than the closed ones:
on an arc about their knuckles they would scrape the table."""

_TIP_Y = {"thumb": 0.006, "index": 0.024, "middle": 0.006, "ring": -0.012}
_TIP_RADIUS = {"thumb": 0.009, "index": 0.0075, "middle": 0.0075, "ring": 0.0075}
_NATURAL_DEG = {
    "mcp_flexion": 50,
    "pip": 40,
    "dip": 25,
    "thumb_cmc_rotation": 90,
    "thumb_cmc_flexion": 5,
    "thumb_mcp_flexion": 20,
    "thumb_ip": 20,
    "little_mcp_flexion": 20,
    "little_pip": 35,
    "little_dip": 20,
}


@lru_cache(maxsize=256)
def _pinch_posture(
    hand_name: str, width: float, centre_x: float, depth: float, height_weight: float = 1.0
) -> np.ndarray:
    """Posture (n,) whose fingertips oppose across `width` around (`centre_x`, −`depth`), by bounded least squares."""
    hand = load_hand(hand_name)
    model, data, address = hand_model(hand_name)
    low, high = np.deg2rad([joint.range_deg for joint in hand.joints]).T
    natural = np.clip(posture(hand, _NATURAL_DEG), low, high)
    digits = [name for name in _TIP_Y if any(d.name == name for d in hand.digits)]
    sites = [model.site(f"right_{name}_tip").id for name in digits]
    targets = np.array(
        [
            [
                centre_x + (-1 if name == "thumb" else 1) * (width / 2 + _TIP_RADIUS[name]),
                _TIP_Y[name],
                -depth,
            ]
            for name in digits
        ]
    )
    weights = np.array([1.0, 0.5, height_weight])

    def residual(q: np.ndarray) -> np.ndarray:
        data.qpos[address] = q
        mujoco.mj_kinematics(model, data)
        error = (data.site_xpos[sites] - targets) * weights / 0.001
        return np.concatenate([error.ravel(), 0.8 * (q - natural)])

    span = 1e-6 * (high - low)
    solution = least_squares(residual, natural, bounds=(low - span, high + span), max_nfev=60)
    return np.clip(solution.x, low, high)


@lru_cache(maxsize=4)
def hand_model(hand_name: str) -> tuple[mujoco.MjModel, mujoco.MjData, np.ndarray]:
    """The right hand alone: its model, its data, and where each of `HandSpec.joint_names` is in qpos (n,)."""
    hand = load_hand(hand_name)
    model = build_hand(hand).compile()
    address = np.array([model.joint(f"right_{name}").qposadr[0] for name in hand.joint_names])
    return model, mujoco.MjData(model), address


@lru_cache(maxsize=4)
def _solids(hand_name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What of a hand can touch: geom numbers (k,), points (k, 4, 3) m in each geom's frame and radii (k,) m."""
    model, _, _ = hand_model(hand_name)
    geoms, points, radii = [], [], []
    for geom in np.flatnonzero(model.geom_contype):
        x, y, z = model.geom_size[geom]
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX:
            points.append([[i * (x - z), j * (y - z), 0.0] for i in (-1, 1) for j in (-1, 1)])
            radii.append(z)
        else:
            points.append([[0.0, 0.0, share * y] for share in (-1, -1 / 3, 1 / 3, 1)])
            radii.append(x)
        geoms.append(geom)
    return np.array(geoms), np.array(points), np.array(radii)


def hand_cloud(hand_name: str, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Balls that fill a right hand at joint angles (n,) rad: centres (m, 3) m in the palm frame, and radii (m,) m."""
    model, data, address = hand_model(hand_name)
    geoms, points, radii = _solids(hand_name)
    data.qpos[address] = position
    mujoco.mj_kinematics(model, data)
    rotation = data.geom_xmat[geoms].reshape(-1, 3, 3)
    centres = points @ rotation.transpose(0, 2, 1) + data.geom_xpos[geoms][:, None]
    return centres.reshape(-1, 3), np.repeat(radii, points.shape[1])


def palm_pose(
    grasp: HandGrasp, side: str, centre: np.ndarray, fingers: np.ndarray, normal: np.ndarray, offset: float = 0.0
) -> Pose:
    """Palm pose that puts the grasp's centre on `centre` (3,) m.

    Args:
        grasp: what to grasp with.
        side: "left" or "right".
        centre: point in the stance frame.
        fingers: direction (3,) along which the fingers point.
        normal: direction (3,) of the back of the hand.
        offset: shift along the palm's y towards the thumb, m.
    """
    sign = 1.0 if side == "right" else -1.0
    z = normal / np.linalg.norm(normal)
    x = fingers - z * (z @ fingers)
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z], axis=1)
    local = grasp.centre * [1, sign, 1] + [0, sign * offset, 0]
    return Pose(np.asarray(centre) - rotation @ local, rotation)
