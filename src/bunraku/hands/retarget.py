"""From landmarks of a human hand to joint angles of any of ours: a vector retargeter on mink.

Every finger's bone vectors, scaled digit by digit to the robot's lengths, become targets of its joints and tip.
Where the person's thumb comes near a fingertip, both targets are drawn together until they are as near, so that a pinch
closes whatever the two hands' proportions are.
"""

from __future__ import annotations

import mink
import mujoco
import numpy as np

from bunraku.errors import UserError
from bunraku.hands.model import build_hand
from bunraku.hands.spec import HandSpec

DIGITS = {"thumb": 1, "index": 5, "middle": 9, "ring": 13, "little": 17}
"""First of the four landmarks of each digit, in the usual order of 21 (0 is the wrist)."""
PINCH = 0.03
"""Below this distance of human tips the pinch counts, m."""
TIP_COST, JOINT_COST, POSTURE_COST = 1.0, 0.4, 2e-3


def landmarks_in_hand_frame(landmarks: np.ndarray, side: str) -> np.ndarray:
    """Landmarks (21, 3) m in any frame → frame of a right hand (x along the fingers, y to the thumb), wrist at 0."""
    points = landmarks - landmarks[0]
    x = points[[5, 9, 13, 17]].mean(0)
    y = points[5] - points[17]
    y -= (y @ x) / (x @ x) * x
    if np.linalg.norm(x) < 1e-6 or np.linalg.norm(y) < 1e-6:
        raise UserError("The landmarks of wrist, index and little finger must not lie on one line.")
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    z = np.cross(x, y) if side == "right" else np.cross(y, x)
    return points @ np.stack([x, y, z], 1)


class Retargeter:
    """Follows landmarks frame by frame, each from where the last one ended."""

    def __init__(self, hand: HandSpec, iterations: int = 4) -> None:
        self.hand, self.iterations = hand, iterations
        self.model = build_hand(hand).compile()
        self.configuration = mink.Configuration(self.model)
        home = np.clip(np.full(self.model.nq, 0.2), *self.model.jnt_range.T)
        self.configuration.update(home)
        self._limits = [mink.ConfigurationLimit(self.model)]
        self._posture = mink.PostureTask(self.model, POSTURE_COST)
        self._posture.set_target(home)
        self._tasks: dict[str, list[mink.FrameTask]] = {}
        self._rest: dict[str, np.ndarray] = {}
        data = mujoco.MjData(self.model)
        mujoco.mj_kinematics(self.model, data)
        for digit in hand.digits:
            # the last three links carry the joints that the landmarks mark; a fourth is a metacarpal
            names = [f"right_{digit.name}_{link.name}" for link in digit.links[-3:]]
            tip = f"right_{digit.name}_tip"
            self._rest[digit.name] = np.array([*(data.body(name).xpos for name in names), data.site(tip).xpos])
            tasks = [mink.FrameTask(name, "body", JOINT_COST, 0.0) for name in names[1:]]
            self._tasks[digit.name] = [*tasks, mink.FrameTask(tip, "site", TIP_COST, 0.0)]
        self._all = [task for tasks in self._tasks.values() for task in tasks] + [self._posture]

    def targets(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Targets (3, 3) m of each digit's two middle joints and tip for `points` (21, 3) in the hand frame."""
        out = {}
        for name, rest in self._rest.items():
            bones = np.diff(points[DIGITS[name] : DIGITS[name] + 4], axis=0)
            lengths = np.linalg.norm(np.diff(rest, axis=0), axis=1) / np.maximum(np.linalg.norm(bones, axis=1), 1e-6)
            out[name] = rest[0] + np.cumsum(bones * lengths[:, None], axis=0)
        for name in out.keys() - {"thumb"}:
            between = points[DIGITS[name] + 3] - points[4]
            near = max(0.0, 1 - float(np.linalg.norm(between)) / PINCH)
            if near > 0:
                excess = (out[name][-1] - out["thumb"][-1]) - between
                out[name][-1] -= 0.5 * near * excess
                out["thumb"][-1] += 0.5 * near * excess
        return out

    def step(self, landmarks: np.ndarray, side: str = "right") -> np.ndarray:
        """Joint angles (n,) rad, in the order of `hand.joint_names`, for landmarks (21, 3) m."""
        for name, goals in self.targets(landmarks_in_hand_frame(landmarks, side)).items():
            for task, goal in zip(self._tasks[name], goals, strict=True):
                task.set_target(mink.SE3.from_translation(goal))
        for _ in range(self.iterations):
            velocity = mink.solve_ik(self.configuration, self._all, 1.0, "daqp", damping=1e-6, limits=self._limits)
            self.configuration.integrate_inplace(velocity, 1.0)
        return self.configuration.q.copy()


def retarget(landmarks: np.ndarray, hand: HandSpec, side: str = "right") -> np.ndarray:
    """Joint angles (frames, n) rad for landmarks (frames, 21, 3) m of a person's hand on `side`."""
    if landmarks.ndim != 3 or landmarks.shape[1:] != (21, 3) or not np.isfinite(landmarks).all():
        raise UserError(f"Landmarks must be finite numbers of shape (frames, 21, 3), got {landmarks.shape}.")
    retargeter = Retargeter(hand)
    if len(landmarks):
        for _ in range(10):
            retargeter.step(landmarks[0], side)
    return np.array([retargeter.step(frame, side) for frame in landmarks]).reshape(len(landmarks), hand.dof)
