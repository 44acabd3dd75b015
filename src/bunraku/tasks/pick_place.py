"""What words ask for: to pick and place, bring, follow, climb, get up; a room, the robot at work, and the verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.acting import TO_PERSON, Actor, Request, Thing, understand
from bunraku.robot.interface import Observation
from bunraku.runtime import Event, Runtime
from bunraku.sim import Scene
from bunraku.sim.liquid import Drink
from bunraku.sim.person import PERSON
from bunraku.sim.video import Film
from bunraku.sim.world import World
from bunraku.skills.perception import COLOUR
from bunraku.skills.recollection import Recollection
from bunraku.skills.walking import Stance
from bunraku.tasks.assignment import PLATE, Assignment, draw_assignment, draw_errand, errand, fits, room_for
from bunraku.tasks.episode import BRING, CLIMB, FOLLOW_ME, GET_UP, PICK_PLACE, EpisodeResult, Progress
from bunraku.tasks.follow_me import draw_company
from bunraku.tasks.outing import outing, referee_for
from bunraku.tasks.referee import Referee
from bunraku.tasks.stage import SETTLE, await_verdict, filmed_robot, result_of

LONGEST = 180.0
"""Simulated seconds after which an episode is broken off."""
TELL_PERIOD = 0.25
"""Simulated seconds between two reports of the time."""

Log = Callable[[str, dict[str, Any]], None]


def run(
    task: str,
    seed: int,
    instruction: str | None,
    out: Path | None,
    video: bool,
    on_progress: Callable[[Progress], None],
    detector: str | None = None,
) -> EpisodeResult:
    """Run one episode; see `bunraku.tasks.run_episode`."""
    draw = {BRING.name: draw_errand, FOLLOW_ME.name: draw_company}.get(task, draw_assignment)
    assignment = draw(seed) if instruction is None else assignment_for(seed, instruction)
    request = understand(assignment.instruction)
    with ExitStack() as stack:
        log = stack.enter_context(_log(out / "episode.jsonl" if out else None))
        log("assignment", asdict(assignment) | {"seed": seed})
        path = out / "video.mp4" if out and video else None
        world, robot, film = stack.enter_context(filmed_robot(assignment.scene, seed, path))
        watch = _Watch(world, referee_for(world, assignment), film, assignment.instruction, log, on_progress)
        recollection = stack.enter_context(Recollection.afresh(out / "memory")) if out else None
        start = Stance(*assignment.scene.start)
        house = assignment.scene.house
        runtime = Runtime(robot, watch.event, watch.tick, start, house, recollection, detector or COLOUR)
        runtime.idle(SETTLE)
        failure = _carry_out(
            runtime, Actor(runtime.body), request, lambda: world.time < LONGEST and not watch.referee.over
        )
        await_verdict(runtime, watch.referee)
        result = _result(seed, assignment, watch, failure)
        log("result", asdict(result) | {"interventions": len(runtime.interventions)})
    return result


def assignment_for(seed: int, instruction: str) -> Assignment:
    """The assignment that a person's words amount to, in a room of `seed` that holds what they name.

    Raises `UserError` when they are not understood.
    """
    request = understand(instruction)
    if request.thing is None and request.acts:
        return outing(seed, request.acts, instruction)
    scene = room_for(seed, request.things)
    if request.thing is None:
        return Assignment(scene, "", "", "", instruction)
    name = _named(scene, request.thing)
    if request.relation == TO_PERSON and name and fits(scene.find(name).kind, PLATE):
        return errand(np.random.default_rng([seed, 0xB2]), scene, name, instruction)
    target = request.place or (_named(scene, request.other) if request.other else "")
    return Assignment(scene, name, request.relation, target, instruction)


def _named(scene: Scene, thing: Thing) -> str:
    """The name of the one thing in the room that fits; "" when several do or none, and the robot has to ask."""
    kind, colour = thing
    fitting = [o.name for o in scene.objects if kind in (None, o.kind) and colour in (None, o.colour)]
    return fitting[0] if len(fitting) == 1 else ""


def _carry_out(runtime: Runtime, actor: Actor, request: Request, while_running: Callable[[], bool]) -> tuple[str, str]:
    """Carry out one call after the other; ("", what was said) or (how it failed, why)."""
    said = ""
    for call in request.calls:
        outcome = runtime.run(actor.act(call), while_running) if actor.moves(call) else actor.answer(call)
        if outcome is None:
            return "broken off", f"{call.name} was broken off."
        if not outcome.ok:
            return f"{actor.stage} failed", outcome.text
        said = outcome.text
    return "", said


def _result(seed: int, assignment: Assignment, watch: _Watch, failure: tuple[str, str]) -> EpisodeResult:
    failed, said = failure
    complaint = "" if watch.referee.done else watch.referee.complaint() or "it did not last"
    success = not complaint if assignment.object or assignment.act else not (complaint or failed)
    if success:
        outcome, reason = "success", "verified by the task" if failed else said
    elif watch.referee.has_fallen:
        outcome, reason = "fell", "the robot fell"
    elif failed:
        outcome, reason = failed, said
    else:
        outcome, reason = "not verified", f"{said} But {complaint}."
    task = BRING if assignment.target == PERSON else PICK_PLACE
    task = {"follow": FOLLOW_ME, "climb": CLIMB, "get_up": GET_UP}.get(assignment.act, task)
    return result_of(task, seed, assignment, success, outcome, reason, watch.world.time, watch.wall, watch.measured)


class _Watch:
    """What looks on at an episode: the referee, the film, the log and whoever waits for news."""

    def __init__(
        self,
        world: World,
        referee: Referee,
        film: Film | None,
        title: str,
        log: Log,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.world, self.referee = world, referee
        self._drink = Drink(world, referee.object) if referee.object and world.scene.house else None
        self._film, self._title, self._log, self._on_progress = film, title, log, on_progress
        self._began = time.perf_counter()
        self._now = Progress(0.0, 0.0, "stand", "looking at the instruction")

    @property
    def wall(self) -> float:
        """Real seconds since the robot stood in its room."""
        return time.perf_counter() - self._began

    @property
    def measured(self) -> dict[str, Any]:
        """What the referee measured, and what became of the drink in what was carried, if it holds one."""
        return self.referee.measured | (self._drink.measured if self._drink else {})

    def event(self, event: Event) -> None:
        """A skill said something."""
        self._log("event", asdict(event))
        self._tell(event.skill, event.text)

    def tick(self, observation: Observation) -> None:
        """A control period has passed."""
        self.referee.watch()
        if self._drink:
            self._drink.watch()
        if self._film:
            self._film.record(observation, self._title, self._now.message)
        if self.world.time - self._now.time_s >= TELL_PERIOD:
            self._tell(self._now.skill, self._now.message)

    def _tell(self, skill: str, message: str) -> None:
        self._now = Progress(self.world.time, self.wall, skill, message)
        self._on_progress(self._now)


@contextmanager
def _log(path: Path | None) -> Iterator[Log]:
    """Writes one JSON line at a time to `path`, each at once, so that an interrupted episode leaves all up to there."""
    if path is None:
        yield lambda what, fields: None
        return
    with path.open("w", encoding="utf-8", buffering=1) as file:
        yield lambda what, fields: print(json.dumps({"what": what, **fields}, ensure_ascii=False), file=file)
