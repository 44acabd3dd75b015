"""Rooms as no task would leave them: things heaped, on dishes, fallen, in the air, in jittered colours and odd light.

For training and testing eyes. Nothing here is physics: things may float or sink into each other by some millimetres.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.objects import COLOURS, KINDS, SURFACES, TRIM, surface_points
from bunraku.robot import JOINTS, RobotSpec, standing_configuration
from bunraku.sim.build import OBJECT_PREFIX, build_model
from bunraku.sim.scene import Placed, Scene

PLAIN = "plain"
"""The colour of what is white, grey, black or brown."""
HUE_JITTER = 0.02
"""Largest change of a thing's hue, in turns: less than half of what lies between two named colours."""
EYES, TILT = 1.45, 0.35
"""Height (m) of the eyes, and how far (rad) they look down when the neck is straight."""
FOV = (40.0, 85.0)
"""Vertical fields of view of cameras that are not the robot's, degrees."""


@dataclass(frozen=True)
class Thing:
    """Something in a picture: its `kind`, and its `colour`, one of `COLOURS` or `PLAIN`."""

    kind: str
    colour: str


@dataclass(frozen=True, eq=False)
class Clutter:
    """A compiled room; `bodies` maps the index of a MuJoCo body to what it is."""

    model: mujoco.MjModel
    data: mujoco.MjData
    bodies: dict[int, Thing]


def cluttered_room(robot: mujoco.MjSpec, rng: np.random.Generator) -> Clutter:
    """A room with five to thirteen things, as random as it gets; the robot stands somewhere in it."""
    kinds = rng.choice(list(KINDS), rng.integers(5, 14))
    few = rng.choice(list(COLOURS), rng.integers(1, 3)) if rng.random() < 0.5 else list(COLOURS)
    placed = [
        Placed(f"{i}", str(kind), _colour(rng, str(kind), few), (0.0, 0.0, 0.0), 0.0) for i, kind in enumerate(kinds)
    ]
    model = build_model(robot, Scene(tuple(placed), house=bool(rng.random() < 0.2)))
    data = mujoco.MjData(model)
    poses = _arrange(rng, placed)
    for thing, (position, rotation) in zip(placed, poses, strict=True):
        joint = data.joint(OBJECT_PREFIX + thing.name)
        joint.qpos[:3], joint.qpos[3:] = position, rotation.as_quat(scalar_first=True)
    bodies = {}
    for thing in placed:
        body = model.body(OBJECT_PREFIX + thing.name).id
        bodies[body] = Thing(thing.kind, _paint(model, body, thing.colour, rng))
    vary_light(model, rng)
    return Clutter(model, data, bodies)


def stand_anyhow(clutter: Clutter, rng: np.random.Generator) -> None:
    """Put the robot into a random posture in which it may look at the things."""
    model, data = clutter.model, clutter.data
    configuration = standing_configuration(RobotSpec())
    at = dict(zip(JOINTS, configuration[7:], strict=True))
    target = data.joint(int(model.body_jntadr[rng.choice(list(clutter.bodies))])).qpos[:3]
    base = np.zeros(3)
    if rng.random() < 0.35:
        base = np.array([rng.uniform(-1.3, 0.05), rng.uniform(-0.9, 0.7), rng.normal(0, 0.4)])
    x, y, below = target - [*base[:2], EYES]
    at["neck_yaw"] = float(np.clip(np.arctan2(y, x) - base[2] + rng.normal(0, 0.15), -1.2, 1.2))
    at["neck_pitch"] = float(np.clip(np.arctan2(-below, np.hypot(x, y)) - TILT + rng.normal(0, 0.12), -0.2, 0.9))
    at["waist_pitch"] = float(rng.uniform(0, 0.35) * (rng.random() < 0.3))
    at["waist_yaw"] = float(rng.normal(0, 0.2))
    for side in ("left", "right"):
        if rng.random() < 0.6:
            at[f"{side}_shoulder_pitch"] = -0.6 + rng.normal(0, 0.35)
            at[f"{side}_shoulder_roll"] = 0.3 + rng.normal(0, 0.2)
            at[f"{side}_shoulder_yaw"] = rng.normal(0, 0.4)
            at[f"{side}_elbow"] = 1.5 + rng.normal(0, 0.4)
            at[f"{side}_forearm_roll"] = rng.normal(0, 0.7)
            at[f"{side}_wrist_flexion"] = rng.normal(0, 0.3)
    turn = Rotation.from_euler("z", base[2])
    data.qpos[:3] = turn.apply(configuration[:3]) + [base[0], base[1], 0]
    data.qpos[3:7] = (turn * Rotation.from_quat(configuration[3:7], scalar_first=True)).as_quat(scalar_first=True)
    for joint, angle in at.items():
        data.joint(joint).qpos = angle
    closed = {side: rng.uniform(0, 1) for side in ("left", "right")}
    for i in range(model.njnt):
        name = model.joint(i).name
        if name.endswith(("mcp_flexion", "pip", "dip", "ip")):
            data.qpos[model.jnt_qposadr[i]] = closed[name.split("_")[0]] * rng.uniform(0.4, 1.3)
    mujoco.mj_forward(model, data)


