"""Where the pelvis is and how it moves, from encoders, IMU and foot forces alone.

A fixed-gain observer: the gyroscope and the accelerometer carry the pelvis between ticks; feet that bear weight are
taken to rest where they were set down, and their leg kinematics correct orientation, position and velocity. A foot that
tips over an edge rests at its centre of pressure alone, which the foot's force sensor knows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from bunraku.control.limits import clamp
from bunraku.control.nominal import GRAVITY, NominalModel
from bunraku.robot import SIDES, ImuReading, Observation, RobotSpec, standing_configuration
from bunraku.robot.model import SOLE_SIZE


@dataclass(frozen=True)
class BodyState:
    """Estimated state: `configuration` (37,) and `velocity` (36,) as in `BodyGoal`, in the stance frame; `contact` (2,)
    is the share of trust, 0 to 1, that the left and the right foot rest on the ground."""

    time: float
    configuration: np.ndarray
    velocity: np.ndarray
    contact: np.ndarray


@dataclass(frozen=True)
class EstimatorGains:
    """Rates (1/s) at which each source corrects the integrated IMU."""

    orientation_from_legs: float = 6.0
    heading_from_legs: float = 0.3
    """Of the yaw alone, unless it stands: feet twist as they land and turn, and the gyroscope knows better."""
    tilt_from_imu: float = 0.6
    """A tenth of it while the feet stand on level ground: they know the vertical better than the attitude filter."""
    position_from_legs: float = 25.0
    velocity_from_legs: float = 15.0
    bias: float = 1.5
    """Rate at which the gyroscope's bias is learned from the legs, 1/s²."""
    velocity_without_imu: float = 60.0
    """Of the velocity from the legs, when they are all there is."""
    anchor: float = 3.0
    """Rate at which a foot that seems to slip gives up its anchor while the other one holds."""


TOUCH_SHARE, FIRM_SHARE = 0.07, 0.28
"""Normal forces, as shares of the weight, between which a foot's trust rises from 0 to 1."""
STOOD = 0.3
"""How long both feet bear before they are trusted with the heading, s."""
SLOPE = 0.02
"""Tilt (rad) by the IMU from which a planted sole is taken to lie on a slope, and says nothing of the vertical."""
LEVEL = float(np.cos(SLOPE))
STALE = 0.05
"""Age (s) of a reading of the IMU that makes it dead, or time for which it repeats itself while the joints move, or
feels no weight while the feet do."""
WEIGHTLESS = 0.1
"""Specific force, as a share of gravity, that is no weight."""


