"""The conversation: it goes on while the robot moves.

A turn is heard, a mind answers it, and the calls it makes run in the background, one after another. A new instruction
takes the place of the one that is running; a question does not. "Stop" is heard before any mind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from bunraku.mind.audit import AuditLog
from bunraku.mind.body import Action, Outcome, Picture, RobotBody
from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.rules import Context, Reply, RuleMind, prepare
from bunraku.mind.safety import Provenance, Verdict, heard_stop, judge, said_yes, untrusted
from bunraku.mind.text import language_of
from bunraku.mind.tools import Checked, Denied, Registry, ToolCall, printable

MOST_CALLS = 12
"""Tool calls in one turn, of any kind, allowed or not."""
QUERY_PATIENCE = 5.0
"""Seconds that a turn waits for the answer of a tool that does not move."""


@dataclass(frozen=True)
class Said:
    """The robot says something."""

    text: str


@dataclass(frozen=True)
class Started:
    """A call began."""

    call: ToolCall
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """A call ended."""

    call: ToolCall
    outcome: Outcome


@dataclass(frozen=True)
class Refused:
    """A call was not allowed to run."""

    name: str
    reason: str


Event = Said | Started | Finished | Refused


class Mind(Protocol):
    """Answers one turn: yields what to say as it comes, and makes calls through the turn."""

    @property
    def name(self) -> str:
        """Short name, as in `--mind NAME`."""
        ...

    def respond(self, turn: Turn) -> AsyncIterator[str]:
        """Pieces of the answer in order."""
        ...


@dataclass
class Turn:
    """One turn of the user: the `text`, the context, what happened since the last turn, and the way to call tools.

    `remembered` are the pictures that tools returned; a mind takes out those that it looks at.
    """

    text: str
    context: Context
    notes: tuple[str, ...]
    _conversation: Conversation
    calls: int = 0
    remembered: list[Picture] = field(default_factory=list)

    @property
    def registry(self) -> Registry:
        """The tools that this turn may use."""
        return self._conversation.registry

    def pictures(self, most: int) -> Sequence[Picture]:
        """At most `most` present pictures. A picture may hold text: from now on this mind is tainted."""
        pictures = self._conversation.body.pictures(most)[:most]
        if pictures:
            self._conversation.taint()
        return pictures

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Make one call; what to tell the mind about it, in one sentence. Never raises for a bad call."""
        self.calls += 1
        return await self._conversation.request(self, name, arguments)

    def propose(self, call: ToolCall) -> bool:
        """Let a yes of the user start the call; False where it is not allowed."""
        return self._conversation.propose(call)

    def wait_for_answer(self, call: ToolCall | None) -> None:
        """A question was asked; the next turn's answer completes `call`."""
        self._conversation.context = self._conversation.context.asked(call)


@dataclass
class _Queue:
    """Calls that move the robot, in order; `turn` is the turn that asked for them."""

    calls: deque[Checked] = field(default_factory=deque)
    running: Action | None = None
    turn: Turn | None = None


