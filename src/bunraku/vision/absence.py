"""When what a patch shows did not hold: from the picture in which it was last verified until it was seen again.

A token of one cell has one such history, a coarse one a history for each of its cells. A *piece* is one cell of a
token; its number is `PIECES` times the token's id, plus the cell's place in the token, row by row.
"""

from __future__ import annotations

import numpy as np

PIECES = 16
"""Most cells of a token."""
ABSENCE = np.dtype([("piece", "<i8"), ("since", "<f8"), ("until", "<f8")])
"""What a piece shows was last verified at `since` (s), and again from `until` (s) on, inf if not yet."""
PACKED = np.dtype([("id", "<i8"), ("places", "<u2"), ("since", "<f8"), ("until", "<f8")])
"""Absences on disk: those of the pieces of one token that began and ended together, `places` as a set of bits."""
MOST_GAPS = 200_000
MOST_PARTS = 1000


def absences(pieces: np.ndarray, since: np.ndarray | float, until: np.ndarray | float = np.inf) -> np.ndarray:
    """(n,) of `ABSENCE` of `pieces` (n,)."""
    result = np.empty(len(pieces), ABSENCE)
    result["piece"], result["since"], result["until"] = pieces, since, until
    return result


def pack(loose: np.ndarray) -> np.ndarray:
    """Absences (n,) of `ABSENCE` as (m,) of `PACKED`."""
    ids, places = np.divmod(loose["piece"], PIECES)
    order = np.lexsort((loose["until"], loose["since"], ids))
    keys = np.stack([ids.astype(float), loose["since"], loose["until"]])[:, order]
    first = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(0)))[: len(loose)]
    packed = np.empty(len(first), PACKED)
    packed["id"], packed["since"], packed["until"] = ids[order][first], keys[1, first], keys[2, first]
    if len(first):
        packed["places"] = np.bitwise_or.reduceat(1 << places[order], first)
    return packed


def unpack(packed: np.ndarray) -> np.ndarray:
    """Absences (m,) of `PACKED` as (n,) of `ABSENCE`."""
    record, place = np.nonzero(packed["places"][:, None] >> np.arange(PIECES) & 1)
    return absences(packed["id"][record] * PIECES + place, packed["since"][record], packed["until"][record])


def last_of_each(loose: np.ndarray) -> np.ndarray:
    """For each piece the absence that tells its present state, whatever the order in which they were written."""
    latest = np.where(np.isinf(loose["until"]), loose["since"], loose["until"])
    ordered = loose[np.lexsort((np.isinf(loose["until"]), latest, loose["piece"]))]
    return ordered[np.append(ordered["piece"][1:] != ordered["piece"][:-1], True)[: len(ordered)]]


class Gaps:
    """Absences that are over. At most `MOST_GAPS` are remembered; the oldest go first."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._count = 0
        self._since = self._until = np.empty(0)

    def add(self, gaps: np.ndarray) -> None:
        """Remember `gaps` (n,) of `ABSENCE`."""
        self._parts.append(gaps)
        self._count += len(gaps)
        if len(self._parts) > MOST_PARTS:
            self._all()

    def forget(self, alive: np.ndarray) -> None:
        """If there are too many, forget those of tokens other than `alive` (n,) ids, ascending, and then the oldest."""
        if self._count <= MOST_GAPS:
            return
        gaps = self._all()
        gaps = gaps[np.isin(gaps["piece"] // PIECES, alive)]
        gaps = gaps[np.argsort(gaps["until"], kind="stable")][-MOST_GAPS // 2 :]
        self._parts, self._count = [gaps], len(gaps)
        self._since = self._until = np.empty(0)

    def at(self, time: float) -> np.ndarray:
        """The gaps (n,) of `ABSENCE` within which `time` (s) lies, by piece."""
        gaps = self._all()
        if len(self._since) != len(gaps):
            # Side by side they are searched several times as fast.
            self._since, self._until = np.ascontiguousarray(gaps["since"]), np.ascontiguousarray(gaps["until"])
        found = gaps[np.flatnonzero((self._since < time) & (time < self._until))]
        return found[np.argsort(found["piece"], kind="stable")]

    def _all(self) -> np.ndarray:
        if len(self._parts) != 1:
            self._parts = [np.concatenate([np.empty(0, ABSENCE), *self._parts])]
            self._since = self._until = np.empty(0)
        return self._parts[0]
