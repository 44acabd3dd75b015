"""The room: floor, walls, counter, side table and shelf, in unsaturated colours so that coloured things stand out."""

from __future__ import annotations

from itertools import pairwise

import mujoco
import numpy as np

from bunraku.house import SIDEBOARD, SWEATER, Block, counter_plinth
from bunraku.objects import SURFACES, Surface

FURNITURE_FRICTION = 0.5
FLOOR_FRICTION = 0.8

ROOM_X, ROOM_Y, ROOM_HEIGHT = (-1.7, 3.1), (-3.0, 2.1), 2.6
"""Inner faces of the walls and the height of the walls, m."""

GEOM = mujoco.mjtGeom
Range = tuple[float, float]

# Name: colour, specular, shininess. HSV saturation stays below 0.3.
_MATERIALS = {
    "oak": ((0.74, 0.65, 0.54), 0.15, 0.3),
    "walnut": ((0.46, 0.39, 0.34), 0.15, 0.3),
    "plaster": ((0.90, 0.88, 0.85), 0.0, 0.0),
    "linen": ((0.83, 0.80, 0.76), 0.0, 0.0),
    "lacquer": ((0.87, 0.86, 0.83), 0.25, 0.6),
    "steel": ((0.35, 0.35, 0.36), 0.5, 0.7),
    "sky": ((0.93, 0.95, 0.97), 0.0, 0.0),
    "wool": ((0.62, 0.63, 0.64), 0.0, 0.0),
    "rug": ((0.80, 0.77, 0.73), 0.0, 0.0),
    "grass": ((0.50, 0.56, 0.42), 0.0, 0.0),
    "leaf": ((0.44, 0.51, 0.39), 0.0, 0.1),
    "stone": ((0.70, 0.69, 0.67), 0.0, 0.0),
    "skin": ((0.80, 0.68, 0.60), 0.05, 0.2),
    "hair": ((0.26, 0.22, 0.20), 0.1, 0.3),
    "denim": ((0.33, 0.36, 0.42), 0.0, 0.0),
    "jade": (SWEATER, 0.0, 0.0),
}


def add_room(spec: mujoco.MjSpec) -> None:
    """Add the room's materials, lights, walls and furniture to `spec`."""
    add_materials(spec)
    add_lights(spec)
    _add_shell(spec)
    add_kitchen(spec)


def add_kitchen(spec: mujoco.MjSpec) -> None:
    """Add what stands in the room and hangs on its walls."""
    _add_window(spec, y=ROOM_Y[1], x=(-0.1, 1.5), z=(1.05, 2.15))
    _add_sideboard(spec, SIDEBOARD)
    for low, high, bottom in ((-2.42, -1.82, 1.20), (-1.74, -1.36, 1.45)):
        add_picture(spec, ROOM_X[0], (low, high), bottom)
    _add_counter(spec, SURFACES["counter"])
    _add_side_table(spec, SURFACES["side table"])
    _add_shelf(spec, SURFACES["shelf"])


def add_materials(spec: mujoco.MjSpec) -> None:
    """Add what things are made of."""
    for name, (colour, specular, shininess) in _MATERIALS.items():
        spec.add_material(name=name, rgba=[*colour, 1], specular=specular, shininess=shininess)
    spec.material("sky").emission = 0.7
    for name, planks, repeat in (("oak", 1, 1.1), ("floor", 6, 0.8)):
        pixels = _wood(planks, seed=len(name))
        texture = spec.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
        texture.height, texture.width = pixels.shape[:2]
        texture.data = pixels.tobytes()
        material = spec.material(name) or spec.add_material(name=name, rgba=[0.66, 0.59, 0.50, 1], specular=0.1)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        material.texrepeat, material.texuniform = [repeat, repeat], True


def _wood(planks: int, seed: int, size: int = 512) -> np.ndarray:
    """Grain of `planks` boards side by side: (size, size, 3) uint8, near white, to be tinted by a material."""
    rng = np.random.default_rng(seed)
    along, across = np.meshgrid(np.arange(size) / size, np.arange(size) / size)
    board = np.floor(across * planks).astype(int)
    tone = rng.uniform(0.90, 1.0, planks)[board]
    waviness = sum(rng.uniform(0.2, 1.0) * np.sin(2 * np.pi * (k * along + rng.uniform())) / k for k in range(1, 4))
    phase = rng.uniform(0, 20, planks)[board]
    rings = np.sin(2 * np.pi * (across * 26 + 0.35 * waviness) + phase) + 0.5 * np.sin(
        2 * np.pi * (across * 61 + 0.5 * waviness) + 2 * phase
    )
    grain = tone + 0.022 * rings + 0.010 * rng.standard_normal((size, 1))
    if planks > 1:
        edge = np.abs(across * planks - np.round(across * planks)) < 0.012
        end = np.abs((along + phase / 20) % 1.0 - 0.5) < 0.0015
        grain = np.where(edge | end, 0.72, grain)
    return (255 * np.clip(grain, 0, 1))[..., None].repeat(3, axis=2).astype(np.uint8)


