"""One HTML page with the benchmark of the legs: figures, push-recovery curve, tables, torques."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.cli.records import save_page
from bunraku.robot import JOINTS, RobotSpec
from bunraku.tasks.legs import DIRECTIONS, FORCES, Rows, Survival, conditions, figures
from bunraku.tasks.walking import PUSH_TIME

COLOURS = {"walking": "#c2542d", "standing": "#2d6a8e"}

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1.2rem .2rem 0; vertical-align: top }
tr + tr { border-top: 1px solid #e4e0da } .note { color: #666 } svg { max-width: 100% } .big { font-size: 2.2rem }
"""


def write_page(rows: Rows, path: Path) -> None:
    """Draw the page from `rows` into `path`; UserError if it cannot be written."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Bunraku: legs</title>",
        f"<style>{STYLE}</style><h1>Legs: how well it walks, and what it survives</h1>",
        "<p>Seeded trials in simulation. The robot knows its joint encoders, IMU and foot forces, with data-sheet "
        "noise and bias; commands take effect 4 ms late, torque lags by 5 ms. Rates carry Wilson 95 % intervals.</p>",
        _walks(rows.of("walk", "20 s")),
        _pushes(rows),
        _conditions(rows),
        _torques(rows.of("walk", "20 s")),
        "</html>",
    ]
    save_page(path, "\n".join(parts))


def _walks(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "<h2>Walking about</h2><p class='note'>Not run.</p>"
    seeds = [row["seed"] for row in rows]
    cells = "".join(f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in figures(rows).items())
    return (
        f"<h2>Walking about for 20 s, seeds {min(seeds)} to {max(seeds)}</h2>"
        f"<p class='big'>stayed up: {escape(str(Survival.of(rows)))}</p><table>{cells}</table>"
    )


def _pushes(rows: Rows) -> str:
    left, top, width, height = 60, 20, 560, 260
    x = {force: left + width * i / (len(FORCES) - 1) for i, force in enumerate(FORCES)}

    def y(rate: float) -> float:
        return top + height * (1 - rate)

    marks = []
    for rate in (0, 0.25, 0.5, 0.75, 1.0):
        marks.append(f"<line x1='{left}' x2='{left + width}' y1='{y(rate):.0f}' y2='{y(rate):.0f}' stroke='#e4e0da'/>")
        marks.append(f"<text x='{left - 8}' y='{y(rate) + 5:.0f}' text-anchor='end'>{100 * rate:.0f} %</text>")
    for force in FORCES:
        marks.append(f"<text x='{x[force]:.0f}' y='{top + height + 22}' text-anchor='middle'>{force}</text>")
    marks.append(
        f"<text x='{left + width / 2}' y='{top + height + 44}' text-anchor='middle'>"
        f"force on the trunk for {PUSH_TIME} s, N</text>"
    )
    for i, (gait, colour) in enumerate(COLOURS.items()):
        found = [(force, Survival.of(rows.of("push", f"{gait} {force} N"))) for force in FORCES]
        found = [(force, survival) for force, survival in found if survival.trials]
        shift = 4 * (2 * i - 1)
        points = " ".join(f"{x[f] + shift:.1f},{y(s.survived / s.trials):.1f}" for f, s in found)
        marks.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2.5'/>")
        for force, s in found:
            px = x[force] + shift
            marks.append(
                f"<line x1='{px:.1f}' x2='{px:.1f}' y1='{y(s.low):.1f}' y2='{y(s.high):.1f}' stroke='{colour}'/>"
                f"<circle cx='{px:.1f}' cy='{y(s.survived / s.trials):.1f}' r='4' fill='{colour}'>"
                f"<title>{escape(str(s))}</title></circle>"
            )
        marks.append(f"<text x='{left + 20}' y='{top + height - 30 + 20 * i}' fill='{colour}'>{gait}</text>")
    svg = (
        f"<svg viewBox='0 0 {left + width + 20} {top + height + 56}' width='{left + width + 20}' font-size='14'>"
        f"{''.join(marks)}</svg>"
    )
    return (
        f"<h2>Pushed from {DIRECTIONS} directions</h2>{svg}"
        f"<p class='note'>Share that is still up 4 s after the push; bars are 95 % intervals.</p>{_directions(rows)}"
    )


def _directions(rows: Rows) -> str:
    """The largest force up to which no push from a direction brought it down."""
    angles = [round(360 * i / DIRECTIONS) for i in range(DIRECTIONS)]
    lines = []
    for gait in COLOURS:
        cells = []
        for i in range(DIRECTIONS):
            largest = 0
            for force in FORCES:
                mine = [r for r in rows.of("push", f"{gait} {force} N") if r["seed"] % DIRECTIONS == i]
                if any(row["fell_at"] is not None for row in mine):
                    break
                largest = force if mine else largest
            cells.append(f"<td>{largest or '–'}")
        lines.append(f"<tr><th>{gait}, N{''.join(cells)}")
    head = "".join(f"<th>{angle}°" for angle in angles)
    return (
        f"<table><tr><th>pushed towards{head}{''.join(lines)}</table>"
        "<p class='note'>0° is ahead, 90° to the left: the largest force up to which every push was survived.</p>"
    )


def _conditions(rows: Rows) -> str:
    lines = []
    for condition in conditions():
        if condition.suite == "walk":
            continue
        survival = Survival.of(rows.of(condition.suite, condition.name))
        if survival.trials:
            lines.append(f"<tr><td>{condition.suite}<td>{escape(condition.name)}<td>{escape(str(survival))}")
    if not lines:
        return ""
    return f"<h2>Every condition</h2><table><tr><th>suite<th>condition<th>stayed up{''.join(lines)}</table>"


def _torques(rows: list[dict[str, Any]]) -> str:
    upright = [row["peak_torque"] for row in rows if row["fell_at"] is None]
    if not upright:
        return ""
    peaks, limits = np.max(upright, axis=0), RobotSpec().torque_limits
    lines = []
    for name in ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ankle_pitch", "ankle_roll"):
        both = [JOINTS.index(f"{side}_{name}") for side in ("left", "right")]
        peak, limit = float(peaks[both].max()), float(limits[both].max())
        bar = (
            "<svg width='220' height='14'><rect width='220' height='14' fill='#eee9e2'/>"
            f"<rect width='{220 * min(peak / limit, 1):.0f}' height='14' fill='#2d6a8e'/></svg>"
        )
        lines.append(f"<tr><td>{name.replace('_', ' ')}<td>{peak:.0f} of {limit:.0f} N·m<td>{bar}")
    return f"<h2>Peak torque of all walks against the motors</h2><table>{''.join(lines)}</table>"