class Estimator:
    """Pelvis pose and velocity in the stance frame of the first observation."""

    def __init__(
        self, spec: RobotSpec, period: float, gains: EstimatorGains | None = None, gravity: float = GRAVITY
    ) -> None:
        """Start with both feet flat on the ground; `period` is the control period, s, `gravity` the local one, m/s²."""
        self._nominal = NominalModel(spec, gravity)
        self._weight = self._nominal.total_mass * gravity
        self._gains = gains or EstimatorGains()
        self._period = period
        self._start = standing_configuration(spec)
        self._soles = [self._nominal.model.site(f"{side}_sole").id for side in SIDES]
        self._jacobians = np.zeros((2, 2, 3, self._nominal.model.nv))
        self._in_pelvis = np.array([0, 0, 0, 1.0, 0, 0, 0, *self._start[7:]])
        self._gravity = np.array([0, 0, gravity])
        self._stood = 0.0
        self._state: BodyState | None = None
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._odd = 0.0
        self.imu_lost: str | None = None
        """What is wrong with the IMU; from then on, for good, the legs alone say how the pelvis moves."""

    @property
    def state(self) -> BodyState:
        """The latest estimate.

        Raises:
            RuntimeError: before the first observation.
        """
        if self._state is None:
            raise RuntimeError("the estimator has seen no observation yet; call update first")
        return self._state

    def update(self, observation: Observation) -> BodyState:
        """Take in one observation; the same one again changes nothing."""
        if self._state is None:
            self._begin(observation)
        elif observation.time > self._state.time:
            self._advance(observation, min(observation.time - self._state.time, 10 * self._period))
        return self.state

    def rebase(self) -> np.ndarray:
        """Make the middle between the feet the new stance frame.

        Returns:
            x, y (m) and yaw (rad), (3,), of the new frame in the old one.
        """
        state = self.state
        origin = self._anchor.mean(axis=0)
        axes = self._anchor_rotation[0][:, 0] + self._anchor_rotation[1][:, 0]
        yaw = float(np.arctan2(axes[1], axes[0]))
        back = _about_z(-yaw)
        self._rotation = back @ self._rotation
        self._position = back @ (self._position - origin)
        self._velocity = back @ self._velocity
        self._anchor = (self._anchor - origin) @ back.T
        self._anchor_rotation = back @ self._anchor_rotation
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, self._rotation.ravel())
        configuration = np.concatenate([self._position, quaternion, state.configuration[7:]])
        self._state = replace(
            state, configuration=configuration, velocity=np.concatenate([self._velocity, state.velocity[3:]])
        )
        return np.array([*origin[:2], yaw])

    def _begin(self, observation: Observation) -> None:
        """Stance frame, orientation and anchors from both feet flat on the ground."""
        positions, rotations, _ = self._soles_in_pelvis(observation)
        up = rotations[0][:, 2] + rotations[1][:, 2]
        up /= np.linalg.norm(up)
        forward = rotations[0][:, 0] + rotations[1][:, 0]
        forward -= up * (up @ forward)
        forward /= np.linalg.norm(forward)
        self._rotation = np.stack([forward, _cross(up, forward), up])
        self._position = -self._rotation @ positions.mean(axis=0)
        self._velocity = np.zeros(3)
        self._bias = np.zeros(3)
        self._anchor = self._position + positions @ self._rotation.T
        self._anchor[:, 2] = 0.0
        self._anchor_rotation = np.stack([_flat(self._rotation @ rotations[i]) for i in range(2)])
        self._publish(observation, np.ones(2), observation.imu.angular_velocity)

    def _advance(self, observation: Observation, dt: float) -> None:
        gains = self._gains
        contact = self._trust(observation)
        positions, rotations, jacobians = self._soles_in_pelvis(observation)
        linear, angular = (jacobians @ observation.joints.velocity).transpose(1, 0, 2)
        trust = contact.tolist()
        self.imu_lost = self.imu_lost or self._problem_of_imu(observation, max(trust), dt)
        reading = observation.imu if self.imu_lost is None else self._imagined_imu(observation.imu, contact, angular)
        gyro = reading.angular_velocity - self._bias
        soles = self._rotation @ rotations
        for i in range(2):
            if trust[i] <= 0.5:
                self._anchor[i] = self._position + self._rotation @ positions[i]
                self._anchor_rotation[i] = _flat(soles[i])

        turn, twist = np.zeros(3), np.zeros(3)
        total = sum(trust)
        imu = _matrix(reading.orientation)
        level = 1.0
        for i in range(2):
            if trust[i] == 0.0:
                continue
            share = trust[i] / max(total, 1.0)
            if imu[2] @ rotations[i, :, 2] > LEVEL:
                error = share * _rotation_vector(self._rotation.T @ self._anchor_rotation[i] @ rotations[i].T)
                yaw = (error @ self._rotation[2]) * self._rotation[2]
                turn += error - yaw
                twist += yaw
                level -= share * min(total, 1.0)
            else:
                yaw = self._anchor_rotation[i] @ _flat(soles[i]).T
                twist += share * _rotation_vector(yaw)[2] * self._rotation[2]
        tilt = _cross(self._rotation[2], imu[2])
        self._stood = self._stood + dt if trust[0] == trust[1] == 1.0 else 0.0
        if self._stood > STOOD:
            turn += twist
            twist *= 0.0
        if self.imu_lost is None:
            self._bias -= (gains.bias * dt) * turn
        tilt_gain = gains.tilt_from_imu * (0.1 + 0.9 * max(level, 0.0))
        correction = gains.orientation_from_legs * turn + gains.heading_from_legs * twist - tilt_gain * tilt
        self._rotation = self._rotation @ _exponential((gyro + correction) * dt)

        lever = _cross(gyro, _cross(gyro, _IMU_IN_PELVIS))
        acceleration = self._rotation @ (reading.acceleration - lever) - self._gravity
        self._position = self._position + self._velocity * dt + acceleration * (dt * dt / 2)
        self._velocity = self._velocity + acceleration * dt
        if total > 0:
            share = contact / max(total, 1.0)
            rolling = np.empty((2, 3))
            for i, pressure in enumerate(_pressure(observation)):
                rolling[i] = _cross(rotations[i] @ pressure, gyro + angular[i])
                if trust[i] > 0.5:
                    self._anchor[i] += dt * (self._rotation @ rolling[i])
            at = self._anchor - positions @ self._rotation.T
            rates = linear + positions @ _cross_matrix(gyro).T - rolling
            self._position += (gains.position_from_legs * dt) * (share @ (at - self._position))
            velocity_gain = gains.velocity_from_legs if self.imu_lost is None else gains.velocity_without_imu
            self._velocity += (velocity_gain * dt) * (-self._rotation @ (share @ rates) - share.sum() * self._velocity)
            if trust[0] > 0.5 and trust[1] > 0.5:
                slip = self._position - at
                self._anchor[:, :2] += (gains.anchor * dt) * slip[:, :2]
        self._publish(observation, contact, gyro)

    def _problem_of_imu(self, observation: Observation, trust: float, dt: float) -> str | None:
        """What is wrong with the IMU's reading, if anything; `trust` is that of the foot that bears more."""
        imu, joints = observation.imu, observation.joints.velocity
        last, self._last = self._last, (imu.angular_velocity, joints)
        if not math.isfinite(imu.orientation.sum() + imu.angular_velocity.sum() + imu.acceleration.sum()):
            return "it reads numbers that are not finite"
        if observation.time - imu.time > STALE:
            return f"its last reading is {observation.time - imu.time:.2f} s old"
        stuck = last is not None and (imu.angular_velocity == last[0]).all() and (joints != last[1]).any()
        weightless = trust == 1.0 and np.abs(imu.acceleration).max() < WEIGHTLESS * self._gravity[2]
        self._odd = self._odd + dt if stuck or weightless else 0.0
        if self._odd <= STALE:
            return None
        return "it feels no weight" if weightless else f"it has repeated itself for {STALE} s"

    def _imagined_imu(self, imu: ImuReading, contact: np.ndarray, angular: np.ndarray) -> ImuReading:
        """What the IMU would say if the foot that bears more did not turn (`angular` (2, 3) rad/s: its turning in the
        pelvis' frame when the pelvis rests) and the pelvis kept its velocity."""
        self._bias[:] = 0.0
        orientation = np.empty(4)
        mujoco.mju_mat2Quat(orientation, self._rotation.ravel())
        rate = -angular[int(contact.argmax())] if contact.any() else self.state.velocity[3:6]
        return replace(
            imu, orientation=orientation, angular_velocity=rate, acceleration=self._rotation.T @ self._gravity
        )

    def _trust(self, observation: Observation) -> np.ndarray:
        share = observation.feet.wrench[:, 2] / self._weight
        return clamp((share - TOUCH_SHARE) / (FIRM_SHARE - TOUCH_SHARE), 0.0, 1.0)

    def _soles_in_pelvis(self, observation: Observation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sole positions (2, 3), rotations (2, 3, 3) and Jacobians (2, 2, 3, 30), linear then angular, in the pelvis
        frame."""
        nominal = self._nominal
        self._in_pelvis[7:] = observation.joints.position
        nominal.place(self._in_pelvis)
        for jacobian, sole in zip(self._jacobians, self._soles, strict=True):
            mujoco.mj_jacSite(nominal.model, nominal.data, jacobian[0], jacobian[1], sole)
        return (
            nominal.data.site_xpos[self._soles],
            nominal.data.site_xmat[self._soles].reshape(2, 3, 3),
            self._jacobians[:, :, :, 6:],
        )

    def _publish(self, observation: Observation, contact: np.ndarray, gyro: np.ndarray) -> None:
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, self._rotation.ravel())
        configuration = np.concatenate([self._position, quaternion, observation.joints.position])
        velocity = np.concatenate([self._velocity, gyro, observation.joints.velocity])
        self._state = BodyState(observation.time, configuration, velocity, contact)


_IMU_IN_PELVIS = np.array([0, 0, 0.03])
_SOLE_EXTENTS = np.array(SOLE_SIZE[:2])


def _pressure(observation: Observation) -> np.ndarray:
    """Centre of pressure (2, 3) m on each sole, in its frame."""
    wrench = observation.feet.wrench
    force = np.maximum(wrench[:, 2:3], 1.0)
    pressure = np.zeros((2, 3))
    pressure[:, :2] = clamp(wrench[:, 4:2:-1] / force * [-1, 1], -_SOLE_EXTENTS, _SOLE_EXTENTS)
    return pressure


def _matrix(quaternion: np.ndarray) -> np.ndarray:
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product; many times faster than numpy's for single vectors."""
    ax, ay, az = a.tolist()
    bx, by, bz = b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def _cross_matrix(vector: np.ndarray) -> np.ndarray:
    x, y, z = vector.tolist()
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def _flat(rotation: np.ndarray) -> np.ndarray:
    """The rotation about the vertical that lies nearest."""
    return _about_z(math.atan2(rotation[1, 0], rotation[0, 0]))


def _about_z(yaw: float) -> np.ndarray:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _rotation_vector(rotation: np.ndarray) -> np.ndarray:
    """Rotation vector of a small rotation, rad."""
    (_, xy, xz), (yx, _, yz), (zx, zy, _) = rotation.tolist()
    return np.array([0.5 * (zy - yz), 0.5 * (xz - zx), 0.5 * (yx - xy)])


def _exponential(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix of a rotation vector (Rodrigues)."""
    angle = math.sqrt(vector @ vector)
    k = _cross_matrix(vector)
    if angle < 1e-9:
        return _IDENTITY + k
    return _IDENTITY + math.sin(angle) / angle * k + (1 - math.cos(angle)) / angle**2 * (k @ k)


_IDENTITY = np.eye(3)
