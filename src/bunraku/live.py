"""A simulated robot at work in a thread of its own, for whoever talks to it while it moves."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import cv2
import mujoco
import numpy as np

from bunraku.acting import Actor
from bunraku.control.stance import Stance
from bunraku.mind.body import Action, Outcome, Picture
from bunraku.mind.seeing import SeenObject
from bunraku.mind.tools import ToolCall
from bunraku.robot.interface import CameraFrame, Observation
from bunraku.runtime import Event, Runtime
from bunraku.sim import Scene, random_scene
from bunraku.sim.darkroom import develop
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills import Body, Seen
from bunraku.skills.recollection import Recollection
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.follow_me import draw_walk
from bunraku.tasks.judge import Judge, Verdict

IDLE = 0.1
"""Seconds for which it stands before it listens again."""
WALKS_OFF = 30.0
"""When (s) the person of the demonstration sets out."""
SWITCH = 0.0005
"""Seconds after which whoever else computes in Python must let the robot's thread go on."""
LOOKING = ("head_left", "chest", "head_right", "palm_right", "palm_left", "ground", "back")
"""Cameras, the most useful first."""


@dataclass(frozen=True)
class Instant:
    """One instant of the world: simulated `time_s`, MuJoCo's `position` (nq,), what the robot does, in words, and the
    `verdict` on what it was told first, once there is one."""

    time_s: float
    position: np.ndarray
    doing: str
    verdict: Verdict | None = None


