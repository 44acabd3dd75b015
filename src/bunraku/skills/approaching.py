"""`approach`: where to stand for the arm to reach, found by asking the arm, and walking there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

import numpy as np

from bunraku.control.stance import Stance, stance_at, wrapped
from bunraku.skills.body import Body, Outcome
from bunraku.skills.walking import walk_to

Plan = TypeVar("Plan")

AHEAD = (0.40, 0.34, 0.46)
"""How far before itself (m) a robot has what it reaches for, the most comfortable first."""
ASIDE = (0.0, 0.12, -0.12, 0.24, -0.24, 0.36, -0.36)
"""How far (m) to the left."""
MOST_TRIED = 8
"""Places that are asked about before it gives up."""
MUST_MOVE = 0.08
"""A place nearer than this (m) is no other place."""


def stances_around(body: Body, points: Iterable[np.ndarray], side: str | None = None) -> list[Stance]:
    """Free places from which the hand on `side` may reach one of `points` (3,), the nearest and most comfortable first.

    The robot faces the way that it faces now, or turns by a right angle.
    """
    here = body.stance
    sign = {"left": 1.0, "right": -1.0, None: 0.0}[side]
    found: list[tuple[float, Stance]] = []
    for point in points:
        for turn in np.deg2rad([0, 90, -90]):
            yaw = here.yaw + turn
            for i, ahead in enumerate(AHEAD):
                for aside in ASIDE:
                    # The left hand works best a little left of the middle, the right hand right of it.
                    offset = Stance(0, 0, yaw).point(np.array([ahead, aside + 0.12 * sign, 0.0]))
                    stance = stance_at(point[:2] - offset[:2], wrapped(yaw))
                    way = float(np.hypot(*(stance.position - here.position)))
                    if way < MUST_MOVE and turn == 0:
                        continue
                    found.append((way + abs(turn) + 0.1 * i + abs(aside), stance))
    found.sort(key=lambda entry: entry[0])
    return [stance for _, stance in found if body.floor.fits(stance, body.people)]


def approach(
    body: Body, stances: Iterable[Stance], plan: Callable[[], Plan | None], where: str
) -> Generator[None, None, Outcome]:
    """Walk to the first of `stances` from which `plan`, asked with the body imagined there, finds something to do."""
    tried: list[Stance] = []
    for stance in stances:
        if any(np.hypot(*(stance.position - other.position)) < 0.1 and stance.yaw == other.yaw for other in tried):
            continue
        if len(tried) == MOST_TRIED:
            break
        tried.append(stance)
        body.hold()
        yield
        with body.imagined(stance):
            possible = plan() is not None
        if possible:
            return (yield from walk_to(body, stance, where))
    return Outcome("approach", False, f"I find no place to stand {where} from which my arm reaches", {"kind": "reach"})
