"""The postures of getting up from the front that hold by themselves, found by statics: kneeling, lifting, squatting.

In the plane, the toes' edge at the origin: knuckles on the floor so far ahead of it, the sole pitched so far, the
centre of mass here or there, as near as the joints' ranges allow to a posture that was guessed. What it prints stands
in `bunraku.control.getting_up`; there the squat's elbows are straighter, so that the hands leave the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from bunraku.control.getting_up import Move, posture
from bunraku.control.nominal import NominalModel
from bunraku.robot import JOINTS, RobotSpec

FREE = ("waist_pitch", "shoulder_pitch", "elbow", "hip_pitch", "knee", "ankle_pitch")
FIXED = {"neck_pitch": -40, "shoulder_roll": 8, "hip_roll": 3, "ankle_roll": -3}
KNUCKLES, FLOOR, KNEE = 0.095, 0.012, 0.066
"""Wrist to knuckles, their height when they touch, and that of a knee that does, m."""
TOE = 0.12
"""Middle of the sole to its front edge, m."""


@dataclass(frozen=True)
class Wanted:
    """`com` (m) ahead of the toes' edge, `hands` likewise, `heel` (degrees) how far the sole is pitched; while it
    kneels the knees' height decides that. `guess` in degrees, in the order of `FREE`."""

    name: str
    com: float
    hands: float
    heel: float
    guess: tuple[float, ...]
    kneels: bool = False


WANTED = (
    Wanted("kneel", 0.32, 0.45, 66, (60, 53, 15, 45, 138, 34), kneels=True),
    Wanted("lift the knees", 0.22, 0.45, 45, (35, 86, 17, 115, 112, 10)),
    Wanted("squat", -0.07, 0.40, 0, (34, 86, 17, 114, 110, 12)),
)


def places(nominal: NominalModel, spec: RobotSpec, angles: np.ndarray, heel: float) -> dict[str, np.ndarray]:
    """Where the centre of mass, the knuckles and the knee are (x, z), with the sole pitched by `heel` rad."""
    named = dict(zip(FREE, np.rad2deg(angles), strict=True))
    nominal.place(np.array([0, 0, 0, 1.0, 0, 0, 0, *posture(spec, Move("", FIXED | named, 1.0))]))
    sole, palm = nominal.data.site("left_sole"), nominal.data.site("left_palm")
    rotation = sole.xmat.reshape(3, 3)
    edge = sole.xpos + TOE * rotation[:, 0]
    tilt = np.arctan2(rotation[0, 2], rotation[2, 2]) - heel
    level = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    points = {
        "com": nominal.com,
        "hands": palm.xpos + KNUCKLES * palm.xmat.reshape(3, 3)[:, 0],
        "knee": nominal.data.body("left_shank").xpos,
    }
    return {name: (level @ (point - edge))[[0, 2]] for name, point in points.items()}


def found(nominal: NominalModel, spec: RobotSpec, wanted: Wanted) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Angles (6,) degrees in the order of `FREE`, and where that puts things."""
    joints = [JOINTS.index(name if name in JOINTS else f"left_{name}") for name in FREE]
    low, high = spec.lower_limits[joints] + 0.02, spec.upper_limits[joints] - 0.02
    guess = np.clip(np.deg2rad(wanted.guess), low + 1e-3, high - 1e-3)

    def error(unknown: np.ndarray) -> np.ndarray:
        at = places(nominal, spec, unknown[:-1], unknown[-1])
        foot = (
            20 * (at["knee"][1] - KNEE)
            if wanted.kneels
            else np.hypot(10 * (unknown[-1] - np.deg2rad(wanted.heel)), 10 * min(0, at["knee"][1] - 0.09))
        )
        hands = 20 * (at["hands"] - [wanted.hands, FLOOR])
        return np.array([10 * (at["com"][0] - wanted.com), *hands, foot, *0.03 * (unknown[:-1] - guess)])

    start = np.append(guess, np.deg2rad(wanted.heel))
    answer = least_squares(error, start, bounds=(np.append(low, -0.01), np.append(high, 1.6))).x
    return np.rad2deg(answer[:-1]), places(nominal, spec, answer[:-1], answer[-1])


if __name__ == "__main__":
    robot = RobotSpec()
    model = NominalModel(robot)
    for each in WANTED:
        angles, at = found(model, robot, each)
        print(f"{each.name}: " + ", ".join(f"{name} {angle:.0f}" for name, angle in zip(FREE, angles, strict=True)))
        print("   " + ", ".join(f"{name} at {x:.2f}, {z:.2f} m" for name, (x, z) in at.items()))
