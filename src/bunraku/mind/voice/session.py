"""A spoken conversation: microphone or file in, loudspeaker out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.conversation import Conversation, Event, Said
from bunraku.mind.persona import Persona
from bunraku.mind.tools import Registry
from bunraku.mind.voice.activity import Detector, detector
from bunraku.mind.voice.audio import SAMPLE_RATE, read_wav
from bunraku.mind.voice.ears import Ears
from bunraku.mind.voice.loop import VoiceLoop, frames_of, microphone, open_microphone
from bunraku.mind.voice.recognition import Recipe, recipe
from bunraku.mind.voice.speech import Play, Speaker, piper, synthesise, tones

_LAST_WORDS = 120.0


@dataclass(frozen=True)
class Voice:
    """What a spoken conversation needs: how to `speak`, what hears, what detects, and a `sound` to hear, if any."""

    speak: Callable[[str], np.ndarray]
    recipe: Recipe
    detect: Detector
    sound: np.ndarray | None = None


def prepare(
    persona: Persona,
    registry: Registry,
    audio: Path | None = None,
    voice_file: Path | None = None,
    speech_model: Path | None = None,
) -> Voice:
    """What is needed to listen to the file `audio` or the microphone. Raises `UserError` that says what is missing.

    Spoken with the persona's own voice, or the Piper voice in `voice_file`; heard with pocketsphinx, or the
    `speech_model`.
    """
    sound = None
    if audio:
        sound = np.concatenate([read_wav(audio), np.zeros(SAMPLE_RATE, np.float32)])
    else:
        open_microphone(lambda *_: None).close()
    return Voice(voice_of(persona, voice_file), recipe(registry, speech_model), detector(), sound)


async def converse(voice: Voice, conversation: Conversation) -> None:
    """Listen until the sound ends, or until interrupted; speak where there is a loudspeaker.

    Raises `UserError` where nobody speaks in the sound.
    """
    frames = microphone() if voice.sound is None else frames_of(voice.sound)
    play = loudspeaker()
    hush: Callable[[], None] = _nothing
    if play is not None:
        speaker = Speaker(play, voice.speak)
        hush, show = speaker.hush, conversation.tell

        def tell(event: Event) -> None:
            show(event)
            if isinstance(event, Said):
                speaker.say(event.text)

        conversation.tell = tell
    async with Ears(voice.recipe) as ears:
        loop = VoiceLoop(conversation, ears, voice.detect, hush)
        await loop.listen(frames)
    if loop.utterances == 0:
        raise UserError("nobody speaks in that sound; give a WAV file with speech, or type instead.")
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
