"""One episode of a task of the hands: a room, the robot in it, whoever moves it, and the referee's verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from bunraku.robot import CAMERAS, Command, Observation, Robot, RobotSpec
from bunraku.runtime import Event, Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.strip import FilmStrip
from bunraku.sim.video import Film
from bunraku.sim.world import World, create_world
from bunraku.skills import Body, Outcome
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import EpisodeResult, Progress, TaskInfo
from bunraku.tasks.referee import HOLD, Referee

SETTLE = 0.3
"""Seconds for which the robot stands before it begins."""
VERDICT, PATIENCE = HOLD + 1.0, 0.1
"""Seconds for which the referee goes on watching when the robot has finished, and between two questions whether it has
seen enough."""

Acting = Callable[[Body, str], Generator[None, None, Outcome]]
"""What moves the robot: from its body and the words it was told to a skill. It knows nothing else."""
Tap = Callable[[Observation, Command], Command]
"""Looks on at every command, and may change what reaches the motors."""


@dataclass(frozen=True)
class Manipulation:
    """A task of the hands. `draw` makes the assignment of a seed, `expert` shows how it is done; after `longest` s
    (simulated) an episode is broken off."""

    info: TaskInfo
    draw: Callable[[int], Assignment]
    expert: Acting
    longest: float = 60.0
    referee: Callable[[World, Assignment], Referee] = Referee


@contextmanager
def filmed_robot(scene: Scene, seed: int, path: Path | None) -> Iterator[tuple[World, SimulatedRobot, Film | None]]:
    """A world, the robot in it, and its film if a file is named for one; robot and film are closed in the end."""
    with ExitStack() as stack:
        world = create_world(scene)
        robot = SimulatedRobot(world, seed)
        stack.callback(robot.close)
        film = Film(world, path) if path else None
        if film:
            stack.callback(film.close)
        yield world, robot, film


def await_verdict(runtime: Runtime, referee: Referee) -> None:
    """Stand still until the referee has seen enough."""
    for _ in range(round(VERDICT / PATIENCE)):
        if referee.done or referee.over:
            break
        runtime.idle(PATIENCE)


def result_of(
    task: TaskInfo,
    seed: int,
    given: Assignment,
    success: bool,
    how: str,
    why: str,
    time_s: float,
    wall_s: float,
    measured: dict[str, Any] | None = None,
) -> EpisodeResult:
    """What came of an episode in which the assignment was `given`."""
    return EpisodeResult(
        task.name,
        seed,
        given.instruction,
        success,
        how,
        why,
        given.kind,
        given.object,
        given.target,
        round(time_s, 3),
        round(wall_s, 3),
        measured or {},
    )


class TappedRobot:
    """A robot whose commands pass through a `tap`."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self.tap: Tap = lambda observation, command: command

    @property
    def spec(self) -> RobotSpec:
        """What this robot is."""
        return self._robot.spec

    @property
    def control_period(self) -> float:
        """Seconds between two control ticks."""
        return self._robot.control_period

    def observe(self) -> Observation:
        """The latest reading of every sensor."""
        return self._robot.observe()

    def command(self, command: Command) -> None:
        """Send what the tap makes of `command`."""
        self._robot.command(self.tap(self._robot.observe(), command))

    def stop(self) -> None:
        """Stop softly."""
        self._robot.stop()


class Stage:
    """An episode that is set up; use it as a context. `runtime` drives the robot, `robot.tap` looks on."""

    def __init__(
        self,
        task: Manipulation,
        seed: int,
        assignment: Assignment | None = None,
        cameras: Sequence[str] = CAMERAS,
        film: Path | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        strip: Path | None = None,
        spec: RobotSpec | None = None,
    ) -> None:
        """Set up the episode of `seed`, with the `cameras` named, filmed to the file `film`; if it fails, a film strip
        of it is drawn to the file `strip`. The robot is the default one, or that of `spec`."""
        self.task, self.seed = task, seed
        self.assignment = task.draw(seed) if assignment is None else assignment
        self.world = create_world(self.assignment.scene, spec)
        self._simulated = SimulatedRobot(self.world, seed, cameras=tuple(cameras))
        self.robot = TappedRobot(self._simulated)
        self.referee = task.referee(self.world, self.assignment)
        self._film = Film(self.world, film) if film else None
        self._strip, self._strip_path = FilmStrip(self.world) if strip else None, strip
        self._caption, self._on_progress = "", on_progress
        self._began = time.perf_counter()
        self.runtime = Runtime(self.robot, self._event, self._tick)

    def play(self, act: Acting) -> EpisodeResult:
        """Let `act` have the robot until it ends, the referee is satisfied, or the time is over."""
        self.runtime.idle(SETTLE)
        outcome = self.runtime.run(act(self.runtime.body, self.assignment.instruction), self._goes_on)
        await_verdict(self.runtime, self.referee)
        result = self._result(outcome)
        if self._strip and self._strip_path and not result.success:
            self._strip.draw(self._strip_path)
        return result

    def _goes_on(self) -> bool:
        return self.world.time < self.task.longest and not (self.referee.done or self.referee.has_fallen)

    def _result(self, outcome: Outcome | None) -> EpisodeResult:
        referee, given = self.referee, self.assignment
        if referee.done:
            how, why = "success", outcome.reason if outcome else "the referee saw it done"
        elif referee.has_fallen:
            how, why = "fell", "the robot fell"
        else:
            complaint = referee.complaint() or "it did not last"
            ended = outcome is not None and not outcome.success
            how = f"{outcome.skill} failed" if outcome and ended else "too late" if outcome is None else "not verified"
            why = f"{outcome.reason}; {complaint}" if outcome else complaint
        took = self.world.time, time.perf_counter() - self._began
        return result_of(self.task.info, self.seed, given, referee.done, how, why, *took)

    def _event(self, event: Event) -> None:
        self._caption = event.text
        self._on_progress(Progress(event.time, time.perf_counter() - self._began, event.skill, event.text))

    def _tick(self, observation: Observation) -> None:
        self.referee.watch()
        if self._strip:
            self._strip.note()
        if self._film:
            self._film.record(observation, self.assignment.instruction, self._caption)

    def close(self) -> None:
        """Finish the film and free the renderers."""
        if self._film:
            self._film.close()
        self._simulated.close()

    def __enter__(self) -> Stage:
        """This stage."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()