def bring_near(clutter: Clutter, camera: int, rng: np.random.Generator) -> None:
    """Hold some of the things before the camera of that index, turned anyhow."""
    data, count = clutter.data, int(rng.integers(1, 4))
    for body in rng.choice(list(clutter.bodies), count, replace=False):
        address = clutter.model.jnt_qposadr[clutter.model.body_jntadr[body]]
        away = np.array([*rng.uniform(-0.35, 0.35, 2), -1.0]) * rng.uniform(0.12, 0.45)
        data.qpos[address : address + 3] = data.cam_xpos[camera] + data.cam_xmat[camera].reshape(3, 3) @ away
        data.qpos[address + 3 : address + 7] = Rotation.random(rng=rng).as_quat(scalar_first=True)
    mujoco.mj_forward(clutter.model, data)


def roam(clutter: Clutter, camera: int, rng: np.random.Generator) -> None:
    """Take the camera of that index off the robot, to look at a thing from anywhere."""
    model, data = clutter.model, clutter.data
    target = data.xpos[rng.choice(list(clutter.bodies))] + rng.normal(0, 0.1, 3)
    azimuth, elevation, distance = rng.uniform(-np.pi, np.pi), rng.uniform(0.05, 1.3), rng.uniform(0.35, 1.8)
    away = [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    right = np.array([-away[1], away[0], 0]) / np.hypot(away[0], away[1])
    rotation = np.column_stack([right, np.cross(away, right), away])
    rotation = rotation @ Rotation.from_euler("z", rng.normal(0, 0.1)).as_matrix()
    data.cam_xpos[camera] = target + distance * np.array(away)
    data.cam_xmat[camera] = rotation.ravel()
    model.cam_fovy[camera] = rng.uniform(*FOV)


def _colour(rng: np.random.Generator, kind: str, few) -> str:
    own = [c for c in KINDS[kind].colours if c in few] or KINDS[kind].colours
    return str(rng.choice(own))


def _arrange(rng: np.random.Generator, placed: list[Placed]) -> list[tuple[np.ndarray, Rotation]]:
    """A position (3,) m and a rotation for each thing."""
    boards = list(SURFACES.values())
    board = boards[rng.choice(len(boards), p=[0.65, 0.15, 0.2])]
    middle = rng.uniform([board.x[0], board.y[0]], [board.x[1], board.y[1]])
    spread = rng.uniform(0.06, 0.3)
    poses: list[tuple[np.ndarray, Rotation]] = []
    dishes: list[int] = []
    for index, thing in enumerate(placed):
        kind = KINDS[thing.kind]
        rotation = _rest(rng)
        low = -(rotation.apply(surface_points(kind))[:, 2]).min()
        radius = float(np.mean(kind.size[:2])) / 2
        dish = dishes[int(rng.integers(len(dishes)))] if dishes and kind.graspable and rng.random() < 0.45 else None
        if dish is not None and (support := KINDS[placed[dish].kind].support):
            xy = poses[dish][0][:2] + rng.normal(0, support.radius / 2, 2)
            top = poses[dish][0][2] + support.height
        else:
            xy, top = _free_spot(rng, board, middle, spread, radius, placed, poses), board.top
            if rng.random() < 0.06:
                xy, top = np.array([rng.uniform(0.2, 2.5), rng.uniform(-2, 1.5)]), 0.0
        poses.append((np.array([*xy, top + low]), rotation))
        if kind.support:
            dishes.append(index)
    return poses


def _rest(rng: np.random.Generator) -> Rotation:
    yaw = Rotation.from_euler("z", rng.uniform(-np.pi, np.pi))
    chance = rng.random()
    if chance < 0.72:
        return yaw
    if chance < 0.9:
        return yaw * Rotation.from_euler(str(rng.choice(["x", "y"])), 90 * rng.integers(1, 4), degrees=True)
    return Rotation.random(rng=rng)


def _free_spot(rng, board, middle, spread: float, radius: float, placed, poses) -> np.ndarray:
    """Somewhere on the board around its `middle`, clear of most of what is there, perhaps touching it."""
    low, high = np.array([board.x[0], board.y[0]]), np.array([board.x[1], board.y[1]])
    xy = middle
    for _ in range(30):
        xy = np.clip(middle + rng.normal(0, spread, 2), low + min(radius, 0.05), high - min(radius, 0.05))
        near = [
            np.linalg.norm(xy - position[:2]) < 0.9 * (radius + float(np.mean(KINDS[other.kind].size[:2])) / 2)
            for other, (position, _) in zip(placed, poses, strict=False)
        ]
        if not any(near):
            break
        spread *= 1.05
    return xy


def _paint(model: mujoco.MjModel, body: int, colour: str, rng: np.random.Generator) -> str:
    """Vary the colour of a body's geoms; the name of what it has then."""
    hue, saturation, value = colorsys.rgb_to_hsv(*COLOURS[colour])
    if rng.random() < 0.1:
        plain = ((rng.uniform(), 0.0, rng.uniform(0.05, 1)), (0.08, rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.5)))
        (hue, saturation, value), colour = plain[rng.integers(2)], PLAIN
    else:
        hue = (hue + rng.uniform(-HUE_JITTER, HUE_JITTER)) % 1
        saturation, value = min(saturation * rng.uniform(0.7, 1.15), 1), min(value * rng.uniform(0.65, 1.2), 1)
    painted = np.array(colorsys.hsv_to_rgb(hue, saturation, value))
    trims = np.array(list(TRIM.values()))
    for geom in np.flatnonzero(model.geom_bodyid == body):
        is_trim = np.abs(trims - model.geom_rgba[geom, :3]).max(axis=1).min() < 1e-3
        model.geom_rgba[geom, :3] = (
            np.clip(model.geom_rgba[geom, :3] * rng.uniform(0.7, 1.2), 0, 1) if is_trim else painted
        )
    return colour


def vary_light(model: mujoco.MjModel, rng: np.random.Generator) -> None:
    """Make the light of `model` brighter or darker, warmer or colder, and let it come from elsewhere."""
    tint = rng.uniform(0.88, 1.12, 3)
    model.vis.headlight.ambient[:] = np.array(model.vis.headlight.ambient) * rng.uniform(0.5, 1.3) * tint
    model.vis.headlight.diffuse[:] = np.array(model.vis.headlight.diffuse) * rng.uniform(0.0, 2.0)
    for light in range(model.nlight):
        model.light_diffuse[light] *= rng.uniform(0.2, 1.8) * tint
        model.light_specular[light] *= rng.uniform(0, 2)
        model.light_dir[light] = Rotation.from_rotvec(rng.normal(0, 0.5, 3)).apply(model.light_dir[light])
