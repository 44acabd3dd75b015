"""What the design promises, tried on the whole robot: vision only, honest limits, the same seed, nothing lost."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import av
import mujoco
import numpy as np
import pytest

from bunraku.robot import Observation
from bunraku.runtime import Runtime
from bunraku.sim import random_scene
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import World, create_world
from bunraku.skills.looking import PLACES, look, look_around
from bunraku.skills.perception import Seen

SCENE = random_scene(np.random.default_rng(5), ("can", "ball", "mug"))


def set_up(seed: int = 0) -> tuple[World, SimulatedRobot, Runtime]:
    world = create_world(SCENE)
    robot = SimulatedRobot(world, seed)
    return world, robot, Runtime(robot)


def shuffle(world: World) -> None:
    """Every object goes where another one was, rested, and changes its weight and friction: behind the robot's back."""
    names = [OBJECT_PREFIX + placed.name for placed in SCENE.objects]
    where = [world.data.joint(name).qpos.copy() for name in names]
    for name, there in zip(names, where[1:] + where[:1], strict=True):
        world.data.joint(name).qpos = there
        world.model.body(name).mass *= 1.7
    world.model.geom_friction[:, 0] *= 0.5
    mujoco.mj_forward(world.model, world.data)


def gist(seen: list[Seen]) -> list[tuple]:
    return sorted((s.name, *s.position.tolist(), s.yaw) for s in seen)


def test_skills_see_what_the_cameras_took_and_not_what_is_there_now() -> None:
    """Invariant 1. The same pictures give the same things, whatever has become of the world since they were taken."""
    world, robot, runtime = set_up()
    runtime.body.gaze = PLACES["counter"]
    runtime.idle(1.0)
    eyes, observation = runtime.body.eyes, runtime.body.observation
    assert eyes is not None and observation is not None
    shuffle(world)
    after = gist(eyes.find(eyes.views(observation, 0.0)))
    robot.close()

    untouched, robot, runtime = set_up()
    runtime.body.gaze = PLACES["counter"]
    runtime.idle(1.0)
    eyes, observation = runtime.body.eyes, runtime.body.observation
    assert eyes is not None and observation is not None
    before = gist(eyes.find(eyes.views(observation, 0.0)))
    assert {name for name, *_ in before} == {placed.name for placed in SCENE.objects}
    assert after == before
    shuffle(untouched)
    anew = gist(runtime.run(look(runtime.body)))
    robot.close()
    moved = {name: np.array(at[:3]) for name, *at in anew}
    assert max(np.linalg.norm(moved[name] - at[:3]) for name, *at in before) > 0.1, "new pictures show the new places"


def readings(observation: Observation) -> np.ndarray:
    parts = [observation.joints.position, observation.imu.acceleration, observation.feet.wrench.ravel()]
    parts += [observation.hand(side).tension for side in ("left", "right")]
    return np.concatenate(parts)


def test_the_same_seed_is_the_same_episode() -> None:
    """Invariant 7, for the whole loop: the noise of every sensor, what is seen, and where everything ends."""
    episodes = []
    for seed in (3, 3, 4):
        world, robot, runtime = set_up(seed)
        seen = gist(runtime.run(look_around(runtime.body)))
        assert runtime.body.observation is not None
        episodes.append((seen, readings(runtime.body.observation), world.data.qpos.copy()))
        robot.close()
    same, again, other = episodes
    assert same[0] == again[0]
    assert np.array_equal(same[1], again[1]) and np.array_equal(same[2], again[2])
    assert not np.array_equal(same[1], other[1])


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda joints: replace(joints, velocity=np.full(30, 100.0)), "velocity"),
        (lambda joints: replace(joints, torque=np.full(30, 1e5)), "torque"),
        (lambda joints: replace(joints, position=np.full(30, np.nan)), "garbage"),
    ],
)
def test_whatever_a_level_above_asks_for_is_clamped_and_reported(monkeypatch, spoil, kind) -> None:
    """Invariant 4, in the loop: what the controller sends is spoiled, and the robot neither obeys nor falls."""
    world = create_world(SCENE)
    robot = SimulatedRobot(world, cameras=())
    runtime = Runtime(robot)
    runtime.idle(0.1)
    walker, given = runtime._legs.walker, []
    compute, command = walker.compute, robot.command
    monkeypatch.setattr(walker, "compute", lambda *arguments: spoil(compute(*arguments)))
    monkeypatch.setattr(robot, "command", lambda sent: (given.append(sent.joints), command(sent)))
    runtime.step()
    assert kind in {intervention.kind for intervention in runtime.interventions}
    limits = robot.spec
    for joints in given:
        assert (np.abs(joints.velocity) <= limits.speed_limits + 1e-9).all()
        assert (np.abs(joints.torque) <= limits.torque_limits + 1e-9).all()
        assert np.isfinite(joints.position).all()


def test_an_interrupted_run_leaves_a_readable_record(tmp_path: Path) -> None:
    """Invariant 8: Ctrl-C in a real process, while the robot works and is filmed."""
    command = [sys.executable, "-m", "bunraku", "run", "put the red mug on the shelf", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )
    log, film = tmp_path / "episode.jsonl", tmp_path / "video.mp4"
    deadline = time.monotonic() + 240
    while not (log.exists() and '"event"' in log.read_text() and film.stat().st_size > 50_000):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, complaint = process.communicate(timeout=120)
    assert process.returncode == 130
    assert complaint.count("\n") == 1 and "interrupted" in complaint, complaint
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["success"], report["outcome"]) == (False, "interrupted") and report["steps"]
    assert [json.loads(line)["what"] for line in log.read_text().splitlines()][:2] == ["assignment", "event"]
    with av.open(str(film)) as video:
        assert sum(1 for _ in video.decode(video=0)) >= 5
    assert "report.json" in printed
