"""What the policy sees: a token for every thing that the cameras show.

A front end that costs a laptop little: the robot's own detector finds the things, and a token says what each is and
where. A policy takes any set of tokens; one that looks at pixels or at the visual memory needs another front end only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bunraku.learning.frames import MIRROR, Synergies, mirrored
from bunraku.learning.steps import CHIRAL, COLOUR_NAMES, FIXED, KIND_NAMES, SIZES, VERB_NAMES
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Body, Seen
from bunraku.skills.body import Pose
from bunraku.skills.object_models import YAW_PERIODS
from bunraku.skills.props import find_props

ENCODER = "objects-3"
"""Name of this front end: policies trained on another one do not understand its tokens."""
LOOK_PERIOD = 1.0
"""Seconds between two looks."""
FAR = 0.20
"""A thing nearer to a palm than this (m) may be half hidden by the hand."""
LEAST_CONFIDENCE, CLEAR, MOST_DEVIATION = 0.5, 0.7, 0.03
"""What a detection must reach anywhere, and near a palm, and its largest deviation (m), to be believed."""
GRIP, REACH = np.array([0.105, 0.0, -0.08]), 0.05
"""Where in the frame of its palm a hand holds things (m), and how far from there a thing may be that it holds."""
TAKEN, LOST = 1.0, 0.5
"""Mean tension (N) of its loops at which a hand has what lies in its grip, and below which it has nothing. It has a
sign: fingers that press on something pull all one way, while those that are pushed about pull to and fro."""
HEADING = np.deg2rad(25.0)
"""Direction (rad) of the fingers of a hand that is still on its way."""
MOST = 8
"""Tokens at most, the first seen first."""
TOKEN = 6
"""Numbers in a token: kind, colour, position (3) m, yaw rad."""
FINGERS = 8
"""Synergies in which a policy feels and moves a hand."""
HAND, TENSION = slice(15, 15 + FINGERS), 15 + FINGERS
"""Where among the features the posture of the hand and its tension are."""
THING, TARGET = TENSION + 5 + len(KIND_NAMES), 10
"""Numbers about a thing, and about where it shall go."""
NEAREST = THING + TARGET + len(VERB_NAMES)
"""Where among the features the memory begins: how near the palm has been to the thing, and to the target (m)."""
FEATURES = NEAREST + 2
GRIPPED = 5.0
"""Mean tension (N) of the loops of a hand that holds something, about."""


class Tokens:
    """Where the things are that were seen so far, in the order in which they were first seen.

    What a hand holds is not seen but felt, and goes where the hand goes. Did it stay in mind where it was last seen, a
    policy could not tell a hand that is about to take it from one that has just let it go elsewhere. What is fixed to
    the counter stays where it was seen as long as a hand is there: how far it was moved is how far the hand has come.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._held: dict[str, tuple[str, np.ndarray, float]] = {}

    def update(self, seen: Iterable[Seen], palms: Sequence[np.ndarray]) -> None:
        """Take in what one look showed, with the `palms` (3,) m where they were."""
        held = {name for name, _, _ in self._held.values()}
        for thing in seen:
            if thing.confidence < LEAST_CONFIDENCE or thing.deviation > MOST_DEVIATION or thing.name in held:
                continue
            known = self._seen.get(thing.name)
            if known is None and len(self._seen) == MOST:
                continue
            places = [thing.position] if known is None else [thing.position, known.position]
            near = min(float(np.linalg.norm(place - palm)) for place in places for palm in palms) < FAR
            clear = thing.confidence >= CLEAR and thing.kind not in FIXED
            if known is None or not near or clear:
                self._seen[thing.name] = thing

    def feel(self, palms: Mapping[str, Pose], hands: Mapping[str, HandReading]) -> None:
        """Take along what the `hands` hold, whose `palms` are there; both by side."""
        for side, palm in palms.items():
            tension = float(hands[side].tension.mean())
            held = self._held.pop(side, None)
            if tension < LOST:
                held = None
            elif held is None and tension >= TAKEN:
                held = self._gripped(palm)
            if held is not None:
                name, way, turn = self._held[side] = held
                place = palm.shifted(way).position
                self._seen[name] = replace(self._seen[name], position=place, yaw=heading(palm) + turn)

    def _gripped(self, palm: Pose) -> tuple[str, np.ndarray, float] | None:
        """What lies in the grip of the hand at `palm`: its name, and its place and yaw as the palm has them."""
        grip, held = palm.shifted(GRIP).position, {name for name, _, _ in self._held.values()}
        near = {
            name: float(np.linalg.norm(thing.position - grip))
            for name, thing in self._seen.items()
            if name not in held and thing.kind not in FIXED
        }
        name = min(near, key=near.__getitem__, default="")
        if not name or near[name] > REACH:
            return None
        thing = self._seen[name]
        return name, (thing.position - palm.position) @ palm.rotation, thing.yaw - heading(palm)

    @property
    def names(self) -> list[str]:
        """Colour and kind of every token."""
        return list(self._seen)

    def table(self) -> np.ndarray:
        """The tokens (n, TOKEN)."""
        rows = [
            [KIND_NAMES.index(s.kind), COLOUR_NAMES.index(s.colour), *s.position, s.yaw] for s in self._seen.values()
        ]
        return np.array(rows, float).reshape(-1, TOKEN)


