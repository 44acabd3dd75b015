"""Which patches of a picture are worth keeping: causal, one pass, nothing looked at twice.

Two claims compete for the budget. *Repair* keeps the cells where the memory is most wrong, and more so once a change
has come to rest. *Snapshots* keep a moving thing as a whole, from one time stamp and at a sharp moment, because a
mosaic of mixed times is unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from bunraku.vision.budget import TokenBudget
from bunraku.vision.canvas import Canvas, Difference, Grid, cell_means, cell_variances
from bunraku.vision.frame import Frame

NOVELTY = 100.0
"""Value (levels · s) of a cell that was never seen, that of a strong change: the unknown cannot be asked for."""
HOLD = 0.7
"""Seconds for which a change is expected to hold, beyond the interval between pictures, per second that it has."""
MOST_PATIENCE = 4.0
"""Seconds of rest after which a change gains no more value."""
ONSET = 3.0
"""Intervals by which a change that is still going on is valued above one that is not: what moves is looked for."""
CROWDING = 0.6
"""Power of the number of changed cells nearby by which the value of each falls: what is small counts as much as what is
large, up to this power."""
NEARBY = 5
"""Side (cells) of the square in which these are counted."""
CONTRAST = 0.03
"""Growth of a value per level of the picture's standard deviation there: texture is what things are told apart by."""
SHARED = 0.3
"""Part of a value that is its neighbours' mean, so that what is kept of a thing is connected."""
SETTLED = 0.6
"""Seconds of rest after which a change is taken to stay."""
SMOOTH = 30.0
"""Luma variance below which half resolution loses nothing that matters."""
COARSE_SHARE = 0.7
"""What a coarse patch of some cells is worth, as a share of its cells' values."""
REFINEMENT = 0.003
"""Value (s) per level of standard deviation of replacing a coarse patch by a full one."""
FOREGROUND = 12.0
"""Least mean squared difference from the background of a moving thing."""
MOST_COMPONENTS = 16
"""Moving things followed in one camera, the largest first."""
SNAPSHOT_PERIOD, SHORTEST_PERIOD = 0.7, 0.45
"""Seconds between two snapshots of a thing, where the reserve is short and where it is ample."""
FIRST_SNAPSHOT = (0.2, 0.5)
"""Earliest and latest age (s) of a new thing at its first snapshot."""
SHARP_ENOUGH = 0.9
"""Share of a thing's recent best sharpness that counts as a sharp moment."""
FORGET_TRACK = 3.0


@dataclass(frozen=True)
class Group:
    """Patches kept together from one picture.

    `rows`, `columns` (n,) are the cells of their upper left corners and `spans` (n,) their size in cells, 1, 2 or 4;
    `track` numbers the moving thing they show whole, 0 for repairs.
    """

    rows: np.ndarray
    columns: np.ndarray
    spans: np.ndarray
    track: int
    sharpness: float
    first: bool = False
    """Whether this is the thing's first snapshot."""


@dataclass(frozen=True)
class Selection:
    """What was kept of one picture, and the difference it was judged by."""

    groups: tuple[Group, ...]
    difference: Difference
    vanished: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        """How many patches were kept."""
        return sum(len(group.rows) for group in self.groups)


@dataclass
class Track:
    """A moving thing: times in s, `box` (x0, y0, x1, y1) in cells."""

    first: float
    last: float
    box: tuple[int, int, int, int]
    snapshot: float | None = None
    best_sharpness: float = 0.0


@dataclass(frozen=True)
class Component:
    """A moving thing in this picture; `cells` (n,) count the grid's cells row by row."""

    cells: np.ndarray
    track: int
    sharpness: float


