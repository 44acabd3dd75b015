"""What a run looks like in the terminal: the skills so far, the one at work, simulated against real time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from bunraku.tasks import EpisodeResult, Progress

REFRESH_HZ = 8


class LiveProgress:
    """Shows `Progress` as it comes: redrawn in place on a terminal, one line for each new message elsewhere."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._title = title
        self._console = console or Console(highlight=False)
        self._steps: list[Progress] = []
        self._live = Live(console=self._console, refresh_per_second=REFRESH_HZ, get_renderable=self._render)
        self._in_place = self._console.is_terminal

    def __enter__(self) -> Self:
        self._console.print(Text(self._title, "bold"))
        if self._in_place:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._in_place:
            self._live.stop()

    def update(self, progress: Progress) -> None:
        """Show the newest progress; it replaces the last one while the skill stays the same."""
        is_news = not self._steps or self._steps[-1].message != progress.message
        if self._steps and self._steps[-1].skill == progress.skill:
            self._steps[-1] = progress
        else:
            self._steps.append(progress)
        if is_news and not self._in_place:
            self._console.print(Text(f"{progress.time_s:6.1f} s  {progress.skill}: {progress.message}"))

    def print_verdict(self, result: EpisodeResult) -> None:
        """Print how it ended, in the task's own words, and how fast it was."""
        verdict = ("Done", "bold green") if result.success else (f"Not done ({result.outcome})", "bold red")
        self._console.print(Text.assemble(verdict, ": ", result.reason))
        self._console.print(
            f"{result.duration_s:.1f} s simulated in {result.wall_s:.1f} s ({result.real_time_factor:.2f}× real time)"
        )

    def print_files(self, folder: Path) -> None:
        """Print where the record is."""
        for file in sorted(folder.iterdir()):
            self._console.print(Text(f"  {file}"), soft_wrap=True)

    def _render(self) -> RenderableType:
        if not self._steps:
            return Spinner("dots", "setting up the room …")
        table = Table.grid(padding=(0, 2))
        for step in self._steps[:-1]:
            table.add_row(Text("✓", "green"), Text(step.skill), Text(step.message, "dim"))
        now = self._steps[-1]
        table.add_row(Spinner("dots"), Text(now.skill, "bold"), Text(now.message))
        pace = now.time_s / now.wall_s if now.wall_s > 0 else 0.0
        clock = Text(f"simulated {now.time_s:.1f} s, real {now.wall_s:.1f} s ({pace:.2f}×)", "dim")
        return Group(table, clock)
