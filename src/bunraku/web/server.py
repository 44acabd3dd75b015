"""The live scene as a web page, served with viser and mjviser."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Self

import mujoco
import numpy as np
import viser
from mjviser import ViserMujocoScene

from bunraku.errors import UserError
from bunraku.robot.interface import CameraFrame
from bunraku.web.tiles import tile_cameras

HOST = "127.0.0.1"  # whoever reaches the page commands the robot, so it stays on this machine
SCENE_HZ = 15
TILES_HZ = 3
CAMERA_POSITION = (2.0, 1.5, 1.6)
CAMERA_TARGET = (0.2, 0.0, 0.95)
EXAMPLE = "put the red mug on the shelf"


@dataclass(frozen=True)
class SceneState:
    """One instant to show: simulated `time_s`, MuJoCo's `position` (nq,), what the robot does, what it said last, and
    the task's `verdict`, "" while there is none."""

    time_s: float
    position: np.ndarray
    doing: str
    said: str = ""
    verdict: str = ""


class Page:
    """A page that is being served; leaving its `with` block ends it."""

    def __init__(
        self,
        model: mujoco.MjModel,
        get_state: Callable[[], SceneState],
        get_frames: Callable[[], Mapping[str, CameraFrame]],
        on_instruction: Callable[[str], None],
        on_stop: Callable[[], None],
        port: int,
    ) -> None:
        self._get_state, self._get_frames = get_state, get_frames
        self._model = copy.copy(model)  # the scene changes sizes and colours in its model
        self._data = mujoco.MjData(self._model)
        with redirect_stdout(StringIO()):  # viser announces itself; the command line says what a person needs
            self._server = viser.ViserServer(host=HOST, port=port, label="Bunraku", verbose=False)
        self._scene = ViserMujocoScene(self._server, self._model, num_envs=1)
        self._scene.camera_tracking_enabled = False
        self._server.initial_camera.position = CAMERA_POSITION
        self._server.initial_camera.look_at = CAMERA_TARGET
        self._server.gui.configure_theme(control_width="large", show_logo=False, show_share_button=False)
        self._server.gui.main_panel.dock_right()
        self._add_controls(on_instruction, on_stop)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_showing, name="web page", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        return f"http://{HOST}:{self._server.get_port()}"

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        self._thread.join(timeout=2.0)
        with redirect_stdout(StringIO()):
            self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_controls(self, on_instruction: Callable[[str], None], on_stop: Callable[[], None]) -> None:
        gui = self._server.gui
        stop = gui.add_button("Stop", color="red", icon=viser.Icon.HAND_STOP)
        self._status = gui.add_markdown("")
        box = gui.add_text("Tell it", initial_value="", hint=f"for example: {EXAMPLE}")
        send = gui.add_button("Do it", icon=viser.Icon.SEND)
        self._tiles = gui.add_image(tile_cameras({}), format="jpeg")

        @stop.on_click
        def _(_: viser.GuiEvent) -> None:
            self._status.content = "**stopping …**"
            on_stop()

        @send.on_click
        def _(event: viser.GuiEvent) -> None:
            try:
                on_instruction(box.value)
            except UserError as error:
                if event.client:
                    event.client.add_notification("Not understood", str(error), color="red", auto_close_seconds=8.0)
            else:
                box.value = ""

    def _keep_showing(self) -> None:
        tick = 0
        while not self._closing.wait(1 / SCENE_HZ):
            if not self._server.get_clients():
                continue
            self.show(self._get_state())
            if tick % (SCENE_HZ // TILES_HZ) == 0:
                self._tiles.image = tile_cameras(self._get_frames())
            tick += 1

    def show(self, state: SceneState) -> None:
        """Move the bodies of the scene to where `state` has them."""
        self._data.qpos[:] = state.position
        mujoco.mj_kinematics(self._model, self._data)
        self._scene.update_from_arrays(self._data.xpos[None], self._data.xmat.reshape(1, -1, 3, 3))
        self._status.content = "\n\n".join(
            part
            for part in (f"**{state.doing}**", state.said, state.verdict, f"{state.time_s:.1f} s simulated")
            if part
        )


def serve(
    model: mujoco.MjModel,
    get_state: Callable[[], SceneState],
    get_frames: Callable[[], Mapping[str, CameraFrame]],
    on_instruction: Callable[[str], None],
    on_stop: Callable[[], None],
    port: int = 8080,
) -> Page:
    """Serve the live scene of `model` to browsers on this machine; the next free port is taken when `port` is in use.

    All four callbacks run in the page's own threads: `get_state` and `get_frames` a few times a second while somebody
    watches, `on_instruction` with what a person typed (a `UserError` that it raises is shown to them), and `on_stop`
    when they press the red button.
    """
    if not 0 < port < 65536:
        raise UserError(f"the port must lie between 1 and 65535, got {port}.")
    return Page(model, get_state, get_frames, on_instruction, on_stop, port)
