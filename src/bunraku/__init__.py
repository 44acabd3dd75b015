"""Bunraku: a general-purpose humanoid that runs on a laptop."""

import os
import sys

__version__ = "0.1.0"

if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    # MuJoCo reads this once, when it is first imported; its own default needs a display.
    os.environ.setdefault("MUJOCO_GL", "egl")
