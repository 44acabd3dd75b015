"""The house around the kitchen: hall, living room, three steps and a garden, built from the plan in `bunraku.house`."""

from __future__ import annotations

from itertools import pairwise

import mujoco
import numpy as np

from bunraku.house import (
    BENCH,
    CONSOLE,
    DOOR_HEIGHT,
    GARDEN,
    GARDEN_LEVEL,
    HALL,
    KITCHEN,
    KITCHEN_DOOR,
    LIVING_DOOR,
    LIVING_ROOM,
    LOW_TABLE,
    RUGS,
    SHELVES,
    SOFA,
    STAIR,
    TERRACE,
    TREE,
    WALLS,
    Block,
    Range,
    floor_lines,
)
from bunraku.sim.ground import lay_tile, tiles
from bunraku.sim.room import (
    FLOOR_FRICTION,
    GEOM,
    add_books,
    add_kitchen,
    add_lights,
    add_materials,
    add_picture,
    block,
    contact,
    ornament,
)

GRASS_BUMP = 0.03
"""Heights of the lawn vary between ± this, m."""
GRASS_FRICTION = 0.6


def add_house(spec: mujoco.MjSpec, seed: int = 0) -> None:
    """Add the whole house to `spec`; `seed` shapes the lawn."""
    add_materials(spec)
    add_lights(spec)
    # Shadows and sight over the whole house instead of one room.
    spec.visual.map.shadowclip, spec.visual.map.zfar = 6.0, 20.0
    _add_surroundings(spec)
    _add_floor(spec)
    for wall in (*WALLS, *STAIR):
        block(spec, wall.name, wall.x, wall.y, wall.z, wall.material, FLOOR_FRICTION)
    for line in floor_lines():
        if line.name.startswith("wall"):
            ornament(spec, line.x, line.y, line.z, "lacquer")
    for x, opening in (((HALL.x[1], KITCHEN.x[0]), KITCHEN_DOOR), ((LIVING_ROOM.x[1], HALL.x[0]), LIVING_DOOR)):
        _add_frame(spec, x, opening)
    for rug in RUGS:
        ornament(spec, rug.x, rug.y, rug.z, rug.material)
    add_kitchen(spec)
    _add_living_room(spec)
    _add_hall(spec)
    _add_garden(spec, seed)


def _add_surroundings(spec: mujoco.MjSpec) -> None:
    sky = spec.add_texture(
        name="open sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.80, 0.87, 0.93],
        rgb2=[0.95, 0.95, 0.94],
    )
    sky.width, sky.height = 256, 1536
    ornament(spec, (-14, 9), (-9, 13), (-0.06, -0.02), "stone")


def _add_floor(spec: mujoco.MjSpec) -> None:
    (west, east), (south, north) = (LIVING_ROOM.x[0], KITCHEN.x[1]), KITCHEN.y
    spec.worldbody.add_geom(
        name="floor",
        type=GEOM.mjGEOM_PLANE,
        pos=[(west + east) / 2, (south + north) / 2, 0],
        size=[(east - west) / 2, (north - south) / 2, 0.1],
        material="floor",
        **contact(FLOOR_FRICTION) | {"condim": 3},
    )


def _add_frame(spec: mujoco.MjSpec, x: Range, opening: Range) -> None:
    deep = (x[0] - 0.015, x[1] + 0.015)
    for edge, out in ((opening[0], -1), (opening[1], 1)):
        low, high = sorted((edge - 0.004 * out, edge + 0.07 * out))
        ornament(spec, deep, (low, high), (0, DOOR_HEIGHT + 0.07), "lacquer")
    ornament(spec, deep, opening, (DOOR_HEIGHT - 0.004, DOOR_HEIGHT + 0.07), "lacquer")


