import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bunraku.cli.doctor import (
    check_cores,
    check_disk,
    check_drawing,
    check_extras,
    check_packages,
    check_python,
    check_video,
    requirements,
    shortfall,
)
from bunraku.errors import UserError


def test_this_machine_can_draw_and_film() -> None:
    from bunraku.cli.graphics import draw_test_picture

    assert check_drawing(draw_test_picture).state == "ok"
    assert check_video().state == "ok"
    assert [finding.state for finding in check_packages()] == ["ok"]


def test_no_opengl_is_missing_and_names_the_package() -> None:
    def draw() -> float:
        raise UserError("install an OpenGL library: `apt install libegl1`.")

    finding = check_drawing(draw)
    assert finding.state == "missing"
    assert "libegl1" in finding.advice


def test_a_missing_library_gives_one_sentence_that_names_the_packages() -> None:
    """With no EGL library to be found, what a user reads is a sentence and not the trace that MuJoCo would print."""
    code = (
        "import ctypes, os; os.environ['MUJOCO_GL'] = 'egl'\n"
        "def missing(*_): raise OSError('libEGL.so.1: cannot open shared object file')\n"
        "ctypes.CDLL = missing\n"
        "import sys; from bunraku.cli import main; sys.exit(main(['run', 'put the red mug on the shelf']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if sys.platform == "linux":
        assert done.returncode == 2
        assert "libegl1" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_old_python_and_a_single_core_are_found() -> None:
    assert check_python((3, 10, 2)).state == "missing"
    assert check_python((3, 11, 0)).state == "ok"
    assert check_cores(1).state == "warning"
    assert check_cores(8).state == "ok"


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    assert check_disk(tmp_path).state == "ok"
    assert check_disk(tmp_path / "nowhere").state == "warning"


@pytest.mark.parametrize(
    ("requirement", "lack"),
    [("numpy>=2", ""), ("numpy>=99", "wrong version"), ("no-such-package>=1", "not installed")],
)
def test_versions_are_compared_with_what_is_asked_for(requirement: str, lack: str) -> None:
    found = shortfall(Requirement(requirement))
    assert lack in found
    assert bool(found) == bool(lack)


def test_the_core_asks_for_mujoco_and_never_for_torch() -> None:
    names = {requirement.name for requirement in requirements()}
    assert "mujoco" in names
    assert "torch" not in names


def test_an_extra_is_never_essential() -> None:
    assert all(finding.state in {"ok", "warning"} for finding in check_extras())
