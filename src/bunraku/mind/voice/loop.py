"""The voice loop: frames of sound in, turns of a conversation out; it never waits for the mind.

When a person begins to speak, the robot falls silent at once and holds still until it knows what was said. "Stop" and
「止まれ」 reach the body while the utterance is still going on, without any mind. A move that was not heard clearly is
asked back before it is made.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Callable

import numpy as np

from bunraku.mind.conversation import Conversation
from bunraku.mind.safety import heard_stop, said_yes
from bunraku.mind.voice.activity import Detector, Segmenter
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE
from bunraku.mind.voice.recognition import Heard, Recogniser

_LEAD = 8  # frames before the detected start that are recognised too: 256 ms
_LONGEST_PAUSE = 250  # frames of one utterance through which the robot holds still: 8 s


class VoiceLoop:
    """Listens on behalf of a conversation."""

    def __init__(
        self,
        conversation: Conversation,
        recogniser: Recogniser,
        detect: Detector,
        hush: Callable[[], None] = lambda: None,
        on_heard: Callable[[Heard], None] = lambda heard: None,
    ):
        self.conversation, self.recogniser = conversation, recogniser
        self._segmenter = Segmenter(detect)
        self._lead: collections.deque[np.ndarray] = collections.deque(maxlen=_LEAD)
        self._hush, self._on_heard = hush, on_heard
        self._stopped = False
        self._length = 0
        self._unsure: str | None = None
        self._turns: set[asyncio.Task[None]] = set()

    async def listen(self, frames: AsyncIterator[np.ndarray]) -> None:
        """Listen to frames of 512 samples until they end, and let the last turn finish."""
        async for frame in frames:
            self.push(frame)
            await asyncio.sleep(0)
        if self._segmenter.speaking:
            self._heard(self.recogniser.end())
        await asyncio.gather(*self._turns)

    @property
    def speaking(self) -> bool:
        """Whether a person is speaking now."""
        return self._segmenter.speaking

    def push(self, frame: np.ndarray) -> None:
        """Take in one frame. Returns within a few milliseconds."""
        match self._segmenter.push(frame):
            case "start":
                self._hush()
                self.conversation.pause(True)
                self._stopped, self._length = False, 0
                self.recogniser.start()
                for earlier in self._lead:
                    self.recogniser.push(earlier)
                self.recogniser.push(frame)
            case "speech":
                self._watch_for_stop(self.recogniser.push(frame))
                self._length += 1
                if self._length == _LONGEST_PAUSE:
                    self.conversation.pause(False)
            case "end":
                self._heard(self.recogniser.end())
            case _:
                self._lead.append(frame)

    def _watch_for_stop(self, so_far: str) -> None:
        if not self._stopped and heard_stop(so_far):
            self._stopped = True
            self.conversation.stop()

    def _heard(self, heard: Heard) -> None:
        self._on_heard(heard)
        if not heard.text:
            self.conversation.pause(False)
            return
        if self._unsure and said_yes(heard.text):
            text, self._unsure = self._unsure, None
        elif heard.sure or not self.conversation.would_move(heard.text):
            text, self._unsure = heard.text, None
        else:
            self._unsure = heard.text
            self.conversation.say(f"Did you say: {heard.text}? Please say yes, or say it again.")
            self.conversation.pause(False)
            return
        turn = asyncio.get_running_loop().create_task(self._turn(text))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)

    async def _turn(self, text: str) -> None:
        try:
            await self.conversation.hear(text)
        finally:
            if not self.speaking:
                self.conversation.pause(False)


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
    from bunraku.errors import UserError

    try:
        import sounddevice

        loop, frames = asyncio.get_running_loop(), asyncio.Queue[np.ndarray]()

        def take(data: np.ndarray, count: int, when: object, status: object) -> None:
            loop.call_soon_threadsafe(frames.put_nowait, data[:, 0].copy())

        stream = sounddevice.InputStream(SAMPLE_RATE, FRAME, channels=1, dtype="float32", callback=take)
    except (ImportError, OSError) as error:
        raise UserError(
            "sounddevice or PortAudio is not installed; install bunraku[voice] and libportaudio2."
        ) from error
    except Exception as error:
        raise UserError("there is no microphone; connect one, give an audio file, or type instead.") from error
    with stream:
        while True:
            yield await frames.get()
