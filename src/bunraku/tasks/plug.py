"""`plug`: take a plug out of its dock, and push it into the socket whose colour was named."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from bunraku.objects import COLOURS, PROPS, SOCKET
from bunraku.sim import Scene, truth
from bunraku.sim.props import Prop, on_counter
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.picking import go_home
from bunraku.skills.plugging import plug_in, seat_of
from bunraku.skills.props import look_for_props
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import PLUG as INFO
from bunraku.tasks.mechanism import Range
from bunraku.tasks.referee import HANDS, HOLD, SLOW, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import in_japanese, worded

SOCKETS, SOCKET_YAW = ((0.36, 0.44), (0.13, 0.20)), 0.35
"""Where sockets are (m ahead, m to either side), and how far (rad) they are turned at most from lying across."""
DOCK, DOCK_YAW = ((0.40, 0.46), (-0.03, 0.03)), 0.15
"""The same of the dock with the plug: both hands can take it."""
SEATED, ASKEW = 0.003, np.deg2rad(4)
"""How far (m) from its seat a plug may be, and how far (rad) it may lean."""
ASTRAY = (0.005, 0.010, 0.015)
"""How high (m) above its seat a plug may be found that is not in."""
SEEN_SEATED, TRIES = 0.005, 2
"""Nearer (m) than this to its seat a plug is seen to be in; and how often it is tried."""
WORDINGS = (
    "plug the {plug} into the {socket}",
    "put the {plug} in the {socket}, please",
    "take the {plug} out of its dock and push it into the {socket}",
    "{plug_ja}を{socket_ja}に差して",
)


def draw(seed: int) -> Assignment:
    """Two sockets, and a plug that stands in a dock between them."""
    rng = np.random.default_rng([seed, 0xD0])
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 3, replace=False)]

    def placed(kind: str, colour: str, x: Range, y: Range, yaw: float, side: int = 1) -> Prop:
        place = (float(rng.uniform(*x)), float(side * rng.uniform(*y)))
        return on_counter(kind, colour, place, float(np.pi / 2 + rng.uniform(-yaw, yaw)))

    sockets = [
        placed("socket", colour, *SOCKETS, SOCKET_YAW, side) for colour, side in zip(colours[:2], (1, -1), strict=True)
    ]
    plug = placed("plug", colours[2], *DOCK, DOCK_YAW)
    wanted = sockets[int(rng.integers(2))]
    words = worded(rng, WORDINGS, plug=plug, socket=wanted)
    return Assignment(Scene(props=(plug, *sockets)), "", "", "", words, (plug.name, wanted.name))


class PlugReferee(Referee):
    """Wants the plug seated in the named socket, at rest, and no hand on it."""

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        plug, socket = self._assignment.order
        now = truth.prop_pose(self._world, plug)
        where = truth.prop_position(self._world, socket)
        seat = where + [0, 0, SOCKET.depth + PROPS["plug"].rest_height]
        off = now.position - seat
        if np.hypot(*off[:2]) > PROPS["socket"].size[1] / 2:
            return f"the {plug} is not in the {socket}"
        if off[2] > SEATED or now.tilt > ASKEW:
            return f"the {plug} stands {1000 * off[2]:.0f} mm above its seat, tilted by {np.rad2deg(now.tilt):.0f}°"
        if truth.touching_prop(self._world, plug) & (HANDS | {"robot"}):
            return f"a hand still touches the {plug}"
        if truth.prop_speed(self._world, plug) > SLOW:
            return f"the {plug} does not rest"
        return super().complaint()


def is_named(thing: Seen | Prop, instruction: str) -> bool:
    """Whether `instruction` names `thing` by its colour and kind."""
    return thing.name in instruction or in_japanese(thing) in instruction


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the plug and the socket of that name, plug it in, and look; if it is not in, again."""
    outcome = Outcome("look_for", False, "I see no plug")
    for _ in range(TRIES):
        seen = yield from look_for_props(body, "plug", "socket")
        plugs = [one for one in seen if one.kind == "plug"]
        named = [one for one in seen if one.kind == "socket" and is_named(one, instruction)]
        if len(plugs) != 1 or len(named) != 1:
            return Outcome("look_for", False, f"I see {len(plugs)} plugs and {len(named)} sockets of that name")
        outcome = yield from plug_in(body, plugs[0], named[0], seen)
        yield from go_home(body)
        again = yield from look_for_props(body, "plug", above=ASTRAY)
        if any(np.linalg.norm(one.position - seat_of(named[0])) < SEEN_SEATED for one in again):
            break
        outcome = replace(outcome, success=False, reason=f"I do not see the {plugs[0].name} seated")
    yield from wait(body, HOLD)
    return outcome


PLUG_TASK = Manipulation(INFO, draw, expert, longest=60.0, referee=PlugReferee)
