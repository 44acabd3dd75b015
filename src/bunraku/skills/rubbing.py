"""`rub`: press what a hand holds on the board below it, and move it about."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.skills.body import Body, Outcome
from bunraku.skills.grasps import UP, grip_width
from bunraku.skills.moving import move_palm
from bunraku.skills.placing import RELEASE_HEIGHT
from bunraku.skills.touch import holds

PRESSED, FIRM = 0.003, 24.0
"""How far (m) below the board the underside is led, as the arm gives way and presses, and the tension (N) of the cables
with which the hand holds on meanwhile: rubbing pulls harder than weight."""
SPEED = 0.10
"""Mean speed (m/s) of rubbing."""
RISE = 0.10
"""How far (m) the hand is raised in the end."""
TURNS = 2
"""How often the pattern is gone through."""


def rub(body: Body, side: str, reach: float) -> Generator[None, None, Outcome]:
    """Rub the board within `reach` m of where the hand on `side` holds something just above it, then lift it."""
    body.say("rub", "rubbing")
    grip, start = body.grips[side], body.palm(side)
    body.set_hand(side, grip.grasp.closed, FIRM)
    down = start.moved(-(RELEASE_HEIGHT + PRESSED) * UP)
    pattern = [(-1, -1), (1, -1), (1, -0.3), (-1, -0.3), (-1, 0.3), (1, 0.3), (1, 1), (-1, 1), (0, 0)]
    stops = [down.moved(np.array([x * reach, y * reach, 0.0])) for x, y in pattern]
    yield from move_palm(body, side, [down], speed=SPEED)
    for _ in range(TURNS):
        yield from move_palm(body, side, stops, speed=SPEED)
    error = yield from move_palm(body, side, [start.moved(RISE * UP)], speed=2 * SPEED)
    held, felt = holds(body, side, grip.grasp, grip_width(grip.seen.kind))
    if not held:
        return Outcome("rub", False, f"I lost the {grip.seen.name} while I rubbed", felt)
    return Outcome("rub", error < 0.02, "I rubbed it", {"error_m": error, **felt})
