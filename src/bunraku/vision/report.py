"""One self-contained page of what a memory holds: timelines, views with staleness, events, and every kept group."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bunraku.vision.export import Sheet, data_url, sheets
from bunraku.vision.table import Token

if TYPE_CHECKING:
    from bunraku.vision.memory import VisualMemory

MOST_SHEETS = 240
"""Groups that can be clicked; the page stays a few megabytes."""
VIEWS = 4
"""Reconstructions per camera, evenly over its time."""
BINS = 240
STALE_AFTER = 5.0
"""Seconds of staleness at which the overlay is at its strongest."""


def write_report(memory: VisualMemory, out: Path) -> None:
    """Write the page to `out`."""
    tokens = memory.tokens()
    times = [token.start for token in tokens] + [token.end for token in tokens]
    begin, end = (min(times), max(times)) if times else (0.0, 1.0)
    cameras = sorted({token.camera for token in tokens})
    data = {
        "begin": begin,
        "end": max(end, begin + 1e-3),
        "usage": vars(memory.usage),
        "cameras": [_camera(memory, camera, tokens, begin, end) for camera in cameras],
        "sheets": [_sheet(sheet) for sheet in _telling(memory, tokens)],
        "events": [
            {"time": e.time, "camera": e.camera, "kind": e.kind, "text": html.escape(e.text)} for e in memory.events()
        ],
    }
    page = files("bunraku.vision").joinpath("report.html").read_text(encoding="utf-8")
    # "</" would end the script element in which the data lie.
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.replace("__DATA__", json.dumps(data).replace("</", "<\\/")), encoding="utf-8")


def stale_overlay(image: np.ndarray, staleness: np.ndarray) -> np.ndarray:
    """The image with stale pixels tinted orange, the more so the staler, and unknown ones hatched."""
    known = np.isfinite(staleness)
    weight = np.where(known, np.clip(staleness / STALE_AFTER, 0, 1) * 0.6, 0)[..., None]
    tinted = image * (1 - weight) + np.array([255, 120, 0]) * weight
    rows, columns = np.indices(staleness.shape)
    tinted[~known & ((rows + columns) % 12 < 2)] = 90
    return tinted.astype(np.uint8)


def _camera(memory: VisualMemory, name: str, tokens: list[Token], begin: float, end: float) -> dict[str, object]:
    mine = np.array([token.start for token in tokens if token.camera == name])
    counts, _ = np.histogram(mine, BINS, (begin, max(end, begin + 1e-3)))
    views = []
    for time in np.linspace(mine.min(), mine.max(), VIEWS):
        seen = memory.reconstruct(name, float(time))
        scale = 420 / seen.image.shape[1]
        size = (420, round(seen.image.shape[0] * scale))
        overlay = stale_overlay(seen.image, seen.staleness)
        views.append(
            {
                "time": float(time),
                "image": data_url(cv2.resize(seen.image, size, interpolation=cv2.INTER_AREA), 70),
                "stale": data_url(cv2.resize(overlay, size, interpolation=cv2.INTER_AREA), 70),
                "known": float(np.isfinite(seen.staleness).mean()),
                "fresh": float((seen.staleness == 0).mean()),
            }
        )
    return {"name": name, "tokens": len(mine), "counts": counts.tolist(), "views": views}


def _telling(memory: VisualMemory, tokens: list[Token]) -> list[Sheet]:
    """The largest groups, in order of time."""
    sizes: dict[int, int] = {}
    for token in tokens:
        sizes[token.group] = sizes.get(token.group, 0) + 1
    chosen = set(sorted(sizes, key=lambda group: -sizes[group])[:MOST_SHEETS])
    return sheets(memory, [token for token in tokens if token.group in chosen])


def _sheet(sheet: Sheet) -> dict[str, object]:
    scale = min(1.0, 320 / max(sheet.image.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in sheet.image.shape[:2])
    small = cv2.resize(sheet.image, (width, height), interpolation=cv2.INTER_AREA)
    return {
        "camera": sheet.camera,
        "start": sheet.start,
        "end": sheet.end,
        "corner": sheet.corner,
        "size": sheet.image.shape[1::-1],
        "image": data_url(small, 75),
    }
