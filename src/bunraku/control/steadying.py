"""An arm that keeps a full cup still in the world while the body under it sways: as a waiter carries soup.

The cup's path is the body's own, low-passed below the sway of walking (1 Hz) and far below the drink's own frequency
(3 to 4 Hz). It leans into its own acceleration, so that the drink feels gravity along its axis. The arm makes up for
the rest of what the estimated pelvis does, by damped least squares on velocities.
"""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.control.estimator import BodyState
from bunraku.control.limits import clamp
from bunraku.control.nominal import GRAVITY, NominalModel
from bunraku.robot import JOINTS, RobotSpec

FREQUENCY, DAMPING = 2 * np.pi * 0.5, 0.8
"""Of the low pass from the body's path to the cup's, rad/s, and its damping ratio."""
FARTHEST = 0.10
"""Farther (m) than this from where the body would have it no cup lags or leads."""
STRICT = 12.0
"""Rate (1/s) at which the arm makes up for what is left of the cup's error."""
CUTOFF = 2 * np.pi * 12.0
"""Of the low pass on the speeds of the arm, which know the pelvis' speed from noisy sensors, rad/s."""
AT_EASE = 1.0
"""Rate (1/s) at which the elbow, which is free, goes back to where it was."""
SOFTNESS = 0.03
"""Damping of the least squares, m and rad."""
LINGER, FADE = 1.0, 0.8
"""Seconds for which it keeps the cup steady when the feet have come to rest, and in which the arm then comes back to
where the skills want it."""
ARMS = {"left": slice(JOINTS.index("left_shoulder_pitch"), JOINTS.index("left_shoulder_pitch") + 7)}
ARMS["right"] = slice(ARMS["left"].stop, ARMS["left"].stop + 7)
"""The joints of either arm among `JOINTS`."""