def add_lights(spec: mujoco.MjSpec) -> None:
    """Add the sun, and a fill light that casts no shadows."""
    headlight = spec.visual.headlight
    headlight.ambient, headlight.diffuse, headlight.specular = [0.47, 0.46, 0.45], [0.22, 0.22, 0.22], [0, 0, 0]
    sun = spec.worldbody.add_light(
        name="sun", pos=[1.2, 1.2, 4.0], dir=[-0.9, -0.9, -3.2], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    )
    sun.diffuse, sun.specular, sun.castshadow = [0.46, 0.44, 0.41], [0.25, 0.25, 0.24], True
    fill = spec.worldbody.add_light(
        name="fill", pos=[1.5, -2.5, 2.5], dir=[-1.2, 2.2, -1.6], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    )
    fill.diffuse, fill.specular, fill.castshadow = [0.24, 0.245, 0.26], [0, 0, 0], False


def block(
    spec: mujoco.MjSpec, name: str, x: Range, y: Range, z: Range, material: str, friction: float = FURNITURE_FRICTION
) -> None:
    """A fixed box that fills the given ranges (m)."""
    low, high = np.array([x, y, z]).T
    spec.worldbody.add_geom(
        name=name,
        type=GEOM.mjGEOM_BOX,
        pos=(low + high) / 2,
        size=(high - low) / 2,
        material=material,
        **contact(friction),
    )


def ornament(spec: mujoco.MjSpec, x: Range, y: Range, z: Range, material: str) -> None:
    """A box out of everything's way: seen, never touched."""
    low, high = np.array([x, y, z]).T
    spec.worldbody.add_geom(
        type=GEOM.mjGEOM_BOX,
        pos=(low + high) / 2,
        size=(high - low) / 2,
        material=material,
        contype=0,
        conaffinity=0,
        group=1,
    )


def contact(friction: float) -> dict:
    """Contact parameters of everything outside the robot.

    A stiff, well damped contact (solref 5 ms) halves slip and penetration against MuJoCo's 20 ms; torsional friction
    0.004 m is that of a patch of about 6 mm radius.
    """
    return {
        "friction": [friction, 0.004, 0.0002],
        "condim": 4,
        "solref": [0.005, 1.0],
        "solimp": [0.9, 0.98, 0.002, 0.5, 2.0],
    }


def _add_shell(spec: mujoco.MjSpec) -> None:
    (x0, x1), (y0, y1), h, t = ROOM_X, ROOM_Y, ROOM_HEIGHT, 0.05
    spec.worldbody.add_geom(
        name="floor",
        type=GEOM.mjGEOM_PLANE,
        size=[6, 6, 0.1],
        material="floor",
        **contact(FLOOR_FRICTION) | {"condim": 3},
    )
    for name, x, y in (
        ("wall_back", (x0 - t, x0), (y0, y1)),
        ("wall_front", (x1, x1 + t), (y0, y1)),
        ("wall_left", (x0, x1), (y1, y1 + t)),
        ("wall_right", (x0, x1), (y0 - t, y0)),
    ):
        block(spec, name, x, y, (0, h), "plaster")
    d = 0.012
    ends = (((x0, x0 + d), (y0, y1)), ((x1 - d, x1), (y0, y1)))
    sides = (((x0, x1), (y1 - d, y1)), ((x0, x1), (y0, y0 + d)))
    for x, y in (*ends, *sides):
        ornament(spec, x, y, (0, 0.08), "lacquer")


def add_picture(spec: mujoco.MjSpec, wall: float, y: Range, bottom: float) -> None:
    """Hang a picture on the wall that faces +x at `wall` m."""
    low, high = y
    ornament(spec, (wall, wall + 0.02), (low, high), (bottom, bottom + 0.70), "walnut")
    ornament(spec, (wall, wall + 0.024), (low + 0.02, high - 0.02), (bottom + 0.02, bottom + 0.68), "lacquer")
    middle, r = (low + high) / 2, 0.3 * (high - low)
    ornament(spec, (wall, wall + 0.028), (middle - r, middle + r), (bottom + 0.15, bottom + 0.55), "linen")


def _add_sideboard(spec: mujoco.MjSpec, board: Block) -> None:
    x, y = board.x, board.y
    block(spec, "sideboard", x, y, board.z, board.material)
    for low, high in pairwise(np.linspace(*y, 4)):
        ornament(spec, (x[1], x[1] + 0.012), (low + 0.006, high - 0.006), (0.16, 0.60), "linen")
    for leg_x in (x[0] + 0.04, x[1] - 0.08):
        for leg_y in (y[0] + 0.05, y[1] - 0.09):
            ornament(spec, (leg_x, leg_x + 0.04), (leg_y, leg_y + 0.04), (0, 0.14), "steel")
    add_books(spec, x[0] + 0.08, y[0] + 0.15, 0.62)
    spec.worldbody.add_geom(
        type=GEOM.mjGEOM_SPHERE,
        pos=[(x[0] + x[1]) / 2, y[1] - 0.3, 0.62 + 0.12],
        size=[0.12, 0, 0],
        material="sky",
        contype=0,
        conaffinity=0,
        group=1,
    )


