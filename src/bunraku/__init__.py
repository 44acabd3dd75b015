"""Bunraku: a general-purpose humanoid that runs on a laptop."""

import os
import sys

__version__ = "0.1.0"

if sys.platform == "linux":
    # MuJoCo reads this once, when it is first imported, and by itself it would ask for a display.
    os.environ.setdefault("MUJOCO_GL", "egl")
