"""The live robot in a browser: what a person types there reaches the mind, and the page shows what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import mujoco

from bunraku.errors import UserError
from bunraku.live import Instant
from bunraku.mind.audit import AuditLog
from bunraku.mind.body import RobotBody
from bunraku.mind.conversation import Conversation, Event, Finished, Mind, Refused, RuleResponder, Said, Started
from bunraku.mind.tools import Registry
from bunraku.robot.interface import CameraFrame
from bunraku.tasks.judge import Verdict
from bunraku.web.server import SceneState, serve

PATIENCE_END = 5.0
"""Seconds that a stopped robot has to say so before the record is closed."""
PATIENCE = 60.0
"""Seconds that the page waits for the mind's answer to one instruction; what the robot does then takes its own time."""


class LiveBody(RobotBody, Protocol):
    """A body that can be looked at, from any thread, while it moves."""

    @property
    def model(self) -> mujoco.MjModel:
        """The simulated world."""
        ...

    def state(self) -> Instant:
        """Where everything is now, and what the robot is doing."""
        ...

    def frames(self) -> Mapping[str, CameraFrame]:
        """The newest frame of every camera."""
        ...


class Session:
    """One person, one robot, one conversation, on the event loop in which it was made."""

    def __init__(
        self,
        body: LiveBody,
        audit: AuditLog,
        tell: Callable[[str], None] = lambda line: None,
        mind: Mind | None = None,
        registry: Registry | None = None,
        written: Callable[[str], str] = str,
    ) -> None:
        """Talk through `mind`, the rules by default, which may use the tools of `registry`, all by default.

        `tell` gets what happens in words, and what the robot says as `written` shows it.
        """
        self._body = body
        self._tell, self._written = tell, written
        self._loop = asyncio.get_running_loop()
        self._conversation = Conversation(mind or RuleResponder(), body, registry, audit, self._note)
        self._said = ""

    async def begin(self, instruction: str) -> None:
        """Pass on the first instruction."""
        await self._conversation.hear(instruction)

    async def end(self) -> None:
        """Stop the robot, and wait until the record says so."""
        self._conversation.stop()
        await self._conversation.settle(PATIENCE_END)

    def hear(self, text: str) -> None:
        """Pass on what a person typed; called from any thread but the loop's, returns when the mind has answered."""
        if not text.strip():
            raise UserError('Say what to do, as in "put the red mug on the shelf".')
        asyncio.run_coroutine_threadsafe(self._conversation.hear(text), self._loop).result(PATIENCE)

    def stop(self) -> None:
        """Stop the robot at once, also while the mind is busy; then forget what was to follow."""
        self._body.stop()
        self._loop.call_soon_threadsafe(self._conversation.stop)

    def state(self) -> SceneState:
        """What the page shows."""
        now = self._body.state()
        return SceneState(now.time_s, now.position, now.doing, self._said, told(now.verdict))

    def _note(self, event: Event) -> None:
        line = describe(Said(self._written(event.text)) if isinstance(event, Said) else event)
        if isinstance(event, Said | Refused):
            self._said = line
        self._tell(line)


def told(verdict: Verdict | None) -> str:
    """A verdict in one line; "" while there is none."""
    if verdict is None:
        return ""
    return f"{'✓ Done' if verdict.success else '✗ Not done'}: {verdict.reason}."


def describe(event: Event) -> str:
    """One line for people about what happened in a conversation."""
    match event:
        case Said(text):
            return f"“{text}”"
        case Started(call):
            return f"… {call.name}"
        case Finished(call, outcome):
            return f"{'✓' if outcome.ok else '✗'} {call.name}"
        case Refused(name, reason):
            return f"✗ {name}: {reason}"


def run_in_browser(
    body: LiveBody,
    instruction: str,
    port: int,
    record: Path,
    tell: Callable[[str], None],
    mind: Mind | None = None,
    registry: Registry | None = None,
    written: Callable[[str], str] = str,
) -> None:
    """Serve the page, give the robot its first `instruction`, if any, and go on until interrupted.

    `record` becomes the conversation's log, one JSON line for every turn, call and outcome; the rest is as in
    `Session`.
    """

    async def attend() -> None:
        audit = AuditLog(record)
        session = Session(body, audit, tell, mind, registry, written)
        with serve(body.model, session.state, body.frames, session.hear, session.stop, port) as page:
            tell(f"{page.url} shows the robot; Ctrl-C ends.")
            try:
                if instruction:
                    await session.begin(instruction)
                await asyncio.Event().wait()
            finally:
                await session.end()
                audit.close()

    asyncio.run(attend())
