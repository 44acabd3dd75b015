"""What the policy sees: a token for every thing that the cameras show.

A front end that costs a laptop little: the robot's own detector finds the things, and a token says what each is and
where. A policy takes any set of tokens; one that looks at pixels or at the visual memory needs another front end only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bunraku.learning.frames import Synergies
from bunraku.objects import COLOURS, KINDS
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Body, Seen
from bunraku.skills.body import Pose
from bunraku.skills.object_models import YAW_PERIODS

ENCODER = "objects-1"
"""Name of this front end: policies trained on another one do not understand its tokens."""
LOOK_PERIOD = 1.0
"""Seconds between two looks."""
FAR = 0.20
"""A thing nearer to a palm than this (m) is hidden by the hand: its token stays as it was."""
LEAST_CONFIDENCE, MOST_DEVIATION = 0.5, 0.03
"""What a detection must reach, and its largest deviation (m), to be believed."""
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
    """The things seen so far, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def update(self, seen: Iterable[Seen], palms: Sequence[np.ndarray]) -> None:
        """Take in what one look showed, with the `palms` (3,) m where they were."""
        for thing in seen:
            if thing.confidence < LEAST_CONFIDENCE or thing.deviation > MOST_DEVIATION:
                continue
            known = self._seen.get(thing.name)
            if known is None and len(self._seen) == MOST:
                continue
            place = thing.position if known is None else known.position
            if known is None or min(float(np.linalg.norm(place - palm)) for palm in palms) > FAR:
                self._seen[thing.name] = thing

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


def features(tokens: np.ndarray, palm: Pose, hand: HandReading, basis: Synergies) -> np.ndarray:
    """What the network is told of each token (n, THING), for the hand at `palm`.

    The thing relative to the palm in the stance frame and in the palm's own (m), the palm's orientation and place, the
    turn that lines the fingers up with the thing (rad), the posture of the hand in the synergies of `basis`, its mean
    tension, and what kind of thing it is. Tension has a sign: fingers that press on something pull all one way, while
    those that are pushed about pull to and fro.
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
    heading = float(np.arctan2(palm.rotation[1, 0], palm.rotation[0, 0]))
    chooser = heading if np.linalg.norm(way[:2]) < FAR else HEADING
    chosen = chooser + (yaw - chooser + period / 2) % period - period / 2
    return float((chosen - heading + np.pi) % (2 * np.pi) - np.pi)
