"""Says once what came of a task in a world that goes on afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from bunraku.sim.world import World
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.outing import referee_for
from bunraku.tasks.stage import VERDICT


@dataclass(frozen=True)
class Verdict:
    """Whether the task that was set is done, as its referee sees it, and why."""

    success: bool
    reason: str


class Judge:
    """Watches one task with its referee, tick by tick, until there is a verdict."""

    def __init__(self, world: World, assignment: Assignment) -> None:
        """Begin to watch `world` for what `assignment` asks."""
        self._world, self._referee = world, referee_for(world, assignment)
        self._verdict: Verdict | None = None
        self._began = False
        self._idle_since = world.time

    def look(self, at_work: bool) -> Verdict | None:
        """The verdict, once the task is done, the robot has fallen, or it has been at rest for a while."""
        if self._verdict is None:
            self._referee.watch()
            self._began |= at_work
            if at_work:
                self._idle_since = self._world.time
            self._verdict = self._judged()
        return self._verdict

    def _judged(self) -> Verdict | None:
        if self._referee.done and self._began:
            return Verdict(True, "verified by the task")
        if self._referee.has_fallen:
            return Verdict(False, "the robot fell")
        if self._began and self._world.time - self._idle_since > VERDICT:
            return Verdict(False, self._referee.complaint() or "it did not last")
        return None
