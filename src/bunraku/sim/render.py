"""Pictures: cheap ones for the robot's seven cameras, good-looking ones for people.

On a CPU, rendering and not physics is what costs. Shadows, reflections, multisampling, sky, textures and round
tessellation together cost twenty times the rest of a frame, so `CameraRenderer` does without them.
"""

from __future__ import annotations

import platform
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from bunraku.errors import UserError

BODY_GROUPS = (0, 1, 2)
"""Geom groups that are drawn; groups from 3 on are collision shapes and hidden masses."""


@dataclass(frozen=True)
class Quality:
    """What a picture is allowed to cost: `samples` per pixel, `slices` and `stacks` of round shapes, `quads` along an
    edge of flat ones (light is computed at their corners), size of the `shadow` map in px, or 0 for no shadows."""

    samples: int
    slices: int
    stacks: int
    quads: int
    shadow: int
    textures: bool


CAMERA_QUALITY = Quality(samples=0, slices=8, stacks=6, quads=1, shadow=0, textures=False)
VIEW_QUALITY = Quality(samples=4, slices=40, stacks=20, quads=4, shadow=4096, textures=True)


def intrinsics(fovy: float, width: int, height: int) -> np.ndarray:
    """Pinhole matrix (3, 3) in px of a camera with vertical field of view `fovy` (degrees); pixel centres lie at
    half-integers, x right, y down."""
    focal = height / 2 / np.tan(np.radians(fovy) / 2)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


class _Canvas:
    """One OpenGL context into which one model is drawn. Use and close it in the thread that made it."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int, quality: Quality) -> None:
        self._gl: Any = None
        self._model = model
        self._gl = _open_gl(width, height)
        self._gl.make_current()
        with quality_of(model, width, height, quality):
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(model, maxgeom=4000)
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = quality.shadow > 0
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = quality.textures
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [group in BODY_GROUPS for group in range(len(self._option.geomgroup))]
        self._option.flags[mujoco.mjtVisFlag.mjVIS_TEXTURE] = quality.textures
        self._option.flags[mujoco.mjtVisFlag.mjVIS_TENDON] = False

    def draw(self, data: mujoco.MjData, camera: mujoco.MjvCamera, width: int, height: int) -> np.ndarray:
        """A picture (height, width, 3) uint8 RGB, in memory of its own."""
        self._gl.make_current()
        mujoco.mjv_updateScene(self._model, data, self._option, None, camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        rectangle = mujoco.MjrRect(0, 0, width, height)
        upside_down = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_render(rectangle, self._scene, self._context)
        mujoco.mjr_readPixels(upside_down, None, rectangle, self._context)
        return upside_down[::-1].copy()

    def close(self) -> None:
        """Free the OpenGL context; drawing is over."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __del__(self) -> None:
        """Free the context while it is current: freed under another, it would take that one's buffers with it."""
        # At the interpreter's end EGL is gone already, and the context with it.
        if not sys.is_finalizing():
            self.close()


class CameraRenderer:
    """Draws what the cameras fixed in `model` see, each at the resolution that the model gives it."""

    def __init__(self, model: mujoco.MjModel) -> None:
        """Make a context for `model`, which must have at least one camera."""
        self._ids = {model.camera(i).name: i for i in range(model.ncam)}
        self._resolution = {name: tuple(int(n) for n in model.cam_resolution[i]) for name, i in self._ids.items()}
        width, height = (max(side) for side in zip(*self._resolution.values(), strict=True))
        self._canvas = _Canvas(model, width, height, CAMERA_QUALITY)

    def render(self, data: mujoco.MjData, camera: str) -> np.ndarray:
        """What `camera` sees now: (height, width, 3) uint8 RGB, in memory of its own."""
        view = mujoco.MjvCamera()
        view.type, view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, self._ids[camera]
        return self._canvas.draw(data, view, *self._resolution[camera])

    def close(self) -> None:
        """Free the OpenGL context."""
        self._canvas.close()


@dataclass(frozen=True)
class Viewpoint:
    """Where an onlooker stands: looking at `target` (m) from `distance` (m), in degrees of azimuth and elevation."""

    target: tuple[float, float, float] = (0.20, 0.02, 0.98)
    distance: float = 2.5
    azimuth: float = -148.0
    elevation: float = -12.0


class ViewRenderer:
    """Draws the room for people, with shadows and smooth edges."""

    def __init__(
        self, model: mujoco.MjModel, width: int = 960, height: int = 720, quality: Quality = VIEW_QUALITY
    ) -> None:
        """Make a context for pictures of `width` × `height` px."""
        self.size = (width, height)
        self._canvas = _Canvas(model, width, height, quality)

    def render(self, data: mujoco.MjData, viewpoint: Viewpoint | str = Viewpoint()) -> np.ndarray:
        """The view from `viewpoint`, or from the model's camera of that name: (height, width, 3) uint8 RGB."""
        camera = mujoco.MjvCamera()
        if isinstance(viewpoint, str):
            camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            camera.fixedcamid = self._canvas._model.camera(viewpoint).id
        else:
            camera.lookat[:] = viewpoint.target
            camera.distance, camera.azimuth, camera.elevation = (
                viewpoint.distance,
                viewpoint.azimuth,
                viewpoint.elevation,
            )
        return self._canvas.draw(data, camera, *self.size)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._canvas.close()


def _open_gl(width: int, height: int):
    """An off-screen OpenGL context; on Linux through EGL, which needs no display."""
    try:
        if platform.system() == "Linux":
            from mujoco.egl import GLContext
        else:
            from mujoco.gl_context import GLContext
        return GLContext(width, height)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise UserError(
            "no OpenGL library for drawing without a screen was found: install it with "
            "`apt-get install libegl1 libgl1-mesa-dri` (Debian, Ubuntu) or your system's Mesa EGL package"
        ) from error


@contextmanager
def quality_of(model: mujoco.MjModel, width: int, height: int, quality: Quality):
    """MuJoCo reads a context's quality from the model when the context is made, and never again."""
    visual = model.vis
    wanted = (
        (visual.quality, "offsamples", quality.samples),
        (visual.quality, "numslices", quality.slices),
        (visual.quality, "numstacks", quality.stacks),
        (visual.quality, "numquads", quality.quads),
        (visual.quality, "shadowsize", quality.shadow),
        (visual.global_, "offwidth", width),
        (visual.global_, "offheight", height),
    )
    before = [getattr(part, name) for part, name, _ in wanted]
    for part, name, value in wanted:
        setattr(part, name, value)
    try:
        yield
    finally:
        for (part, name, _), value in zip(wanted, before, strict=True):
            setattr(part, name, value)