class Conversation:
    """One user, one mind, one body. All coroutines belong to one event loop; bodies finish actions from any thread."""

    def __init__(
        self,
        mind: Mind,
        body: RobotBody,
        registry: Registry | None = None,
        audit: AuditLog | None = None,
        tell: Callable[[Event], None] = lambda event: None,
    ):
        self.mind, self.body = mind, body
        self.registry = registry or robot_registry()
        self.audit = audit or AuditLog()
        self.context = Context()
        self.tell = tell
        self._rules = RuleMind(self.registry.vocabulary)
        prepare()
        self._queue = _Queue()
        self._consent: Checked | None = None
        self._notes: list[str] = []
        self._tainted = False
        self._last: tuple[ToolCall, Outcome] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    # The user's side ---------------------------------------------------------------------------------------------

    async def hear(self, text: str) -> str:
        """One turn of the user, until the mind has answered; actions go on. Returns all that was said."""
        self.audit.write("turn", text=text, mind=self.mind.name)
        if heard_stop(text):
            self.stop()
        if (waiting := self._consent) is not None:
            self._consent = None
            if said_yes(text):
                self.audit.write("consent", call=waiting.call.to_json(), words=text)
                await self._run(waiting, None)
                return ""
        turn = Turn(text, self.context, tuple(self._notes), self)
        self._notes.clear()
        if self.context.waiting:
            self.context = self.context.asked(None)
        said = []
        async for piece in self.mind.respond(turn):
            if piece:
                said.append(piece)
                self.say(piece)
        return "".join(said)

    def stop(self) -> None:
        """Stop the robot and forget what was to follow. Needs no mind, may be called at any time."""
        self.body.stop()
        self._queue.calls.clear()
        if self._queue.running:
            self._queue.running.cancel()
        self._consent = None
        self.audit.write("stop")

    def pause(self, paused: bool) -> None:
        """Hold the robot still in the middle of what it does, or let it go on. May be called at any time."""
        self.body.pause(paused)
        self.audit.write("pause" if paused else "go on")

    async def settle(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs; False when `timeout` (s) passed first."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout)
        except TimeoutError:
            return False
        return True

    def would_touch(self, text: str) -> bool:
        """Whether the rule mind reads the text as something that moves things or needs consent."""
        plan = self._rules.plan(text, self.context)
        tools = self.registry.tools
        return not isinstance(plan, Reply) and any(tools[c.name].touches or tools[c.name].needs_consent for c in plan)

    def say(self, text: str) -> None:
        """Say something to the user."""
        self.audit.write("said", text=text)
        self.tell(Said(text))

    def taint(self) -> None:
        """The mind has been shown text that is not the user's."""
        self._tainted = True

    def show(self, text: str, source: str) -> str:
        """Untrusted text in the form in which a mind may see it."""
        self.taint()
        return untrusted(text, source)

    # The mind's side ---------------------------------------------------------------------------------------------

    async def request(self, turn: Turn, name: str, arguments: Mapping[str, Any]) -> str:
        """Check, judge and start one call; the sentence that goes back to the mind."""
        self.audit.write("call", name=name, arguments=arguments)
        if turn.calls > MOST_CALLS:
            return self._refuse(name, f"There were already {MOST_CALLS} calls in this turn; answer the user now.")
        try:
            checked = self.registry.check(name, arguments)
        except Denied as denied:
            return self._refuse(name, str(denied))
        call = checked.call
        provenance = Provenance(turn.text, turn.context, self._tainted)
        match judge(self.registry.tools[call.name], call, provenance, self._rules):
            case Verdict.REFUSE:
                return self._refuse(name, "The user has not asked for anything that moves.")
            case Verdict.ASK:
                self._consent = checked
                self.audit.write("consent asked", call=call.to_json())
                self.say(consent_question(call, language_of(turn.text)))
                return "The user was asked for consent; wait for the answer and do not call again."
        return await self._run(checked, turn)

    @property
    def proposal(self) -> ToolCall | None:
        """The call that a yes of the user would start now."""
        return self._consent.call if self._consent else None

    def propose(self, call: ToolCall) -> bool:
        """Let the user's yes, if it comes next, start the call; False where the registry does not allow it."""
        try:
            self._consent = self.registry.check(call.name, call.arguments)
        except Denied:
            return False
        self.audit.write("consent asked", call=call.to_json())
        return True

    async def _run(self, checked: Checked, turn: Turn | None) -> str:
        call = checked.call
        self.audit.write("checked", call=call.to_json(), changes=checked.changes)
        self.context = self.context.after([call])
        if call.name == "stop":
            self.stop()
            self.tell(Started(call))
            return "Stopped."
        if call.name == "say":
            self.say(call.arguments["text"])
            return "Said."
        if call.name == "status" and self._queue.running:
            return self._progress()
        if not self.registry.tools[call.name].moves:
            return await self._ask_body(checked, turn)
        if self._queue.turn is not turn or turn is None:
            self._replace_queue(turn)
        self._queue.calls.append(checked)
        self._idle.clear()
        self._start_next()
        return " ".join((f"{call.name} has been started; the user will hear how it ends.", *checked.changes))

    async def _ask_body(self, checked: Checked, turn: Turn | None) -> str:
        self.tell(Started(checked.call, checked.changes))
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        action = self.body.start(checked.call)
        action.when_done(lambda _: _post(loop, done.set))
        try:
            await asyncio.wait_for(done.wait(), QUERY_PATIENCE)
        except TimeoutError:
            action.cancel()
        outcome = action.outcome or Outcome(False, f"{checked.call.name} did not answer in {QUERY_PATIENCE:g} s.")
        self._record(checked.call, outcome)
        if turn:
            turn.remembered += outcome.pictures
        return self._describe(checked.call, outcome)

    def _replace_queue(self, turn: Turn | None) -> None:
        self._queue.calls.clear()
        if self._queue.running:
            self._queue.running.cancel()
        self._queue.turn = turn

    def _start_next(self) -> None:
        if self._queue.running or not self._queue.calls:
            return
        checked = self._queue.calls.popleft()
        self.tell(Started(checked.call, checked.changes))
        loop = asyncio.get_running_loop()
        action = self.body.start(checked.call)
        self._queue.running = action
        action.when_done(lambda done: _post(loop, self._finished, done))

    def _finished(self, action: Action) -> None:
        outcome = action.outcome
        assert outcome is not None
        self._record(action.call, outcome)
        cancelled = action.cancelled.is_set()
        if self._queue.running is action:
            self._queue.running = None
        self._notes.append(self._describe(action.call, outcome))
        if not cancelled:
            if outcome.candidates:
                self.context = self.context.asked(action.call)
            self.say(outcome.text)
            if not outcome.ok:
                self._queue.calls.clear()
        self._start_next()
        if self._queue.running is None:
            self._idle.set()

    def _record(self, call: ToolCall, outcome: Outcome) -> None:
        self._last = call, outcome
        self.audit.write("outcome", call=call.to_json(), ok=outcome.ok, text=outcome.text, read=outcome.read)
        self.tell(Finished(call, outcome))

    def _describe(self, call: ToolCall, outcome: Outcome) -> str:
        parts = [f"{call.name} {'succeeded' if outcome.ok else 'failed'}: {printable(outcome.text)}"]
        parts += [self.show(text, call.name) for text in outcome.read]
        if outcome.pictures:
            self.taint()
        return " ".join(parts)

    def _progress(self) -> str:
        running = self._queue.running
        assert running is not None
        text = f"{running.call.name}: {running.progress or 'under way'}"
        return text + (f"; then {len(self._queue.calls)} more" if self._queue.calls else "")

    def _refuse(self, name: str, reason: str) -> str:
        self.audit.write("refused", name=name, reason=reason)
        self.tell(Refused(printable(name)[:40], reason))
        return f"Refused: {reason}"


class RuleResponder:
    """The rule mind as a `Mind`: every answer comes from the plan, the registry or the body."""

    name = "rules"

    def __init__(self, rules: RuleMind | None = None):
        self.rules = rules or RuleMind()

    async def respond(self, turn: Turn) -> AsyncIterator[str]:
        """Carry the plan out, or say why not."""
        plan = self.rules.plan(turn.text, turn.context)
        if isinstance(plan, Reply):
            turn.wait_for_answer(plan.waiting)
            proposed = plan.nearest is not None and turn.propose(plan.nearest)
            yield plan.text + (self.rules.say_yes(turn.text) if proposed else "")
            return
        moves = False
        for call in plan:
            result = await turn.call(call.name, call.arguments)
            if result.startswith("Refused: "):
                yield result.removeprefix("Refused: ")
                return
            if turn.registry.tools[call.name].moves:
                moves = True
            elif call.name not in ("say", "set_speed"):
                yield result.partition(": ")[2] or result
        if moves or any(call.name == "set_speed" for call in plan):
            yield "はい。" if language_of(turn.text) == "japanese" else "All right."


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
    """Call back on `loop`; once it is closed, nobody waits for what a body still finishes."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *arguments)


def consent_question(call: ToolCall, language: str) -> str:
    """The question that asks the user for consent to a call."""
    parts = ", ".join(f"{key} {_words(value)}" for key, value in call.to_json()["arguments"].items())
    if language == "japanese":
        return f"{call.name}({parts})を実行してもいいですか。「はい」と答えてください。"
    return f"Shall I do this: {call.name} {parts}? Please answer yes or no."


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_words(part) for part in value.values())
    return str(value)
