"""What a robot minds while it walks: that its legs obey, that it sees, and that it still has what it carries."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from bunraku.control.reach import IK_PERIOD
from bunraku.control.steps import Velocity
from bunraku.skills.body import Body
from bunraku.skills.grasps import grip_width
from bunraku.skills.touch import holds

PERIOD = 0.1
"""Seconds between two checks."""
MISSED = 4
"""Checks in a row in which a hand must feel nothing before what it held is taken to be lost."""
STOPPING = 3.0
"""Seconds within which the feet come to rest."""


@dataclass(frozen=True)
class Problem:
    """What went wrong on a way, of which `kind`, and the `reason` in words; "{where}" in it is where it went."""

    kind: str
    reason: str


def attended(body: Body, walk: Generator[None, None, str]) -> Generator[None, None, Problem | None]:
    """Walk, and stop when the legs refuse, something is lost or nothing can be seen; what went wrong, if anything did.

    Closing it ends the walk: the robot comes to a stand.
    """
    felt_nothing: dict[str, int] = {}
    due = body.time
    try:
        while True:
            try:
                next(walk)
            except StopIteration as end:
                return Problem("no way", end.value) if end.value else None
            if body.time >= due:
                due = body.time + PERIOD
                if problem := _refused(body) or _blind(body) or _lost(body, felt_nothing):
                    yield from _come_to_a_stand(body)
                    return problem
            yield
    finally:
        walk.close()
        body.walk = None


def _lost(body: Body, felt_nothing: dict[str, int]) -> Problem | None:
    """Whether a hand has lost what it held; then it is not in `body.grips` any more."""
    for side, grip in list(body.grips.items()):
        held, _ = holds(body, side, grip.grasp, grip_width(grip.seen.kind))
        felt_nothing[side] = 0 if held else felt_nothing.get(side, 0) + 1
        if felt_nothing[side] >= MISSED:
            body.grips.pop(side)
            return Problem("dropped", f"I lost the {grip.seen.name} on my way {{where}}")
    return None


def _refused(body: Body) -> Problem | None:
    return None if body.refusal is None else Problem("refused", f"I cannot walk {{where}}: {body.refusal}")


def _blind(body: Body) -> Problem | None:
    if body.blind is None:
        return None
    return Problem("blind", f"I stopped on my way {{where}}: {body.blind}")


def _come_to_a_stand(body: Body) -> Generator[None, None, None]:
    end = body.time + STOPPING
    body.walk = Velocity()
    while not body.standing and body.time < end:
        yield
    for _ in range(round(0.3 / IK_PERIOD)):
        yield
