import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import mujoco
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.live import Instant
from bunraku.mind.audit import AuditLog
from bunraku.mind.body import Action, Outcome, Picture
from bunraku.mind.conversation import RuleResponder
from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.seeing import SeenObject
from bunraku.mind.tools import ToolCall
from bunraku.robot.interface import CameraFrame
from bunraku.web.live import Session
from bunraku.web.server import SceneState


class Puppet:
    """A body that finishes what moves only when it is told to stop."""

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_string("<mujoco/>")
        self.running: Action | None = None
        self.stopped = threading.Event()

    def start(self, call: ToolCall) -> Action:
        self.running = Action(call)
        return self.running

    def stop(self) -> None:
        self.stopped.set()
        if self.running:
            self.running.finish(Outcome(False, "I stopped."))

    def pause(self, paused: bool) -> None:
        """Nothing to hold still."""

    def pictures(self, most: int) -> Sequence[Picture]:
        return ()

    def seen(self) -> Sequence[SeenObject]:
        return ()

    def state(self) -> Instant:
        return Instant(1.5, np.zeros(0), self.running.call.name if self.running else "standing")

    def frames(self) -> Mapping[str, CameraFrame]:
        return {}


def until(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def test_what_is_typed_starts_the_robot_and_the_button_stops_it(tmp_path: Path) -> None:
    async def act() -> tuple[Puppet, list[str], SceneState]:
        body, lines, audit = Puppet(), [], AuditLog(tmp_path / "log.jsonl")
        session = Session(body, audit, lines.append)
        await asyncio.to_thread(session.hear, "put the red mug on the shelf")
        state = session.state()
        await asyncio.to_thread(session.stop)
        assert await asyncio.to_thread(until, lambda: "✗ put" in lines)
        audit.close()
        return body, lines, state

    body, lines, state = asyncio.run(act())
    assert body.stopped.is_set()
    assert (state.doing, state.said) == ("put", "“All right.”")
    assert "… put" in lines
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kinds[0] == "turn"
    assert {"stop", "outcome"} <= set(kinds)


def test_the_button_works_while_the_mind_is_busy() -> None:
    async def act() -> bool:
        body = Puppet()
        session = Session(body, AuditLog())
        button = threading.Thread(target=session.stop)
        button.start()
        return body.stopped.wait(5)  # the loop is blocked here, as by a mind that thinks

    assert asyncio.run(act())


def test_words_without_meaning_are_answered_and_move_nothing() -> None:
    async def act() -> tuple[Puppet, str]:
        body = Puppet()
        session = Session(body, AuditLog())
        await asyncio.to_thread(session.hear, "fold the laundry of the moon")
        with pytest.raises(UserError):
            await asyncio.to_thread(session.hear, "  ")
        return body, session.state().said

    body, said = asyncio.run(act())
    assert body.running is None
    assert len(said) > 2


def test_a_persona_is_shown_as_it_speaks_and_keeps_to_its_tools() -> None:
    async def act() -> tuple[Puppet, list[str]]:
        body, lines = Puppet(), []
        registry = robot_registry(["say", "status"])
        session = Session(body, AuditLog(), lines.append, RuleResponder(), registry, lambda text: f"♪ {len(text)}")
        await asyncio.to_thread(session.hear, "hello")
        await asyncio.to_thread(session.hear, "pick up the red mug")
        return body, lines

    body, lines = asyncio.run(act())
    assert body.running is None
    assert lines[0].startswith("“♪")
    assert any("no tool 'pick'" in line for line in lines)
