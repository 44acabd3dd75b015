"""A small real body: a table with things on it, and a hand that takes time and can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np

from bunraku.mind import Action, Clarification, Outcome, Picture, SeenObject, ToolCall, resolve

STEP = 0.01
STEPS = {"pick": 4, "put": 6, "bring": 5, "look_for": 2, "home": 3}


def seen(kind: str, colour: str | None, x: float, y: float, place: str | None = "counter") -> SeenObject:
    return SeenObject(kind, colour, np.array([x, y, 0.95]), place=place)


class Kitchen:
    """Moves one thing at a time, in a thread, and can be stopped at any step."""

    def __init__(self, things: Sequence[SeenObject] = (), labels: Sequence[str] = (), slow: float = 1.0):
        self.things = list(things) or [seen("mug", "red", 0.5, 0.1), seen("can", "blue", 0.5, -0.2)]
        self.labels = tuple(labels)
        self.moved: list[ToolCall] = []
        self.asked: list[ToolCall] = []
        self.stops = 0
        self.pauses: list[bool] = []
        self._held = threading.Event()
        self._held.set()
        self.holding: SeenObject | None = None
        self._slow = slow
        self._running: Action | None = None

    def start(self, call: ToolCall) -> Action:
        action = Action(call)
        if call.name in STEPS:
            if self._running:
                self._running.cancel()
            self._running = action
            threading.Thread(target=self._move, args=(action,), daemon=True).start()
        else:
            self.asked.append(call)
            action.finish(self._answer(call))
        return action

    def stop(self) -> None:
        self.stops += 1
        if self._running:
            self._running.cancel()

    def pause(self, paused: bool) -> None:
        self.pauses.append(paused)
        self._held.clear() if paused else self._held.set()

    def pictures(self, most: int) -> Sequence[Picture]:
        return ()

    def seen(self) -> Sequence[SeenObject]:
        return self.things

    def _answer(self, call: ToolCall) -> Outcome:
        if call.name == "what_do_you_see":
            names = ", ".join(f"{t.colour} {t.kind}" for t in self.things)
            return Outcome(True, f"I see {names}.", tuple(self.things), read=self.labels)
        if call.name == "recall":
            return Outcome(True, "I remember this.", read=self.labels)
        return Outcome(True, f"{call.name} is answered.", read=self.labels)

    def _move(self, action: Action) -> None:
        query = action.call.arguments.get("object")
        if query is not None:
            found = resolve(query, self.things)
            if isinstance(found, Clarification):
                action.finish(Outcome(False, found.text, candidates=found.candidates))
                return
        for step in range(STEPS[action.call.name]):
            if action.cancelled.is_set():
                action.finish(Outcome(False, f"{action.call.name} was cancelled."))
                return
            self._held.wait()
            action.report(f"step {step + 1}")
            time.sleep(STEP * self._slow)
        self.moved.append(action.call)
        action.finish(Outcome(True, f"Done: {action.call.name}."))
