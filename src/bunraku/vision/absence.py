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
MOST_UNSETTLED = 4096
"""Gaps that may be sorted anew whenever one was added."""


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
        self._settled = self._recent = _by_piece(np.empty(0, ABSENCE))

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
        self._settled = self._recent = _by_piece(gaps[:0])

    def since(self, pieces: np.ndarray, time: float) -> np.ndarray:
        """Since when (n,) s each of `pieces` (n,) had not held at `time` (s); nan for those that are in no gap then."""
        found = np.full(len(pieces), np.nan)
        for key, since, until in self._by_piece():
            # The gaps of a piece do not overlap, so that only the last one that began before can hold the time.
            last = np.searchsorted(key, _key(pieces, time)) - 1
            inside = (np.real(key)[last] == pieces) & (last >= 0) & (time < until[last])
            found[inside] = since[last[inside]]
        return found

    def _by_piece(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Most gaps, and those that came since, each sorted by piece: only the latter are sorted time and again."""
        gaps, settled = self._all(), len(self._settled[0])
        if len(gaps) - settled > max(MOST_UNSETTLED, settled // 8):
            self._settled, self._recent = _by_piece(gaps), _by_piece(gaps[:0])
        elif len(gaps) - settled != len(self._recent[0]):
            self._recent = _by_piece(gaps[settled:])
        return [part for part in (self._settled, self._recent) if len(part[0])]

    def _all(self) -> np.ndarray:
        if len(self._parts) != 1:
            self._parts = [np.concatenate([np.empty(0, ABSENCE), *self._parts])]
        return self._parts[0]


def _by_piece(gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Key, since and until (n,) of `gaps` (n,) of `ABSENCE`, side by side and in the order of their keys."""
    gaps = gaps[np.lexsort((gaps["since"], gaps["piece"]))]
    return _key(gaps["piece"], gaps["since"]), gaps["since"].copy(), gaps["until"].copy()


def _key(piece: np.ndarray, time: np.ndarray | float) -> np.ndarray:
    """Complex numbers (n,), which are sorted by their real parts first."""
    key = np.empty(len(piece), complex)
    key.real, key.imag = piece, time
    return key