class SteadyArm:
    """Keeps what one hand holds steady while the feet move."""

    def __init__(self, spec: RobotSpec, model: NominalModel, side: str, point: np.ndarray, period: float) -> None:
        """The arm on `side`, whose hand holds a cup at `point` (3,) m of the palm's frame; called every `period` s.
        `model` is for its own use."""
        self._model, self._period = model, period
        self._site = model.model.site(f"{side}_palm").id
        self._body = int(model.model.site_bodyid[self._site])
        self._point = np.asarray(point, float)
        self.joints = ARMS[side]
        self._low, self._high = spec.lower_limits[self.joints], spec.upper_limits[self.joints]
        self._fastest = 4.0
        self._angles, self._offset = np.zeros(7), np.zeros(7)
        self._rate, self._share = np.zeros(7), min(1.0, CUTOFF * period)
        self._rested = LINGER + FADE

    @property
    def at_rest(self) -> bool:
        """Whether the arm is where the skills want it."""
        return self._rested >= LINGER + FADE

    def compute(
        self, state: BodyState, arm: np.ndarray, speed: np.ndarray, pace: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Angles and speeds (7,) of the arm now, which skills want at `arm` (7,) rad and `speed` (7,) rad/s.

        Args:
            state: of the body, in a frame that stays where it is while the feet go on.
            arm: what skills want.
            speed: its rate.
            pace: how fast it walks (3,): ahead and left, m/s, and turning, rad/s; None while its feet rest.
        """
        if pace is None and self.at_rest:
            return arm, speed
        if pace is not None and self._rested >= LINGER:
            self._begin(state, arm, speed)
        self._rested = self._rested + self._period if pace is None else 0.0
        if self._rested < LINGER:
            self._advance(state, np.zeros(3) if pace is None else pace)
            self._rate += self._share * (self._speed(state, arm) - self._rate)
            self._angles = clamp(self._angles + self._period * self._rate, self._low, self._high)
            self._offset = self._angles - arm
            return self._angles, self._rate
        u = max(1.0 - (self._rested - LINGER) / FADE, 0.0)
        share, rate = u**3 * (10 - 15 * u + 6 * u * u), -30 * u * u * (1 - u) ** 2 / FADE
        self._angles = arm + share * self._offset
        self._rate += self._share * (speed + rate * self._offset - self._rate)
        return self._angles, self._rate

    def _begin(self, state: BodyState, arm: np.ndarray, speed: np.ndarray) -> None:
        if self.at_rest:
            self._angles, self._rate = arm.copy(), speed.copy()
        position, self._rotation = self._cup(state)
        self._heading = _yaw(state.configuration[3:7])
        self._carried = _about_z(-self._heading) @ (position - state.configuration[:3])
        self._upright = _about_z(-self._heading) @ self._rotation
        self._position, self._velocity, self._acceleration = position, np.zeros(3), np.zeros(3)
        self._turning = 0.0

    def _advance(self, state: BodyState, pace: np.ndarray) -> None:
        """Let the cup's path go on by one period."""
        astray = _wrapped(_yaw(state.configuration[3:7]) - self._heading)
        turning = FREQUENCY**2 * astray + 2 * DAMPING * FREQUENCY * (pace[2] - self._turning)
        self._turning += self._period * turning
        self._heading += self._period * self._turning
        ahead = _about_z(self._heading)
        arm = ahead @ self._carried
        wanted = state.configuration[:3] + arm
        going = ahead @ [pace[0], pace[1], 0.0] + pace[2] * np.array([-arm[1], arm[0], 0.0])
        apart = wanted - self._position
        self._acceleration = FREQUENCY**2 * apart + 2 * DAMPING * FREQUENCY * (going - self._velocity)
        self._velocity = self._velocity + self._period * self._acceleration
        self._position = self._position + self._period * self._velocity
        far = float(np.linalg.norm(apart))
        if far > FARTHEST:
            self._position = wanted - apart * (FARTHEST / far)

    def _speed(self, state: BodyState, arm: np.ndarray) -> np.ndarray:
        """Speeds (7,) of the joints that take the cup along its path, whatever the pelvis does."""
        model, data = self._model.model, self._model.data
        position, rotation = self._cup(state)
        jacobian = np.empty((6, model.nv))
        mujoco.mj_jac(model, data, jacobian[:3], jacobian[3:], position, self._body)
        own = slice(6 + self.joints.start, 6 + self.joints.stop)
        up = np.array([0.0, 0.0, GRAVITY]) + [*self._acceleration[:2], 0.0]
        aim = _leaning(up / np.linalg.norm(up)) @ _about_z(self._heading) @ self._upright
        wanted = np.concatenate(
            [
                self._velocity + STRICT * (self._position - position),
                np.array([0, 0, self._turning]) + STRICT * _turn(aim @ rotation.T),
            ]
        )
        arm_jacobian = jacobian[:, own]
        inverse = arm_jacobian.T @ np.linalg.inv(arm_jacobian @ arm_jacobian.T + SOFTNESS**2 * np.eye(6))
        free = AT_EASE * (arm - self._angles)
        speed = inverse @ (wanted - jacobian[:, :6] @ state.velocity[:6]) + free - inverse @ (arm_jacobian @ free)
        return clamp(speed, -self._fastest, self._fastest)

    def _cup(self, state: BodyState) -> tuple[np.ndarray, np.ndarray]:
        """Where the cup is (3,) m, and the palm's rotation (3, 3), with the arm at its present angles."""
        configuration = state.configuration.copy()
        configuration[7 + self.joints.start : 7 + self.joints.stop] = self._angles
        self._model.place(configuration)
        rotation = self._model.data.site_xmat[self._site].reshape(3, 3).copy()
        return self._model.data.site_xpos[self._site] + rotation @ self._point, rotation


def _yaw(quaternion: np.ndarray) -> float:
    w, x, y, z = quaternion
    return float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _about_z(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _leaning(up: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that turns the vertical to `up` (3,)."""
    x, y, z = up
    k = 1 / (1 + z)
    return np.array([[1 - k * x * x, -k * x * y, x], [-k * x * y, 1 - k * y * y, y], [-x, -y, z]])


def _turn(rotation: np.ndarray) -> np.ndarray:
    """A small rotation (3, 3) as a vector (3,) rad."""
    return 0.5 * np.array(
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
    )
