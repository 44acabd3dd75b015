"""The retention benchmark as one page: curves over budgets, causal and offline apart, and where we are behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "bunraku"
CEILING = "x264, equal bytes"


@dataclass(frozen=True)
class Metric:
    """A metric's title and unit, what its value is multiplied by to be shown, and which way is better."""

    title: str
    unit: str
    scale: float = 100.0
    digits: int = 0
    lower_is_better: bool = False

    def is_better(self, value: float, than: float) -> bool:
        """Whether a value is ahead of another by more than rounding."""
        return (than - value if self.lower_is_better else value - than) > 1e-9


METRICS = {
    "psnr_changed": Metric("PSNR on changed pixels", "dB", 1.0, 1),
    "ssim_changed": Metric("SSIM on changed pixels", "%"),
    "object_pixels": Metric("Object pixels within 10 levels", "%"),
    "sharp_sightings": Metric("Sharp sightings", "% of objects and seconds"),
    "markers": Metric("ArUco markers readable", "% of those in the originals"),
    "staleness": Metric("Staleness of objects", "s since last right", 1.0, 2, lower_is_better=True),
    "last_seen_error": Metric("Last-seen error", "% of the width", 100.0, 1, lower_is_better=True),
    "object_pixels_small": Metric("Object pixels, small (3 % of the width)", "%"),
    "object_pixels_medium": Metric("Object pixels, medium (7 %)", "%"),
    "object_pixels_large": Metric("Object pixels, large (16 %)", "%"),
}
COLOURS = {
    "uniform": "#888",
    "random": "#b5b5b5",
    "RLT / DTD-pixel": "#2a78c8",
    "EVS rule": "#1b9e77",
    "ToMe rule": "#7570b3",
    "Frigate rule": "#a6761d",
    "motion vectors": "#66a61e",
    CEILING: "#333",
    OURS: "#e8710a",
}


def behind(summary: list[dict[str, Any]], kind: str) -> list[str]:
    """A sentence for every budget and metric at which a rule of a `kind`, causal or offline, is ahead of ours."""
    found = []
    ours = {entry["share"]: entry for entry in summary if entry["rule"] == OURS}
    for name, metric in METRICS.items():
        for share, mine in ours.items():
            for entry in summary:
                other = entry["share"] == share and entry["kind"] == kind and entry["rule"] not in (CEILING, OURS)
                if other and name in entry and name in mine and metric.is_better(entry[name], mine[name]):
                    better, own = (f"{row[name] * metric.scale:.{metric.digits or 1}f}" for row in (entry, mine))
                    found.append(f"{metric.title} at {share:.0%}: {entry['rule']} {better}, ours {own}.")
    return found


def write_page(result: dict[str, Any], out: Path) -> None:
    """Write the page to `out`."""
    summary, setting = result["summary"], result["setting"]
    apart = {
        kind: [entry for entry in summary if entry["kind"] == kind or entry["rule"] == OURS]
        for kind in ("causal", "offline")
    }
    charts = "".join(
        _chart(name, apart[kind], kind, summary)
        for name in METRICS
        if any(name in entry for entry in summary)
        for kind in apart
    )
    words = "".join(
        f"<h3>{title}</h3><ul>{_items(behind(summary, kind))}</ul>"
        for kind, title in (("causal", "Causal rules"), ("offline", "Rules that have seen the whole clip beforehand"))
    )
    draws = 1 + max(int(row["draw"]) for row in result["rows"])
    clips, boards = (", ".join(setting[name]) for name in ("clips", "marker_clips"))
    out.write_text(
        f"""<!doctype html><html lang="en">
<meta charset="utf-8"><title>Retention at equal budget</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2rem auto;padding:0 1rem}}
h1{{font-size:1.4rem}} h2{{font-size:1.15rem}} h3{{font-size:1rem;margin-bottom:.2rem}} svg{{background:#fff}}
.charts{{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}} li{{margin:.1rem 0}}</style>
<h1>Retention at equal budget</h1>
<p>Means over {clips}, {draws} draw(s) of three sprites each, {setting["pictures"]} pictures at most; markers
over {boards or "no clip"}. All rules start from the same first picture, keep the same share of patches (32 px; the
horizontal axis) and are shown by the same decoder. Peers' rules are written from their papers and reduced to pixels.
Left: causal rules. Right: ours, still causal, beside rules that have seen the whole clip beforehand (dashed). x264 at
equal bytes is a ceiling; it cannot be asked anything. An object is right while 80 % of its pixels are within 10 levels;
a sighting is sharp if 80 % of its patches are from one picture besides.</p>
<h2>Where another rule is ahead of ours</h2>{words}
<h2>Curves over budgets</h2><div class="charts">{charts}</div></html>
""",
        encoding="utf-8",
    )


