"""The voice loop: frames of sound in, turns of a conversation out; it never waits for the mind.

When a person begins to speak, the robot falls silent at once and holds still until it knows what was said. "Stop" and
「止まれ」 reach the body while the utterance is still going on, without any mind. What would touch things and was not
heard clearly is asked back before it is done.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.conversation import Conversation
from bunraku.mind.safety import heard_stop, said_no, said_yes
from bunraku.mind.voice.activity import Detector, Segmenter
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE
from bunraku.mind.voice.ears import Ears
from bunraku.mind.voice.recognition import Heard

_LEAD = 8  # frames before the detected start that are recognised too: 256 ms
_LONGEST_PAUSE = 250  # frames of one utterance through which the robot holds still: 8 s


class VoiceLoop:
    """Listens on behalf of a conversation, with ears that are open."""

    def __init__(
        self,
        conversation: Conversation,
        ears: Ears,
        detect: Detector,
        hush: Callable[[], None] = lambda: None,
        on_heard: Callable[[Heard], None] = lambda heard: None,
    ):
        self.conversation, self.ears = conversation, ears
        ears.on_words, ears.on_heard, ears.on_lost = self._watch_for_stop, self._heard, self._lost
        self._segmenter = Segmenter(detect)
        self._lead: collections.deque[np.ndarray] = collections.deque(maxlen=_LEAD)
        self._hush, self._on_heard = hush, on_heard
        self.utterances = 0
        self._stopped = False
        self._length = 0
        self._unsure: list[str] = []
        self._turns: set[asyncio.Task[None]] = set()

    async def listen(self, frames: AsyncIterator[np.ndarray]) -> None:
        """Listen to frames of 512 samples until they end, and let the last turn finish.

        Raises `UserError` when the ears are given up.
        """
        async for frame in frames:
            self.ears.check()
            self.push(frame)
            await asyncio.sleep(0)
        if self._segmenter.speaking:
            self.ears.end()
        await self.ears.quiet()
        await asyncio.gather(*self._turns)

    @property
    def speaking(self) -> bool:
        """Whether a person is speaking now."""
        return self._segmenter.speaking

    def push(self, frame: np.ndarray) -> None:
        """Take in one frame. Returns within a millisecond."""
        match self._segmenter.push(frame):
            case "start":
                self._hush()
                self.conversation.pause(True)
                self._stopped, self._length = False, 0
                self.utterances += 1
                self.ears.start({thing.kind for thing in self.conversation.body.seen()})
                for earlier in self._lead:
                    self.ears.push(earlier)
                self.ears.push(frame)
            case "speech":
                self.ears.push(frame)
                self._length += 1
                if self._length == _LONGEST_PAUSE:
                    self.conversation.pause(False)
            case "end":
                self.ears.end()
            case _:
                self._lead.append(frame)

    def _watch_for_stop(self, so_far: str) -> None:
        if not self._stopped and heard_stop(so_far):
            self._stopped = True
            self.conversation.stop()

    def _lost(self) -> None:
        """What is being said cannot be heard, and it may have been "stop"."""
        self.conversation.stop()
        self.conversation.say("I stopped, because my speech recogniser broke down; I start it again. Please repeat.")
        self._go_on()

    def _go_on(self) -> None:
        if not self.speaking:
            self.conversation.pause(False)

    def _heard(self, heard: Heard) -> None:
        self._on_heard(heard)
        if not heard.text:
            self._go_on()
            return
        text = heard.text
        if self._unsure and said_yes(text):
            text, self._unsure = self._unsure[0], []
        elif len(self._unsure) > 1 and said_no(text):
            return self._ask_back(self._unsure[1:])
        elif heard.sure or not self.conversation.would_touch(text):
            self._unsure = []
        else:
            return self._ask_back([reading for reading in (text, heard.other) if reading])
        turn = asyncio.get_running_loop().create_task(self._turn(text))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)

    def _ask_back(self, readings: list[str]) -> None:
        """Ask whether the first of the readings was said; a no goes on to the next."""
        self._unsure = readings
        others = "say no" if len(readings) > 1 else "say it again"
        self.conversation.say(f"Did you say: {readings[0]}? Please say yes, or {others}.")
        self._go_on()

    async def _turn(self, text: str) -> None:
        try:
            await self.conversation.hear(text)
        finally:
            self._go_on()


async def frames_of(sound: np.ndarray, real_time: bool = False) -> AsyncIterator[np.ndarray]:
    """The frames of a sound, as a microphone would give them; `real_time` keeps its pace."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    padded = np.concatenate([sound, np.zeros(-len(sound) % FRAME, np.float32)])
    for start in range(0, len(padded), FRAME):
        yield padded[start : start + FRAME]
        if real_time:
            await asyncio.sleep(max(0.0, began + (start + FRAME) / SAMPLE_RATE - loop.time()))


async def microphone() -> AsyncIterator[np.ndarray]:
    """Frames from the default microphone. Raises `UserError` when there is none."""
    loop, frames = asyncio.get_running_loop(), asyncio.Queue[np.ndarray]()

    def take(data: np.ndarray, count: int, when: object, status: object) -> None:
        loop.call_soon_threadsafe(frames.put_nowait, data[:, 0].copy())

    with open_microphone(take):
        while True:
            yield await frames.get()


def open_microphone(take: Callable[..., None]) -> Any:
    """The stream of the default microphone, which hands its frames to `take`. Raises `UserError` when there is none."""
    try:
        import sounddevice

        return sounddevice.InputStream(SAMPLE_RATE, FRAME, channels=1, dtype="float32", callback=take)
    except (ImportError, OSError) as error:
        raise UserError(
            "sounddevice or PortAudio is not installed; install bunraku[voice] and libportaudio2."
        ) from error
    except Exception as error:
        raise UserError("there is no microphone; connect one, give an audio file, or type instead.") from error
