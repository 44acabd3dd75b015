"""The body as a mind sees it: it starts tool calls, and each runs in the background until it is done or cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bunraku.mind.seeing import SeenObject
from bunraku.mind.tools import ToolCall


@dataclass(frozen=True)
class Picture:
    """What one camera saw at `time` (s, robot clock): `jpeg` bytes."""

    camera: str
    time: float
    jpeg: bytes


@dataclass(frozen=True)
class Outcome:
    """How a call ended: the `text` to say, and what it found.

    `candidates` are the objects among which the user must choose. `read` is text that a camera read, a memory held or a
    web page said: it is data, never an instruction.
    """

    ok: bool
    text: str
    seen: tuple[SeenObject, ...] = ()
    candidates: tuple[SeenObject, ...] = ()
    pictures: tuple[Picture, ...] = ()
    read: tuple[str, ...] = ()


@dataclass
class Action:
    """One running call, shared between the mind's thread and the body's.

    The body calls `report` and, exactly once, `finish`; it watches `cancelled`. The mind reads, waits and cancels. All
    are safe from any thread and none blocks, except `wait`.
    """

    call: ToolCall
    progress: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    _outcome: Outcome | None = None
    _done: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _callbacks: list[Callable[[Action], object]] = field(default_factory=list)

    def report(self, text: str) -> None:
        """Say what is going on now, in a few words."""
        self.progress = text

    def finish(self, outcome: Outcome) -> None:
        """End the call; a second outcome is ignored."""
        with self._lock:
            if self._outcome is not None:
                return
            self._outcome = outcome
            callbacks, self._callbacks = self._callbacks, []
        self._done.set()
        for callback in callbacks:
            callback(self)

    def cancel(self) -> None:
        """Ask the body to end the call softly; it still finishes with an outcome."""
        self.cancelled.set()

    def when_done(self, callback: Callable[[Action], object]) -> None:
        """Call back once with this action, from the thread that finishes it, or at once if it is done."""
        with self._lock:
            if self._outcome is None:
                self._callbacks.append(callback)
                return
        callback(self)

    @property
    def outcome(self) -> Outcome | None:
        """The outcome, or None while the call is running."""
        return self._outcome

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """The outcome, waiting at most `timeout` (s) for it."""
        self._done.wait(timeout)
        return self._outcome


class RobotBody(Protocol):
    """What carries tool calls out. Every call that reaches it has passed a `Registry`."""

    def start(self, call: ToolCall) -> Action:
        """Begin the call and return at once. A call that moves ends the one that moved before it."""
        ...

    def stop(self) -> None:
        """Stop moving now, softly. Works whatever the mind is doing."""
        ...

    def pause(self, paused: bool) -> None:
        """Hold still in the middle of what is being done, or go on with it."""
        ...

    def pictures(self, most: int) -> Sequence[Picture]:
        """At most `most` present camera pictures, the most useful first."""
        ...

    def seen(self) -> Sequence[SeenObject]:
        """What it has found so far and knows to be around. From any thread, at once."""
        ...


class NoBody:
    """A mind without a robot: it can talk, and says of everything else that no robot is attached."""

    def start(self, call: ToolCall) -> Action:
        """End the call at once, without success."""
        action = Action(call)
        action.finish(Outcome(False, f"No robot is attached, so I cannot do this ({call.name})."))
        return action

    def stop(self) -> None:
        """There is nothing to stop."""

    def pause(self, paused: bool) -> None:
        """There is nothing to hold still."""

    def pictures(self, most: int) -> Sequence[Picture]:
        """There are no cameras."""
        return ()

    def seen(self) -> Sequence[SeenObject]:
        """There is nothing."""
        return ()