def _add_living_room(spec: mujoco.MjSpec) -> None:
    for part in SOFA:
        block(spec, part.name, part.x, part.y, part.z, part.material)
    seat = SOFA[0]
    for low, high in ((-2.03, -1.29), (-1.27, -0.53), (-0.51, 0.23)):
        ornament(spec, (seat.x[0] + 0.2, seat.x[1] + 0.01), (low, high), (0.42, 0.50), "wool")
        ornament(spec, (-7.54, -7.36), (low + 0.02, high - 0.02), (0.48, 0.86), "linen")
    for x in (seat.x[0] + 0.06, seat.x[1] - 0.1):
        for y in (-2.2, 0.36):
            ornament(spec, (x, x + 0.04), (y, y + 0.04), (0, 0.10), "walnut")
    _add_table(spec, LOW_TABLE, 0.035)
    ornament(spec, (-6.25, -6.03), (-0.80, -0.50), (0.40, 0.425), "linen")
    ornament(spec, (-6.22, -6.05), (-0.78, -0.54), (0.425, 0.445), "steel")
    _add_cupboard(spec)
    _add_shelves(spec)
    for y in ((-2.55, -1.85), (-1.60, -0.90)):
        add_picture(spec, LIVING_ROOM.x[0], y, 1.25)
    _add_plant(spec, -7.35, 1.55)
    _add_lamp(spec, -7.40, -2.60)


def _add_table(spec: mujoco.MjSpec, table: Block, leg: float) -> None:
    block(spec, table.name, table.x, table.y, table.z, table.material)
    for x in (table.x[0] + 0.04, table.x[1] - 0.04 - leg):
        for y in (table.y[0] + 0.04, table.y[1] - 0.04 - leg):
            ornament(spec, (x, x + leg), (y, y + leg), (0, table.z[0]), "walnut")


def _add_cupboard(spec: mujoco.MjSpec) -> None:
    x, y = BENCH.x, BENCH.y
    block(spec, BENCH.name, x, y, BENCH.z, BENCH.material)
    thirds = np.linspace(*y, 4)
    for low, high in pairwise(thirds):
        ornament(spec, (x[0] - 0.012, x[0]), (low + 0.006, high - 0.006), (0.10, 0.44), "linen")
    for leg_x in (x[0] + 0.04, x[1] - 0.08):
        for leg_y in (y[0] + 0.05, y[1] - 0.09):
            ornament(spec, (leg_x, leg_x + 0.04), (leg_y, leg_y + 0.04), (0, BENCH.z[0]), "steel")
    ornament(spec, (x[1] - 0.06, x[1] - 0.02), (-2.45, -1.15), (0.56, 1.30), "steel")
    ornament(spec, (x[1] - 0.10, x[1]), (-2.0, -1.6), (0.46, 0.56), "steel")
    add_books(spec, x[0] + 0.1, -1.08, 0.46)


def _add_shelves(spec: mujoco.MjSpec) -> None:
    x, y, top = SHELVES.x, SHELVES.y, SHELVES.z[1]
    board = 0.025
    block(spec, SHELVES.name, x, (y[1] - 0.02, y[1]), (0, top), "walnut")
    for low in (x[0], (x[0] + x[1] - board) / 2, x[1] - board):
        block(spec, f"{SHELVES.name} side {low:.2f}", (low, low + board), y, (0, top), "oak")
    rng = np.random.default_rng(5)
    for i, height in enumerate((0.06, 0.42, 0.80, 1.16, 1.52, top)):
        block(spec, f"{SHELVES.name} board {i}", x, y, (height - board, height), "oak")
        if height == top:
            break
        for start, end in ((x[0] + 0.04, (x[0] + x[1]) / 2 - 0.05), ((x[0] + x[1]) / 2 + 0.05, x[1] - 0.05)):
            at = start + rng.uniform(0, 0.15)
            while at < end - 0.04 and rng.uniform() < 0.95:
                thick, tall = rng.uniform(0.015, 0.04), rng.uniform(0.17, 0.27)
                material = ("walnut", "linen", "steel", "plaster", "stone", "denim")[rng.integers(6)]
                ornament(spec, (at, at + thick), (y[0] + 0.04, y[0] + 0.20), (height, height + tall), material)
                at += thick + 0.002


def _add_hall(spec: mujoco.MjSpec) -> None:
    _add_table(spec, CONSOLE, 0.03)
    x, y = CONSOLE.x, CONSOLE.y
    ornament(spec, (x[1] - 0.02, x[1]), (y[0] + 0.15, y[1] - 0.15), (1.0, 1.9), "walnut")
    ornament(spec, (x[1] - 0.026, x[1]), (y[0] + 0.18, y[1] - 0.18), (1.03, 1.87), "sky")
    for i, y_hook in enumerate((-2.3, -2.05, -1.8)):
        ornament(spec, (HALL.x[0], HALL.x[0] + 0.05), (y_hook, y_hook + 0.02), (1.6, 1.64), "steel")
        if i != 1:
            ornament(
                spec,
                (HALL.x[0] + 0.01, HALL.x[0] + 0.09),
                (y_hook - 0.1, y_hook + 0.12),
                (0.85, 1.62),
                ("wool", "", "linen")[i],
            )