def _items(lines: list[str]) -> str:
    return "".join(f"<li>{line}</li>" for line in lines) or "<li>nowhere on these clips</li>"


def _chart(name: str, chosen: list[dict[str, Any]], kind: str, summary: list[dict[str, Any]]) -> str:
    """One metric of the `chosen` rules, on the same scale as all of the `summary`."""
    metric = METRICS[name]
    entries = [entry for entry in chosen if name in entry]
    shares = sorted({entry["share"] for entry in entries})
    values = [entry[name] * metric.scale for entry in summary if name in entry and entry["rule"] != CEILING]
    low, high = min(values), max(values)
    width, height, left, top = 330, 230, 44, 34

    def place(index: int, value: float) -> str:
        x = left + width * index / max(len(shares) - 1, 1)
        return f"{x:.1f},{top + height * (1 - (value - low) / max(high - low, 1e-9)):.1f}"

    lines, labels = [], []
    for rule in dict.fromkeys(entry["rule"] for entry in entries):
        if rule == CEILING:
            continue
        mine = sorted((entry for entry in entries if entry["rule"] == rule), key=lambda entry: entry["share"])
        colour = COLOURS[rule.removesuffix(" offline")]
        dash = ' stroke-dasharray="5 4"' if mine[0]["kind"] == "offline" else ""
        points = " ".join(place(shares.index(entry["share"]), entry[name] * metric.scale) for entry in mine)
        thick = 3.5 if rule == OURS else 1.6
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thick}"{dash}/>')
        labels.append((float(points.split(",")[-1]), rule, colour))
    labels.sort()
    placed, text = -99.0, []
    for y, rule, colour in labels:
        placed = max(y, placed + 13)
        text.append(f'<text x="{left + width + 6}" y="{placed + 4:.0f}" fill="{colour}">{rule}</text>')
    ceiling = [f"{entry[name] * metric.scale:.{metric.digits}f}" for entry in entries if entry["rule"] == CEILING]
    if ceiling:
        note = f"x264, equal bytes: {', '.join(ceiling)}"
        text.append(f'<text x="{left}" y="{top + height + 34}" fill="{COLOURS[CEILING]}">{note}</text>')
    for i, share in enumerate(shares):
        x = left + width * i / max(len(shares) - 1, 1)
        text.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{share:.0%}</text>')
    for value, y in ((high, top + 4), (low, top + height + 4)):
        text.append(f'<text x="{left - 6}" y="{y}" text-anchor="end">{value:.{metric.digits}f}</text>')
    frame = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>'
    better = "lower" if metric.lower_is_better else "higher"
    heading = f'<text x="0" y="16" font-weight="600">{metric.title}, {metric.unit}</text>'
    heading += f'<text x="{left}" y="30" fill="#666">{kind}; {better} is better</text>'
    size = f'width="{left + width + 160}" height="{top + height + 42}" font-family="system-ui" font-size="12"'
    return f"<svg {size}>{heading}{frame}{''.join(lines)}{''.join(text)}</svg>"
