"""The retention benchmark as one page: a curve over budgets for every metric, and where we are behind, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OURS = "bunraku"
CEILING = "x264, equal bytes"
METRICS = {
    "psnr_changed": ("PSNR on changed pixels", "dB", 1.0),
    "ssim_changed": ("SSIM on changed pixels", "%", 100.0),
    "object_pixels": ("Object pixels within 10 levels", "%", 100.0),
    "sharp_sightings": ("Sharp sightings", "% of objects and seconds", 100.0),
    "markers": ("ArUco markers readable", "% of those in the originals", 100.0),
}
COLOURS = (
    "#888",
    "#b5b5b5",
    "#2a78c8",
    "#1b9e77",
    "#7570b3",
    "#a6761d",
    "#66a61e",
    "#2a78c8",
    "#1b9e77",
    "#7570b3",
    "#333",
)


def behind(summary: list[dict[str, Any]]) -> list[str]:
    """A sentence for every budget and metric at which a rule is ahead of ours."""
    found = []
    ours = {entry["share"]: entry for entry in summary if entry["rule"] == OURS}
    for metric, (title, _, scale) in METRICS.items():
        for share, mine in ours.items():
            for entry in summary:
                ahead = metric in entry and entry[metric] > mine.get(metric, -1) + 1e-9
                if entry["share"] == share and ahead and entry["rule"] != CEILING:
                    better, own = entry[metric] * scale, mine[metric] * scale
                    found.append(
                        f"{title} at {share:.0%}: {entry['rule']} ({entry['kind']}) {better:.1f}, ours {own:.1f}."
                    )
    return found


def write_page(result: dict[str, Any], out: Path) -> None:
    """Write the page to `out`."""
    summary = result["summary"]
    charts = "".join(_chart(metric, summary) for metric in METRICS if any(metric in entry for entry in summary))
    lines = behind(summary)
    words = "".join(f"<li>{line}</li>" for line in lines) or "<li>nowhere on these clips</li>"
    setting = result["setting"]
    clips = ", ".join([*setting["clips"], *setting["marker_clips"]])
    out.write_text(
        f"""<!doctype html><html lang="en">
<meta charset="utf-8"><title>Retention at equal budget</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}}
h1{{font-size:1.4rem}} .charts{{display:flex;flex-wrap:wrap;gap:1.5rem}} svg{{background:#fff}}
li{{margin:.1rem 0}}</style>
<h1>Retention at equal budget</h1>
<p>Means over {clips}; {setting["pictures"]} pictures each, seed {setting["seed"]}. Solid lines are causal rules, dashed
ones have seen the whole clip beforehand. All rules start from the same first picture, keep the same share of patches
(32 px) and are shown by the same decoder. Peers' rules are written from their papers and reduced to pixels.
x264 at equal bytes is a ceiling, far ahead on PSNR; it cannot be asked anything.</p>
<div class="charts">{charts}</div><h2>Where another rule is ahead of ours</h2><ul>{words}</ul></html>
""",
        encoding="utf-8",
    )


def _chart(metric: str, summary: list[dict[str, Any]]) -> str:
    title, unit, scale = METRICS[metric]
    entries = [entry for entry in summary if metric in entry]
    shares = sorted({entry["share"] for entry in entries})
    values = [entry[metric] * scale for entry in entries]
    low, high = min(values), max(values)
    width, height, left, top = 330, 230, 44, 34

    def place(index: int, value: float) -> str:
        x = left + width * index / max(len(shares) - 1, 1)
        return f"{x:.1f},{top + height * (1 - (value - low) / max(high - low, 1e-9)):.1f}"

    lines, labels = [], []
    for number, rule in enumerate(dict.fromkeys(entry["rule"] for entry in entries)):
        mine = sorted((entry for entry in entries if entry["rule"] == rule), key=lambda entry: entry["share"])
        colour = "#e8710a" if rule == OURS else COLOURS[number % len(COLOURS)]
        dash = ' stroke-dasharray="5 4"' if mine[0]["kind"] == "offline" else ""
        points = " ".join(place(shares.index(entry["share"]), entry[metric] * scale) for entry in mine)
        thick = 3.5 if rule == OURS else 1.6
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thick}"{dash}/>')
        labels.append((float(points.split(",")[-1]), rule, colour))
    labels.sort()
    placed, text = -99.0, []
    for y, rule, colour in labels:
        placed = max(y, placed + 13)
        text.append(f'<text x="{left + width + 6}" y="{placed + 4:.0f}" fill="{colour}">{rule}</text>')
    ticks = ""
    for i, share in enumerate(shares):
        x = left + width * i / max(len(shares) - 1, 1)
        ticks += f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{share:.0%}</text>'
    scale_text = (
        f'<text x="{left - 6}" y="{top + 4}" text-anchor="end">{high:.0f}</text>'
        f'<text x="{left - 6}" y="{top + height + 4}" text-anchor="end">{low:.0f}</text>'
    )
    frame = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>'
    heading = f'<text x="0" y="16" font-weight="600">{title}, {unit}</text>'
    size = f'width="{left + width + 170}" height="{top + height + 28}" font-family="system-ui" font-size="12"'
    return f"<svg {size}>{heading}{frame}{scale_text}{ticks}{''.join(lines)}{''.join(text)}</svg>"
