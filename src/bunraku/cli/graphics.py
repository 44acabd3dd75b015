"""Whether this machine can draw: the cameras of the robot are rendered off-screen with OpenGL."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import TYPE_CHECKING

from bunraku.errors import UserError

if TYPE_CHECKING:
    import numpy as np

INSTALL_OPENGL = (
    "install an OpenGL library: `apt install libegl1 libopengl0 libgl1-mesa-dri` (Debian, Ubuntu), "
    "`dnf install libglvnd-opengl mesa-libEGL mesa-dri-drivers` (Fedora), `pacman -S mesa` (Arch)"
)

TEST_SCENE = """
<mujoco>
  <worldbody>
    <light pos="0 0 3"/>
    <camera name="test" pos="0 0 3"/>
    <geom type="sphere" size="0.5" rgba="1 0 0 1"/>
  </worldbody>
</mujoco>
"""


def draw_test_picture() -> float:
    """Draw a red ball off-screen twice and return the seconds that the second, warm picture took.

    Raises `UserError`, naming the packages to install, when this machine cannot draw.
    """
    _require_library()
    try:
        seconds, (red, green, _) = _draw()
    except Exception as error:  # OpenGL fails with errors of four libraries, none of which share a base class
        raise UserError(f"OpenGL could not draw off-screen ({_first_sentence(error)}): {INSTALL_OPENGL}.") from error
    if not red > 2 * green:
        raise UserError(f"OpenGL drew a wrong picture of a red ball (red {red}, green {green}): {INSTALL_OPENGL}.")
    return seconds


def _draw() -> tuple[float, np.ndarray]:
    """Seconds of the second picture, and the colour (3,) uint8 at its centre."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(TEST_SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, height=120, width=160) as renderer:
        renderer.update_scene(data, camera="test")
        renderer.render()
        start = time.perf_counter()
        renderer.update_scene(data, camera="test")
        picture = renderer.render()
    return time.perf_counter() - start, picture[60, 80]


def _require_library() -> None:
    if sys.platform != "linux" or os.environ.get("MUJOCO_GL") != "egl":
        return
    try:
        ctypes.CDLL("libEGL.so.1")
    except OSError as error:
        raise UserError(f"libEGL.so.1 is missing, so no picture can be drawn: {INSTALL_OPENGL}.") from error


def _first_sentence(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].partition(". ")[0]
