"""Words about the whole body, from the sentence to the verdict: follow me, take the stairs, get up; and stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from bunraku.acting import Actor, understand
from bunraku.control.stance import Stance
from bunraku.runtime import Runtime
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.tasks import run_episode
from bunraku.tasks.outing import referee_for
from bunraku.tasks.pick_place import assignment_for

EYES = ("head_left", "head_right")


@contextmanager
def told(words: str, seed: int, cameras: tuple[str, ...] = ()) -> Iterator[tuple[World, Runtime, Actor]]:
    """A robot in the room that `words` call for."""
    assignment = assignment_for(seed, words)
    world = create_world(assignment.scene)
    robot = SimulatedRobot(world, seed, cameras=cameras)
    runtime = Runtime(robot, start=Stance(*assignment.scene.start), house=assignment.scene.house)
    runtime.idle(0.3)
    try:
        yield world, runtime, Actor(runtime.body)
    finally:
        robot.close()


def call(words: str):
    (only,) = understand(words).calls
    return only


@pytest.mark.slow
def test_told_to_follow_it_walks_behind_somebody_until_that_one_stands():
    result = run_episode("pick-place", 2, instruction="follow me")
    assert result.success, result.reason
    assert result.task == "follow-me" and result.measured["way_m"] > 2


@pytest.mark.slow
def test_told_to_get_up_it_stands_up_from_the_floor():
    result = run_episode("pick-place", 0, instruction="get up")
    assert result.success, result.reason
    assert result.task == "get-up" and result.duration_s > 5


@pytest.mark.slow
def test_halfway_up_stop_halts_it_on_both_feet_and_it_goes_on_when_told():
    with told("climb the stairs", 0, EYES) as (world, runtime, actor):
        body, referee = runtime.body, referee_for(world, assignment_for(0, "climb the stairs"))
        climbing: list[float] = []

        def goes_on() -> bool:
            if body.on_stairs:
                climbing.append(world.time)
            return not climbing or world.time < climbing[0] + 8.0

        assert runtime.run(actor.act(call("climb the stairs")), goes_on) is None
        runtime.idle(4.0)
        heights = [world.data.site(f"{side}_sole").xpos[2] for side in ("left", "right")]
        assert body.on_stairs and max(heights) > 0.1
        assert np.abs(world.data.qvel[:6]).max() < 0.1
        refused = runtime.run(actor.act(call("pick up the red mug")))
        assert not refused.ok and "stairs" in refused.text
        outcome = runtime.run(actor.act(call("go up the stairs")), lambda: world.time < 80)
        assert outcome and outcome.ok, outcome
        runtime.idle(0.5)
        assert referee.complaint() == "" and body.storey == "garden"


@pytest.mark.slow
def test_on_the_ground_it_does_nothing_else_stop_leaves_it_there_and_it_gets_up_when_told_again():
    with told("get up", 0) as (world, runtime, actor):
        runtime.idle(3.0)
        refused = runtime.run(actor.act(call("pick up the red mug")))
        assert not refused.ok and "get up" in refused.text
        began = world.time
        assert runtime.run(actor.act(call("stand up")), lambda: world.time < began + 4.0) is None
        runtime.idle(3.0)
        assert runtime.body.fallen and np.abs(world.data.qvel[:6]).max() < 0.1
        outcome = runtime.run(actor.act(call("stand up")), lambda: world.time < 70)
        assert outcome and outcome.ok, outcome
        runtime.idle(1.0)
        assert runtime.body.standing and runtime.body.fallen is None
        assert actor.answer(call("how is it going?")).text.endswith("I stand again.")


def test_where_there_is_nobody_and_no_stairs_it_says_so():
    with told("pick up the red mug", 0, EYES) as (_, runtime, actor):
        outcome = runtime.run(actor.act(call("climb the stairs")))
        assert not outcome.ok and "no stairs" in outcome.text
        outcome = runtime.run(actor.act(call("get up")))
        assert outcome.ok and "on my feet" in outcome.text


@pytest.mark.parametrize(
    ("words", "act", "target"),
    [
        ("go up the stairs", "climb", "upstairs"),
        ("walk down the stairs", "climb", "downstairs"),
        ("go up the stairs and come back down", "climb", "downstairs"),
        ("get up and follow me", "follow", "person"),
        ("起きて", "get_up", ""),
    ],
)
def test_words_call_for_the_room_in_which_they_make_sense(words, act, target):
    assignment = assignment_for(3, words)
    scene = assignment.scene
    assert (assignment.act, assignment.target, scene.house) == (act, target, True)
    assert bool(scene.lying) == ("get" in words or words == "起きて")
    assert (scene.person is not None) == (act == "follow")
    world = create_world(scene)
    referee = referee_for(world, assignment)
    referee.watch()
    assert referee.complaint() and not referee.done
