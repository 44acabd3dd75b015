"""What does the learned detector's network find in single pictures that it never saw? Cluttered rooms, exact masks.

python benchmarks/vision/spotting.py --pictures 90 --seed 900001
python benchmarks/vision/spotting.py --pictures 90 --seed 900001 --noise 15 --network models/household.onnx
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

if platform.system() == "Linux":
    os.environ.setdefault("MUJOCO_GL", "egl")

import cv2
import numpy as np
import tyro

from bunraku.cli.detector import render
from bunraku.learning.seeing.pictures import PictureFile
from bunraku.statistics import wilson_interval
from bunraku.vision.detect.network import HOUSEHOLD, SpottingNetwork, overlaps

LEAST_PIXELS, LEAST_SHOWN = 24, 0.4
"""A thing of which so much is seen (px of 320 × 240; share of its outline) must be found; others may be."""
MATCH = 0.5
"""Least intersection over union of the boxes of a thing and of what was found of it."""


FIELDS = ("asked", "located", "found", "coloured", "false")


@dataclass
class Tally:
    """Of one kind: things to find, how many were located (as whatever), found as what they are, told the colour of;
    false finds; and how boxes overlap."""

    asked: int = 0
    located: int = 0
    found: int = 0
    coloured: int = 0
    false: int = 0
    iou: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float]:
        """The figures to print."""
        low, high = wilson_interval(self.found, self.asked)
        return {
            "things": self.asked,
            "located": round(self.located / max(self.asked, 1), 3),
            "recall": round(self.found / max(self.asked, 1), 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "precision": round(self.found / max(self.found + self.false, 1), 3),
            "colour": round(self.coloured / max(self.located, 1), 3),
            "box_iou": round(float(np.mean(self.iou)), 3) if self.iou else float("nan"),
        }


def main(
    pictures: int = 90,
    seed: int = 900001,
    network: Path = HOUSEHOLD,
    data: Path | None = None,
    noise: float = 0.0,
    light: float = 0.0,
    long_side: int = 320,
    json_file: Path | None = None,
    draw: Path | None = None,
):
    """Print recall, precision, colours and boxes by kind.

    Args:
        pictures: how many.
        seed: of the rooms; training uses others.
        network: an ONNX file that `bunraku detector train` made; by default the one that comes with the package.
        data: where the pictures are kept; rendered if it is not there.
        noise: standard deviation added to every pixel and channel, in levels of 255.
        light: gain and, a third as much, tint vary by this standard deviation, as logarithms.
        long_side: to which the network's pictures are reduced, px.
        json_file: where to write the figures.
        draw: a picture of some of the finds.
    """
    spotting, tallies, spent, drawn = SpottingNetwork(network), defaultdict(Tally), [], []
    data = data or Path(tempfile.gettempdir()) / f"bunraku-{seed}-{pictures}.pictures"
    if not data.exists():
        render(data, pictures, seed)
    rng = np.random.default_rng(seed)
    for picture in PictureFile(data):
        gain = np.exp(rng.normal(0, light)) * np.exp(rng.normal(0, light / 3, 3))
        image = picture.image * gain + noise * rng.standard_normal(picture.image.shape)
        image = np.clip(image, 0, 255).astype(np.uint8)
        began = time.process_time()
        spotted = list(spotting(image, long_side).spotted)
        spent.append(time.process_time() - began)
        if len(drawn) < 12:
            drawn.append(_drawing(image, spotted))
        for index, (kind, colour) in enumerate(picture.names):
            mask = (picture.instances == index + 1).view(np.uint8)
            if not mask.any():
                continue
            x, y, w, h = cv2.boundingRect(mask)
            iou = overlaps(np.array([x, y, x + w, y + h], float), np.array([s.box for s in spotted]).reshape(-1, 4))
            due = np.count_nonzero(mask) >= LEAST_PIXELS and picture.shown[index] >= LEAST_SHOWN
            tallies[kind].asked += bool(due)
            good = np.flatnonzero(iou >= (MATCH if due else 0.1))
            if not len(good):
                continue
            best = max(good.tolist(), key=lambda i: (spotted[i].kind == kind, iou[i]))
            if due:
                tallies[kind].located += 1
                tallies[kind].found += spotted[best].kind == kind
                tallies[kind].coloured += spotted[best].colour == colour
                tallies[kind].iou.append(float(iou[best]))
            if spotted[best].kind == kind or not due:
                spotted.pop(best)
        for extra in spotted:
            tallies[extra.kind].false += 1
    total = Tally(*(sum(getattr(tally, name) for tally in tallies.values()) for name in FIELDS))
    total.iou = [iou for tally in tallies.values() for iou in tally.iou]
    report = {kind: tally.row() for kind, tally in sorted(tallies.items())} | {"all": total.row()}
    print(f"{'kind':10s}" + "".join(f"{column:>11s}" for column in report["all"]))
    for kind, row in report.items():
        print(f"{kind:10s}" + "".join(f"{value:11}" for value in row.values()))
    print(f"CPU time per picture: median {1e3 * np.median(spent):.1f} ms")
    if json_file:
        json_file.write_text(json.dumps(report, indent=1))
    if draw and drawn:
        rows = [np.hstack(drawn[i : i + 4]) for i in range(0, len(drawn) - 3, 4)]
        cv2.imwrite(str(draw), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _drawing(image: np.ndarray, spotted: list) -> np.ndarray:
    large = cv2.resize(image, (640, 480))
    scale = 640 / image.shape[1]
    for one in spotted:
        left, top, right, bottom = (round(scale * side) for side in one.box)
        cv2.rectangle(large, (left, top), (right, bottom), (255, 255, 255), 1)
        text = f"{one.colour} {one.kind} {one.score:.2f}"
        cv2.putText(large, text, (left, top - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
    return large


if __name__ == "__main__":
    tyro.cli(main)
