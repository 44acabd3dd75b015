"""`sort`: put everything round into the bowl, one thing after the other, and leave the rest."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bunraku.acting import Actor
from bunraku.objects import SURFACES, Surface
from bunraku.sim import random_scene
from bunraku.sim.world import World
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.looking import look_around
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import SORT as INFO
from bunraku.tasks.following import follow_words
from bunraku.tasks.referee import Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

ROUND = ("ball", "apple")
REST = ("cube", "small box")
"""What stays where it is."""
AREA = Surface("middle of the counter", SURFACES["counter"].top, (0.28, 0.56), (-0.30, 0.30))
TURNS = 4
"""How many things are put away at most."""
ROOM = 0.08
"""Least free width (m) between two things."""
WORDINGS = (
    "put all round things in the {target}",
    "everything that rolls goes in the {target}",
    "丸いものを全部{target_ja}に入れて",
)


def draw(seed: int) -> Assignment:
    """Two round things, one that is not, and a bowl."""
    rng = np.random.default_rng([seed, 0x33])
    rest = REST[rng.integers(len(REST))]
    scene = random_scene(rng, (*ROUND, rest, "bowl"), area=AREA, clearance=ROOM)
    bowl = scene.objects[-1]
    return Assignment(scene, scene.objects[0].name, "in", bowl.name, worded(rng, WORDINGS, target=bowl))


class SortReferee(Referee):
    """Wants every round thing in the bowl."""

    def __init__(self, world: World, assignment: Assignment) -> None:
        """One judge for each round thing; the other round ones may have moved."""
        super().__init__(world, assignment)
        round_things = [thing.name for thing in assignment.scene.objects if thing.kind in ROUND]
        self._judges = [Judge(world, assignment, name, round_things) for name in round_things]

    def complaint(self) -> str:
        """The first judge's complaint; "" when there is none."""
        return next((words for judge in self._judges if (words := judge.complaint())), "")


class Judge(Referee):
    """Wants one thing in the bowl, and the things that are not `moved` where they were."""

    def __init__(self, world: World, assignment: Assignment, name: str, moved: list[str]) -> None:
        """Of the thing called `name`."""
        super().__init__(world, Assignment(assignment.scene, name, "in", assignment.target, assignment.instruction))
        self._start = {thing: pose for thing, pose in self._start.items() if thing == name or thing not in moved}


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """As long as something round stands outside the bowl, put the one nearest to it in."""
    actor, outcome = Actor(body), Outcome("look_for", False, "I see nothing round")
    for _ in range(TURNS):
        seen = yield from look_around(body)
        bowl = next((thing for thing in seen if thing.kind == "bowl"), None)
        if bowl is None:
            return Outcome("look_for", False, "I see no bowl")
        outside = [thing for thing in seen if thing.kind in ROUND and not _inside(thing, bowl)]
        if not outside:
            return outcome
        thing = min(outside, key=lambda thing, to=bowl.position: float(np.linalg.norm(thing.position - to)))
        # Whatever came of it: the next look tells what is left to do.
        outcome = yield from follow_words(body, f"put the {thing.name} in the {bowl.name}", actor)
    return outcome


def _inside(thing: Seen, bowl: Seen) -> bool:
    return float(np.linalg.norm(thing.position[:2] - bowl.position[:2])) < 0.07


SORT = Manipulation(INFO, draw, expert, longest=150.0, referee=SortReferee)