def _add_window(spec: mujoco.MjSpec, y: float, x: Range, z: Range) -> None:
    frame, bar = 0.05, 0.025
    ornament(spec, (x[0] - frame, x[1] + frame), (y - 0.02, y), (z[0] - frame, z[1] + frame), "lacquer")
    ornament(spec, x, (y - 0.023, y), z, "sky")
    middle = (x[0] + x[1]) / 2
    ornament(spec, (middle - bar, middle + bar), (y - 0.032, y), z, "lacquer")
    ornament(spec, x, (y - 0.030, y), (z[1] - 0.38, z[1] - 0.38 + 2 * bar), "lacquer")
    ornament(spec, (x[0] - 0.1, x[1] + 0.1), (y - 0.14, y), (z[0] - frame - 0.03, z[0] - frame), "lacquer")


def _add_counter(spec: mujoco.MjSpec, surface: Surface) -> None:
    top, thickness, knees = surface.top, 0.04, 0.16
    x, y = surface.x, surface.y
    block(spec, "counter", x, y, (top - thickness, top), "oak")
    body_x, body_y = (x[0] + knees, x[1] - 0.02), (y[0] + 0.02, y[1] - 0.02)
    block(spec, "counter_body", body_x, body_y, (0.08, top - thickness), "lacquer")
    plinth = counter_plinth()
    ornament(spec, plinth.x, plinth.y, plinth.z, plinth.material)
    drawers = np.linspace(body_y[0], body_y[1], 3)
    for face, out in ((body_x[1], 1), (body_x[0], -1)):
        for low, high in pairwise(drawers):
            for bottom, ceiling in ((0.09, 0.60), (0.61, top - thickness - 0.01)):
                panel = sorted((face, face + out * 0.012))
                grip = sorted((face, face + out * 0.03))
                ornament(spec, (panel[0], panel[1]), (low + 0.004, high - 0.004), (bottom, ceiling), "lacquer")
                centre = (low + high) / 2
                ornament(
                    spec, (grip[0], grip[1]), (centre - 0.06, centre + 0.06), (ceiling - 0.05, ceiling - 0.038), "steel"
                )


def _add_side_table(spec: mujoco.MjSpec, surface: Surface) -> None:
    top, thickness, leg, inset = surface.top, 0.03, 0.022, 0.05
    block(spec, "side_table", surface.x, surface.y, (top - thickness, top), "oak")
    for i, x in enumerate((surface.x[0] + inset, surface.x[1] - inset)):
        for j, y in enumerate((surface.y[0] + inset, surface.y[1] - inset)):
            spec.worldbody.add_geom(
                name=f"side_table_leg_{i}{j}",
                type=GEOM.mjGEOM_CYLINDER,
                pos=[x, y, (top - thickness) / 2],
                size=[leg, (top - thickness) / 2, 0],
                material="walnut",
                **contact(FURNITURE_FRICTION),
            )


def _add_shelf(spec: mujoco.MjSpec, surface: Surface) -> None:
    top, thickness, post = surface.top, 0.03, 0.03
    x, y = surface.x, surface.y
    block(spec, "shelf", x, y, (top - thickness, top), "oak")
    # Posts at the far side only: the near side stays free for the arm.
    for name, post_y in (("shelf_post_right", (y[0], y[0] + post)), ("shelf_post_left", (y[1] - post, y[1]))):
        block(spec, name, (x[1] - post, x[1]), post_y, (0, top - thickness), "steel")
    for i, height in enumerate((0.08, 0.45, 0.78)):
        block(spec, f"shelf_board_{i}", (x[1] - 0.24, x[1]), y, (height - thickness, height), "oak")
    add_books(spec, x[1] - 0.21, y[0] + 0.05, 0.45)
    add_books(spec, x[1] - 0.19, y[0] + 0.12, 0.78)


def add_books(spec: mujoco.MjSpec, x: float, y: float, shelf: float) -> None:
    """Stand six books on a board at the height `shelf` m, their backs at `x`, from `y` on."""
    rng = np.random.default_rng(round(100 * shelf))
    for _ in range(6):
        width, height, depth = rng.uniform(0.014, 0.034), rng.uniform(0.16, 0.23), rng.uniform(0.12, 0.16)
        material = ("walnut", "linen", "steel", "plaster")[rng.integers(4)]
        ornament(spec, (x, x + depth), (y, y + width), (shelf, shelf + height), material)
        y += width + 0.002
