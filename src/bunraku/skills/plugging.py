"""`plug_in`: take a plug by its grip, bring it above a socket, push, feel, and search where it is stopped."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import islice

import numpy as np

from bunraku.control.free_space import FreeSpace
from bunraku.control.grasping import HandGrasp, pinch
from bunraku.control.reach import Pose
from bunraku.objects import PLUG_BLADE, PROPS, SOCKET
from bunraku.skills.body import Body, Outcome
from bunraku.skills.from_above import (
    Route,
    across,
    as_held,
    boxes,
    let_go,
    move_straight,
    palms_down,
    take_up,
    ways_down,
)
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_body, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.touch import holds, pinch_line

WIDTH, GRIP = PROPS["plug"].size[1], PROPS["plug"].rest_height
BLADE = 2 * PLUG_BLADE[2]
TENSION, SQUEEZE = 25.0, 0.012
"""Cable tension (N) that holds the plug, and how far (m) inside its face the thumb is told to go. The fingers stay at
theirs: pushed back by three of them the thumb would hold 1 cm lower, and the plug would lean by 19° in place of 10°."""
HOVER, SPEED = 0.08, 0.12
"""How high (m) above its seat a plug is taken and brought, and the mean speed (m/s) of the way down and up."""
AJAR = 0.5
"""How far of their way the fingers open."""
BEFORE = BLADE + 0.004
"""How high (m) above its seat a plug is when its blade is just over the socket."""
PRESSED, PUSHING = 0.006, 0.03
"""How far (m) below its seat the plug is led, so that it is pressed in, and the mean speed (m/s) of the push."""
STOPPED, TURNED = 0.005, 0.15
"""A push was stopped if the palm is farther (m) than this above where it should be, or if what it holds was turned by
more than this (rad) in the fingers, which give way before the arm does: by 2° to 5° when a plug goes in, by 12° to 18°
when it stands on the rim."""
SPIRAL = 0.0015
"""Distance (m) between two turns of the search about where the socket was seen (Chhatpar & Branicky, IROS 2001)."""
TRIES = 12
"""How many places are pushed at."""


def plug_in(body: Body, plug: Seen, socket: Seen, around: Sequence[Seen]) -> Generator[None, None, Outcome]:
    """Take `plug` with a hand that reaches both, and push it into `socket`; the outcome says what was felt. A plug that
    does not go in is put back where it was."""
    seat = seat_of(socket)
    grasp = pinch(body.planner.spec.hand, WIDTH, TENSION, centre_x=0.100, depth=0.085, squeeze=SQUEEZE, share=0.0)
    nearer = "left" if body.stance.inverse.point(socket.position)[1] > 0 else "right"
    for side in (nearer, "right" if nearer == "left" else "left"):
        if not any(palms_down(body, side, grasp, seat, across(body, side, socket.yaw, (0.0,)), HOVER)):
            continue
        space = FreeSpace(body.planner, side, boxes(around, plug.name), grasp.open)
        headings = across(body, side, plug.yaw, (0.0,))
        way = next(ways_down(body, side, grasp, plug.position, headings, HOVER, space), None)
        if way is not None:
            return (yield from _plug_in(body, side, grasp, way, plug, socket, seat, around))
    return Outcome("plug", False, f"no hand of mine reaches the {plug.name} and the {socket.name}")


def seat_of(socket: Seen) -> np.ndarray:
    """Where the middle (3,) m of a plug's grip is when it is in."""
    return socket.position + (SOCKET.depth / 2 + GRIP) * UP


def _plug_in(
    body: Body,
    side: str,
    grasp: HandGrasp,
    way: tuple[Pose, Route],
    plug: Seen,
    socket: Seen,
    seat: np.ndarray,
    around: Sequence[Seen],
) -> Generator[None, None, Outcome]:
    body.say("reach", f"reaching for the {plug.name} with the {side} hand")
    yield from take_up(body, side, grasp, *way, AJAR, HOVER, SPEED)
    held, felt = holds(body, side, grasp, WIDTH)
    if not held:
        return Outcome("plug", False, f"the hand closed on nothing, no {plug.name} in it", felt)
    grip, slope = as_held(body, side, grasp)
    corners = [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-GRIP - BLADE, GRIP)]
    size = np.array([PROPS["plug"].size[1] / 2, PROPS["plug"].size[0] / 2, 1.0])
    carried = grip.centre * [1, 1.0 if side == "right" else -1.0, 1] + np.array(corners) * size
    space = FreeSpace(body.planner, side, boxes(around, plug.name, socket.name), grasp.contact, carried, UP)
    headings = across(body, side, socket.yaw, (0.0,))
    onto = next(ways_down(body, side, grip, seat, headings, HOVER, space, slope=slope), None)
    if onto is None:
        return Outcome("plug", False, f"my {side} arm does not bring the {plug.name} to the {socket.name}")
    palm, route = onto
    body.say("align", f"bringing the {plug.name} above the {socket.name}")
    body.posture = route[-1]
    yield from move_body(body, *route)
    outcome = yield from _search(body, side, palm, plug, socket)
    if not outcome.success:
        body.say("place", f"putting the {plug.name} back")
        yield from move_straight(body, side, palm.moved(HOVER * UP), SPEED)
        headings = across(body, side, plug.yaw, (0.0,))
        for palm, route in islice(ways_down(body, side, grip, plug.position, headings, HOVER, space, slope=slope), 1):
            yield from move_body(body, *route)
            yield from move_straight(body, side, palm, SPEED)
    yield from let_go(body, side, grasp, AJAR, HOVER, SPEED)
    return outcome


def _search(body: Body, side: str, palm: Pose, plug: Seen, socket: Seen) -> Generator[None, None, Outcome]:
    """Push at where the socket was seen, and around there in a spiral, until the plug is in; `palm` is where that is
    with the plug seated."""
    felt: dict[str, float] = {}
    for count, offset in enumerate(_spiral()):
        body.say("push", f"pushing the {plug.name} into the {socket.name}" + (f", place {count + 1}" if count else ""))
        there = palm.moved(np.array([*offset, 0.0]))
        yield from move_straight(body, side, there.moved(BEFORE * UP), SPEED)
        before = _slope(body, side)
        yield from move_palm(body, side, [there.moved(-PRESSED * UP)], speed=PUSHING, settle=0.3)
        high, turned = float(body.measured_palm(side).position[2] - palm.position[2]), _slope(body, side) - before
        felt = {"high_m": high, "turned_rad": turned, "pushes": count + 1}
        if high < STOPPED and abs(turned) < TURNED:
            return Outcome("plug", True, f"I felt the {plug.name} go in", felt)
    return Outcome("plug", False, f"the {plug.name} does not go into the {socket.name}", felt)


def _slope(body: Body, side: str) -> float:
    assert body.observation is not None
    return pinch_line(body.planner.spec.hand, body.observation.hand(side).position)[1]


def _spiral() -> list[np.ndarray]:
    """Offsets (2,) m from the middle outwards, evenly along a spiral of Archimedes."""
    turns = np.sqrt(np.arange(TRIES) / np.pi)
    return [SPIRAL * turn * np.array([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)]) for turn in turns]
