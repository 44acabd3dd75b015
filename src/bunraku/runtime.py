"""The one loop: observation → skill → body goal → whole-body control → supervisor → robot, on one clock."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bunraku.control.goal import BodyGoal
from bunraku.control.reach import IK_PERIOD, Obstacle, ReachPlanner
from bunraku.control.supervisor import Intervention, Supervisor
from bunraku.control.whole_body import WholeBodyController
from bunraku.objects import SURFACES
from bunraku.robot import SIDES, Command, HandCommand, Observation, Robot
from bunraku.skills import Body, Eyes


@dataclass(frozen=True)
class Event:
    """Something worth telling: at `time` s, `skill` said `text`."""

    time: float
    skill: str
    text: str


class Runtime:
    """Drives one robot.

    Attributes:
        body: what the skills move.
        interventions: everything that the supervisor changed.
        events: what the skills said.
    """

    def __init__(
        self,
        robot: Robot,
        on_event: Callable[[Event], None] = lambda event: None,
        on_tick: Callable[[Observation], None] = lambda observation: None,
    ) -> None:
        """Take hold of `robot`, which stands in its initial posture.

        Args:
            robot: simulated or real.
            on_event: told whatever a skill says.
            on_tick: called once for every observation.
        """
        self.robot = robot
        spec = robot.spec
        self.body = Body(ReachPlanner(spec, furniture()), Eyes(spec), self._say)
        self.interventions: list[Intervention] = []
        self.events: list[Event] = []
        self._on_event, self._on_tick = on_event, on_tick
        self._controller = WholeBodyController(spec, robot.control_period)
        hand = spec.hand_spec
        self._supervisor = Supervisor(spec, {"left": hand, "right": hand}, robot.control_period)
        self._loops = len(hand.cable_names)
        self._substeps = round(IK_PERIOD / robot.control_period)
        self._from = BodyGoal(self.body.reference, self.body.velocity)
        self._sense()
        low, high = np.deg2rad([joint.range_deg for joint in hand.joints]).T
        for side in SIDES:
            self.body.set_hand(side, np.clip(self._observation.hand(side).position, low, high))

    def run(self, skill: Generator[None, None, Any], while_running: Callable[[], bool] = lambda: True) -> Any:
        """Run a skill to its end and return what it returns; None when `while_running` turned false."""
        try:
            while while_running():
                try:
                    next(skill)
                except StopIteration as end:
                    return end.value
                self.body.look()
                self.step()
        finally:
            skill.close()
        self.body.hold()
        return None

    def idle(self, seconds: float) -> None:
        """Stand still for `seconds`."""
        for _ in range(round(seconds / IK_PERIOD)):
            self.body.hold()
            self.body.look()
            self.step()

    def step(self) -> None:
        """Let one period of the skills pass: several control ticks along the body's reference."""
        start, body = self._from, self.body
        way = np.zeros(body.planner.model.nv)
        body.planner.difference(way, start.configuration, body.reference)
        for tick in range(1, self._substeps + 1):
            share = tick / self._substeps
            goal = BodyGoal(
                body.planner.integrate(start.configuration, share * way),
                start.velocity + share * (body.velocity - start.velocity),
            )
            self._tick(goal)
        self._from = BodyGoal(body.reference, body.velocity)

    def stop(self, reason: str) -> None:
        """Stop softly, for good: posture and grip are held below every skill and mind."""
        self._supervisor.stop(reason)

    def _tick(self, goal: BodyGoal) -> None:
        observation = self._observation
        joints = self._controller.compute(observation, goal)
        left, right = (
            HandCommand(target.posture, np.full(self._loops, target.tension))
            for target in (self.body.hands["left"], self.body.hands["right"])
        )
        command, interventions = self._supervisor.filter(Command(observation.time, joints, left, right), observation)
        self.interventions += interventions
        self.robot.command(command)
        self._sense()

    def _sense(self) -> None:
        self._observation = observation = self.robot.observe()
        state = self._controller.estimator.update(observation)
        self.body.observation = observation
        self.body.configuration = state.configuration
        if self.body.eyes is not None:
            self.body.eyes.note(state, observation)
        self._on_tick(observation)

    def _say(self, skill: str, text: str) -> None:
        event = Event(self._observation.time, skill, text)
        self.events.append(event)
        self._on_event(event)


def furniture(thickness: float = 0.04) -> list[Obstacle]:
    """The surfaces of the map as boxes that arms must not enter."""
    return [
        Obstacle(
            name,
            (float(np.mean(s.x)), float(np.mean(s.y)), s.top - thickness / 2),
            (float(np.ptp(s.x)) / 2, float(np.ptp(s.y)) / 2, thickness / 2),
        )
        for name, s in SURFACES.items()
    ]
