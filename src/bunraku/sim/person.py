"""A person in the house: scenery that stands or walks by the clock, and holds out a plate if it was given one.

It is moved, not simulated: nothing pushes it. Only its plate and its trunk can be touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import mujoco
import numpy as np

from bunraku.house import SERVING_DISTANCE, SERVING_HEIGHT, SWEATER_EXTENT
from bunraku.objects import COLOURS, KINDS, quaternion_about_z
from bunraku.sim.room import FURNITURE_FRICTION, contact

PERSON, PLATE = "person", "person_plate"
"""Names of the bodies."""
STRIDE, SWING = 1.3, 0.42
"""Length (m) of two steps, and how far (rad) the legs swing."""
_HIP, _SHOULDER = 0.92, 1.40
_GEOM = mujoco.mjtGeom


@dataclass(frozen=True)
class Person:
    """Stands at the first point of `path` (x, y m) facing `yaw` rad; from `departs` s on it walks the path at `speed`
    m/s, and stands still on the way as `pauses` say: after so many m for so many s, in the order of the way. With a
    `plate` of that colour it holds one out, and stands."""

    path: tuple[tuple[float, float], ...]
    yaw: float = 0.0
    speed: float = 0.5
    departs: float = 0.0
    plate: str | None = None
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def length(self) -> float:
        """Length (m) of its way."""
        return float(sum(np.hypot(*np.subtract(end, start)) for start, end in pairwise(self.path)))

    @property
    def arrives(self) -> float:
        """When (s) it has come to the end of its way."""
        return self.departs + self.length / self.speed + sum(seconds for _, seconds in self.pauses)

    def _walked(self, time: float) -> float:
        """How far (m) it would have walked at `time` s if its way did not end."""
        walking = max(0.0, time - self.departs)
        for after, seconds in self.pauses:
            begins = after / self.speed
            walking = min(walking, begins) if walking < begins + seconds else walking - seconds
        return walking * self.speed

    def at(self, time: float) -> tuple[float, float, float, float]:
        """x, y m, yaw rad and the distance walked (m) at `time` s."""
        left = walked = self._walked(time) if len(self.path) > 1 else 0.0
        yaw = self.yaw
        x, y = next(iter(self.path))
        for start, end in pairwise(self.path):
            way = np.subtract(end, start)
            length = float(np.hypot(*way))
            if left > 0:
                yaw = float(np.arctan2(way[1], way[0]))
            if left <= length:
                share = left / length
                return start[0] + share * float(way[0]), start[1] + share * float(way[1]), yaw, walked
            left -= length
            x, y = end
        return x, y, yaw, walked - left

    @property
    def plate_position(self) -> np.ndarray:
        """Where the plate's object frame is while the person stands (3,), m."""
        x, y = self.path[0]
        height = SERVING_HEIGHT + KINDS["plate"].rest_height
        return np.array([x + SERVING_DISTANCE * np.cos(self.yaw), y + SERVING_DISTANCE * np.sin(self.yaw), height])


def add_person(spec: mujoco.MjSpec, person: Person) -> None:
    """Add `person` to `spec` where it stands at time 0."""
    x, y, yaw, _ = person.at(0.0)
    quat = quaternion_about_z(yaw)
    body = spec.worldbody.add_body(name=PERSON, pos=[x, y, 0], quat=quat, mocap=True)
    low, high = SWEATER_EXTENT
    _limb(body, [0, 0, low + 0.155], [0, 0, high - 0.175], 0.155, "jade", touched=True)
    _limb(body, [0, -0.11, high - 0.10], [0, 0.11, high - 0.10], 0.095, "jade")
    _limb(body, [0, 0, high], [0, 0, high + 0.06], 0.05, "skin")
    _ball(body, [0.01, 0, 1.63], [0.095, 0.078, 0.118], "skin")
    _ball(body, [-0.018, 0, 1.665], [0.094, 0.084, 0.105], "hair")
    _ball(body, [0.104, 0, 1.615], [0.016, 0.013, 0.018], "skin")
    for side in (-1, 1):
        _ball(body, [0.088, 0.032 * side, 1.645], [0.011, 0.011, 0.011], "hair")
        shoulder = [0, 0.20 * side, _SHOULDER - 0.02]
        elbow, hand = [-0.02, 0.25 * side, 1.11], [0.05, 0.24 * side, 0.86]
        if person.plate:
            elbow, hand = [0.04, 0.26 * side, 1.12], [SERVING_DISTANCE - 0.05, 0.085 * side, SERVING_HEIGHT - 0.035]
        _limb(body, shoulder, elbow, 0.052, "jade")
        _limb(body, elbow, hand, 0.038, "skin")
        _ball(body, [hand[0] + 0.03, hand[1], hand[2]], [0.06, 0.04, 0.022], "skin")
        name = f"{PERSON}_{'left' if side > 0 else 'right'}_leg"
        hip = spec.worldbody.add_body(name=name, pos=_hip(x, y, yaw, side), quat=quat, mocap=True)
        _limb(hip, [0, 0, 0], [0, 0, -_HIP + 0.14], 0.075, "denim")
        _ball(hip, [0.05, 0, -_HIP + 0.045], [0.125, 0.05, 0.045], "hair")
    if person.plate:
        _add_plate(spec, person, quat)


def move_person(person: Person, model: mujoco.MjModel, data: mujoco.MjData, time: float) -> None:
    """Put the person where it is at `time` s."""
    if len(person.path) < 2:
        return
    x, y, yaw, walked = person.at(time)
    phase = 2 * np.pi * walked / STRIDE
    body = model.body(PERSON).mocapid[0]
    data.mocap_pos[body] = [x, y, 0.012 * np.cos(2 * phase) - 0.012]
    data.mocap_quat[body] = quaternion_about_z(yaw)
    for side, name in ((1, "left"), (-1, "right")):
        leg = model.body(f"{PERSON}_{name}_leg").mocapid[0]
        swing = SWING * side * np.sin(phase)
        data.mocap_pos[leg] = _hip(x, y, yaw, side)
        mujoco.mju_mulQuat(
            data.mocap_quat[leg],
            np.array(quaternion_about_z(yaw)),
            np.array([np.cos(swing / 2), 0, -np.sin(swing / 2), 0]),
        )


def _hip(x: float, y: float, yaw: float, side: int) -> list[float]:
    return [x - 0.09 * side * np.sin(yaw), y + 0.09 * side * np.cos(yaw), _HIP]


def _add_plate(spec: mujoco.MjSpec, person: Person, quat) -> None:
    from bunraku.sim.build import add_shape

    assert person.plate is not None
    plate = spec.worldbody.add_body(name=PLATE, pos=person.plate_position, quat=quat, mocap=True)
    add_shape(spec, plate, KINDS["plate"], COLOURS[person.plate])


def _limb(body, start, end, radius: float, material: str, touched: bool = False) -> None:
    body.add_geom(
        type=_GEOM.mjGEOM_CAPSULE,
        fromto=[*start, *end],
        size=[radius, 0, 0],
        material=material,
        **_touch(touched),
    )


def _ball(body, at, size, material: str) -> None:
    body.add_geom(type=_GEOM.mjGEOM_ELLIPSOID, pos=at, size=size, material=material, **_touch(False))


def _touch(touched: bool) -> dict:
    return contact(FURNITURE_FRICTION) if touched else {"contype": 0, "conaffinity": 0, "group": 1}
