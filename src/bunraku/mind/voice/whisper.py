"""Speech recognition by a Whisper model on the CPU, with faster-whisper: free speech in the model's languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.tools import Registry
from bunraku.mind.voice.recognition import Heard
from bunraku.mind.voice.transcriber import Transcriber, second_opinion

SURE, POSSIBLE = -0.7, -1.0
"""Mean log probability of a token, above which it is certain, and below which it is nothing (Whisper's own limit)."""
SILENT = 0.6
"""Probability above which the model holds a sound for no speech (Whisper's own limit)."""
_FILES = ("model.bin", "config.json", "tokenizer.json")


def is_model(folder: Path) -> bool:
    """Whether the folder holds the files of a faster-whisper model."""
    return all((folder / name).is_file() for name in _FILES)


def recogniser(folder: Path, registry: Registry) -> Transcriber:
    """The recogniser with the model in `folder`. Raises `UserError` when the package is missing or the model broken."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise UserError("faster-whisper is not installed: install bunraku[whisper], or leave the model out.") from error
    try:
        model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    except Exception as error:
        raise UserError(f"{folder} is no model that faster-whisper can load: {_first_line(error)}") from error
    hints = hint(registry)

    def transcribe(sound: np.ndarray) -> Heard:
        segments, _ = model.transcribe(
            sound,
            language=None if model.model.is_multilingual else "en",
            beam_size=1,
            temperature=0.0,
            initial_prompt=hints,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        return heard([(s.text, s.avg_logprob, s.no_speech_prob) for s in segments])

    return Transcriber(transcribe, second_opinion(registry))


def heard(segments: list[tuple[str, float, float]]) -> Heard:
    """What is heard in segments of text, mean log probability and probability of no speech."""
    spoken = [(text, quality) for text, quality, silent in segments if silent < SILENT and quality > POSSIBLE]
    if not spoken:
        return Heard("", False)
    return Heard("".join(text for text, _ in spoken).strip(), min(quality for _, quality in spoken) > SURE)


def hint(registry: Registry) -> str:
    """What a person is likely to speak of."""
    vocabulary = registry.vocabulary
    things = ", ".join(names.english[0] for names in (*vocabulary.kinds.values(), *vocabulary.colours.values()))
    return f"Commands to a robot about {things}."


def _first_line(error: Any) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".") + "."
