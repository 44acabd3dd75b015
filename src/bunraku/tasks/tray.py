"""`tray`: take the tray by its two handles, and lift it level with what stands on it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from bunraku.objects import COLOURS, KINDS, PROPS, TRAY_ROOM
from bunraku.sim import Placed, Scene, truth
from bunraku.sim.props import on_counter
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.looking import look, look_around
from bunraku.skills.props import look_for_props
from bunraku.skills.two_handed import lift_by_handles
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import TRAY as INFO
from bunraku.tasks.referee import HOLD, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

CARGO = ("mug", "can", "small box", "cube")
"""What stands on the tray."""
X, Y, YAW = (0.36, 0.44), (-0.05, 0.05), 0.20
"""Where the tray's middle is (m), and how far (rad) it is turned at most."""
ASIDE, AHEAD = TRAY_ROOM - 0.055, 0.04
"""How far (m) from the tray's middle its cargo stands at most, to either side and ahead."""
RAISED, LEVEL = 0.10, 0.26
"""How far (m) the tray must be raised, and how far (rad) it may be tilted meanwhile."""
LIFT = 0.13
"""How far (m) the expert raises it."""
TRIES = 2
"""How often it is tried."""
WORDINGS = (
    "lift the {target} with both hands",
    "take the {target} by its two handles and hold it level, please",
    "raise the {target} without spilling the {object}",
    "両手で{target_ja}を持ち上げて",
)


def draw(seed: int) -> Assignment:
    """A tray with one thing somewhere on it."""
    rng = np.random.default_rng([seed, 0x99])
    place, yaw = np.array([rng.uniform(*X), rng.uniform(*Y)]), float(rng.uniform(-YAW, YAW))
    kind = KINDS[CARGO[rng.integers(len(CARGO))]]
    colours = [str(colour) for colour in rng.permutation(list(COLOURS))]
    colour = next(colour for colour in colours if colour in kind.colours)
    tray = on_counter("tray", next(c for c in colours if c != colour), (float(place[0]), float(place[1])), yaw)
    ahead, aside = rng.uniform(-AHEAD, AHEAD), rng.uniform(-ASIDE, ASIDE)
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, y = place + np.array([cos * ahead - sin * aside, sin * ahead + cos * aside])
    z = tray.position[2] + PROPS["tray"].rest_height + kind.rest_height
    turn = float(rng.uniform(-np.pi, np.pi))
    cargo = Placed(f"{colour} {kind.name}", kind.name, colour, (float(x), float(y), z), turn)
    words = worded(rng, WORDINGS, object=cargo, target=tray)
    return Assignment(Scene((cargo,), props=(tray,)), cargo.name, "", "", words, (tray.name,))


class TrayReferee(Referee):
    """Wants the tray up and level in both hands alone, with its cargo standing on it."""

    def _not_there(self) -> str:
        tray, cargo = self._world.scene.props[0], self._assignment.object
        now, thing = truth.prop_pose(self._world, tray.name), truth.object_pose(self._world, cargo)
        risen = max(0.0, now.position[2] - tray.position[2])
        if risen < RAISED:
            return f"the {tray.name} is {100 * risen:.0f} cm up"
        if now.tilt > LEVEL:
            return f"the {tray.name} is tilted by {np.rad2deg(now.tilt):.0f}°"
        touching = truth.touching_prop(self._world, tray.name)
        if touching != {"left_hand", "right_hand", cargo}:
            return f"the {tray.name} touches {', '.join(sorted(touching)) or 'nothing'}"
        fallen = thing.tilt > now.tilt + LEVEL
        return f"the {cargo} does not stand on the {tray.name}" if fallen else ""


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """Find the two handles and what stands between them, lift by both, and look; if a hand felt no handle, again."""
    outcome = Outcome("look_for", False, "I see no tray")
    for _ in range(TRIES):
        things = yield from look_around(body)
        seen = yield from look_for_props(body, "handle")
        ends = sorted(seen, key=lambda handle: float(body.stance.inverse.point(handle.position)[1]))
        if len(ends) != 2:
            return Outcome("look_for", False, f"I see {len(ends)} handles")
        right, left = ends
        load = sum(_load(thing, right, left) for thing in things)
        outcome = yield from lift_by_handles(body, {"right": right, "left": left}, LIFT, load)
        if outcome.success:
            outcome = yield from _looked(body, things, outcome)
            yield from wait(body, HOLD + 0.2)
            break
    return outcome


def _looked(body: Body, before: Sequence[Seen], lifted: Outcome) -> Generator[None, None, Outcome]:
    """The outcome of a lift after a look: what stood on the counter before, as the tray did, must not be seen there."""
    after = yield from look(body)
    left = [thing for thing in after for old in before if thing.name == old.name and not _higher(thing, old)]
    return Outcome("lift", False, f"the {left[0].name} did not come along", lifted.measured) if left else lifted


def _higher(now: Seen, before: Seen) -> bool:
    return bool(now.position[2] > before.position[2] + RAISED / 2)


def _load(thing: Seen, right: Seen, left: Seen) -> float:
    """Mass of `thing` times how far ahead of the line between the handles it stands, kg·m; 0 if it stands elsewhere."""
    across = left.position - right.position
    share = (thing.position - right.position) @ across / (across @ across)
    ahead = np.cross(across / np.linalg.norm(across), [0.0, 0.0, 1.0]) @ (thing.position - right.position)
    on_it = 0 < share < 1 and abs(ahead) < PROPS["tray"].size[0] / 2
    return float(KINDS[thing.kind].mass * ahead) if on_it else 0.0


TRAY = Manipulation(INFO, draw, expert, longest=30.0, referee=TrayReferee)