def _add_plant(spec: mujoco.MjSpec, x: float, y: float) -> None:
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, 0.17], [0.15, 0.17, 0], "stone")
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, 0.55], [0.018, 0.25, 0], "walnut")
    rng = np.random.default_rng(3)
    for _ in range(26):
        turn, out, up = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.24), rng.uniform(0.62, 1.20)
        at = [x + out * np.cos(turn), y + out * np.sin(turn), up]
        _scenery(spec, GEOM.mjGEOM_ELLIPSOID, at, [0.13, 0.05, 0.012], "leaf", (turn, rng.uniform(-0.9, 0.2)))


def _add_lamp(spec: mujoco.MjSpec, x: float, y: float) -> None:
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, 0.015], [0.14, 0.015, 0], "steel")
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, 0.75], [0.012, 0.75, 0], "steel")
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, 1.58], [0.17, 0.13, 0], "sky")


def _add_garden(spec: mujoco.MjSpec, seed: int) -> None:
    level, (x0, x1), (y0, y1) = GARDEN_LEVEL, GARDEN.x, GARDEN.y
    block(spec, "terrace", (x0, x1), (y0, y0 + TERRACE), (level - 0.2, level), "stone", FLOOR_FRICTION)
    parameters = contact(GRASS_FRICTION) | {"condim": 3, "material": "grass"}
    middle = np.array([(x0 + x1) / 2, (y0 + TERRACE + y1) / 2])
    for tile in tiles(GRASS_BUMP, np.random.default_rng([seed, 0x6A]), extent=2.5):
        tile[:2] += middle
        if x0 < tile[0] < x1 and y0 + TERRACE < tile[1] < y1 + 0.1:
            tile[2] += level - 0.015
            lay_tile(spec, tile, parameters)
    for x in np.arange(x0 + 0.05, x1, 0.16):
        _add_paling(spec, x, y1, level)
    for y in np.arange(y0 + 0.1, y1, 0.16):
        for x in (x0, x1):
            _add_paling(spec, x, y, level)
    for z in (0.25, 0.60):
        ornament(spec, (x0, x1), (y1 + 0.03, y1 + 0.05), (level + z, level + z + 0.05), "lacquer")
        for x in (x0 - 0.03, x1 + 0.01):
            ornament(spec, (x, x + 0.02), (y0, y1), (level + z, level + z + 0.05), "lacquer")
    _add_tree(spec, float(np.mean(TREE.x)), float(np.mean(TREE.y)), level)


def _add_paling(spec: mujoco.MjSpec, x: float, y: float, level: float) -> None:
    ornament(spec, (x - 0.035, x + 0.035), (y - 0.01, y + 0.03), (level, level + 0.8), "lacquer")


def _add_tree(spec: mujoco.MjSpec, x: float, y: float, level: float) -> None:
    _scenery(spec, GEOM.mjGEOM_CYLINDER, [x, y, level + 0.7], [0.09, 0.7, 0], "walnut")
    rng = np.random.default_rng(8)
    for _ in range(14):
        turn, out = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.55)
        at = [x + out * np.cos(turn), y + out * np.sin(turn), level + rng.uniform(1.4, 2.3)]
        _scenery(spec, GEOM.mjGEOM_SPHERE, at, [rng.uniform(0.25, 0.45), 0, 0], "leaf")


def _scenery(spec: mujoco.MjSpec, shape, at, size, material: str, turn: tuple[float, float] | None = None) -> None:
    """A round thing that is seen, never touched."""
    quat = np.array([1.0, 0, 0, 0])
    if turn is not None:
        yaw, pitch = turn
        mujoco.mju_mulQuat(
            quat,
            np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]),
            np.array([np.cos(pitch / 2), 0, np.sin(pitch / 2), 0]),
        )
    spec.worldbody.add_geom(
        type=shape, pos=at, size=size, quat=quat, material=material, contype=0, conaffinity=0, group=1
    )
