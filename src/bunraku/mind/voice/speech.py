"""Speech out: espeak-ng, Piper where a voice file is given, or the beeper's tones; silenced at any moment."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.text import language_of
from bunraku.mind.tones import meanings_of, melody
from bunraku.mind.voice.audio import SAMPLE_RATE, decode_wav, resampled

Play = Callable[[np.ndarray], None]
"""Plays a short piece of sound and returns when it has been handed on."""

PIECE = SAMPLE_RATE // 100
"""Samples that are played at a time: 10 ms."""


def synthesise(text: str, voice: Mapping[str, Any] | None = None) -> np.ndarray:
    """The text as sound, (n,) float32 at 16 kHz, by espeak-ng. Raises `UserError` when it is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise UserError("espeak-ng is not installed: apt install espeak-ng, or use the robot by text.")
    voice = voice or {}
    name = "ja" if language_of(text) == "japanese" else str(voice.get("espeak", "en-us"))
    command = [
        program,
        "-v",
        name,
        "-p",
        str(voice.get("pitch", 50)),
        "-s",
        str(voice.get("speed", 165)),
        "--stdout",
        "--",
        text,
    ]
    result = subprocess.run(command, capture_output=True, check=False)
    return decode_wav(result.stdout) if result.stdout else np.zeros(0, np.float32)


def piper(voice_file: Path) -> Callable[[str], np.ndarray]:
    """What says a text, as `synthesise` does, with the Piper voice in `voice_file` (.onnx, its .onnx.json beside it).

    Raises `UserError` when the file or the package is missing, or the file is no voice.
    """
    if not voice_file.is_file() or not Path(f"{voice_file}.json").is_file():
        raise UserError(f"the voice {voice_file} or its .json is missing; give a Piper .onnx file, or leave it out.")
    try:
        from piper import PiperVoice
    except ImportError as error:
        raise UserError("Piper is not installed: install bunraku[piper], or leave the voice file out.") from error
    try:
        voice = PiperVoice.load(voice_file)
    except Exception as error:
        raise UserError(f"{voice_file} is no voice that Piper can load.") from error

    def say(text: str) -> np.ndarray:
        chunks = [chunk.audio_float_array for chunk in voice.synthesize(text)]
        sound = np.concatenate([np.zeros(0, np.float32), *chunks])
        return np.clip(resampled(sound, voice.config.sample_rate), -1, 1)

    return say


def tones(text: str) -> np.ndarray:
    """What the beeper says instead of the text."""
    return melody(meanings_of(text))


class Speaker:
    """Says things one after another in a thread of its own; `hush` silences it at once and forgets the rest."""

    def __init__(self, play: Play, voice: Callable[[str], np.ndarray] = synthesise):
        self._play, self._voice = play, voice
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._hushed = 0
        self._wake = threading.Event()
        self.speaking = False
        threading.Thread(target=self._run, name="speaker", daemon=True).start()

    def say(self, text: str) -> None:
        """Say the text after what is being said. Returns at once."""
        with self._lock:
            self._waiting.append(text)
            self.speaking = True
        self._wake.set()

    def hush(self) -> None:
        """Be silent now: at most one piece of 10 ms is still heard."""
        with self._lock:
            self._waiting.clear()
            self._hushed += 1
            self.speaking = False

    def _run(self) -> None:
        while True:
            self._wake.wait()
            with self._lock:
                text = self._waiting.pop(0) if self._waiting else None
                hushed = self._hushed
                if text is None:
                    self._wake.clear()
                    self.speaking = False
                    continue
            sound = self._voice(text)
            for start in range(0, len(sound), PIECE):
                if self._hushed != hushed:
                    break
                self._play(sound[start : start + PIECE])
