"""`bunraku doctor`: every requirement, checked and explained."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from bunraku.cli.graphics import draw_test_picture
from bunraku.errors import UserError

State = Literal["ok", "warning", "missing"]

OLDEST_PYTHON = (3, 11)
CORES = 2
MEMORY_GB = 4.0
DISK_GB = 1.0
CODECS = ("libx264", "h264")


@dataclass(frozen=True)
class Finding:
    """One requirement: whether it is met, what was found, and what to do when it is not."""

    requirement: str
    state: State
    found: str
    advice: str = ""


def doctor() -> int:
    """Check this machine: Python, packages, drawing, video, cores, memory, optional extras.

    Exits with 1 when something essential is missing, and says what to install.
    """
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}
    missing = 0
    for finding in findings():
        console.print(
            f"{marks[finding.state]} [bold]{finding.requirement}[/]: {escape(finding.found)}", highlight=False
        )
        if finding.advice:
            console.print(f"  → {escape(finding.advice)}", highlight=False)
        missing += finding.state == "missing"
    if missing:
        console.print(f"\n[red]{missing} essential requirement{'s are' if missing > 1 else ' is'} missing.[/]")
        return 1
    console.print('\n[green]This machine is ready.[/] Try: bunraku run "put the red mug on the shelf"', highlight=False)
    return 0


def findings() -> Iterator[Finding]:
    """Check one requirement after the other."""
    yield check_python()
    yield from check_packages()
    yield check_drawing(draw_test_picture)
    yield check_video()
    yield check_cores()
    yield check_memory()
    yield check_disk(Path.cwd())
    yield from check_extras()


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Python is new enough."""
    found = f"{'.'.join(map(str, version))} ({platform.system()} {platform.machine()})"
    if version < OLDEST_PYTHON:
        return Finding("Python", "missing", found, "install Python 3.11 or newer.")
    return Finding("Python", "ok", found)


def check_packages() -> list[Finding]:
    """Every package that the core needs is installed, in a version that is new enough."""
    required = requirements()
    wrong = [(requirement, lack) for requirement in required if (lack := shortfall(requirement))]
    if not wrong:
        return [Finding("Packages", "ok", f"all {len(required)} are installed")]
    return [
        Finding("Packages", "missing", f"{requirement.name} {lack}", f"pip install '{requirement}'.")
        for requirement, lack in wrong
    ]


def check_drawing(draw: Callable[[], float]) -> Finding:
    """The robot's cameras can be rendered off-screen."""
    try:
        seconds = draw()
    except UserError as error:
        return Finding("Drawing", "missing", "no off-screen OpenGL", str(error))
    return Finding("Drawing", "ok", f"a test picture in {1000 * seconds:.1f} ms (MUJOCO_GL={_gl()})")


def check_video() -> Finding:
    """PyAV can write and read H.264."""
    try:
        import av
    except ImportError as error:
        return Finding("Video", "missing", str(error), "pip install av.")
    encoder, decoder = CODECS
    missing = [codec for codec in CODECS if codec not in av.codecs_available]
    if missing:
        advice = "pip install --force-reinstall --only-binary av av (its wheels carry the codecs)."
        return Finding("Video", "missing", f"PyAV {av.__version__} without {' and '.join(missing)}", advice)
    return Finding("Video", "ok", f"PyAV {av.__version__} writes {encoder}, reads {decoder}")


def check_cores(cores: int | None = None) -> Finding:
    """There are enough cores for physics beside seeing."""
    cores = cores or _usable_cores()
    if cores < CORES:
        return Finding("Cores", "warning", str(cores), f"with fewer than {CORES} cores it runs slower than real time.")
    return Finding("Cores", "ok", str(cores))


def check_memory() -> Finding:
    """There is enough memory."""
    try:
        gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return Finding("Memory", "ok", "not known on this system")
    if gigabytes < MEMORY_GB:
        return Finding("Memory", "warning", f"{gigabytes:.1f} GB", f"{MEMORY_GB:.0f} GB are recommended.")
    return Finding("Memory", "ok", f"{gigabytes:.1f} GB")


def check_disk(folder: Path) -> Finding:
    """Runs can be written below `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        advice = "change to a folder in which you may write, or name one with --out."
        return Finding("Writing here", "warning", f"{folder}: {error.strerror}", advice)
    if free < DISK_GB:
        return Finding("Writing here", "warning", f"{free:.1f} GB free", "videos of many runs may not fit.")
    return Finding("Writing here", "ok", f"{folder} ({free:.0f} GB free)")


def check_extras() -> list[Finding]:
    """Which optional extras are installed; none of them is essential."""
    return [_check_extra(extra) for extra in metadata.metadata("bunraku").get_all("Provides-Extra") or ()]


def _check_extra(extra: str) -> Finding:
    required = requirements(extra)
    wrong = [f"{requirement.name} {lack}" for requirement in required if (lack := shortfall(requirement))]
    if wrong:
        return Finding(f"Extra {extra}", "warning", ", ".join(wrong), f"optional: pip install 'bunraku[{extra}]'.")
    return Finding(f"Extra {extra}", "ok", ", ".join(requirement.name for requirement in required))


def requirements(extra: str = "") -> list[Requirement]:
    """What Bunraku's metadata asks for on this platform: for its core, or for one extra alone."""
    asked = [Requirement(line) for line in metadata.requires("bunraku") or ()]
    core = [
        requirement for requirement in asked if not requirement.marker or requirement.marker.evaluate({"extra": ""})
    ]
    if not extra:
        return core
    return [r for r in asked if r not in core and r.marker and r.marker.evaluate({"extra": extra})]


def shortfall(requirement: Requirement) -> str:
    """What is wrong with the installed package; "" when nothing is."""
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return "is not installed"
    return "" if requirement.specifier.contains(installed, prereleases=True) else f"{installed} is the wrong version"


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gl() -> str:
    return os.environ.get("MUJOCO_GL") or "the system's own"
