"""Where one can walk: an occupancy grid of the map and of what was seen, and the shortest safe way over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from bunraku.control.stance import Stance, stance_at, wrapped
from bunraku.house import Block

CELL = 0.05
"""Side of a cell, m."""
RADIUS = 0.36
"""Free radius (m) that a walking robot keeps around its middle: shoulders 0.25 m, sway, and odometry's error."""
WIDE = 0.65
"""Clearance (m) beyond which more is no better; below it a way costs up to `CROWDED` times its length more."""
CROWDED = 2.0
HEAD = 1.8
"""What begins above this height (m) is out of the way."""
FOOTPRINT = np.array([[x, y] for x in (-0.14, 0.0, 0.15) for y in (-0.27, 0.0, 0.27)])
"""Points (n, 2) m of a standing robot's outline, in its stance frame."""
PERSON_RADIUS = 0.30
"""What a person takes up, m."""


class FloorMap:
    """The floor of the map in cells of `CELL` m."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """The floor around `blocks`; what lies outside all of them is not floor."""
        self._blocks = tuple(block for block in blocks if block.z[0] < HEAD)
        low = np.min([[block.x[0], block.y[0]] for block in self._blocks], axis=0)
        high = np.max([[block.x[1], block.y[1]] for block in self._blocks], axis=0)
        self._origin = low
        self._shape = tuple(int(n) for n in np.ceil((high - low) / CELL))
        centres = [low[i] + (np.arange(self._shape[i]) + 0.5) * CELL for i in range(2)]
        self._x, self._y = np.meshgrid(*centres, indexing="ij")
        free = np.ones(self._shape, bool)
        for block in self._blocks:
            free[self._within(block)] = False
        self._clearance = self._distance(free)

    def _within(self, block: Block) -> np.ndarray:
        x, y = np.abs(self._x - np.mean(block.x)), np.abs(self._y - np.mean(block.y))
        return (x <= np.ptp(block.x) / 2) & (y <= np.ptp(block.y) / 2)

    @staticmethod
    def _distance(free: np.ndarray) -> np.ndarray:
        padded = np.pad(free, 1)
        return np.asarray(distance_transform_edt(padded))[1:-1, 1:-1] * CELL

    def clearance(self, point: np.ndarray) -> float:
        """Distance (m) from a point (2,) to the nearest thing of the map; 0 inside of one and outside the map."""
        i, j = self._cell(point)
        inside = 0 <= i < self._shape[0] and 0 <= j < self._shape[1]
        return float(self._clearance[i, j]) if inside else 0.0

    def nearest(self, point: np.ndarray) -> str:
        """The name of the thing of the map that is nearest to a point (2,)."""

        def distance(block: Block) -> float:
            gaps = [max(low - p, p - high, 0.0) for p, (low, high) in zip(point, (block.x, block.y), strict=True)]
            return float(np.hypot(*gaps))

        name = min(self._blocks, key=distance).name
        return "wall" if name.startswith("wall") else name.replace("_", " ")

    def fits(self, stance: Stance, people: Sequence[np.ndarray] = ()) -> bool:
        """Whether a robot can stand there without touching anything."""
        points = FOOTPRINT @ stance.rotation[:2, :2].T + stance.position
        clear = all(self.clearance(point) > 0.5 * CELL for point in points)
        return clear and all(np.hypot(*(person - stance.position)) > PERSON_RADIUS + 0.25 for person in people)

    def fits_along(self, start: Stance, end: Stance, people: Sequence[np.ndarray] = ()) -> bool:
        """Whether the robot fits all the way from one stance straight to another."""
        turn = wrapped(end.yaw - start.yaw)
        way = end.position - start.position
        steps = max(2, int(np.ceil(np.hypot(*way) / CELL)), int(np.ceil(abs(turn) / 0.15)))
        return all(
            self.fits(stance_at(start.position + share * way, start.yaw + share * turn), people)
            for share in np.linspace(0, 1, steps)[1:]
        )

    def route(self, start: np.ndarray, goal: np.ndarray, people: Sequence[np.ndarray] = ()) -> np.ndarray | None:
        """The best way (n, 2) m from `start` to `goal`, both (2,) and both free; None when there is none."""
        clearance = self._clearance
        for person in people:
            clearance = np.minimum(clearance, np.hypot(self._x - person[0], self._y - person[1]) - PERSON_RADIUS)
        number = np.full(self._shape, -1)
        free = clearance >= RADIUS
        first, last = self._cell(start), self._cell(goal)
        if not (self._is_free(first, free) and self._is_free(last, free)):
            return None
        cells = np.argwhere(free)
        number[free] = np.arange(len(cells))
        cost = 1 + CROWDED * np.clip((WIDE - clearance) / (WIDE - RADIUS), 0, 1)
        _, before = dijkstra(_graph(number, cost), directed=False, indices=number[last], return_predecessors=True)
        at, way = number[first], [np.asarray(start, float)]
        while at != number[last]:
            at = before[at]
            if at < 0:
                return None
            way.append(self._origin + (cells[at] + 0.5) * CELL)
        return np.array([*way[:-1], goal]) if len(way) > 1 else np.array([start, goal], float)

    def is_open(self, start: np.ndarray, end: np.ndarray) -> bool:
        """Whether a straight line (ends (2,) m) keeps `RADIUS` from everything on the map."""
        steps = max(2, int(np.ceil(np.hypot(*(end - start)) / CELL)))
        return all(self.clearance(start + share * (end - start)) >= RADIUS for share in np.linspace(0, 1, steps))

    def sees(self, start: np.ndarray, end: np.ndarray) -> bool:
        """Whether nothing of the map stands on the straight line between two points (2,)."""
        steps = max(2, int(np.ceil(np.hypot(*(end - start)) / CELL)))
        return all(self.clearance(start + share * (end - start)) > 0 for share in np.linspace(0, 1, steps))

    def gateway(self, stance: Stance, longest: float = 1.0) -> np.ndarray | None:
        """The nearest point (2,) straight behind `stance`, or else straight ahead, from which one can turn and walk
        away; None within `longest` m."""
        for way in (-1, 1):
            for distance in np.arange(0.0, longest, CELL / 2):
                point = stance.position + way * distance * stance.forward
                if self.clearance(point) >= RADIUS + CELL and (way < 0 or self.sees(stance.position, point)):
                    return point
        return None

    def _cell(self, point: np.ndarray) -> tuple[int, int]:
        i, j = np.floor((np.asarray(point, float) - self._origin) / CELL).astype(int)
        return int(i), int(j)

    def _is_free(self, cell: tuple[int, int], free: np.ndarray) -> bool:
        return 0 <= cell[0] < self._shape[0] and 0 <= cell[1] < self._shape[1] and bool(free[cell])


def _graph(number: np.ndarray, cost: np.ndarray):
    """Edges between neighbouring free cells, whose `number` is not negative, as a sparse matrix of costs."""
    rows, columns, weights = [], [], []
    for di, dj in ((1, 0), (0, 1), (1, 1), (1, -1)):
        here = _shifted(number, -di, -dj), _shifted(cost, -di, -dj)
        there = _shifted(number, di, dj), _shifted(cost, di, dj)
        linked = (here[0] >= 0) & (there[0] >= 0)
        rows.append(here[0][linked])
        columns.append(there[0][linked])
        weights.append(CELL * np.hypot(di, dj) * (here[1] + there[1])[linked] / 2)
    count = int(number.max()) + 1
    return coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    ).tocsr()


def _shifted(grid: np.ndarray, di: int, dj: int) -> np.ndarray:
    """The part of `grid` that has a neighbour at (−di, −dj), aligned with that neighbour's part."""
    rows = slice(max(di, 0), grid.shape[0] + min(di, 0))
    columns = slice(max(dj, 0), grid.shape[1] + min(dj, 0))
    return grid[rows, columns]
