import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from bunraku.cli import COMMANDS, summary

SOURCE = Path(__file__).parents[1] / "src" / "bunraku"
HEAVY = {"mujoco", "cv2", "scipy", "numpy", "torch", "av", "viser", "gymnasium", "mink", "tyro", "rich"}


def modules_after(statement: str) -> set[str]:
    """Top-level modules loaded by a fresh interpreter that runs `statement`."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", ["bunraku", "bunraku.cli", "bunraku.errors", "bunraku.statistics"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & HEAVY


def test_importing_takes_less_than_300_ms() -> None:
    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    assert min(seconds("import bunraku") for _ in range(3)) < 0.3


@pytest.mark.parametrize("module", sorted({target.partition(":")[0] for target in COMMANDS.values()}))
def test_commands_load_what_they_need_only_when_called(module: str) -> None:
    assert not modules_after(f"import {module}") & {"mujoco", "torch", "viser"}


@pytest.mark.parametrize("target", COMMANDS.values())
def test_every_command_exists_and_says_what_it_does(target: str) -> None:
    module, function = target.split(":")
    assert callable(getattr(import_module(module), function))
    assert summary(target).endswith(".")


def test_every_room_says_what_it_is() -> None:
    for room in SOURCE.iterdir():
        if any(room.rglob("*.py")):
            assert (room / "__init__.py").read_text(encoding="utf-8").startswith('"""'), f"{room.name} has no docstring"


def test_every_room_has_its_arrows_checked() -> None:
    contracts = (SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    for room in SOURCE.iterdir():
        if (room / "__init__.py").exists() and room.name not in {"cli", "web"}:
            assert f'source_modules = ["bunraku.{room.name}"]' in contracts, f"import-linter does not watch {room.name}"