class SimulatedBody:
    """A `RobotBody` whose robot, world and skills live in one thread and keep pace with the clock on the wall.

    Every method may be called from any thread.
    """

    def __init__(self, scene: Scene, seed: int = 0, assignment: Assignment | None = None) -> None:
        """Start the thread; returns when the robot stands. With an `assignment`, a referee watches what comes of it."""
        self._assignment = assignment
        self._calls: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._looking: list[tuple[Action, Future[list[Seen]] | Future[Outcome]]] = []
        self._looker = ThreadPoolExecutor(1, "looker")
        self._moving: Action | None = None
        self._paused = False
        self._closing = threading.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._doing = "standing"
        self._known: tuple[SeenObject, ...] = ()
        sys.setswitchinterval(SWITCH)
        self._model: mujoco.MjModel
        self._instant: Instant
        self._observation: Observation
        self._thread = threading.Thread(target=self._guard, args=(scene, seed), name="robot", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._raise()

    @property
    def model(self) -> mujoco.MjModel:
        """The simulated world."""
        return self._model

    def state(self) -> Instant:
        """Where everything is now, and what the robot is doing."""
        return self._instant

    def frames(self) -> Mapping[str, CameraFrame]:
        """The newest frame of every camera."""
        return self._observation.frames

    def start(self, call: ToolCall) -> Action:
        """Begin a call; one that moves ends the one that moved before it."""
        action = Action(call)
        if self._error or self._closing.is_set():
            action.finish(Outcome(False, "The robot is not running any more."))
        elif Actor.moves(call):
            self._cancel()
            self._calls.put(action)
        else:
            self._questions.put(action)
        return action

    def stop(self) -> None:
        """Stop moving at the next control period, and hold the posture and what is in the hands."""
        while not self._calls.empty():
            self._calls.get().finish(Outcome(False, "I was stopped before I began."))
        self._cancel()

    def pause(self, paused: bool) -> None:
        """Hold still in the middle of a motion, feet on the ground and things in the hands, or go on with it."""
        self._paused = paused

    def pictures(self, most: int) -> Sequence[Picture]:
        """At most `most` present pictures, the most useful first."""
        frames = self.frames()
        seen = [frames[name] for name in LOOKING if name in frames][:most]
        return [Picture(frame.camera, frame.time, _jpeg(frame.image)) for frame in seen]

    def seen(self) -> Sequence[SeenObject]:
        """What the robot has found so far."""
        return self._known

    def close(self) -> None:
        """End the thread; raises what broke in it, if anything did."""
        self.stop()
        self._closing.set()
        self._thread.join()
        self._raise()

    def _cancel(self) -> None:
        if moving := self._moving:
            moving.cancel()

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _guard(self, scene: Scene, seed: int) -> None:
        try:
            self._live(scene, seed)
        except BaseException as error:  # handed to whoever made or closes this body
            self._error = error
        finally:
            self._ready.set()
            self._looker.shutdown(cancel_futures=True)
            for waiting in (self._calls, self._questions):
                while not waiting.empty():
                    waiting.get().finish(Outcome(False, "The robot is not running any more."))
            for question, _ in self._looking:
                question.finish(Outcome(False, "The robot is not running any more."))
            if self._moving:
                self._moving.finish(Outcome(False, "The robot broke down."))

    def _live(self, scene: Scene, seed: int) -> None:
        world = create_world(scene)
        robot = SimulatedRobot(world, seed)
        self._model = world.model
        clock = _Clock()
        judge = Judge(world, self._assignment) if self._assignment else None

        def tick(observation: Observation) -> None:
            develop(observation.frames)
            self._observation = observation
            verdict = judge.look(self._moving is not None or not self._calls.empty()) if judge else None
            self._instant = Instant(world.time, world.data.qpos.copy(), self._doing, verdict)
            clock.wait_for(world.time)

        recollection = Recollection()
        runtime = Runtime(robot, self._note, tick, Stance(*scene.start), scene.house, recollection)
        actor = Actor(runtime.body)
        self._ready.set()
        try:
            while not self._closing.is_set():
                self._answer(actor)
                if self._calls.empty():
                    self._doing = "standing"
                    runtime.idle(IDLE)
                    continue
                self._moving = action = self._calls.get()
                skill = self._pausable(actor.act(action.call), runtime.body)
                outcome = runtime.run(skill, lambda: self._goes_on(actor))
                self._moving = None
                self._known = actor.known()
                action.finish(outcome or Outcome(False, "I stopped."))
        finally:
            robot.close()
            recollection.close()

    def _pausable(self, skill: Generator[None, None, Outcome], body: Body) -> Generator[None, None, Outcome]:
        """The skill, which makes no step while it is paused; meanwhile the reference rests."""
        try:
            while True:
                if self._paused:
                    wanted = body.walk, body.ascent, body.rising, body.storey
                    body.walk, body.ascent, body.rising = None, None, False
                    while self._paused:
                        body.hold()
                        yield
                    body.walk = wanted[0]
                    body.ascent = wanted[1] if body.storey == wanted[3] else None
                    body.rising = wanted[2] and body.fallen is not None
                try:
                    next(skill)
                except StopIteration as end:
                    return end.value
                yield
        finally:
            skill.close()

    def _goes_on(self, actor: Actor) -> bool:
        self._answer(actor)
        cancelled = self._moving is not None and self._moving.cancelled.is_set()
        return not (cancelled or self._closing.is_set())

    def _answer(self, actor: Actor) -> None:
        """Answer what is asked; what must be looked for first is found in another thread meanwhile."""
        while not self._questions.empty():
            question = self._questions.get()
            self._looking.append((question, self._looker.submit(actor.find, actor.views(question.call))))
        while self._looking and self._looking[0][1].done():
            question, found = self._looking.pop(0)
            answer = found.result()
            if not isinstance(answer, Outcome) and question.call.name == "recall":
                actor.notice(answer)
                # The memory may take longer than a tick: it, too, is asked in the other thread.
                self._looking.append((question, self._looker.submit(actor.recall, question.call)))
                continue
            if not isinstance(answer, Outcome):
                answer = actor.answer(question.call, answer)
            self._known = actor.known()
            question.finish(answer)

    def _note(self, event: Event) -> None:
        self._doing = event.text
        if moving := self._moving:
            moving.report(event.text)


class _Clock:
    """Keeps simulated time from running ahead of the wall clock; time lost to slow computing is not caught up."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def wait_for(self, simulated: float) -> None:
        now = time.monotonic()
        if self._offset is None or now - self._offset > simulated:
            self._offset = now - simulated
            return
        time.sleep(self._offset + simulated - now)


@contextmanager
def simulated_body(seed: int = 0, assignment: Assignment | None = None, house: bool = False) -> Iterator[SimulatedBody]:
    """A robot where an `assignment` is to be done and judged, or in the demonstration room of `seed`: a red mug and
    four other things on the counter. With `house` that is the kitchen of the whole house, and somebody walks there."""
    demonstration = demonstration_house if house else demonstration_scene
    body = SimulatedBody(assignment.scene if assignment else demonstration(seed), seed, assignment)
    try:
        yield body
    finally:
        body.close()


def demonstration_scene(seed: int) -> Scene:
    """A red mug, a bowl, a bottle, a ball and a small box, at random places on the counter."""
    scene = random_scene(np.random.default_rng(seed), ("mug", "bowl", "bottle", "ball", "small box"))
    mug, *others = scene.objects
    return Scene((replace(mug, name="red mug", colour="red"), *others))


def demonstration_house(seed: int) -> Scene:
    """The same in the whole house, with somebody before the robot who walks off after half a minute."""
    walk = draw_walk(seed)
    person = replace(walk.person, departs=WALKS_OFF)
    return replace(demonstration_scene(seed), house=True, person=person, start=walk.scene.start)


def _jpeg(image: np.ndarray) -> bytes:
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return coded.tobytes()
