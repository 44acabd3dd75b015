import os
import subprocess
from pathlib import Path

import pytest

from bunraku.learning.lerobot import finalise

pytestmark = pytest.mark.slow
PYTHON = "BUNRAKU_LEROBOT_PYTHON"


def test_the_real_lerobot_reads_every_array_and_picture(recorded):
    """`make test-lerobot` makes the environment and names its interpreter."""
    if PYTHON not in os.environ:
        pytest.skip("run `make test-lerobot`")
    root, _ = recorded
    finalise(root)
    reader = Path(__file__).with_name("lerobot_reader.py")
    ran = subprocess.run(
        [os.environ[PYTHON], str(reader), str(root)],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "3 episodes, 39 frames" in ran.stdout
