"""What a camera's memory shows at this moment, and how the newest picture differs from it.

Two anchored pictures per camera, in the analysed luma (a quarter of the frame's pixels each way for HD): what was
*kept* last, and the settled *background*. A difference is always taken to what was kept, never to the previous
picture, so that slow drift is seen. Camera motion shifts the canvases by whole cells; the picture, not the canvas, is
resampled. A cell that the background explains better than what was kept goes back to it without spending a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.vision.egomotion import (
    IDENTITY,
    MAXIMUM_COST_RATIO,
    MINIMUM_CORNER_MOTION,
    UNKNOWN,
    align,
    compose,
    corner_motion,
    invert,
    motion_from_orientations,
    phase_shift,
    rescaled,
    translation,
)
from bunraku.vision.frame import Frame, Orientation, shrink_luma

BACKGROUND_AFTER = 1.0
"""Seconds for which a kept cell has to match and be quiet before it becomes background."""
FIRST_BACKGROUND_AFTER = 0.3
"""The same, where there is no background yet."""
REANCHOR_ROTATION = 0.12
REANCHOR_SCALE = 0.12
MOVING_SHARE = 0.25
"""Share of changed cells from which camera motion is looked for."""
CHROMA_WEIGHTS = (0.5, 0.7)
"""What u and v add to the luma that is compared, so that a blue thing on a dark ground is not overlooked."""
TEXTURED = 100.0
"""Luma variance from which a cell would look different if the camera moved."""
ANCHORED_SHARE = 0.2
"""Share of the textured cells that lie where they lay before, from which the camera is known to rest."""
LOOK_AGAIN = (0.6, 2.4)
"""Seconds before a busy scene is examined again for camera motion, first and, after doubling, at last."""
SURPRISE = 0.15
"""Growth of the changed share for which it is examined at once."""

NO_CELL: dict[str, np.generic] = {
    "seen": np.False_,  # something was kept here
    "settled": np.False_,  # the background is known here
    "matching": np.float32(0),  # s for which the kept picture has matched
    "quiet": np.float32(0),  # s for which a changed cell has been still
    "taken": np.float64(-np.inf),  # s at which it was kept
    "coarse": np.False_,  # kept at half resolution
    "piece": np.int64(-1),  # piece of a token shown here, -1 if none
    "background_piece": np.int64(-1),
    "track": np.int32(0),  # moving thing that covered the cell in the previous picture, 0 if none
}
"""What a canvas knows of each cell, and the values of one of which nothing is known."""


@dataclass(frozen=True)
class Grid:
    """How pictures of (`height`, `width`) px are cut: into `patch` px cells, analysed at 1/`factor` resolution."""

    height: int
    width: int
    patch: int = 32

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 2 * self.patch:
            least = 2 * self.patch
            raise UserError(f"a camera picture must be at least {least} px each way, got {self.width}x{self.height}.")

    @property
    def factor(self) -> int:
        """Frame pixels per analysed pixel."""
        return 4 if self.width >= 960 else 2 if self.width >= 480 else 1

    @property
    def cell(self) -> int:
        """Analysed pixels per cell."""
        return self.patch // self.factor

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells; the last ones may reach over the edge of the picture."""
        return -(-self.height // self.patch), -(-self.width // self.patch)

    @property
    def analysed_shape(self) -> tuple[int, int]:
        """(height, width) of the canvases in analysed pixels: whole cells."""
        return self.shape[0] * self.cell, self.shape[1] * self.cell


@dataclass(frozen=True)
class Difference:
    """How a picture differs from the canvases, each array (rows, columns) of cells.

    `kept`, `background` and `step` are mean squared differences (luma levels²) to what was kept, to the background and
    to the previous picture, `interval` s before; `visible` cells lie in the picture; `reverted` ones went back to the
    background just now.
    """

    kept: np.ndarray
    background: np.ndarray
    step: np.ndarray
    visible: np.ndarray
    reverted: np.ndarray
    threshold: float
    moving: bool
    interval: float

    @property
    def changed(self) -> np.ndarray:
        """Cells that what was kept does not explain."""
        return self.visible & (self.kept > self.threshold)


class Canvas:
    """State of one camera. `observe` a picture, then `keep` some of its cells."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        height, width = grid.analysed_shape
        self.kept = np.full((height, width), UNKNOWN, np.uint8)
        self.background = self.kept.copy()
        self.previous = self.kept.copy()
        self.picture = self.kept.copy()
        self.cells = _layers({name: np.full(grid.shape, nothing) for name, nothing in NO_CELL.items()})
        self.noise = 1.0
        self.canvas_from_picture = IDENTITY
        self.anchor_from_canvas = IDENTITY
        self._time: float | None = None
        self._orientation: Orientation | None = None
        self._raw = self.kept
        self._exposure = (1.0, 0.0)
        self._moving_until = -np.inf
        self._look_again, self._look_wait, self._looked_at = -np.inf, LOOK_AGAIN[0], 0.0

    @property
    def anchor_from_picture(self) -> np.ndarray:
        """(2, 3) transform from analysed pixels of the latest picture to those of the camera's first one."""
        return compose(self.anchor_from_canvas, self.canvas_from_picture)

    def observe(self, frame: Frame) -> Difference:
        """Compare a frame with the canvases; afterwards `picture` holds it in canvas coordinates."""
        raw = self._analysed(frame)
        first = self._time is None
        elapsed = 0.0 if self._time is None else min(max(frame.time - self._time, 0.0), 1.0)
        turn = self._turn(frame.orientation)
        registered = not first and (frame.time < self._moving_until or turn is not None)
        if registered:
            self._register(raw, frame.time, turn)
        self.picture, visible = self._laid(raw)
        errors = self._errors()
        if not registered:
            errors, visible = self._explain(raw, frame.time, errors, visible)
        self._time, self._raw, self._orientation = frame.time, raw, frame.orientation
        return self._account(errors, visible, elapsed, first, frame.time < self._moving_until)

    def _explain(
        self, raw: np.ndarray, time: float, errors: np.ndarray, visible: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """When much has changed at once: did the light change, or did the camera move?"""
        share = self._changed_share(errors[0], visible)
        if share <= MOVING_SHARE or (time < self._look_again and share < self._looked_at + SURPRISE):
            return errors, visible
        errors = self._cancel_exposure(errors, visible)
        if self._changed_share(errors[0], visible) <= MOVING_SHARE:
            return errors, visible
        if not self._is_anchored(errors[0], visible) and self._register(raw, time, None):
            self.picture, visible = self._laid(raw)
            errors = self._errors()
        share = self._changed_share(errors[0], visible)
        if share <= MOVING_SHARE:
            self._look_wait = LOOK_AGAIN[0]
            return errors, visible
        # Neither: the scene itself is busy. Do not pay for the question at every picture.
        self._look_again, self._looked_at = time + self._look_wait, share
        self._look_wait = min(2 * self._look_wait, LOOK_AGAIN[1])
        return errors, visible

    def keep(self, chosen: np.ndarray, coarse: np.ndarray | None = None) -> None:
        """Take the cells `chosen` (rows, columns) bool of the observed picture into what is shown.

        `coarse` marks those that are kept at half resolution only.
        """
        if not chosen.any():
            return
        cv2.copyTo(self.picture, self._pixels(chosen), self.kept)
        cells = self.cells
        cells["seen"][chosen] = True
        cells["matching"][chosen] = 0
        cells["quiet"][chosen] = 0
        cells["taken"][chosen] = self._time
        cells["coarse"][chosen] = False if coarse is None else coarse[chosen]

    def in_picture(self, layer: np.ndarray) -> np.ndarray:
        """A canvas `layer` as the latest picture would show it, (h, w) uint8 analysed pixels."""
        if self.canvas_from_picture is IDENTITY:
            return layer
        # Resampled a second time, so with less blur.
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(layer, self.canvas_from_picture, layer.shape[::-1], flags=flags, borderValue=UNKNOWN)

    def corners(self, rows: np.ndarray, columns: np.ndarray, span: int = 1) -> np.ndarray:
        """(n, 2) int x, y in frame pixels of the corners of squares of `span` cells at `rows`, `columns`."""
        corners = np.column_stack([columns, rows]) * self.grid.patch
        if self.canvas_from_picture is IDENTITY:
            return corners
        half = self.grid.patch * span / 2
        picture_from_canvas = rescaled(invert(self.canvas_from_picture), 1 / self.grid.factor)
        centres = (corners + half) @ picture_from_canvas[:, :2].T + picture_from_canvas[:, 2]
        return np.rint(centres - half).astype(int)

    def _analysed(self, frame: Frame) -> np.ndarray:
        small = shrink_luma(frame.luma, self.grid.factor)
        if frame.chroma[0].size:
            # One plane is a third of the work of three, and hides only what differs in all of them and cancels out.
            for plane, weight in zip(frame.chroma, CHROMA_WEIGHTS, strict=True):
                colour = shrink_luma(plane, max(self.grid.factor // 2, 1))
                if colour.shape != small.shape:
                    colour = cv2.resize(colour, small.shape[::-1], interpolation=cv2.INTER_LINEAR)
                small = cv2.addWeighted(small, 1.0, colour, weight, -128 * weight)
            small = np.maximum(small, UNKNOWN + 1)
        height, width = self.grid.analysed_shape
        below, right = height - small.shape[0], width - small.shape[1]
        if below or right:
            small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return small

    def _laid(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The picture in canvas coordinates and the exposure of what was kept, and the cells that lie wholly in it."""
        gain, bias = self._exposure
        if self._exposure != (1.0, 0.0):
            raw = cv2.convertScaleAbs(raw, alpha=1 / gain, beta=-bias / gain)
        if self.canvas_from_picture is IDENTITY:
            return raw, np.ones(self.grid.shape, bool)
        laid = _resampled(raw, invert(self.canvas_from_picture))
        inside = cv2.threshold(laid, UNKNOWN, 255, cv2.THRESH_BINARY)[1]
        return laid, cell_means(inside, self.grid.cell) > 254

    def _errors(self) -> np.ndarray:
        """Mean squared differences of the picture to kept, background and previous, (3, rows, columns)."""
        layers = np.concatenate([self.kept, self.background, self.previous])
        difference = cv2.absdiff(np.concatenate([self.picture] * 3), layers)
        squares = difference.astype(np.uint16)
        squares *= squares
        errors = cell_means(squares, self.grid.cell).reshape(3, *self.grid.shape).astype(np.float32)
        errors[0][~self.cells["seen"]] = 0
        errors[1][~self.cells["settled"]] = np.inf
        return errors

    def _changed_share(self, kept_error: np.ndarray, visible: np.ndarray) -> float:
        known = visible & self.cells["seen"]
        return float((kept_error[known] > self.threshold).mean()) if known.sum() >= 16 else 0.0

    def _is_anchored(self, kept_error: np.ndarray, visible: np.ndarray) -> bool:
        """Whether so much of what has texture lies where it lay that the camera cannot have moved."""
        textured = visible & self.cells["seen"] & (cell_variances(self.picture, self.grid.cell) > TEXTURED)
        return bool(textured.sum() >= 16 and (kept_error[textured] <= self.threshold).mean() > ANCHORED_SHARE)

    @property
    def threshold(self) -> float:
        """Mean squared difference (luma levels²) above which a cell has changed."""
        return 2 * self.noise + 4

    def _cancel_exposure(self, errors: np.ndarray, visible: np.ndarray) -> np.ndarray:
        """Undo a change of brightness common to the picture, if that explains it better."""
        known = visible & self.cells["seen"]
        now, before = cell_means(self.picture, self.grid.cell)[known], cell_means(self.kept, self.grid.cell)[known]
        gain, bias = _robust_line(before.astype(float), now.astype(float))
        if not 0.5 < gain < 2:
            return errors
        original = self.picture
        self.picture = cv2.convertScaleAbs(original, alpha=1 / gain, beta=-bias / gain)
        corrected = self._errors()
        if self._changed_share(corrected[0], visible) > 0.7 * self._changed_share(errors[0], visible):
            self.picture = original
            return errors
        # It holds for the pictures to come: the new exposure in terms of the one that was kept.
        old_gain, old_bias = self._exposure
        self._exposure = (gain * old_gain, old_bias + bias * old_gain)
        return corrected

    def _account(
        self, errors: np.ndarray, visible: np.ndarray, elapsed: float, first: bool, moving: bool
    ) -> Difference:
        kept, background, step = errors
        cells = self.cells
        if not first and visible.any():
            steps = step[visible]
            calm = float(np.partition(steps, steps.size // 2)[steps.size // 2])
            self.noise += 0.1 * (min(calm, 4 * self.noise + 4) - self.noise)
        threshold = self.threshold
        changed = visible & (kept > threshold)
        reverted = changed & (background + 0.5 * threshold < kept)
        if reverted.any():
            cv2.copyTo(self.background, self._pixels(reverted), self.kept)
            kept[reverted] = background[reverted]
            cells["piece"][reverted] = cells["background_piece"][reverted]
            cells["matching"][reverted] = 0
            changed &= kept > threshold
        still = step <= threshold
        cells["quiet"][:] = np.where(changed, np.where(still, cells["quiet"] + elapsed, cells["quiet"] * 0.5), 0)
        matching = visible & cells["seen"] & ~changed & still
        rested = cells["matching"]
        rested[:] = np.where(matching, rested + elapsed, np.where(visible, 0, rested))
        ripe = matching & (rested >= np.where(cells["settled"], BACKGROUND_AFTER, FIRST_BACKGROUND_AFTER))
        ripe &= ~cells["settled"] | (cells["background_piece"] != cells["piece"])
        if ripe.any():
            cv2.copyTo(self.kept, self._pixels(ripe), self.background)
            cells["settled"][ripe] = True
            cells["background_piece"][ripe] = cells["piece"][ripe]
        np.copyto(self.previous, self.picture)
        return Difference(kept, background, step, visible, reverted, threshold, moving, elapsed)

    def _pixels(self, chosen: np.ndarray) -> np.ndarray:
        height, width = self.grid.analysed_shape
        return cv2.resize(chosen.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)

    def _turn(self, orientation: Orientation | None) -> np.ndarray | None:
        """Motion of the picture (analysed px) that the camera's known orientation predicts since the last one."""
        if orientation is None or self._orientation is None:
            return None
        motion = motion_from_orientations(self._orientation, orientation, (self.grid.height, self.grid.width))
        motion = rescaled(motion, self.grid.factor)
        return motion if corner_motion(motion, self.kept.shape) > 0.1 else None

    def _register(self, raw: np.ndarray, time: float, turn: np.ndarray | None) -> bool:
        """Find where the picture lies on the canvas; True if that changed."""
        last = self.canvas_from_picture
        small = shrink_luma(raw, 4)
        step = rescaled(phase_shift(small, shrink_luma(self._raw, 4)), 1 / 4)
        guesses = [last, compose(last, step)] + ([compose(last, turn)] if turn is not None else [])
        found = align(raw, self.kept, guesses)
        moved = corner_motion(compose(invert(last), found.reference_from_picture), raw.shape)
        ratio = MAXIMUM_COST_RATIO if time >= self._moving_until else 0.98
        if moved < MINIMUM_CORNER_MOTION or found.cost > ratio * found.cost_of_first:
            return False
        self._moving_until = time + 1.0
        self.canvas_from_picture = found.reference_from_picture
        self._recentre()
        return True

    def _recentre(self) -> None:
        """Shift the canvases by whole cells so that the picture stays within them; resample after a large turn."""
        transform = self.canvas_from_picture
        turned = abs(np.arctan2(transform[1, 0], transform[0, 0])) > REANCHOR_ROTATION
        if turned or abs(np.hypot(transform[0, 0], transform[1, 0]) - 1) > REANCHOR_SCALE:
            self._reanchor()
            return
        height, width = self.kept.shape
        centre = np.array([width / 2, height / 2])
        offset = transform[:, :2] @ centre + transform[:, 2] - centre
        leaves = np.abs(offset) > 0.75 * self.grid.cell
        columns, rows = np.where(leaves, np.rint(offset / self.grid.cell), 0).astype(int)
        if rows == 0 and columns == 0:
            return
        cell = self.grid.cell
        self.kept = _rolled(self.kept, rows * cell, columns * cell, UNKNOWN)
        self.background = _rolled(self.background, rows * cell, columns * cell, UNKNOWN)
        self.previous = _rolled(self.previous, rows * cell, columns * cell, UNKNOWN)
        self.cells = _layers({name: _rolled(old, rows, columns, NO_CELL[name]) for name, old in self.cells.items()})
        self.canvas_from_picture = compose(translation(-columns * cell, -rows * cell), transform)
        self.anchor_from_canvas = compose(self.anchor_from_canvas, translation(columns * cell, rows * cell))

    def _reanchor(self) -> None:
        transform = self.canvas_from_picture
        rows, columns = self.grid.shape
        cell = self.grid.cell
        y, x = np.mgrid[:rows, :columns] * cell + cell / 2
        there = transform[:, :2] @ np.stack([x.ravel(), y.ravel()]) + transform[:, 2:]
        column, row = np.floor(there / cell).astype(int)
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        for name, layer in self.cells.items():
            moved = np.full(rows * columns, NO_CELL[name])
            moved[inside] = layer[row[inside], column[inside]]
            layer[:] = moved.reshape(rows, columns)
        self.kept = _resampled(self.kept, transform)
        self.background = _resampled(self.background, transform)
        self.previous = _resampled(self.previous, transform)
        for layer, known in ((self.kept, "seen"), (self.background, "settled")):
            complete = cell_means(cv2.threshold(layer, UNKNOWN, 255, cv2.THRESH_BINARY)[1], cell) > 254
            self.cells[known][~complete] = False
        self.anchor_from_canvas = compose(self.anchor_from_canvas, transform)
        self.canvas_from_picture = IDENTITY


def _layers(arrays: dict[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """The arrays by name, to be written into and not replaced: that would change their type unseen."""
    return MappingProxyType(arrays)


def cell_means(image: np.ndarray, cell: int) -> np.ndarray:
    """Mean over each `cell` × `cell` square, a power of two, of an image of whole cells: (rows, columns)."""
    while cell > 1:
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
        cell //= 2
    return image


def cell_variances(image: np.ndarray, cell: int) -> np.ndarray:
    """Variance over each `cell` × `cell` square, a power of two, of an image of whole cells: (rows, columns)."""
    # Halving bytes would round at each step, and the square of that error drowns a small variance.
    floats = image.astype(np.float32)
    return cell_means(floats * floats, cell) - cell_means(floats, cell) ** 2


def _resampled(layer: np.ndarray, layer_from_result: np.ndarray) -> np.ndarray:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(layer, layer_from_result, layer.shape[::-1], flags=flags, borderValue=UNKNOWN)


def _rolled(array: np.ndarray, rows: int, columns: int, fill: object) -> np.ndarray:
    """`array` with its content moved up by `rows` and left by `columns`; what enters is `fill`."""
    height, width = array.shape
    result = np.full_like(array, fill)
    if abs(rows) < height and abs(columns) < width:
        to_rows, from_rows = slice(max(0, -rows), height - max(0, rows)), slice(max(0, rows), height + min(0, rows))
        to_columns = slice(max(0, -columns), width - max(0, columns))
        result[to_rows, to_columns] = array[from_rows, max(0, columns) : width + min(0, columns)]
    return result


def _robust_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Gain and bias of y ≈ gain x + bias, by least squares reweighted towards the median residual."""
    weight = np.ones_like(x)
    gain, bias = 1.0, float(np.median(y - x))
    for _ in range(4):
        residual = y - gain * x - bias
        spread = 1.4826 * np.median(np.abs(residual)) + 0.5
        weight = 1 / (1 + (residual / spread) ** 2)
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        variance = np.average((x - mean_x) ** 2, weights=weight)
        if variance < 25:
            return 1.0, float(np.median(y - x))
        gain = float(np.average((x - mean_x) * (y - mean_y), weights=weight) / variance)
        bias = float(mean_y - gain * mean_x)
    return gain, bias
