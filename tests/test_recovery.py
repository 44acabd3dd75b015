"""What goes wrong on the way is made good: a thing that fell is taken up again, one hand gives it to the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from bunraku.acting import Actor, understand
from bunraku.objects import SURFACES, Surface
from bunraku.robot import Command, Observation
from bunraku.runtime import Event, Runtime
from bunraku.sim import random_scene, truth
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.tasks.stage import TappedRobot

RIGHT = Surface("the right of the counter", SURFACES["counter"].top, (0.36, 0.46), (-0.30, -0.14))
LIMP = 0.5
"""How long (s) a hand loses its strength."""


class Scenario:
    """A robot before a counter with one thing on it, and what was said."""

    def __init__(self, kind: str, seed: int) -> None:
        self.world: World = create_world(random_scene(np.random.default_rng(seed), (kind,), area=RIGHT))
        self.simulated = SimulatedRobot(self.world, seed)
        self.robot = TappedRobot(self.simulated)
        self.events: list[Event] = []
        self.runtime = Runtime(self.robot, self.events.append)
        self.actor = Actor(self.runtime.body)
        self.name = self.world.scene.objects[0].name
        self.runtime.idle(0.3)

    def told(self, words: str) -> tuple[bool, str]:
        """What comes of `words`."""
        (call,) = understand(words.format(thing=self.name)).calls
        outcome = self.runtime.run(self.actor.act(call), lambda: self.world.time < 80)
        return (outcome.ok, outcome.text) if outcome else (False, "too long")

    def said(self, skill: str, text: str) -> int:
        """How often a skill said something like that."""
        return sum(event.skill == skill and text in event.text for event in self.events)


@pytest.fixture
def scenario() -> Iterator[Callable[[str, int], Scenario]]:
    made: list[Scenario] = []

    def make(kind: str, seed: int) -> Scenario:
        made.append(Scenario(kind, seed))
        return made[-1]

    yield make
    for one in made:
        one.simulated.close()


def test_what_falls_out_of_the_hand_is_taken_up_again(scenario: Callable[[str, int], Scenario]) -> None:
    """Once, as it sets out for the side table, the hands go limp; the thing falls back onto the counter."""
    scene = scenario("sponge", 1)

    def limp(observation: Observation, command: Command) -> Command:
        began = [event.time for event in scene.events if event.skill == "place"]
        if not began or observation.time > began[0] + LIMP:
            return command
        slack = np.zeros_like(command.right_hand.tension_limit)
        return replace(
            command,
            left_hand=replace(command.left_hand, tension_limit=slack),
            right_hand=replace(command.right_hand, tension_limit=slack),
        )

    scene.robot.tap = limp
    done, text = scene.told("put the {thing} on the side table")
    assert done, text
    assert scene.said("reach", "reaching for") == 2
    assert "side_table" in truth.supported_by(scene.world, scene.name)


@pytest.mark.slow
def test_one_hand_gives_to_the_other_what_it_cannot_put_there_itself(scenario: Callable[[str, int], Scenario]) -> None:
    scene = scenario("box", 2)
    done, text = scene.told("pick up the {thing} with your right hand")
    assert done and "right" in scene.runtime.body.grips, text
    done, text = scene.told("put the {thing} on the left of the side table")
    assert done, text
    assert scene.said("place", "before me") == 1 and scene.said("reach", "with the left hand") == 1
    assert scene.said("walk", "") == 0
    assert "side_table" in truth.supported_by(scene.world, scene.name)
