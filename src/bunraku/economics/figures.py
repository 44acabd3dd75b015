"""Figures for papers, PNG or SVG by the file's suffix (matplotlib, in the extra `economics`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bunraku.economics.tables import DIRECT_TARGET, Row, group_totals
from bunraku.errors import UserError

BLUE, ORANGE, GREEN, GREY = "#2563a8", "#d9822b", "#3b8e5a", "#777777"


def draw_cost(file: Path, rows: Sequence[Row], volume: float) -> None:
    """Bars of the bill: each part at the present volume, its material floor marked."""
    figure, axes = _figure(file, 1, (7, 6.5))
    ordered = sorted(rows, key=lambda row: row["total"])
    names = [row["part"] for row in ordered]
    axes[0].barh(names, [float(row["total"]) for row in ordered], color=BLUE, label=f"at {volume:,.0f} robots")
    floors = [float(row["floor_total"]) for row in ordered]
    axes[0].plot(floors, names, "|", color=ORANGE, markersize=9, markeredgewidth=2, label="material floor")
    axes[0].set_xlabel("USD per robot")
    axes[0].tick_params(axis="y", labelsize=7)
    total = sum(group_totals(rows).values())
    axes[0].set_title(f"Parts of one robot: ${total:,.2f}", fontsize=10)
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=160)


def draw_production(file: Path, rows: Sequence[Row]) -> None:
    """Output, and cost by both models, as medians with 5–95 % bands by year."""
    figure, axes = _figure(file, 2, (10, 4))
    rows = rows[1:]
    _band(axes[0], rows, "output", BLUE, "one maker")
    axes[0].axhline(1e6, color=GREY, linewidth=0.8, linestyle="--")
    axes[0].set(yscale="log", ylabel="robots a year", ylim=(100, None))
    _band(axes[1], rows, "direct", BLUE, "above a material floor")
    _band(axes[1], rows, "direct_no_floor", ORANGE, "without a floor")
    axes[1].axhline(DIRECT_TARGET, color=GREY, linewidth=0.8, linestyle="--")
    axes[1].set(yscale="log", ylabel="labour + material, USD")
    _plain_ticks(axes[1], (2000, 5000, 10_000, 20_000, 50_000))
    for axis in axes:
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=160)


def draw_economy(file: Path, rows: Sequence[Row]) -> None:
    """Robots per person, output per head by both models, and the wage."""
    figure, axes = _figure(file, 3, (12, 3.8))
    _band(axes[0], rows, "robots_per_person", BLUE, "robots per person")
    axes[0].set(yscale="log", ylabel="robots per person", ylim=(1e-5, 10))
    _band(axes[1], rows, "output_per_head", BLUE, "tasks that do not all substitute")
    _band(axes[1], rows, "output_per_head_linear", ORANGE, "productivity × heads")
    axes[1].set(yscale="log", ylabel="output per head, 2026 = 1")
    _plain_ticks(axes[1], (1, 1.5, 2, 3, 5, 10, 30, 100))
    _band(axes[2], rows, "wage", GREEN, "real wage")
    _band(axes[2], rows, "labour_share", GREY, "labour share of income")
    axes[2].set(ylabel="2026 = 1, and share", ylim=(0, None))
    for axis in axes:
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=160)


def _figure(file: Path, columns: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    if file.suffix not in (".png", ".svg"):
        raise UserError(f"a figure is a .png or .svg file, got {file.name}")
    if not file.absolute().parent.is_dir():
        raise UserError(f"cannot write {file}: its folder does not exist")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("figures need matplotlib; install it with: pip install 'bunraku[economics]'") from None
    figure = Figure(figsize=size, layout="constrained")
    axes = [figure.add_subplot(1, columns, index + 1) for index in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _plain_ticks(axis: Any, ticks: Sequence[float]) -> None:
    """Mark a logarithmic axis at those `ticks` within its range, as ordinary numbers."""
    low, high = axis.get_ylim()
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_yticks(shown, [f"{tick:,g}" for tick in shown])
    axis.set_yticks([], minor=True)


def _band(axis: Any, rows: Sequence[Row], name: str, colour: str, label: str) -> None:
    years = [row["year"] for row in rows]
    low, middle, high = ([row[f"{name}_{point}"] for row in rows] for point in ("p05", "p50", "p95"))
    axis.fill_between(years, low, high, color=colour, alpha=0.18, linewidth=0)
    axis.plot(years, middle, color=colour, label=label)
    axis.xaxis.get_major_locator().set_params(integer=True)
