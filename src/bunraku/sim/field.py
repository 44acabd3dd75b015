"""An open field to walk on: nothing but ground, and motors that answer late."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.errors import UserError
from bunraku.hands.model import set_contact_options
from bunraku.robot.interface import JOINTS
from bunraku.robot.model import build_robot, standing_configuration
from bunraku.robot.spec import RobotSpec
from bunraku.sim.ground import lay_tile, tiles
from bunraku.sim.relief import Slab, lay_slab
from bunraku.sim.room import contact
from bunraku.sim.scene import Scene
from bunraku.sim.world import World


@dataclass(frozen=True)
class Field:
    """The ground and what acts on the robot there.

    `friction` of the ground (the sole's own 0.8 counts where it is larger, so the sole takes on this value too); `bump`
    m: heights vary between ± this; `gravity` m/s²; `payload` kg, unknown to the controller, in the right hand if
    `one_handed`, else shared by both; `torque_lag` s: time constant of the motors' torque; `slabs`: stairs and ramps.
    """

    friction: float = 0.8
    bump: float = 0.0
    gravity: float = 9.81
    payload: float = 0.0
    one_handed: bool = True
    torque_lag: float = 0.005
    slabs: tuple[Slab, ...] = ()

    def __post_init__(self) -> None:
        """Check that the figures describe a place where one can stand."""
        if not (0 < self.friction < math.inf and 0 < self.gravity < math.inf):
            raise UserError(
                f"friction and gravity must be positive numbers, got {self.friction} and {self.gravity}: "
                "nobody stands without"
            )
        if not (self.bump >= 0 and self.payload >= 0 and self.torque_lag >= 0):
            raise UserError("bump (m), payload (kg) and torque_lag (s) must not be negative")


def create_field(field: Field, seed: int = 0, spec: RobotSpec | None = None) -> World:
    """The robot standing on `field` at time 0; `seed` shapes uneven ground."""
    spec = spec or RobotSpec()
    model_spec = build_robot(spec)
    set_contact_options(model_spec)
    model_spec.option.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
    model_spec.option.gravity = [0, 0, -field.gravity]
    _add_ground(model_spec, field, seed)
    for side in ("left", "right"):
        for geom in model_spec.body(f"{side}_sole").geoms:
            geom.friction = [field.friction, *geom.friction[1:]]
    if field.torque_lag > 0:
        for name in JOINTS:
            motor = model_spec.actuator(name)
            motor.dyntype = mujoco.mjtDyn.mjDYN_FILTEREXACT
            motor.dynprm = [field.torque_lag, *motor.dynprm[1:]]
    _add_payload(model_spec, field)
    model = model_spec.compile()
    data = mujoco.MjData(model)
    configuration = standing_configuration(spec)
    data.qpos[:7] = configuration[:7]
    for joint, angle in zip(spec.joints, configuration[7:], strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_forward(model, data)
    mujoco.mj_step1(model, data)
    return World(spec, Scene(()), model, data, mujoco.MjData(model))


def push(world: World, force: np.ndarray | None) -> None:
    """Apply `force` (3,) N, world frame, to the middle of the trunk until the next call; None ends it."""
    world.data.xfrc_applied[world.model.body("torso").id, :3] = 0.0 if force is None else force


def has_fallen(world: World) -> bool:
    """Whether the trunk is tilted by more than 57° or the pelvis is below 0.5 m."""
    pelvis = world.data.body("pelvis")
    return bool(pelvis.xpos[2] < 0.5 or np.arccos(np.clip(pelvis.xmat[8], -1, 1)) > 1.0)


def _add_ground(spec: mujoco.MjSpec, field: Field, seed: int) -> None:
    parameters = contact(field.friction) | {"condim": 3}
    for slab in field.slabs:
        lay_slab(spec, slab, parameters)
    if field.bump == 0:
        spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.1], **parameters)
        return
    # Boxes, not a height field: a sole on a height field stands on single points and rocks.
    for tile in tiles(field.bump, np.random.default_rng([seed, 0xB0])):
        lay_tile(spec, tile, parameters)


def _add_payload(spec: mujoco.MjSpec, field: Field) -> None:
    sides = ("right",) if field.one_handed else ("left", "right")
    if field.payload == 0:
        return
    for side in sides:
        spec.body(f"{side}_hand").add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=[0.03, 0, 0],
            pos=[0.08, 0, -0.03],
            mass=field.payload / len(sides),
            contype=0,
            conaffinity=0,
        )
