"""Pictures that are drawn when somebody looks at them: most frames of seven cameras are never looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any

import mujoco
import numpy as np

from bunraku.robot.interface import CameraFrame
from bunraku.sim.render import CameraRenderer
from bunraku.sim.snapshot import Snapshot


class Darkroom:
    """Draws what a camera saw when the world was in a given state. Its OpenGL context belongs to the thread that made
    it."""

    def __init__(self, model: mujoco.MjModel) -> None:
        """Make an OpenGL context for `model`."""
        self._model, self._data = model, mujoco.MjData(model)
        self._renderer: CameraRenderer | None = CameraRenderer(model)
        self._thread = get_ident()

    def expose(self, camera: str, data: mujoco.MjData) -> Callable[[], np.ndarray]:
        """A function that draws what `camera` sees in `data` now: (height, width, 3) uint8 RGB, read-only.

        It raises `RuntimeError` after `close`, and in another thread than the darkroom's own.
        """
        state = Snapshot.of(data)
        return lambda: self._draw(camera, state)

    def _draw(self, camera: str, state: Snapshot) -> np.ndarray:
        if self._renderer is None:
            raise RuntimeError(
                f"this frame of {camera} was never drawn: nobody looked at it before the robot was closed"
            )
        if get_ident() != self._thread:
            raise RuntimeError(f"this frame of {camera} must be looked at first in the thread that moves the robot")
        state.show(self._model, self._data)
        image = self._renderer.render(self._data, camera)
        image.flags.writeable = False
        return image

    def close(self) -> None:
        """Draw no more, and free the OpenGL context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def develop(frames: Mapping[str, CameraFrame]) -> Mapping[str, CameraFrame]:
    """The same frames, drawn, so that another thread may look at them."""
    for frame in frames.values():
        _ = frame.image
    return frames


class LatentFrame(CameraFrame):
    """A frame of the instant at which it was taken; its image is drawn when it is looked at for the first time."""

    def __init__(self, camera: str, time: float, develop: Callable[[], np.ndarray]) -> None:
        """A frame taken at `time` (s) of which `develop` draws the image."""
        for name, value in (("camera", camera), ("time", time), ("_develop", develop)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """The image, while it is not drawn yet."""
        if name != "image":
            raise AttributeError(f"a frame has no {name}")
        image = self._develop()
        object.__setattr__(self, "image", image)
        object.__delattr__(self, "_develop")
        return image

    def __reduce__(self) -> tuple[type[CameraFrame], tuple[str, float, np.ndarray]]:
        """A copy is a plain frame."""
        return CameraFrame, (self.camera, self.time, self.image)
