"""A recogniser in a process of its own: what it computes never holds up the loop that moves the robot.

The process is this module, run as a program. It is sent sound, and answers in lines of JSON what it has heard. When it
dies or hangs, whoever listens is told, and it is started again.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.voice.audio import decoded, pcm16
from bunraku.mind.voice.recognition import Heard, Recipe

PATIENCE = 30.0
"""Seconds after the end of an utterance in which it must have been recognised."""
SLOWEST_START = 180.0
"""Seconds that loading a model may take."""
MOST_LIVES = 3
"""How often the process is started before it is given up."""

_HEAD = struct.Struct("<cI")
_RECIPE, _START, _SOUND, _END = b"R", b"S", b"P", b"E"


class Ears:
    """Hears by a recogniser in another process. Its methods belong to one event loop, and none of them blocks.

    Set `on_words` (the words so far, while somebody speaks), `on_heard` (an utterance has ended) and `on_lost` (the
    process died, and what was being said is lost: then nothing is heard of it) to be called back on that loop.
    """

    def __init__(self, recipe: Recipe, patience: float = PATIENCE):
        self.on_words: Callable[[str], None] = lambda words: None
        self.on_heard: Callable[[Heard], None] = lambda heard: None
        self.on_lost: Callable[[], None] = lambda: None
        self._recipe, self._patience = recipe, patience
        self._lives = MOST_LIVES
        self._process: asyncio.subprocess.Process
        self._attending: asyncio.Task[None]
        self._unsent: list[bytes] | None = []  # what waits until the process is ready
        self._listening = False  # to an utterance that began and was not lost
        self._expected = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._too_late: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Ears:
        """Start the process and wait until it can hear. Raises `UserError` when it cannot."""
        await self._begin()
        self._attending = asyncio.get_running_loop().create_task(self._attend())
        return self

    async def __aexit__(self, *error: object) -> None:
        """End the process."""
        self._attending.cancel()
        self._expect(0)
        await self._kill()

    @property
    def pid(self) -> int:
        """The process that hears now."""
        return self._process.pid

    def start(self, in_view: Collection[str] = ()) -> None:
        """An utterance begins, while the kinds of objects `in_view` are to be seen."""
        self._listening = True
        self._send(_START, json.dumps(sorted(in_view)).encode())

    def push(self, sound: np.ndarray) -> None:
        """Take in some sound, (n,) in [-1, 1] at 16 kHz."""
        if self._listening:
            self._send(_SOUND, pcm16(sound))

    def end(self) -> None:
        """The utterance has ended."""
        if not self._listening:
            return self.on_heard(Heard("", False))
        self._listening = False
        self._send(_END)
        self._expect(self._expected + 1)

    async def quiet(self) -> None:
        """Wait until everything that was said has been heard or lost. Raises `UserError` once it is given up."""
        waiting = asyncio.get_running_loop().create_task(self._quiet.wait())
        await asyncio.wait({waiting, self._attending}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self.check()

    def check(self) -> None:
        """Raises `UserError` if the recogniser was given up."""
        if self._attending.done():
            self._attending.result()

    # The process -------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bunraku.mind.voice.ears"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
        )
        self._lives -= 1
        self._write(_message(_RECIPE, pickle.dumps(self._recipe)))
        try:
            answer = await asyncio.wait_for(self._answer(), SLOWEST_START)
        except TimeoutError:
            await self._kill()
            raise UserError("the speech recogniser did not start; type instead, or give another model.") from None
        except BaseException:
            await self._kill()
            raise
        if answer is None or "error" in answer:
            await self._kill()
            raise UserError(
                answer["error"]
                if answer
                else "the speech recogniser broke down as it started: its model is broken, or of another kind; "
                "give another one, or type instead."
            )
        waiting, self._unsent = self._unsent or [], None
        for message in waiting:
            self._write(message)

    async def _attend(self) -> None:
        """Hand on what the process says; start it again when it ends, `UserError` when that happens too often."""
        while True:
            while (answer := await self._answer()) is not None:
                if "words" in answer:
                    self.on_words(answer["words"])
                else:
                    self._expect(self._expected - 1)
                    self.on_heard(Heard(**answer["heard"]))
            await self._kill()
            self._unsent, self._listening = [], False
            self._expect(0)
            self.on_lost()
            if self._lives == 0:
                raise UserError(f"the speech recogniser broke down {MOST_LIVES} times; type instead.")
            await self._begin()

    async def _answer(self) -> dict[str, Any] | None:
        """The next answer of the process; None when it has ended, or speaks nonsense."""
        assert self._process.stdout is not None
        with suppress(ValueError):
            return json.loads(await self._process.stdout.readline())
        return None

    async def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _send(self, tag: bytes, payload: bytes = b"") -> None:
        message = _message(tag, payload)
        if self._unsent is None:
            self._write(message)
        else:
            self._unsent.append(message)

    def _write(self, message: bytes) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(message)

    def _expect(self, count: int) -> None:
        """From now on `count` utterances wait to be recognised."""
        self._expected = max(0, count)
        if self._too_late:
            self._too_late.cancel()
            self._too_late = None
        if self._expected:
            self._quiet.clear()
            self._too_late = asyncio.get_running_loop().call_later(self._patience, self._process.kill)
        else:
            self._quiet.set()


def main() -> None:
    """Be the process: make the recogniser, then hear until the sound ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what libraries print must not be taken for answers

    def tell(**answer: object) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    message = _receive(source)
    if message is None:
        return
    try:
        recogniser = pickle.loads(message[1])()
    except UserError as error:
        tell(error=str(error))
        return
    tell(ready=True)
    words = ""
    while (message := _receive(source)) is not None:
        match message:
            case (b"S", in_view):
                recogniser.start(json.loads(in_view))
                words = ""
            case (b"P", pcm):
                now = recogniser.push(decoded(pcm))
                if now != words:
                    words = now
                    tell(words=words)
            case (b"E", _):
                tell(heard=asdict(recogniser.end()))


def _message(tag: bytes, payload: bytes) -> bytes:
    return _HEAD.pack(tag, len(payload)) + payload


def _receive(source: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next message; None when no more will come."""
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    tag, length = _HEAD.unpack(head)
    payload = source.read(length)
    return (tag, payload) if len(payload) == length else None


if __name__ == "__main__":
    main()
