"""`get_up`: from the ground back onto the feet."""

from __future__ import annotations

from collections.abc import Generator

from bunraku.control.steps import Velocity
from bunraku.skills.body import Body, Outcome, wait
from bunraku.skills.grasps import grip_width
from bunraku.skills.touch import holds


def get_up(body: Body) -> Generator[None, None, Outcome]:
    """Get up from the ground, however it lies. Closed on the way, it stays as it is on the ground; closed when balance
    has taken over, it stands up all the same."""
    if body.fallen is None:
        return Outcome("get_up", True, "I am on my feet")
    body.say("get_up", "getting up")
    body.walk, body.rising, body.stuck = Velocity(), True, None
    try:
        while body.rising:
            if body.stuck is not None:
                return Outcome("get_up", False, body.stuck, {"kind": "stuck"})
            yield
    finally:
        body.walk, body.rising = None, False
    yield from wait(body, 0.5)
    return Outcome("get_up", True, "I stand again" + _what_was_lost(body))


def _what_was_lost(body: Body) -> str:
    """Which of the things that it held the hands do not feel any more, in words; they are forgotten."""
    lost = []
    for side, grip in list(body.grips.items()):
        if not holds(body, side, grip.grasp, grip_width(grip.seen.kind))[0]:
            lost.append(body.grips.pop(side).seen.name)
    return f", but I lost the {' and the '.join(lost)}" if lost else ""
