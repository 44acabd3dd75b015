"""The learned eye: a small convolutional network that finds the household's things in one picture, without PyTorch.

What it says is decoded here: peaks of its maps of middles are things, and every cell of a thing goes to the one whose
middle it votes for; a second, tiny network names the kind (`naming`). `bunraku.learning.seeing` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bunraku.vision.detect.detection import Box
from bunraku.vision.detect.naming import kinds_file, name
from bunraku.vision.detect.session import open_network

HOUSEHOLD = Path(__file__).parent / "models" / "household.onnx"
"""The network that comes with the package; `models/household.md` tells what it can."""
OUTPUTS = ("heat", "box", "vote", "covered", "kind", "colour")
LONG_SIDE = 320
"""Pictures are reduced until their longer side has so many px: what the network was trained on."""
LEAST_SCORE = 0.25
SAME = 0.65
"""Boxes that overlap by this intersection over union are of one thing."""
FARTHEST_VOTE = 1.3
"""A cell that misses every middle by more, in halves of its thing's size, is of none."""
PLAIN = "plain"
"""The colour of what has none of the named ones."""


@dataclass(frozen=True, eq=False)
class Spotted:
    """One thing in one picture.

    Attributes:
        kind, colour: what it most likely is; the colour may be `PLAIN`.
        score: in [0, 1].
        likeness: how likely it is each of the kinds that the network knows, in [0, 1].
        box: px of the picture.
        mask: (rows, columns) bool on the network's grid of cells, true where the thing is seen.
    """

    kind: str
    colour: str
    score: float
    likeness: Mapping[str, float]
    box: Box
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Look:
    """What the network makes of one picture.

    Attributes:
        spotted: the things, the surest first.
        peaks: (n, 3) their middles x, y in cells, and whether they are dishes (1) or not (0).
        fields: (4, rows, columns) the middle x, y in cells for which each cell votes, how likely it is of a dish, and
            how large its thing is, in cells.
        cells: how many of these one px of the picture is.
    """

    spotted: tuple[Spotted, ...]
    peaks: np.ndarray
    fields: np.ndarray
    cells: float

    def owners(self, pixels: np.ndarray, among: Sequence[int]) -> np.ndarray:
        """Which of the things `among` each pixel (n, 2) = x, y is of, if it is of one: (n,) indices into `spotted`."""
        x, y = ((pixels + 0.5) * self.cells - 0.5).astype(np.float32).T
        fields = [
            cv2.remap(one, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
            for one in np.ascontiguousarray(self.fields)
        ]
        return np.asarray(among)[_misses(np.stack(fields), self.peaks[list(among)]).argmin(axis=1)]


class SpottingNetwork:
    """A trained network from an ONNX file. Raises `UserError` when there is none, or one of another kind."""

    def __init__(self, path: Path) -> None:
        self._session, self.about = open_network(path)
        self._namer, _ = open_network(kinds_file(path))
        self.kinds, self.colours = tuple(self.about["kinds"]), tuple(self.about["colours"])
        self._stride = int(self.about["stride"])

    def __call__(self, image: np.ndarray, long_side: int = LONG_SIDE, least_score: float = LEAST_SCORE) -> Look:
        """What is in a picture (h, w, 3) uint8 RGB."""
        maps, scale = self.maps(image, long_side)
        cells = scale / self._stride
        kinds = _softmax(maps["kind"])
        y, x = np.indices(kinds.shape[1:]) + 0.5
        corners = np.stack([x - maps["box"][0], y - maps["box"][1], x + maps["box"][2], y + maps["box"][3]])
        dish = kinds[[self.kinds.index(kind) for kind in self.about["dishes"]]].sum(axis=0)
        size = (corners[2] - corners[0] + corners[3] - corners[1]) / 2
        fields = np.stack([x + maps["vote"][0], y + maps["vote"][1], dish, size]).astype(np.float32)
        scores, peaks = _peaks(maps["heat"], least_score)
        of_things = maps["covered"][0] > 0
        owner = _owners(fields, of_things, peaks)
        boxes = np.array([_middle_box(corners, owner == i) for i in range(len(peaks))]).reshape(-1, 4)
        kept = [i for i in _distinct(boxes, peaks[:, 2]) if np.isfinite(boxes[i]).all()]
        scores, peaks = scores[kept], peaks[kept]
        owner = _owners(fields, of_things, peaks)
        found, seen = [], []
        for index, score in enumerate(scores):
            mask = owner == index
            if not mask.any():
                continue
            box = _middle_box(corners, mask)
            colour = self.colours[int(maps["colour"][:, mask].sum(axis=1).argmax())]
            corner = np.clip(np.round(box / cells), 0, (*image.shape[1::-1], *image.shape[1::-1])).astype(int).tolist()
            left, top = (min(corner[i], image.shape[1 - i] - 1) for i in (0, 1))
            right, bottom = max(corner[2], left + 1), max(corner[3], top + 1)
            found.append(Spotted("", colour, float(score), {}, (left, top, right, bottom), mask))
            seen.append(index)
        likely = name(self._namer, image, [one.box for one in found])
        named = [
            _named(one, dict(zip(self.kinds, row.tolist(), strict=True)))
            for one, row in zip(found, likely, strict=True)
        ]
        return Look(tuple(named), peaks[seen], fields, cells)

    def maps(self, image: np.ndarray, long_side: int = LONG_SIDE) -> tuple[dict[str, np.ndarray], float]:
        """What the network says, by name of the output (channels, rows, columns), and px of its input to one of
        `image`."""
        height, width = image.shape[:2]
        scale = long_side / max(height, width)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        padded = np.zeros((-(-size[1] // 32) * 32, -(-size[0] // 32) * 32, 3), np.uint8)
        padded[: size[1], : size[0]] = small
        said = self._session.run(None, {"image": padded.transpose(2, 0, 1)[None].astype(np.float32)})
        rows, columns = -(-size[1] // self._stride), -(-size[0] // self._stride)
        return {name: np.asarray(one)[0, :, :rows, :columns] for name, one in zip(OUTPUTS, said, strict=True)}, scale


def _named(spotted: Spotted, likeness: Mapping[str, float]) -> Spotted:
    return replace(spotted, kind=max(likeness, key=lambda kind: likeness[kind]), likeness=likeness)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Over the first axis."""
    shifted = np.exp(logits - logits.max(axis=0))
    return shifted / shifted.sum(axis=0)


def _peaks(heat: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) and x, y, layer (n, 3) of what is largest among its eight neighbours on its map, the surest first."""
    scores, peaks = [], []
    for layer, logits in enumerate(heat):
        one = np.ascontiguousarray(1 / (1 + np.exp(-logits)))
        ys, xs = np.nonzero((one >= least) & (one >= cv2.dilate(one, np.ones((3, 3), np.uint8))))
        scores.append(one[ys, xs])
        peaks.append(np.column_stack([xs + 0.5, ys + 0.5, np.full(len(ys), layer)]))
    all_scores, all_peaks = np.concatenate(scores), np.concatenate(peaks)
    order = np.argsort(-all_scores, kind="stable")
    return all_scores[order], all_peaks[order]


def _middle_box(corners: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The box (4,) that the cells of `mask` say, by their medians; NaN where there are none."""
    return np.median(corners[:, mask], axis=1) if mask.any() else np.full(4, np.nan)


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union (n,) of a box (4,) with boxes (n, 4), all left, top, right, bottom."""
    inner = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.maximum(inner, 0), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return common / np.maximum(area - common, 1e-9)


def _distinct(boxes: np.ndarray, layers: np.ndarray) -> list[int]:
    """Indices of the boxes that are not nearly those of surer ones of the same layer."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        same = [other for other in kept if layers[other] == layers[index]]
        if not same or not (overlaps(box, boxes[same]) > SAME).any():
            kept.append(index)
    return kept


def _owners(fields: np.ndarray, of_things: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """(rows, columns) which of the peaks (n, 3) each cell `of_things` votes for, or -1."""
    owner = np.full(of_things.shape, -1)
    if len(peaks) and of_things.any():
        misses = _misses(fields[:, of_things], peaks)
        nearest = misses.argmin(axis=1)
        near = misses[np.arange(len(misses)), nearest] < FARTHEST_VOTE
        owner[of_things] = np.where(near, nearest, -1)
    return owner


def _misses(fields: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """(m, n) by how much the votes of m cells, `fields` (4, m), miss the peaks (n, 3), relative to the size of the
    thing; a dish's cells and others' do not go together."""
    distance = np.hypot(fields[0][:, None] - peaks[:, 0], fields[1][:, None] - peaks[:, 1])
    other_layer = np.abs(fields[2][:, None] - peaks[:, 2])
    return distance / (0.5 * fields[3][:, None] + 1) + other_layer
