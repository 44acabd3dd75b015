"""A policy before the referee: the same seeds and the same rooms as the expert's, and controls that must fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from bunraku.errors import UserError
from bunraku.learning.acting import Policy, Timing, act
from bunraku.learning.steps import COLOUR_NAMES, NOTHING, VERB_NAMES, VERBS, name_of
from bunraku.robot import RobotSpec
from bunraku.skills.perception import LOOKING
from bunraku.tasks import EpisodeResult, Progress
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import strip_path
from bunraku.tasks.manipulations import assignment_in, manipulation, task_of
from bunraku.tasks.stage import Stage
from bunraku.tasks.wordings import COLOURS_JA

Control = Literal["none", "no-language", "shuffled", "blind", "memory-off"]
"""What is kept from the policy: nothing; the words; what they ask for, since they ask for another thing in the room;
where things are, since it sees all of them in the middle between them; or what the last look did not show, even if the
hand holds it."""
GRAMMAR, SURE = frozenset({"take", "put", "stack"}), 0.9
"""Verbs that the robot's own grammar knows, and how probable another one must be to be believed."""
WHAT, WHERE = slice(1, 3), slice(3, 5)
"""Kind and colour of the thing and of the target in a step."""


def run_with_policy(
    task: str,
    seed: int,
    policy: Path,
    control: Control = "none",
    out: Path | None = None,
    assignment: Assignment | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    strips: Path | None = None,
) -> EpisodeResult:
    """Run the episode of `seed` with a trained policy.

    With `out`, leaves video.mp4 and timing.json there; if it fails, its film strip goes to the folder `strips`. Raises
    `UserError` for a policy that does not fit.
    """
    timing = Timing([], [])
    film = out / "video.mp4" if out else None
    loaded = Policy(policy, RobotSpec().hand)
    strip = strip_path(strips, seed) if strips else None
    with Stage(manipulation(task), seed, assignment, LOOKING, film, on_progress, strip) as stage:
        heard = heard_instead(stage.assignment, seed, control)
        result = stage.play(act(loaded, timing, heard, seen_instead(control), control != "memory-off"))
    if out:
        (out / "timing.json").write_text(json.dumps({"looks_s": timing.looks, "plans_s": timing.plans}))
    return result


def run_instruction(
    instruction: str,
    seed: int,
    policy: Path,
    out: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> EpisodeResult:
    """Let a policy do what a person says, in the room of `seed` of the task that it was trained on
    and that moves something elsewhere, or not, as the words do.

    Raises `UserError` when the words fit nothing in that room.
    """
    loaded = Policy(policy, RobotSpec().hand)
    asked = as_learned(loaded, seed, instruction)
    task = asked[0] if asked else task_of(loaded.about.tasks, seed, instruction)
    given = asked[1] if asked else assignment_in(task, seed, instruction)
    return run_with_policy(task, seed, policy, out=out, assignment=given, on_progress=on_progress)


def as_learned(policy: Policy, seed: int, instruction: str) -> tuple[str, Assignment] | None:
    """The task and what is asked for in the room of `seed`, as the `policy` has learned such words; None if it is not
    sure of them, if no colour of a step is said, or if they only move a thing, which the robot's own grammar knows.

    Raises `UserError` when the words do not fit that room.
    """
    meanings = policy.meaning(instruction)
    steps = tuple(meaning.likeliest for meaning in meanings)
    verb = VERB_NAMES[steps[0][0]]
    if verb in GRAMMAR or any(np.exp(meaning.verb.max()) < SURE for meaning in meanings):
        return None
    said = {name for name, japanese in COLOURS_JA.items() if re.search(f"{name}|{japanese[:-1]}", instruction, re.I)}
    if any(said.isdisjoint(COLOUR_NAMES[i] for i in (step[2], step[4]) if i < len(COLOUR_NAMES)) for step in steps):
        return None
    task = next(name for name in policy.about.tasks if VERBS[name] == verb)
    drawn = manipulation(task).draw(seed)
    things, targets = ([name_of(*step[of]) for step in steps if step[of] != NOTHING] for of in (WHAT, WHERE))
    there = {one.name for one in (*drawn.scene.props, *drawn.scene.objects)}
    if things[0] not in there and not {things[0].split()[0]} & said - {target.split()[0] for target in targets}:
        things = [drawn.object or things[0]]  # as in "with the sponge"
    if not there.issuperset(things + targets):
        raise UserError(f"in room {seed} that cannot be done; there one could say: “{drawn.instruction}”.")
    if drawn.order:
        given = replace(drawn, order=tuple(things))
    else:
        given = replace(drawn, object=things[0], target=drawn.target and targets[0])
    return task, replace(given, instruction=instruction)


def seen_instead(control: Control) -> Callable[[np.ndarray], np.ndarray]:
    """What the policy sees of the tokens (n, TOKEN) under a `control`."""
    if control != "blind":
        return lambda table: table

    def blurred(table: np.ndarray) -> np.ndarray:
        table = table.copy()
        table[:, 2:] = table[:, 2:].mean(axis=0)
        return table

    return blurred


def heard_instead(assignment: Assignment, seed: int, control: Control) -> Callable[[str], str]:
    """What the policy hears of an instruction under a `control`."""
    if control not in ("no-language", "shuffled"):
        return lambda words: words
    if control == "no-language":
        return lambda words: ""
    others = [
        thing.name for thing in assignment.scene.objects if thing.name not in (assignment.object, assignment.target)
    ]
    if not others:
        raise UserError("there is nothing else in the room to ask for: this task has no shuffled instruction.")
    other = others[int(np.random.default_rng([seed, 0x5F]).integers(len(others)))]
    if assignment.target:
        return lambda words: f"put the {other} {assignment.relation} the {assignment.target}"
    return lambda words: f"pick up the {other}"
