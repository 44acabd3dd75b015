"""Stairs as part of a way: up forwards, down backwards, between the house and its garden."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.control.stance import Stance
from bunraku.control.steps import Velocity
from bunraku.house import GARDEN, STAIR, STAIRS, STEPS, is_garden
from bunraku.skills.body import HOUSE, UPSTAIRS, Ascent, Body

BEFORE = 0.24
"""How far before the first riser it stands to go up, m."""
BEHIND = 0.30
"""How far from the edge of the landing it stands, with its back to the stairs, to go down, m."""
LONGEST = 60.0
"""Seconds after which a climb is given up."""
UP = np.pi / 2
"""The way up, rad."""
FOOT = Stance(sum(STAIRS) / 2, STAIR[0].y[0] - BEFORE, UP)
HEAD = Stance(sum(STAIRS) / 2, GARDEN.y[0] - 0.1 + BEHIND, UP)
"""Where the climb begins, up and down."""


def storey_of(goal: Stance) -> str:
    """On which level a place lies."""
    return UPSTAIRS if is_garden(goal.x, goal.y) else HOUSE


def take_stairs(body: Body) -> Generator[None, None, str]:
    """From `FOOT` up to the garden, from `HEAD` down to the house, or on from a halt; what went wrong, or "".

    Closed on the way, it halts on both feet.
    """
    down = body.storey == UPSTAIRS
    body.say("climb", "going backwards down the stairs" if down else "going up the stairs")
    body.walk, body.ascent = Velocity(), Ascent(STEPS, UP, down)
    end = body.time + LONGEST
    try:
        while body.ascent is not None:
            if body.stuck is not None:
                return f"I am stuck on the stairs: {body.stuck}"
            if body.time > end:
                return "the stairs took me too long"
            yield
    finally:
        body.ascent = None
    return ""
