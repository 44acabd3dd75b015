"""Pictures of hands: a bright studio around a hand, rendered off screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np


def add_studio(spec: mujoco.MjSpec, width: int = 1600, height: int = 1200) -> None:
    """Add a plain bright background, two lights and their ambient level, for pictures of at most `width` × `height`."""
    for texture in [t for t in spec.textures if t.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX]:
        spec.delete(texture)
    spec.add_texture(
        name="studio",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.97, 0.97, 0.98],
        rgb2=[0.83, 0.85, 0.88],
        width=64,
        height=384,
    )
    spec.visual.headlight.ambient = [0.42, 0.42, 0.42]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    spec.visual.map.znear = 0.005
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.quality.shadowsize = 1024
    for position in ([0.4, 0.5, 0.8], [-0.2, -0.6, 0.3]):
        direction = -np.array(position) / np.linalg.norm(position)
        spec.worldbody.add_light(pos=position, dir=direction, diffuse=[0.45] * 3, specular=[0.2] * 3)


@contextmanager
def renderer(model: mujoco.MjModel, height: int, width: int) -> Iterator[mujoco.Renderer]:
    """An off-screen renderer, closed at the end."""
    view = mujoco.Renderer(model, height, width)
    try:
        yield view
    finally:
        view.close()


def photograph(
    view: mujoco.Renderer,
    data: mujoco.MjData,
    look_at: tuple[float, float, float] = (0.085, 0.0, -0.02),
    distance: float = 0.36,
    azimuth: float = -150.0,
    elevation: float = -20.0,
) -> np.ndarray:
    """One picture (h, w, 3) uint8."""
    camera = mujoco.MjvCamera()
    camera.lookat, camera.distance, camera.azimuth, camera.elevation = look_at, distance, azimuth, elevation
    view.update_scene(data, camera)
    return view.render().copy()
