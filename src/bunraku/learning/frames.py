"""What one frame of an episode holds, as flat float32 vectors by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.robot import CAMERAS, JOINTS, SIDES, Command, Observation
from bunraku.skills import Body
from bunraku.skills.body import Pose
from bunraku.skills.grasps import catalogue_postures

RATE = 10
"""Frames a second."""
SYNERGIES = 6
"""Principal components of a hand's postures that an action names; they explain 99 % of the variance of the grasps."""
SIDE_ACTION = 6 + SYNERGIES + 1
"""Numbers in the action of one side."""
Frame = dict[str, np.ndarray]


def fields(joints: int, loops: int) -> dict[str, int]:
    """Length of each vector of a frame, for hands of `joints` joints and `loops` cable loops.

    `observation.state` and `.velocity`: body joints in the order of `JOINTS`, left hand, right hand, rad and rad/s.
    `.tension`: loops of the left and the right hand, N. `.imu`: orientation wxyz, angular velocity, acceleration.
    `.feet`: two wrenches. `.configuration`: estimated by the robot itself, as in `BodyGoal`. `.frame_time`: when each
    camera took the picture that the frame shows, s. `action`: for each side the wanted palm pose relative to the
    measured one (translation m and rotation vector rad in the stance frame), hand synergies, and tension as a share of
    the strongest. `action.palm`: the same pose in the stance frame, position and quaternion wxyz. `action.command`:
    what was sent to the motors: position, velocity, torque, stiffness, damping of the body, hand postures, tension
    limits.
    """
    both = len(JOINTS) + 2 * joints
    return {
        "observation.time": 1,
        "observation.state": both,
        "observation.velocity": both,
        "observation.tension": 2 * loops,
        "observation.imu": 10,
        "observation.feet": 12,
        "observation.configuration": len(JOINTS) + 7,
        "observation.frame_time": len(CAMERAS),
        "action": 2 * SIDE_ACTION,
        "action.palm": 2 * 7,
        "action.command": 5 * len(JOINTS) + 2 * joints + 2 * loops,
    }


def make_frame(observation: Observation, command: Command, body: Body) -> Frame:
    """The frame of one control tick: what was sensed, and what was then commanded."""
    joints, hands, imu = observation.joints, [observation.hand(side) for side in SIDES], observation.imu
    wanted = {side: body.palm(side) for side in SIDES}
    sent = command.joints
    parts: Mapping[str, list] = {
        "observation.time": [observation.time],
        "observation.state": [joints.position, *(hand.position for hand in hands)],
        "observation.velocity": [joints.velocity, *(hand.velocity for hand in hands)],
        "observation.tension": [hand.tension for hand in hands],
        "observation.imu": [imu.orientation, imu.angular_velocity, imu.acceleration],
        "observation.feet": [observation.feet.wrench.ravel()],
        "observation.configuration": [body.configuration],
        "observation.frame_time": [observation.frames[name].time for name in CAMERAS if name in observation.frames],
        "action": [side_action(body, side, wanted[side]) for side in SIDES],
        "action.palm": [part for side in SIDES for part in (wanted[side].position, quaternion(wanted[side].rotation))],
        "action.command": [
            *(sent.position, sent.velocity, sent.torque, sent.stiffness, sent.damping),
            *(command.left_hand.position, command.right_hand.position),
            *(command.left_hand.tension_limit, command.right_hand.tension_limit),
        ],
    }
    return {name: np.hstack(part).astype(np.float32) for name, part in parts.items()}


def side_action(body: Body, side: str, wanted: Pose) -> np.ndarray:
    """The action (SIDE_ACTION,) that brings the palm on `side` to `wanted` with the hand as it is commanded now."""
    target = body.hands[side]
    basis = synergies(body.planner.spec.hand)
    return np.concatenate(
        [
            difference(body.measured_palm(side), wanted),
            basis.project(target.posture),
            [target.tension / body.full_tension],
        ]
    )


def difference(start: Pose, end: Pose) -> np.ndarray:
    """Translation (3,) m and rotation vector (3,) rad from `start` to `end`, both in the stance frame."""
    turn = Rotation.from_matrix(end.rotation @ start.rotation.T).as_rotvec()
    return np.concatenate([end.position - start.position, turn])


def moved(start: Pose, way: np.ndarray) -> Pose:
    """The pose that lies `way` (6,) from `start`: the inverse of `difference`."""
    return Pose(start.position + way[:3], Rotation.from_rotvec(way[3:6]).as_matrix() @ start.rotation)


MIRROR = np.array([1.0, -1.0, 1.0])
"""What the plane between left and right does to a position."""


def mirrored(pose: Pose) -> Pose:
    """The pose of the other hand that a mirror between left and right shows."""
    return Pose(MIRROR * pose.position, MIRROR[:, None] * pose.rotation * MIRROR)


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """Unit quaternion (4,) wxyz of a rotation (3, 3), w ≥ 0."""
    return Rotation.from_matrix(rotation).as_quat(canonical=True, scalar_first=True)


@dataclass(frozen=True)
class Synergies:
    """Principal components of the postures in which a hand takes things (Santello, Flanders & Soechting 1998).

    `mean` (n,) rad, `basis` (k, n) with orthonormal rows.
    """

    mean: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, postures: np.ndarray, count: int = SYNERGIES) -> Synergies:
        """The first `count` of `postures` (m, n) rad."""
        mean = postures.mean(axis=0)
        rows = np.linalg.svd(postures - mean, full_matrices=False)[2]
        # A row's sign is arbitrary: the same on every machine only if something fixes it.
        signs = np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])
        return cls(mean, (rows * signs[:, None])[:count])

    @classmethod
    def read(cls, table: Sequence[Sequence[float]]) -> Synergies:
        """From a `table` that was written: the mean and the rows of the basis."""
        mean, *basis = np.array(table, float)
        return cls(mean, np.array(basis))

    def table(self) -> list[list[float]]:
        """What `read` reads: 1 + k rows of n numbers."""
        return [self.mean.tolist(), *self.basis.tolist()]

    def project(self, posture: np.ndarray) -> np.ndarray:
        """Coordinates (..., k) of postures (..., n)."""
        return (posture - self.mean) @ self.basis.T

    def posture(self, coordinates: np.ndarray) -> np.ndarray:
        """Postures (..., n) rad of coordinates (..., SYNERGIES)."""
        return self.mean + coordinates @ self.basis


@cache
def synergies(hand: str) -> Synergies:
    """The synergies of a hand of `bunraku.hands`, from how it takes every kind of the household catalogue."""
    return Synergies.of(catalogue_postures(hand))
