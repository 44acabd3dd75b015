"""A spoken conversation: microphone or file in, loudspeaker out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bunraku.mind.conversation import Conversation, Event, Said
from bunraku.mind.persona import Persona, load
from bunraku.mind.voice.activity import detector
from bunraku.mind.voice.audio import SAMPLE_RATE, read_wav
from bunraku.mind.voice.loop import VoiceLoop, frames_of, microphone
from bunraku.mind.voice.recognition import Recogniser
from bunraku.mind.voice.speech import Play, Speaker, piper, synthesise, tones

_LAST_WORDS = 120.0


async def converse(
    conversation: Conversation, persona_name: str, audio: Path | None = None, voice_file: Path | None = None
) -> None:
    """Listen to the file `audio`, or to the microphone until interrupted; speak where there is a loudspeaker.

    The persona's own voice, or the one in `voice_file`, a Piper voice.
    """
    persona = load(persona_name)
    speak = voice_of(persona, voice_file)
    sound = read_wav(audio) if audio else None
    frames = microphone() if sound is None else frames_of(np.concatenate([sound, np.zeros(SAMPLE_RATE, np.float32)]))
    play = loudspeaker()
    hush: Callable[[], None] = _nothing
    if play is not None:
        speaker = Speaker(play, speak)
        hush, show = speaker.hush, conversation.tell

        def tell(event: Event) -> None:
            show(event)
            if isinstance(event, Said):
                speaker.say(event.text)

        conversation.tell = tell
    await VoiceLoop(conversation, Recogniser(conversation.registry), detector(), hush).listen(frames)
    await conversation.settle(_LAST_WORDS)


def voice_of(persona: Persona, voice_file: Path | None = None) -> Callable[[str], np.ndarray]:
    """How a persona speaks: in tones, with the Piper voice of the file, or with its own voice."""
    if persona.speaks == "tones":
        return tones
    return piper(voice_file) if voice_file else lambda text: synthesise(text, persona.voice)


def _nothing() -> None:
    """There is no loudspeaker to hush."""


def loudspeaker() -> Play | None:
    """Plays on the default output; None where there is none."""
    try:
        import sounddevice

        stream = sounddevice.OutputStream(SAMPLE_RATE, channels=1, dtype="float32", latency="low")
        stream.start()
    except Exception:
        return None

    def play(piece: np.ndarray) -> None:
        stream.write(piece.astype(np.float32).reshape(-1, 1))

    return play
