"""What the policy sees: a token for every thing that the cameras show.

A front end that costs a laptop little: the robot's own detector finds the things, and a token says what each is and
where. A policy takes any set of tokens; one that looks at pixels or at the visual memory needs another front end only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bunraku.learning.frames import synergies
from bunraku.objects import COLOURS, KINDS
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Body, Seen
from bunraku.skills.body import Pose
from bunraku.skills.object_models import YAW_PERIODS

ENCODER = "objects-1"
"""Name of this front end: policies trained on another one do not understand its tokens."""
LOOK_PERIOD = 2.0
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
FEATURES = 26 + len(KIND_NAMES)


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


def features(tokens: np.ndarray, palm: Pose, hand: HandReading, hand_name: str) -> np.ndarray:
    """What the network is told of each token (n, FEATURES), for the hand at `palm`.

    The thing relative to the palm in the stance frame and in the palm's own (m), the palm's orientation and place, the
    turn that lines the fingers up with the thing (rad), the posture of the hand in synergies, its mean tension (20 N),
    and what kind of thing it is.
    """
    kinds = tokens[:, 0].astype(int)
    way = tokens[:, 2:5] - palm.position
    own = np.concatenate(
        [
            palm.rotation[:, 0],
            palm.rotation[:, 1],
            palm.position,
            synergies(hand_name).project(hand.position),
            [np.abs(hand.tension).mean() / 20],
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
