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
from bunraku.mind.voice.audio import SAMPLE_RATE, decode_wav

Play = Callable[[np.ndarray], None]
"""Plays a short piece of sound and returns when it has been handed on."""

PIECE = SAMPLE_RATE // 50
"""Samples that are played at a time: 20 ms."""


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


def synthesise_with_piper(text: str, voice_file: Path) -> np.ndarray:
    """The text as sound by Piper with the voice in `voice_file`."""
    if not voice_file.is_file():
        raise UserError(f"the voice file {voice_file} does not exist; give a Piper .onnx file, or leave it out.")
    program = shutil.which("piper")
    if program is None:
        raise UserError("piper is not installed: pip install piper-tts, or leave the voice file out.")
    command = [program, "--model", str(voice_file), "--output_file", "-"]
    return decode_wav(subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout)


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
        """Be silent now: at most one piece of 20 ms is still heard."""
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
