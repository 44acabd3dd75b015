"""Which of the things in a room a policy takes the words to mean: `python benchmarks/learning/grounding.py MODEL`.

No simulation: rooms and words of seeds that were not trained on, the things as they are called; with the words, with
wordings that no task draws, without any, and with words that ask for another thing, for which the thing that was asked
for is then the wrong one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import numpy as np

from bunraku.learning.acting import Policy, choose
from bunraku.learning.evaluation import Control, heard_instead
from bunraku.learning.steps import COLOUR_NAMES, KIND_NAMES
from bunraku.learning.tokens import TOKEN
from bunraku.robot import RobotSpec
from bunraku.statistics import wilson_interval
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.manipulations import manipulation
from bunraku.tasks.wordings import worded

SEEDS = range(10_000, 10_300)
UNSEEN = (
    "I would like to have the {object} now",
    "get hold of that {object} over there",
    "not the others, only the {object}",
    "hand: up with the {object}!",
    "{object_ja}がほしい",
    "あの{object_ja}を持っていて",
)
"""Wordings that no task draws."""


def main(path: Path) -> None:
    """Print the rate under each control."""
    policy = Policy(path, RobotSpec().hand)
    draw = manipulation(policy.about.tasks[0]).draw
    for control in ("none", "unseen wordings", "no-language", "shuffled"):
        right = 0
        for seed in SEEDS:
            given = draw(seed)
            things = given.scene.objects
            tokens = np.zeros((len(things), TOKEN))
            tokens[:, :2] = [(KIND_NAMES.index(thing.kind), COLOUR_NAMES.index(thing.colour)) for thing in things]
            pair = choose(policy.meaning(heard(given, seed, control))[0], tokens, set())
            names = [*(thing.name for thing in things), ""]
            right += [names[index] for index in pair] == [given.object, given.target]
        low, high = wilson_interval(right, len(SEEDS))
        print(
            f"{control:16s} {right}/{len(SEEDS)} = {100 * right / len(SEEDS):.1f} % ({100 * low:.1f}–{100 * high:.1f})"
        )


def heard(given: Assignment, seed: int, control: str) -> str:
    """What the policy hears of an assignment."""
    if control == "unseen wordings":
        return worded(np.random.default_rng([seed, 0x0D]), UNSEEN, object=given.scene.find(given.object))
    return heard_instead(given, seed, cast(Control, control))(given.instruction)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