@dataclass
class Selector:
    """Selection for one camera; `camera` is the number that the joint `budget` gave it."""

    grid: Grid
    budget: TokenBudget
    camera: int
    multiscale: bool = True
    attention: np.ndarray | None = None
    """Weights (rows, columns) ≥ 0 of what matters to the task now; None where everything does."""
    canvas: Canvas = field(init=False)
    tracks: dict[int, Track] = field(default_factory=dict)
    _next_track: int = 1
    _variance_grid: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Begin with an empty canvas."""
        self.canvas = Canvas(self.grid)

    def select(self, frame: Frame) -> Selection:
        """Observe a frame and keep what is worth it and can be afforded."""
        difference = self.canvas.observe(frame)
        self._variance_grid = None
        self.budget.advance(frame.time)
        components = self._components(difference, frame.time)
        groups = [*self._snapshots(components, difference, frame.time), *self._repairs(difference)]
        gone = [track for track, state in self.tracks.items() if frame.time - state.last > FORGET_TRACK]
        for track in gone:
            del self.tracks[track]
        return Selection(tuple(groups), difference, tuple(gone))

    def _components(self, difference: Difference, time: float) -> list[Component]:
        """Connected foreground, matched by overlap with the tracks of the picture before."""
        cells = self.canvas.cells
        least = max(FOREGROUND, difference.threshold)
        foreground = difference.visible & cells["settled"] & (difference.background > least)
        if not foreground.any():
            cells["track"][:] = 0
            return []
        closed = _closed(foreground)
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        picture_detail = cv2.convertScaleAbs(cv2.Laplacian(self.canvas.picture, cv2.CV_16S))
        detail = cell_means(picture_detail, self.grid.cell).ravel()
        previous, tracks = cells["track"].ravel(), np.zeros(labels.size, np.int32)
        labels, foreground = labels.ravel(), foreground.ravel()
        areas = statistics[:, cv2.CC_STAT_AREA]
        sharpnesses = np.bincount(labels, detail, count) / np.maximum(areas, 1)
        members = np.split(np.argsort(labels.astype(np.int16), kind="stable"), np.cumsum(areas)[:-1].tolist())
        components, claimed = [], set[int]()
        by_size = sorted(range(1, count), key=lambda label: -areas[label])
        for label in by_size[:MOST_COMPONENTS]:
            x, y, width, height = (int(value) for value in statistics[label, : cv2.CC_STAT_AREA])
            mask, sharpness = members[label], float(sharpnesses[label])
            track = _most_common(previous[mask], claimed)
            if track not in self.tracks:
                track, self._next_track = self._next_track, self._next_track + 1
                self.tracks[track] = Track(time, time, (x, y, x + width, y + height))
            claimed.add(track)
            tracks[mask] = track
            state = self.tracks[track]
            state.last, state.box = time, (x, y, x + width, y + height)
            state.best_sharpness = max(sharpness, 0.98 * state.best_sharpness)
            components.append(Component(mask[foreground[mask]], track, sharpness))
        cells["track"][:] = tracks.reshape(self.grid.shape)
        return components

    def _snapshots(self, components: list[Component], difference: Difference, time: float) -> list[Group]:
        """Whole things that are due, the cheapest first: a large one takes many small ones' tokens."""
        waiting = self._outdated(components, difference)
        wanted = sum(len(component.cells) for component in waiting)
        due = [component for component in waiting if self._is_due(component, time)]
        groups = []
        for component in sorted(due, key=lambda component: len(component.cells)):
            group = self._whole(component)
            if len(group.rows) > self.budget.snapshots.capacity and self.multiscale:
                group = self._whole(component, coarse=True)
            if self.budget.spend_snapshot(len(group.rows)):
                track = self.tracks[component.track]
                groups.append(replace(group, first=track.snapshot is None))
                track.snapshot = time
                # Kept now, so nothing is left to repair there.
                difference.kept.ravel()[component.cells] = 0
                wanted -= len(component.cells)
        self.budget.wanted[self.camera] = wanted
        self._keep(groups)
        return groups

    def _outdated(self, components: list[Component], difference: Difference) -> list[Component]:
        """The things that are shown wrong in places, or put together from several times: what of each is to be kept.

        That is all of it, or what has changed of a thing that mostly has not.
        """
        if not components:
            return []
        changed = difference.changed
        closed = _closed(changed).ravel() > 0
        changed, taken = changed.ravel(), self.canvas.cells["taken"].ravel()
        found = []
        for component in components:
            share = np.count_nonzero(changed[component.cells]) / len(component.cells)
            if 0.1 < share < 0.5:
                found.append(replace(component, cells=component.cells[closed[component.cells]]))
            elif share >= 0.5 or _largest_run(taken[component.cells]) < 0.8 * len(component.cells):
                found.append(component)
        return found

    def _is_due(self, component: Component, time: float) -> bool:
        track = self.tracks[component.track]
        sharp = component.sharpness >= SHARP_ENOUGH * track.best_sharpness
        if track.snapshot is None:
            earliest, latest = FIRST_SNAPSHOT
            waited = time - track.first
        else:
            # As often as all that waits can be afforded.
            turn = sum(self.budget.wanted) / self.budget.snapshots.rate
            earliest = min(max(turn, SHORTEST_PERIOD), SNAPSHOT_PERIOD)
            latest = 1.5 * earliest
            waited = time - track.snapshot
        return waited >= latest or (waited >= earliest and sharp)

    def _repairs(self, difference: Difference) -> list[Group]:
        """The most valuable cells one by one, and squares of them as one coarse patch where that loses little."""
        value = self._value(difference)
        single = value > 0
        found = []
        for span, blocks in self._coarse_blocks(value):
            rows, columns = (np.array(at) * span for at in np.nonzero(blocks))
            single &= ~_spread(blocks, span, single.shape)
            worth = COARSE_SHARE * _squares(value, span).sum((1, 3))[blocks]
            found.append((rows, columns, np.full(len(rows), span), worth))
        rows, columns = np.nonzero(single)
        found.append((rows, columns, np.ones(len(rows), int), value[single]))
        rows, columns, spans, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = self.budget.spend(self.camera, values)
        if not kept.any():
            return []
        groups = [Group(rows[kept], columns[kept], spans[kept], 0, 0.0)]
        self._keep(groups)
        return groups

    def _value(self, difference: Difference) -> np.ndarray:
        """Value (levels · s) of keeping each cell: how wrong it is, and for how long the change is likely to hold."""
        cells = self.canvas.cells
        excess = np.where(difference.visible & cells["seen"], difference.kept - difference.threshold, 0)
        excess = np.maximum(excess, 0, dtype=np.float32)
        changed = excess > 0
        onset = np.clip(difference.step - difference.threshold, 0, excess)
        hold = difference.interval + HOLD * np.minimum(cells["quiet"], MOST_PATIENCE)
        value = np.sqrt(excess) * hold + ONSET * difference.interval * np.sqrt(onset)
        value = (1 - SHARED) * value + SHARED * cv2.blur(value, (3, 3))
        changes = changed.astype(np.float32)
        nearby = cv2.boxFilter(changes, -1, (NEARBY, NEARBY), normalize=False, borderType=cv2.BORDER_CONSTANT)
        value = np.where(changed, value * np.maximum(nearby, 1) ** -CROWDING, 0)
        deviation = np.sqrt(np.maximum(self._variance(), 0))
        value[difference.visible & ~cells["seen"]] = NOVELTY
        coarse = difference.visible & cells["coarse"] & ~changed & (deviation**2 > SMOOTH)
        value[coarse] = REFINEMENT * deviation[coarse]
        value *= 1 + CONTRAST * deviation
        if self.attention is not None:
            value *= self.attention
        return value

    def _variance(self) -> np.ndarray:
        """Luma variance (rows, columns) of the cells of the picture."""
        if self._variance_grid is None:
            self._variance_grid = cell_variances(self.canvas.picture, self.grid.cell)
        return self._variance_grid

    def _coarse_blocks(self, value: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Spans, and for each which squares (rows // span, columns // span) bool may be one patch.

        Never seen is 4 × 4 cells, a first glance, or 2 × 2; 2 × 2 is what is wanted and smooth, or has come to rest but
        costs more than it is worth cell by cell.
        """
        wanted = value > 0
        if not self.multiscale or wanted.sum() < 16:
            return []
        cells = self.canvas.cells
        glance = _all(wanted & ~cells["seen"], 4)
        smooth = wanted & (~cells["seen"] | ((self._variance() < SMOOTH) & ~cells["coarse"]))
        # Better half of what has come to rest soon than all of it late.
        dear = wanted & (cells["quiet"] >= SETTLED) & (value < self.budget.price)
        smooth |= dear
        smooth &= ~_spread(glance, 4, smooth.shape)
        return [(4, glance), (2, _all(smooth, 2))]

    def _whole(self, component: Component, coarse: bool = False) -> Group:
        rows, columns = np.divmod(component.cells, self.grid.shape[1])
        if coarse:
            blocks = np.unique(np.column_stack([rows // 2, columns // 2]), axis=0) * 2
            rows, columns = blocks[:, 0], blocks[:, 1]
        spans = np.full(len(rows), 2 if coarse else 1)
        return Group(rows, columns, spans, component.track, component.sharpness)

    def _keep(self, groups: list[Group]) -> None:
        if not groups:
            return
        chosen, coarse = np.zeros(self.grid.shape, bool), np.zeros(self.grid.shape, bool)
        for group in groups:
            small = group.spans == 1
            chosen[group.rows[small], group.columns[small]] = True
            large = (group.rows[~small], group.columns[~small], group.spans[~small])
            for row, column, span in zip(*large, strict=True):
                coarse[row : row + span, column : column + span] = True
        self.canvas.keep(chosen | coarse, coarse & ~chosen)


def _squares(grid: np.ndarray, span: int, beyond: float = 0) -> np.ndarray:
    """`grid` as squares (n, span, m, span) of cells; cells `beyond` its edge have that value."""
    rows, columns = -(-grid.shape[0] // span), -(-grid.shape[1] // span)
    whole = np.full((rows * span, columns * span), beyond, grid.dtype)
    whole[: grid.shape[0], : grid.shape[1]] = grid
    return whole.reshape(rows, span, columns, span)


def _all(grid: np.ndarray, span: int) -> np.ndarray:
    """(n, m) bool: the squares of `span` cells that are true throughout, as far as they lie in the grid."""
    return _squares(grid, span, beyond=True).min((1, 3))


def _spread(squares: np.ndarray, span: int, shape: tuple[int, ...]) -> np.ndarray:
    """The cells of `shape` that lie in any of the `squares` (n, m) bool."""
    return squares.repeat(span, 0).repeat(span, 1)[: shape[0], : shape[1]]


def _most_common(tracks: np.ndarray, excluded: set[int]) -> int:
    if not tracks.any():
        return 0
    counts = np.bincount(tracks)
    for track in np.argsort(-counts):
        if track > 0 and counts[track] > 0 and int(track) not in excluded:
            return int(track)
    return 0


def _largest_run(values: np.ndarray) -> int:
    """How often the commonest of the `values` (n,) occurs."""
    ordered = np.sort(values)
    ends = np.flatnonzero(ordered[1:] != ordered[:-1])
    return int(np.diff(np.concatenate([[-1], ends, [len(ordered) - 1]])).max())


def _closed(grid: np.ndarray) -> np.ndarray:
    """A grid (rows, columns) bool with its small holes filled, as uint8."""
    return cv2.morphologyEx(grid.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
