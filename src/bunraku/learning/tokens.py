"""What the policy sees: a token for every thing that the cameras show.

A front end that costs a laptop little: the robot's own detector finds the things, and a token says what each is and
where. A policy takes any set of tokens; one that looks at pixels or at the visual memory needs another front end only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bunraku.learning.frames import Synergies
from bunraku.objects import COLOURS, KINDS
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Body, Seen
from bunraku.skills.body import Pose
from bunraku.skills.object_models import YAW_PERIODS

ENCODER = "objects-2"
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
KIND_NAMES, COLOUR_NAMES = tuple(KINDS), tuple(COLOURS)
TOKEN = 6
"""Numbers in a token: kind, colour, position (3) m, yaw rad."""
THING, TARGET = 26 + len(KIND_NAMES), 10
"""Numbers about a thing, and about where it shall go."""
FEATURES = THING + TARGET
NOWHERE = len(KIND_NAMES), len(COLOUR_NAMES)
"""Kind and colour of no target."""
HAND, TENSION = slice(15, 21), 21
"""Where among the features the posture of the hand and its tension are."""
GRIPPED = 5.0
"""Mean tension (N) of the loops of a hand that holds something, about."""


class Tokens:
    """Where the things are that were seen so far, in the order in which they were first seen.

    What a hand holds is not seen but felt, and goes where the hand goes. Did it stay in mind where it was last seen, a
    policy could not tell a hand that is about to take it from one that has just let it go elsewhere.
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
            if known is None or not near or thing.confidence >= CLEAR:
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
            name: float(np.linalg.norm(thing.position - grip)) for name, thing in self._seen.items() if name not in held
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


def look(body: Body, tokens: Tokens) -> None:
    """Update `tokens` from the newest pictures, if there are any."""
    if body.eyes is not None and body.observation is not None:
        views = body.eyes.views(body.observation, body.time - LOOK_PERIOD)
        tokens.update(body.eyes.find(views), [body.measured_palm(side).position for side in SIDES])


def feel(body: Body, tokens: Tokens) -> None:
    """Let `tokens` go along with the hands that hold them."""
    if body.observation is not None:
        palms = {side: body.measured_palm(side) for side in SIDES}
        tokens.feel(palms, {side: body.observation.hand(side) for side in SIDES})


def features(tokens: np.ndarray, palm: Pose, hand: HandReading, basis: Synergies) -> np.ndarray:
    """What the network is told of each token (n, THING), for the hand at `palm`.

    The thing relative to the palm in the stance frame and in the palm's own (m), the palm's orientation and place, the
    turn that lines the fingers up with the thing (rad), the posture of the hand in the synergies of `basis`, its mean
    tension, and what kind of thing it is.
    """
    kinds = tokens[:, 0].astype(int)
    way = tokens[:, 2:5] - palm.position
    own = np.concatenate(
        [
            palm.rotation[:, 0],
            palm.rotation[:, 1],
            palm.position,
            basis.project(hand.position),
            [hand.tension.mean() / GRIPPED],
        ]
    )
    sizes = np.array([KINDS[name].size for name in KIND_NAMES])
    turn = [_turn(KIND_NAMES[k], yaw, palm, w) for k, yaw, w in zip(kinds, tokens[:, 5], way, strict=True)]
    return np.concatenate(
        [
            way,
            way @ palm.rotation,
            np.tile(own, (len(tokens), 1)),
            np.array(turn).reshape(-1, 1),
            sizes[kinds] / 0.1,
            np.eye(len(KIND_NAMES))[kinds],
        ],
        axis=1,
    ).astype(np.float32)


@dataclass(frozen=True)
class Options:
    """What could be done: every thing alone, and every thing with every other one as its target. `pairs` (m, 2) are the
    indices of their tokens, -1 for no target; `meant` (m, 4) int64 kind and colour of the thing and of the target;
    `inputs` (m, FEATURES) what the network is told."""

    pairs: np.ndarray
    meant: np.ndarray
    inputs: np.ndarray


def options(tokens: np.ndarray, palm: Pose, hand: HandReading, basis: Synergies) -> Options:
    """What the hand at `palm` could do with the things of `tokens` (n, TOKEN)."""
    things, count = features(tokens, palm, hand, basis), len(tokens)
    pairs = [(i, j) for j in range(-1, count) for i in range(count) if i != j]
    inputs = [np.append(things[i], towards(tokens[i], tokens[j] if j >= 0 else None, palm)) for i, j in pairs]
    return Options(np.array(pairs), meanings(tokens, pairs), np.array(inputs, np.float32))


def meanings(tokens: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Kind and colour of the thing and of the target (m, 4) int64 of `pairs` of `tokens` (n, TOKEN)."""
    names = np.vstack([tokens[:, :2], NOWHERE]).astype(np.int64)
    return np.array([[*names[i], *names[j]] for i, j in pairs])


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
