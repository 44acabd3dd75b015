"""A policy on matched seeds: the script that it learned from, controls that must fail, and what it was not trained on:
`python benchmarks/learning/controls.py TASK POLICY EPISODES SEED FOLDER [CONDITION…]`.

The room of a seed is the same under every condition, but for what the condition changes. Every episode is kept in
FOLDER as soon as it ends; the same command again goes on and prints the whole table. Conditions, all by default:

- `none`: the policy in rooms as they are drawn. `script`: the script in the same ones.
- `no-language`, `shuffled`, `blind`, `memory-off`: what is kept from the policy, see `bunraku.learning.evaluation`.
- `light`: brighter or darker by up to 80 %, warmer or colder, and from elsewhere. Training had one light.
- `wordings`: the policy hears words that no task draws.
- `bystanders`: two more things of kinds that were in no room of the training.
- `small-hand`: the script with the hand of 11 instead of 22 degrees of freedom. A policy for another hand is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from bunraku.cli.evaluation import EvaluationFile, rate_of, run_seed, run_seeds
from bunraku.cli.learning import policy_runner
from bunraku.learning.acting import Policy, act
from bunraku.learning.evaluation import Control
from bunraku.objects import KINDS
from bunraku.robot import RobotSpec
from bunraku.sim import random_scene
from bunraku.sim.clutter import vary_light
from bunraku.skills.perception import LOOKING
from bunraku.statistics import mcnemar, paired_difference
from bunraku.tasks import EpisodeResult
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.manipulations import manipulation
from bunraku.tasks.stage import Acting, Stage
from bunraku.tasks.wordings import worded

UNSEEN = {
    False: (
        "I would like to have the {object} now",
        "get hold of that {object} over there",
        "hand: up with the {object}!",
        "{object_ja}がほしい",
        "あの{object_ja}を持っていて",
    ),
    True: (
        "the {object} belongs in the {target}",
        "I want the {object} to be inside that {target} over there",
        "into the {target} with the {object}!",
        "{object_ja}は{target_ja}の中へ",
        "{target_ja}の中に{object_ja}を置いてほしい",
    ),
}
"""Wordings that no task draws, by whether the thing goes somewhere."""
BYSTANDERS = ("can", "small box", "banana", "mug")
"""Kinds that stand in no room of `pick-up` and `put`."""
ROOM = 0.05
"""Least free width (m) between a bystander and anything else."""


def main(task: str, policy: Path, episodes: int, seed: int, folder: Path, wanted: Sequence[str]) -> None:
    """Run what is missing and print the table."""
    learned = act(Policy(policy, RobotSpec().hand))
    script = manipulation(task).expert
    conditions: dict[str, Callable[[str, int], EpisodeResult]] = {
        **{control: policy_runner(policy, control) for control in get_args(Control)},
        "light": partial(run, learned, lit=True),
        "wordings": partial(run, learned, change=reworded),
        "bystanders": partial(run, learned, change=crowded),
        "script": partial(run, script),
        "small-hand": partial(run, script, spec=RobotSpec(hand="h11")),
    }
    seeds, files = range(seed, seed + episodes), {}
    if unknown := set(wanted) - set(conditions):
        raise SystemExit(f"there is no condition {', '.join(unknown)}; there are {', '.join(conditions)}.")
    for name in wanted or conditions:
        path = folder / f"{name}.json"
        file = files[name] = EvaluationFile.open(path, f"{task}, {name}", path.exists())
        kept = {row.seed for row in file.rows}
        missing = [seed for seed in seeds if seed not in kept]
        for row in run_seeds(partial(run_seed, task, run=conditions[name]), missing):
            file.add(row)
            print(f"{name}: seed {row.seed} {row.outcome}{'' if row.success else ', ' + row.reason}", flush=True)
    for name, file in files.items():
        print(f"{name:12s} {told(file, files.get('script' if name == 'small-hand' else 'none'), seeds)}")


def run(
    acting: Acting,
    task: str,
    seed: int,
    change: Callable[[Assignment, int], Assignment] = lambda given, seed: given,
    lit: bool = False,
    spec: RobotSpec | None = None,
) -> EpisodeResult:
    """Let `acting` have the robot in the room of `seed`, with the `change`, in other light if `lit`, with another robot
    if there is a `spec`."""
    what = manipulation(task)
    with Stage(what, seed, change(what.draw(seed), seed), LOOKING, spec=spec) as stage:
        if lit:
            vary_light(stage.world.model, np.random.default_rng([seed, 0x11E7]))
        return stage.play(acting)


def reworded(given: Assignment, seed: int) -> Assignment:
    """The same, asked for in words that no task draws."""
    find = given.scene.find
    things = {"object": find(given.object)} | ({"target": find(given.target)} if given.target else {})
    return replace(given, instruction=worded(np.random.default_rng([seed, 0x0D]), UNSEEN[bool(given.target)], **things))


def crowded(given: Assignment, seed: int) -> Assignment:
    """The same among two more things, of kinds and in colours that do not matter, wherever they find room."""
    rng = np.random.default_rng([seed, 0xB1])
    placed = list(given.scene.objects)
    while len(placed) < len(given.scene.objects) + 2:
        other = random_scene(rng, (BYSTANDERS[int(rng.integers(len(BYSTANDERS)))],)).objects[0]
        gaps = [
            np.linalg.norm(np.subtract(other.position[:2], thing.position[:2]))
            - (max(KINDS[other.kind].size[:2]) + max(KINDS[thing.kind].size[:2])) / 2
            for thing in placed
        ]
        if min(gaps) > ROOM and other.name not in {thing.name for thing in placed}:
            placed.append(other)
    return replace(given, scene=replace(given.scene, objects=tuple(placed)))


def told(file: EvaluationFile, reference: EvaluationFile | None, seeds: range) -> str:
    """The rate of what is in `file` on `seeds`, and its paired difference to the `reference`."""
    rows = [row for row in file.rows if row.seed in seeds]
    rate = rate_of(rows)
    low, high = rate.interval
    words = f"{rate.successes}/{rate.episodes} = {100 * rate.rate:.0f} % ({100 * low:.0f}–{100 * high:.0f})"
    if reference is None or reference is file:
        return words
    other = {row.seed: row.success for row in reference.rows}
    pairs = [(row.success, other[row.seed]) for row in rows]
    difference, least, most = (100 * value for value in paired_difference(pairs))
    return f"{words}, {difference:+.0f} points ({least:+.0f} to {most:+.0f}), p = {mcnemar(pairs):.2g}"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]), sys.argv[6:])
