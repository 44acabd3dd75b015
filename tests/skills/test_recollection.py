"""What the robot remembers of what it saw."""

from __future__ import annotations

from threading import Event as Flag
from time import perf_counter

import numpy as np
import pytest

from bunraku.acting import Actor
from bunraku.errors import UserError
from bunraku.mind.tools import ToolCall
from bunraku.runtime import Runtime
from bunraku.sim import random_scene
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.looking import look_around
from bunraku.skills.recollection import MOST_WAITING, Recollection
from bunraku.vision import Event, VisualMemory


@pytest.fixture(scope="module")
def asked():
    """A robot that looked at the counter, from which everything then vanished; its world, actor and memory."""
    world = create_world(random_scene(np.random.default_rng(3)))
    with Recollection() as recollection:
        robot = SimulatedRobot(world, seed=3)
        runtime = Runtime(robot, recollection=recollection)
        actor = Actor(runtime.body)
        runtime.idle(0.3)
        seen = runtime.run(look_around(runtime.body))
        runtime.body.remember(seen)
        for item in world.scene.objects:
            world.data.joint(OBJECT_PREFIX + item.name).qpos[:2] += 30
        runtime.idle(3.0)
        recollection.settle()
        yield seen, actor, recollection, runtime
        robot.close()


def test_it_says_where_it_last_saw_what_is_out_of_sight_now(asked):
    seen, actor, _, _ = asked
    assert seen
    for thing in seen:
        answer = actor.answer(ToolCall("recall", {"query": f"where did you last see the {thing.name}"}))
        assert answer.ok
        assert f"I last saw the {thing.name} " in answer.text
        assert "counter" in answer.text
        assert "just now" not in answer.text


def test_it_does_not_remember_what_was_never_there(asked):
    _, actor, _, _ = asked
    answer = actor.answer(ToolCall("recall", {"query": "where did you last see the purple elephant"}))
    assert not answer.ok


def test_all_cameras_feed_it_with_the_times_of_their_pictures(asked):
    _, _, recollection, runtime = asked
    spec = runtime.robot.spec
    channels = {channel.number: channel.camera for channel in recollection.memory.store.channels.values()}
    assert set(channels.values()) == {camera.name for camera in spec.cameras}
    for number, time in recollection.memory.store.last_seen.items():
        assert runtime.body.time - 1.5 < time <= runtime.body.time, channels[number]


def test_a_robot_without_a_memory_says_so(asked):
    _, actor, recollection, runtime = asked
    runtime.body.recollection = None
    answer = actor.answer(ToolCall("recall", {"query": "where did you last see the mug"}))
    runtime.body.recollection = recollection
    assert not answer.ok
    assert "memory" in answer.text


def test_a_memory_of_before_is_renamed_and_never_lost(tmp_path):
    for n in range(3):
        with Recollection.afresh(tmp_path / "memory") as recollection:
            recollection.memory.note(Event(float(n), "here", "note", f"episode {n}"))
    folders = [tmp_path / name for name in ("memory-1", "memory-2", "memory")]
    told = [VisualMemory(folder, read_only=True).events()[0].text for folder in folders]
    assert told == ["episode 0", "episode 1", "episode 2"]


def test_the_loop_that_controls_never_waits_for_the_memory(asked, monkeypatch):
    """While the memory is stuck, pictures are noted at once; what is too much is left out, and that is told."""
    _, _, recollection, _ = asked
    stuck = Flag()
    monkeypatch.setattr(recollection.memory, "observe_image", lambda *_: stuck.wait(20))
    began = perf_counter()
    for n in range(MOST_WAITING + 5):
        recollection._later(float(n), lambda: recollection.memory.observe_image())
    assert perf_counter() - began < 1.0
    stuck.set()
    recollection.settle()
    recollection._later(99.0, lambda: None)
    recollection.settle()
    assert recollection.memory.events()[-1].text.startswith("5 pictures or names came too fast")


def test_what_went_wrong_while_remembering_is_raised_later(tmp_path, monkeypatch):
    recollection = Recollection(tmp_path / "memory")

    def full(*_):
        raise UserError("the disk is full.")

    monkeypatch.setattr(recollection.memory, "note", full)
    recollection._later(0.0, lambda: recollection.memory.note(Event(0.0, "here", "note", "x")))
    with pytest.raises(UserError, match="full"):
        recollection.close()
