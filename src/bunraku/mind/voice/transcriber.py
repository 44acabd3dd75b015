"""Recognisers that hear a whole utterance at once, any words of it; "stop" is heard on the way by pocketsphinx."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection

import numpy as np

from bunraku.mind.tools import Registry
from bunraku.mind.voice.recognition import Heard, Recogniser
from bunraku.mind.voice.sphinx import SphinxRecogniser


class Transcriber:
    """A `Recogniser` by a function from a whole utterance, (n,) float32 at 16 kHz, to what was said in it.

    While somebody speaks, the `early` recogniser tells the words so far, where there is one.
    """

    def __init__(self, transcribe: Callable[[np.ndarray], Heard], early: Recogniser | None = None):
        self._transcribe, self._early = transcribe, early
        self._sound: list[np.ndarray] = []

    def start(self, in_view: Collection[str] = ()) -> None:
        """An utterance begins; what is in view makes no difference."""
        self._sound.clear()
        if self._early:
            self._early.start()

    def push(self, sound: np.ndarray) -> str:
        """Keep the sound; the words so far, as the early recogniser hears them."""
        self._sound.append(sound)
        return self._early.push(sound) if self._early else ""

    def end(self) -> Heard:
        """The utterance has ended."""
        return self._transcribe(np.concatenate([np.zeros(0, np.float32), *self._sound]).astype(np.float32))


def stop_spotter(registry: Registry) -> Recogniser | None:
    """Hears "stop" while it is being said; None without pocketsphinx: then "stop" is heard when it has been said."""
    if importlib.util.find_spec("pocketsphinx") is None:
        return None
    return SphinxRecogniser(registry.narrowed(()))
