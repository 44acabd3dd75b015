"""What an instruction means: steps, each a verb, a thing and a target; and when each of them was done in an episode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from bunraku.learning.episodes import Said
from bunraku.objects import COLOURS, KINDS, PROPS
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.sort import ROUND

VERBS = {
    "pick-up": "take",
    "put": "put",
    "sort": "put",
    "stack": "stack",
    "pour": "pour",
    "wipe": "wipe",
    "drawer": "pull",
    "door": "open",
    "cap": "unscrew",
    "press": "press",
}
"""What is done in each step of a task."""
VERB_NAMES = tuple(dict.fromkeys(VERBS.values()))
CHIRAL = frozenset({"unscrew"})
"""What is not done the other way round in a mirror."""
FIXED = ("button", "stain", "handle", "lever", "cap")
"""Kinds that are fixed to the counter: the eyes look for them only if words mean them."""
KIND_NAMES, COLOUR_NAMES = (*KINDS, *FIXED), tuple(COLOURS)
SIZES = {name: (KINDS.get(name) or PROPS[name]).size for name in KIND_NAMES}
"""Bounding box (m) of each kind."""
STEPS = 3
"""Steps of an instruction at most."""
NOTHING = len(KIND_NAMES), len(COLOUR_NAMES)
"""Kind and colour of no target."""
Meant = tuple[int, int, int, int, int]
"""A step as indices: verb, kind and colour of the thing, kind and colour of the target."""
OVER: Meant = (len(VERB_NAMES), 0, 0, *NOTHING)
"""What comes after the last step."""
CHOICES = len(VERB_NAMES) + 1, len(KIND_NAMES), len(COLOUR_NAMES), len(KIND_NAMES) + 1, len(COLOUR_NAMES) + 1
"""How many indices there are of each."""


def step(verb: str, thing: str, target: str = "") -> Meant:
    """The step of these names, as in "put", "red cube", "blue bowl"."""
    return (VERB_NAMES.index(verb), *_name(thing), *(_name(target) if target else NOTHING))


def _name(name: str) -> tuple[int, int]:
    colour, _, kind = name.partition(" ")
    return KIND_NAMES.index(kind), COLOUR_NAMES.index(colour)


def name_of(kind: int, colour: int) -> str:
    """The name of a thing of this kind and colour."""
    return f"{COLOUR_NAMES[colour]} {KIND_NAMES[kind]}"


def steps_of(task: str, given: Assignment) -> list[tuple[Meant, ...]]:
    """The orders of steps in which what is `given` can be done, as its words have it; none if no step can say it."""
    if task not in VERBS:
        return []
    verb = VERBS[task]
    if task == "wipe":
        return [(step(verb, given.object, given.scene.props[0].name),)]
    if task == "sort":
        things = [thing.name for thing in given.scene.objects if thing.kind in ROUND]
        return list(permutations(step(verb, thing, given.target) for thing in things))
    if given.order:
        return [tuple(step(verb, name) for name in given.order)]
    return [(step(verb, given.object, given.target),)]


def fixed_kinds(steps: Iterable[Meant]) -> list[str]:
    """The kinds among those that `steps` are about that are fixed to the counter."""
    meant = {index for one in steps for index in (one[1], one[3])}
    return [kind for kind in FIXED if KIND_NAMES.index(kind) in meant]


@dataclass(frozen=True)
class Segment:
    """The frames `first` to `last` of an episode, in which the hand on `side` ("" if nobody said which) did what is
    `meant`."""

    meant: Meant
    side: str
    first: int
    last: int


_AT = re.compile(r"the (\S+ [a-z ]+) with the (left|right) hand")


def segments(said: Sequence[Said], orders: Sequence[tuple[Meant, ...]], first: int, last: int) -> Iterator[Segment]:
    """When each step was done between the frames `first` and `last`, by what was `said` meanwhile.

    A step begins when it is said what a hand is going to, and ends when the hand goes home, unless to try again.
    """
    left = {name_of(*meant[1:3]): meant for order in orders for meant in order}
    marks = [(frame, *found.groups()) for frame, _, text in said if frame >= first and (found := _AT.search(text))]
    marks = [mark for mark in marks if mark[1] in left] or [(first, next(iter(left)), "")]
    homes = [frame for frame, skill, _ in said if skill == "home"]
    for index, (start, name, side) in enumerate(marks):
        after, *again = marks[index + 1] if index + 1 < len(marks) else (last, "", "")
        end = next((frame for frame in homes if start < frame < after), after)
        stop = after if again == [name, side] else end
        yield Segment(left[name], side, start if index else first, min(stop, last))