def look(body: Body, tokens: Tokens, fixed: Iterable[str]) -> None:
    """Update `tokens` from the newest pictures, if there are any, with what is `fixed` of these kinds too."""
    if body.eyes is not None and body.observation is not None:
        views = body.eyes.views(body.observation, body.time - LOOK_PERIOD)
        seen = [*body.eyes.find(views), *(one for kind in fixed for one in find_props(views, kind))]
        tokens.update(seen, [body.measured_palm(side).position for side in SIDES])


def feel(body: Body, tokens: Tokens) -> None:
    """Let `tokens` go along with the hands that hold them."""
    if body.observation is not None:
        palms = {side: body.measured_palm(side) for side in SIDES}
        tokens.feel(palms, {side: body.observation.hand(side) for side in SIDES})


def nearest(thing: np.ndarray, target: np.ndarray | None, palm: Pose) -> np.ndarray:
    """How far (2,) m the `palm` is from a `thing` (TOKEN,) and from its `target` (TOKEN,), 0 for none."""
    return np.array([0.0 if of is None else np.linalg.norm(of[2:5] - palm.position) for of in (thing, target)])


def features(
    verb: int,
    thing: np.ndarray,
    target: np.ndarray | None,
    side: str,
    palm: Pose,
    hand: HandReading,
    memory: np.ndarray,
    basis: Synergies,
) -> np.ndarray:
    """What the network is told (FEATURES,) of a step for the hand on `side`, whose palm is at `palm`: to do what the
    `verb` of that index says to a `thing` (TOKEN,), towards a `target` (TOKEN,), if any.

    The network only knows right hands: a left one is told of in a mirror, the verb with a minus if it is chiral.
    `memory` (2,) m is the least that `nearest` has been since the step began.
    """
    if side == "left":
        palm, thing, target = mirrored(palm), _mirrored(thing), None if target is None else _mirrored(target)
    said = np.eye(len(VERB_NAMES))[verb]
    if side == "left" and VERB_NAMES[verb] in CHIRAL:
        said = -said
    told = [_about(thing, palm, hand, basis), towards(thing, target, palm), said, memory]
    return np.concatenate(told).astype(np.float32)


def _mirrored(token: np.ndarray) -> np.ndarray:
    return np.concatenate([token[:2], MIRROR * token[2:5], -token[5:]])


def _about(token: np.ndarray, palm: Pose, hand: HandReading, basis: Synergies) -> np.ndarray:
    """What is told of a thing (THING,).

    The thing relative to the palm in the stance frame and in the palm's own (m), the palm's orientation and place, the
    posture of the hand in the synergies of `basis`, its mean tension, the turn that lines the fingers up with the thing
    (rad), and what kind of thing it is. Tension has a sign: fingers that press on something pull all one way, while
    those that are pushed about pull to and fro.
    """
    name, way = KIND_NAMES[int(token[0])], token[2:5] - palm.position
    posture, tension = basis.project(hand.position), hand.tension.mean() / GRIPPED
    kind = np.eye(len(KIND_NAMES))[int(token[0])]
    own = [palm.rotation[:, 0], palm.rotation[:, 1], palm.position, posture, [tension]]
    return np.concatenate(
        [way, way @ palm.rotation, *own, [_turn(name, token[5], palm, way)], np.array(SIZES[name]) / 0.1, kind]
    )


def towards(thing: np.ndarray, target: np.ndarray | None, palm: Pose) -> np.ndarray:
    """What the network is told of a `target` (TOKEN,) of a `thing` (TOKEN,): (TARGET,), zeros for none.

    Where it is from the palm in the stance frame and in the palm's own, and from the thing (m), and that there is one.
    """
    if target is None:
        return np.zeros(TARGET, np.float32)
    way = target[2:5] - palm.position
    return np.concatenate([way, way @ palm.rotation, target[2:5] - thing[2:5], [1.0]]).astype(np.float32)


def _turn(kind: str, yaw: float, palm: Pose, way: np.ndarray) -> float:
    """The smallest turn (rad) from the fingers' heading to one of the directions in which a thing looks the same.

    On the way the choice of direction is that of a hand in its usual heading, near the thing that of the hand as it is.
    """
    period = YAW_PERIODS.get(kind, 2 * np.pi)
    if period == 0.0:
        return 0.0
    now = heading(palm)
    chooser = now if np.linalg.norm(way[:2]) < FAR else HEADING
    chosen = chooser + (yaw - chooser + period / 2) % period - period / 2
    return float((chosen - now + np.pi) % (2 * np.pi) - np.pi)


def heading(palm: Pose) -> float:
    """Which way (rad, about z) the fingers of the hand at `palm` point."""
    return float(np.arctan2(palm.rotation[1, 0], palm.rotation[0, 0]))
