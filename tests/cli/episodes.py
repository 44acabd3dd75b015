"""Episodes without a robot, for what only counts, keeps and prints them."""

import os
import time
from pathlib import Path

from bunraku.errors import UserError
from bunraku.tasks.episode import EpisodeResult

KINDS = ("mug", "ball", "box")


def episode(seed: int) -> EpisodeResult:
    """An episode that fails at every third seed."""
    kind = KINDS[seed % 2]
    success = seed % 3 != 0
    outcome = "success" if success else "slipped"
    words = f"put the {kind} on the shelf"
    return EpisodeResult("any", seed, words, success, outcome, "as measured", kind, kind, "shelf", 10.0, 5.0)


def slow_episode(seed: int) -> EpisodeResult:
    """An episode that takes as long as it can be made to wait."""
    time.sleep(30 if seed > 0 else 0)
    return episode(seed)


def dying_episode(seed: int) -> EpisodeResult:
    """An episode whose process the system kills."""
    os._exit(9)


def unlucky_episode(folder: Path, seed: int) -> EpisodeResult:
    """An episode whose process the system kills at its first try, if its seed is odd and below 4."""
    if seed in (1, 3) and not (folder / f"{seed}").exists():
        (folder / f"{seed}").touch()
        os._exit(9)
    return episode(seed)


def refused_episode(seed: int) -> EpisodeResult:
    """An episode that cannot be recorded."""
    raise UserError("the disk is full: make room.")
