"""What only a referee may ask: where things really are. For the predicates of tasks, never for skills or minds."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.robot.interface import SIDES
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.person import PERSON
from bunraku.sim.person import PLATE as PERSON_PLATE
from bunraku.sim.props import PROP_PREFIX
from bunraku.sim.world import World

ROOM = "room"


@dataclass(frozen=True)
class Pose:
    """True `position` (3,) m and `quaternion` (4,) wxyz of an object frame, in the world frame."""

    position: np.ndarray
    quaternion: np.ndarray

    @property
    def tilt(self) -> float:
        """Angle (rad) between the object's z axis and the vertical."""
        _, x, y, _ = self.quaternion
        return float(np.arccos(np.clip(1 - 2 * (x * x + y * y), -1, 1)))


def object_pose(world: World, name: str) -> Pose:
    """Where the object called `name` is now."""
    body = world.data.body(OBJECT_PREFIX + world.scene.find(name).name)
    return Pose(body.xpos.copy(), body.xquat.copy())


def prop_pose(world: World, name: str) -> Pose:
    """Where the prop called `name` is now."""
    body = world.data.body(PROP_PREFIX + name)
    return Pose(body.xpos.copy(), body.xquat.copy())


def object_speed(world: World, name: str) -> float:
    """Speed (m/s) of the object's origin."""
    return float(np.linalg.norm(object_velocity(world, name)))


def object_velocity(world: World, name: str) -> np.ndarray:
    """Velocity (3,) m/s of the object's origin."""
    world.scene.find(name)
    return world.data.joint(OBJECT_PREFIX + name).qvel[:3].copy()


def prop_position(world: World, name: str) -> np.ndarray:
    """Where the prop called `name` is now, (3,) m."""
    return world.data.body(PROP_PREFIX + name).xpos.copy()


def prop_speed(world: World, name: str) -> float:
    """Speed (m/s) of the origin of the loose prop called `name`."""
    return float(np.linalg.norm(world.data.joint(PROP_PREFIX + name).qvel[:3]))


def travel(world: World, name: str) -> float:
    """How far the button called `name` is pressed (m), the drawer with that handle pulled out (m), the cap turned
    (rad), or the door with that lever opened (rad)."""
    return float(world.data.joint(PROP_PREFIX + name).qpos[0])


def touching(world: World, name: str) -> frozenset[str]:
    """What touches the object called `name` now.

    Names of objects and of pieces of furniture, "left_hand", "right_hand", "robot" for the rest of the robot, "person"
    and "person_plate" for what a person holds out.
    """
    world.scene.find(name)
    return _touching(world, OBJECT_PREFIX + name)


def touching_prop(world: World, name: str) -> frozenset[str]:
    """What touches the prop called `name` now; see `touching`."""
    return _touching(world, PROP_PREFIX + name)


def _touching(world: World, body_name: str) -> frozenset[str]:
    model = world.model
    body = model.body(body_name).id
    others = set()
    for first, second in _contacts(world):
        if body == model.geom_bodyid[first]:
            others.add(_owner(world, second))
        elif body == model.geom_bodyid[second]:
            others.add(_owner(world, first))
    return frozenset(others)


def touches_person(world: World) -> bool:
    """Whether the robot touches a person, or what that one holds out, now."""
    owners = [{_owner(world, first), _owner(world, second)} for first, second in _contacts(world)]
    return any(pair & {PERSON, PERSON_PLATE} and pair & {"left_hand", "right_hand", "robot"} for pair in owners)


def supported_by(world: World, name: str) -> frozenset[str]:
    """What carries the object: whatever touches it and is neither hand nor robot."""
    return frozenset(touching(world, name) - {"left_hand", "right_hand", "robot"})


def is_standing(world: World, lowest_pelvis: float = 0.6, largest_tilt: float = 0.6) -> bool:
    """Whether the robot is on its feet: pelvis above `lowest_pelvis` (m), trunk tilted less than `largest_tilt` (rad),
    and at least one sole on the floor."""
    model, pelvis = world.model, world.data.body("pelvis")
    upright = pelvis.xpos[2] > lowest_pelvis and np.arccos(np.clip(pelvis.xmat[8], -1, 1)) < largest_tilt
    soles, floor = {model.geom(f"{side}_sole").id for side in SIDES}, model.geom("floor").id
    return bool(upright and any(floor in pair and soles & {*pair} for pair in _contacts(world)))


def _owner(world: World, geom: int) -> str:
    model = world.model
    body = int(model.geom_bodyid[geom])
    if body == 0:
        return model.geom(geom).name or ROOM
    root = model.body(int(model.body_rootid[body])).name
    for prefix in (OBJECT_PREFIX, PROP_PREFIX):
        if root.startswith(prefix):
            return root.removeprefix(prefix)
    if root.startswith(PERSON):
        return root
    while body:
        name = model.body(body).name
        if name in ("left_hand", "right_hand"):
            return name
        body = int(model.body_parentid[body])
    return "robot"


def _contacts(world: World) -> list[tuple[int, int]]:
    """Pairs of geoms in contact; computed aside, as those of sleeping objects are missing in the world's own data."""
    world.scratch.qpos[:] = world.data.qpos
    mujoco.mj_fwdPosition(world.model, world.scratch)
    return [(int(pair[0]), int(pair[1])) for pair in world.scratch.contact.geom]
