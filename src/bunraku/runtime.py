"""The one loop: observation → skill → body goal → legs and balance → supervisor → robot, on one clock.

Skills think in the world frame, that of the very first stance. The legs think in the frame of the present stance, which
odometry carries along; what vision says about odometry's drift moves the one against the other, and nothing jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bunraku.control.goal import BodyGoal
from bunraku.control.ground import HeightMap
from bunraku.control.legs import Legs
from bunraku.control.nominal import NominalModel
from bunraku.control.reach import IK_PERIOD, Obstacle, ReachPlanner
from bunraku.control.stance import Stance, wrapped
from bunraku.control.steadying import SteadyArm
from bunraku.control.steps import Velocity
from bunraku.control.supervisor import Intervention
from bunraku.house import SERVING_HEIGHT, blocks, floor_lines, garden_blocks, ground_height, kitchen_blocks
from bunraku.objects import SURFACES
from bunraku.robot import SIDES, HandCommand, Observation, Robot
from bunraku.skills import Body, Eyes
from bunraku.skills.body import HOUSE, UPSTAIRS, Ascent
from bunraku.skills.localising import Localizer
from bunraku.skills.paths import FloorMap
from bunraku.skills.perception import COLOUR, detector_named
from bunraku.skills.recollection import Recollection
from bunraku.skills.stairs import storey_of

GROUND_REACH, GROUND_CELL = 2.0, 0.01
"""How far around itself (m) the legs are told of the ground, and how finely, before they climb."""


SPILLS = frozenset({"mug"})
"""Kinds of things that may be full to the brim."""


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
        events: what the skills said.
    """

    def __init__(
        self,
        robot: Robot,
        on_event: Callable[[Event], None] = lambda event: None,
        on_tick: Callable[[Observation], None] = lambda observation: None,
        start: Stance | None = None,
        house: bool = False,
        recollection: Recollection | None = None,
        detector: str = COLOUR,
    ) -> None:
        """Take hold of `robot`, which stands in its initial posture.

        Args:
            robot: simulated or real.
            start: where it is told to stand on its map; before the counter if None.
            house: whether its map is that of the whole house, with people who hold out plates, or the kitchen's.
            recollection: what its cameras feed; nothing if None.
            detector: what tells it which things are where; see `bunraku.skills.perception.detector_named`.
            on_event: told whatever a skill says.
            on_tick: called once for every observation.
        """
        self.robot = robot
        spec = robot.spec
        planner = ReachPlanner(spec, furniture())
        start = start or Stance()
        planner.place(start)
        floor = FloorMap(blocks() if house else kitchen_blocks())
        heights = (SERVING_HEIGHT,) if house else ()
        eyes = Eyes(spec, detector_named(detector, heights), heights)
        garden = FloorMap(garden_blocks()) if house else None
        self.body = Body(planner, eyes, self._say, floor, garden, Localizer(floor_lines()) if house else None)
        self.body.recollection = recollection
        self.body.storey = storey_of(start) if house else HOUSE
        self.events: list[Event] = []
        self._on_event, self._on_tick = on_event, on_tick
        self._legs = Legs(spec, robot.control_period)
        self._odometry, self._correction = Stance(), planner.stance
        self._standing, self._rises = True, False
        self._climbs: Ascent | None = None
        self._steady: dict[str, SteadyArm] = {}
        self._fallen: str | None = None
        hand = spec.hand_spec
        self._loops = len(hand.cable_names)
        self._substeps = round(IK_PERIOD / robot.control_period)
        self._from = BodyGoal(self.body.reference, self.body.velocity)
        self._sense()
        low, high = np.deg2rad([joint.range_deg for joint in hand.joints]).T
        for side in SIDES:
            self.body.set_hand(side, np.clip(self._observation.hand(side).position, low, high))

    @property
    def interventions(self) -> list[Intervention]:
        """Everything that the supervisor changed."""
        return self._legs.interventions

    def run(self, skill: Generator[None, None, Any], while_running: Callable[[], bool] = lambda: True) -> Any:
        """Run a skill to its end and return what it returns; None when `while_running` turned false.

        A skill that does not walk waits while the feet move, as they do after a push. Whoever runs
        one while the robot lies on the ground or stands on stairs has to know.
        """
        try:
            while while_running():
                if self.body.standing or self.body.walk is not None or self.body.fallen or self.body.on_stairs:
                    try:
                        next(skill)
                    except StopIteration as end:
                        return end.value
                self.body.look()
                self.step()
        finally:
            skill.close()
            self.body.walk = None
        self.body.hold()
        return None

    def idle(self, seconds: float) -> None:
        """Stand still for `seconds`, after coming to a stand."""
        for _ in range(round(seconds / IK_PERIOD)):
            self.body.hold()
            self.body.look()
            self.step()

    def step(self) -> None:
        """Let one period of the skills pass: several control ticks along the body's reference."""
        start, body = self._from, self.body
        self._take_stairs()
        self._rise()
        way = np.zeros(body.planner.model.nv)
        body.planner.difference(way, start.configuration, body.reference)
        for tick in range(1, self._substeps + 1):
            share = tick / self._substeps
            goal = BodyGoal(
                body.planner.integrate(start.configuration, share * way),
                start.velocity + share * (body.velocity - start.velocity),
            )
            self._tick(goal)
        self._follow_the_feet()
        self._tell_of_falls()
        if body.correction is not None:
            self.correct(body.correction.then(self._correction))
            body.correction = None
        self._from = BodyGoal(body.reference, body.velocity)

    def stop(self, reason: str) -> None:
        """Stop softly, for good: come to a stand if it walks; then posture and grip are held below every skill."""
        self._legs.stop(reason)

    def correct(self, correction: Stance) -> None:
        """Take the odometry's frame to lie at `correction` in the world: the map moves under the feet, nothing else.

        The reference is carried along, so that no joint is asked to move.
        """
        before = self._world.inverse
        self._correction = correction
        body = self.body
        body.reference = self._world.configuration(before.configuration(body.reference))
        body.velocity = self._world.velocity(before.velocity(body.velocity))
        self._from = BodyGoal(body.reference, body.velocity)
        self._note_state()
        if body.standing:
            self._place_planner()

    @property
    def _world(self) -> Stance:
        """The frame of the legs in the world."""
        return self._correction.then(self._odometry)

    def _tick(self, goal: BodyGoal) -> None:
        observation, body = self._observation, self.body
        hands = {
            side: HandCommand(target.posture, np.full(self._loops, target.tension))
            for side, target in body.hands.items()
        }
        known = len(self.interventions)
        goal = self._steadied(self._world.inverse.goal(goal))
        command = self._legs.tick(observation, body.walk or Velocity(), goal, hands)
        body.refusal = self._legs.refusal
        for entry in self.interventions[known:]:
            if entry.kind == "refusal":
                self._say("legs", entry.joint)
        self.robot.command(command)
        self._sense()

    def _steadied(self, goal: BodyGoal) -> BodyGoal:
        """The goal with what may spill kept steady."""
        full = {side: grip for side, grip in self.body.grips.items() if grip.seen.kind in SPILLS}
        self._steady = {side: arm for side, arm in self._steady.items() if side in full}
        if not full:
            self.body.steadying = False
            return goal
        configuration, velocity, walker = goal.configuration.copy(), goal.velocity.copy(), self._legs.walker
        for side, grip in full.items():
            if side not in self._steady:
                spec, period = self.robot.spec, self.robot.control_period
                self._steady[side] = SteadyArm(spec, NominalModel(spec), side, grip.position, period)
            arm = self._steady[side]
            wanted, rate = configuration[7:][arm.joints].copy(), velocity[6:][arm.joints].copy()
            state = self._odometry.state(walker.controller.estimator.state)
            angles, speed = arm.compute(state, wanted, rate, None if self.body.standing else walker.pace)
            configuration[7:][arm.joints], velocity[6:][arm.joints] = angles, speed
        self.body.steadying = not all(arm.at_rest for arm in self._steady.values())
        return BodyGoal(configuration, velocity)

    def _sense(self) -> None:
        self._observation = self.body.observation = self.robot.observe()
        self._legs.walker.controller.estimator.update(self._observation)
        self._note_state()
        self._on_tick(self._observation)

    def _note_state(self) -> None:
        walker, body = self._legs.walker, self.body
        self._odometry = Stance(*walker.stance_frame)
        state = self._world.state(walker.controller.estimator.state)
        body.configuration = state.configuration
        body.standing = walker.is_standing and self._legs.climber is None and self._legs.on_feet
        body.fallen, body.on_stairs = self._legs.down, self._legs.climber is not None
        if body.eyes is not None:
            body.eyes.note(state, self._observation)
            if body.recollection is not None:
                body.recollection.note(self._observation, body.eyes)

    def _take_stairs(self) -> None:
        """Begin, watch, halt or end the climb that a skill asks for."""
        body, climber = self.body, self._legs.climber
        if climber is not None:
            climber.halted = body.ascent is None
            body.stuck = climber.stuck
        elif self._climbs is not None:
            if body.fallen is None:
                body.storey, body.tracks = HOUSE if self._climbs.backward else UPSTAIRS, []
            body.ascent = self._climbs = None
        elif body.ascent is not None and body.standing:
            heading = self._odometry.yaw + wrapped(body.ascent.heading - self._world.yaw)
            self._legs.climb(self._ground(), body.ascent.levels, heading, body.ascent.backward)
            body.stuck, self._climbs = None, body.ascent

    def _rise(self) -> None:
        """Begin, watch, halt or end the getting up that a skill asks for; it begins when the robot lies still."""
        body, legs = self.body, self._legs
        if not body.rising:
            if self._rises:
                legs.halt_getting_up(self._observation)
            self._rises = False
        elif self._rises:
            body.rising = self._rises = legs.rising is not None
            body.stuck = legs.rising.stuck if legs.rising else None
        elif legs.lies_still or legs.rising is not None:
            legs.get_up()
            self._rises = True

    def _ground(self) -> HeightMap:
        """The ground of the map around here, in the frame of the legs' first stance."""
        x, y = self._correction.inverse.point(np.array([*self.body.stance.position, 0.0]))[:2] - GROUND_REACH
        steps = np.arange(0.0, 2 * GROUND_REACH, GROUND_CELL)
        grid = np.stack([*np.meshgrid(x + steps, y + steps, indexing="ij"), np.zeros((len(steps),) * 2)], axis=-1)
        world = self._correction.point(grid)
        return HeightMap((x, y), GROUND_CELL, ground_height(world[..., 0], world[..., 1]))

    def _follow_the_feet(self) -> None:
        """Keep the reference on the body while the feet move; when they have come to rest, plan from where they are."""
        body = self.body
        if not body.standing:
            reference = body.configuration.copy()
            if body.fallen is None:
                reference[7:25] = body.reference[7:25]
            body.reference = reference
        elif not self._standing:
            self._place_planner()
            reference = body.planner.nominal.copy()
            reference[7:25] = body.reference[7:25]
            body.reference = body.planner.settled(reference)
            body.hold()
        self._standing = body.standing

    def _tell_of_falls(self) -> None:
        fallen = self._legs.fallen
        if fallen != self._fallen and fallen is not None:
            self._say("legs", f"{fallen}; I can get up" if self._legs.lies_still else fallen)
        self._fallen = fallen

    def _place_planner(self) -> None:
        self.body.planner.place(self._world, self.body.configuration)

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
