"""Words that fit several things, or things hard to reach: the robot asks, or walks, and never guesses."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bunraku.acting import Actor, understand
from bunraku.live import demonstration_scene
from bunraku.mind.body import Outcome
from bunraku.runtime import Runtime
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Placed, Scene
from bunraku.sim.world import create_world

MUG = next(thing for thing in demonstration_scene(0).objects if thing.kind == "mug")


def mug(colour: str, x: float, y: float) -> Placed:
    return replace(MUG, name=f"{colour} mug {y}", colour=colour, position=(x, y, MUG.position[2]))


@pytest.fixture
def told() -> Callable[..., Outcome]:
    """What comes of words, in a room with some things."""

    def carry_out(words: str, *things: Placed) -> Outcome:
        world = create_world(Scene(things))
        robot = SimulatedRobot(world, 0)
        runtime = Runtime(robot)
        runtime.idle(0.3)
        outcome = Outcome(False, "")
        for call in understand(words).calls:
            outcome = runtime.run(Actor(runtime.body).act(call), lambda: world.time < 60) or Outcome(False, "too long")
        robot.close()
        return outcome

    return carry_out


@pytest.mark.parametrize(("right", "sight"), [("red", "one on the right"), ("blue", "a blue mug on the right")])
def test_of_two_things_that_fit_it_asks_which_one(told: Callable[..., Outcome], right: str, sight: str) -> None:
    outcome = told("pick up the mug", mug("red", 0.42, 0.18), mug(right, 0.42, -0.18))
    assert not outcome.ok
    assert outcome.text == f"Which one? I see a red mug on the left and {sight}."
    assert [thing.colour for thing in outcome.candidates] == ["red", right]


def test_what_is_not_there_is_said_to_be_unseen(told: Callable[..., Outcome]) -> None:
    outcome = told("pick up the green mug", mug("red", 0.42, 0.18))
    assert not outcome.ok and "do not see a green mug" in outcome.text and "red mug" in outcome.text


@pytest.mark.slow
def test_it_walks_round_the_counter_to_what_no_arm_reaches(told: Callable[..., Outcome]) -> None:
    assert told("pick up the red mug", mug("red", 0.80, 0.40)).ok
