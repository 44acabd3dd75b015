"""What survives when room is needed: of every run, the first, the last and the sharpest."""

from __future__ import annotations

import numpy as np

RUN_SECONDS = 10.0
"""A moving thing's run is cut after so long, so that minutes of it still leave a trace every few seconds."""


def survivors(rows: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Which of the tokens `rows` (n,) of `TOKEN` to keep among `candidates` (n,) bool: (n,) bool.

    A run is what shows one thing: the snapshots of one track, or, for repairs, one place. Snapshots stay whole. What
    is still shown is the last of its run and stays.
    """
    keep = candidates & np.isposinf(rows["end"])
    window = np.floor(rows["start"] / RUN_SECONDS).astype(np.int64)
    concerned = window[candidates]
    if len(concerned) == 0:
        return keep
    # Runs end with their window, so the others need not be looked at.
    near = (window >= concerned.min()) & (window <= concerned.max())
    tracked = rows["track"] > 0
    snapshots, repairs = np.flatnonzero(near & tracked), np.flatnonzero(near & ~tracked)
    groups = rows["group"][snapshots]
    chosen = _ends_and_best(rows, snapshots, rows["track"][snapshots], groups, rows["sharpness"][snapshots])
    keep[snapshots] |= np.isin(groups, chosen)
    scale = rows["scale"][repairs].astype(np.int64)
    place = rows["y"][repairs] // scale * 4096 + rows["x"][repairs] // scale
    # A JPEG's length is its detail.
    keep[_ends_and_best(rows, repairs, place, repairs, rows["length"][repairs])] = True
    return keep & candidates


def _ends_and_best(
    rows: np.ndarray, at: np.ndarray, thing: np.ndarray, name: np.ndarray, score: np.ndarray
) -> np.ndarray:
    """Names of those of the rows `at` (n,) that are first, last or of the best `score` (n,) of a run.

    A run is of one `thing` (n,) in one channel and window; each row has a `name` (n,).
    """
    if len(at) == 0:
        return np.zeros(0, np.int64)
    start = rows["start"][at]
    run = np.stack([np.floor(start / RUN_SECONDS).astype(np.int64), thing, rows["channel"][at]])
    order = np.lexsort((start, *run))
    begins = np.append(True, (run[:, order][:, 1:] != run[:, order][:, :-1]).any(0))
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(at)) - 1
    number = np.cumsum(begins) - 1
    by_score = np.lexsort((score[order], number))
    best = by_score[np.append(np.flatnonzero(np.diff(number[by_score])), len(at) - 1)]
    return np.unique(name[order][np.concatenate([starts, ends, best])])
