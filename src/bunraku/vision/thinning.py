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
    keep = np.zeros(len(rows), bool)
    keep[candidates & np.isinf(rows["end"])] = True
    tracked = candidates & (rows["track"] > 0)
    keep |= tracked & np.isin(rows["group"], _ends_and_best(rows[rows["track"] > 0], "track"))
    repairs = rows["track"] == 0
    chosen = _ends_and_best(rows[repairs], "place")
    keep |= candidates & repairs & np.isin(rows["id"], chosen)
    return keep


def _ends_and_best(rows: np.ndarray, by: str) -> np.ndarray:
    """Groups (by track) or ids (by place) that are first, last or sharpest of a run."""
    if len(rows) == 0:
        return np.zeros(0, np.int64)
    window = np.floor(rows["start"] / RUN_SECONDS).astype(np.int64)
    if by == "track":
        keys = (window, rows["track"], rows["channel"])
        name, score = rows["group"], rows["sharpness"]
    else:
        place = (rows["y"].astype(np.int64) // rows["scale"]) * 4096 + rows["x"].astype(np.int64) // rows["scale"]
        keys = (window, place, rows["channel"])
        # A JPEG's length is its detail.
        name, score = rows["id"], rows["length"].astype(np.float32)
    order = np.lexsort((rows["start"], *keys))
    run = np.column_stack([key[order] for key in keys])
    begins = np.concatenate([[True], (run[1:] != run[:-1]).any(1)])
    starts = np.flatnonzero(begins)
    ends = np.concatenate([starts[1:], [len(rows)]]) - 1
    number = np.cumsum(begins) - 1
    by_score = np.lexsort((score[order], number))
    best = by_score[np.concatenate([np.flatnonzero(np.diff(number[by_score])), [len(rows) - 1]])]
    return np.unique(name[order][np.concatenate([starts, ends, best])])
