"""A film strip of an episode, drawn after it: to remember how the world stood costs next to nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import mujoco
import numpy as np

from bunraku.sim.render import Viewpoint, ViewRenderer
from bunraku.sim.world import World

PERIOD = 0.25
"""Simulated seconds between two states that are kept."""
PICTURES, WIDTH, HEIGHT = 8, 300, 225
"""How many pictures a strip has, and how large (px) they are."""
VIEWPOINT = Viewpoint(target=(0.32, 0.0, 1.0), distance=1.5, azimuth=-150.0, elevation=-25.0)


class FilmStrip:
    """Keeps the states of `world` while an episode runs; `draw` shows a few of them side by side."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: list[tuple[float, np.ndarray]] = []

    def note(self) -> None:
        """Keep the present state, if one is due."""
        time = self._world.time
        if not self._states or time - self._states[-1][0] >= PERIOD - 1e-6:
            self._states.append((time, self._world.data.qpos.copy()))

    def draw(self, path: Path) -> None:
        """Write pictures of moments that lie evenly between the first and the last, from left to right, as one JPEG."""
        model, data = self._world.model, mujoco.MjData(self._world.model)
        renderer = ViewRenderer(model, WIDTH, HEIGHT)
        pictures = []
        for index in np.unique(np.linspace(0, len(self._states) - 1, PICTURES).round().astype(int)):
            time, data.qpos[:] = self._states[index]
            mujoco.mj_forward(model, data)
            picture = np.ascontiguousarray(renderer.render(data, VIEWPOINT)[..., ::-1])
            cv2.putText(picture, f"{time:.1f} s", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
            pictures.append(picture)
        renderer.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        _, coded = cv2.imencode(".jpg", np.hstack(pictures), [cv2.IMWRITE_JPEG_QUALITY, 80])
        path.write_bytes(coded.tobytes())
