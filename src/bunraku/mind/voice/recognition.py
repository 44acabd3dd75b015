"""Speech recognition: what a recogniser is, and which one hears with a given model. All of them work offline."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.tools import Registry


@dataclass(frozen=True)
class Heard:
    """What was said, and whether that is certain. `text` is empty when nothing was said that means anything.

    `other` is what may have been said instead, because it sounds alike.
    """

    text: str
    sure: bool
    other: str = ""


class Recogniser(Protocol):
    """Hears one utterance at a time."""

    def start(self, in_view: Collection[str] = ()) -> None:
        """An utterance begins, while the kinds of objects `in_view` are to be seen: they are the likely ones."""
        ...

    def push(self, sound: np.ndarray) -> str:
        """Take in some sound, (n,) in [-1, 1] at 16 kHz; the words so far, where they are known already."""
        ...

    def end(self) -> Heard:
        """The utterance has ended."""
        ...


Recipe = Callable[[], Recogniser]
"""Makes a recogniser, wherever it is called: it can be pickled."""


def recipe(registry: Registry, model: Path | None = None) -> Recipe:
    """How to make the recogniser for `model`: the folder of a faster-whisper or sherpa-onnx model, or none at all.

    Without a model pocketsphinx hears commands for the allowed tools. Raises `UserError` for a folder that is no model.
    """
    from bunraku.mind.voice import sherpa, sphinx, whisper

    if model is None:
        return partial(sphinx.SphinxRecogniser, registry)
    if whisper.is_model(model):
        return partial(whisper.recogniser, model, registry)
    if sherpa.is_model(model):
        return partial(sherpa.recogniser, model, registry)
    raise UserError(
        f"{model} is no speech model: give the folder of a faster-whisper model (model.bin, config.json, "
        "tokenizer.json) or of a sherpa-onnx model (.onnx files and tokens.txt), or leave it out."
    )
