"""Speech recognition offline: pocketsphinx with a grammar made of the tools and the vocabulary.

A grammar hears a command in any sound. So a phone loop, which fits every sound, is scored beside it: what the grammar
explains much worse is not a command, and what it explains somewhat worse is asked back before anything moves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.tools import Registry
from bunraku.mind.voice.audio import SAMPLE_RATE, pcm16

if TYPE_CHECKING:
    from pocketsphinx import Decoder

SURE = -4.5e-4
"""Grammar score less phone-loop score, per frame of 10 ms, above which a command is certain.

Chosen on synthetic speech: a misheard move reached -4.2e-4, other speech -4.7e-4 at the most.
"""
POSSIBLE = -9.0e-4
"""Below this it is no command at all."""

# Words that the English dictionary lacks, in its own phones.
_ADDED = {"tomare": "T OW M AA R EY", "bunraku": "B UH N R AA K UW"}


@dataclass(frozen=True)
class Heard:
    """What was said, and whether that is certain. `text` is empty when it was no command."""

    text: str
    sure: bool


class Recogniser:
    """Hears English commands for the allowed tools; also the Japanese word tomare, stop."""

    def __init__(self, registry: Registry):
        try:
            from pocketsphinx import Decoder, get_model_path
        except ImportError as error:
            raise UserError("pocketsphinx is not installed; install bunraku[voice], or type instead.") from error
        folder = get_model_path()
        common = {
            "hmm": f"{folder}/en-us/en-us",
            "dict": f"{folder}/en-us/cmudict-en-us.dict",
            "samprate": SAMPLE_RATE,
            "loglevel": "FATAL",
        }
        self._phones: Decoder = Decoder(**common, allphone=f"{folder}/en-us/en-us-phone.lm.bin", lw=2.0, beam=1e-20)
        self._words: Decoder = Decoder(**common, lm=None, beam=1e-60, wbeam=1e-40, pbeam=1e-60)
        for word, phones in _ADDED.items():
            self._words.add_word(word, phones, True)
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / "robot.jsgf"
            path.write_text(grammar(registry, self._words), encoding="utf-8")
            self._words.add_jsgf_file("robot", str(path))
        self._words.activate_search("robot")
        self._frames = 0

    def start(self) -> None:
        """An utterance begins."""
        self._frames = 0
        self._words.start_utt()
        self._phones.start_utt()

    def push(self, sound: np.ndarray) -> str:
        """Take in some sound; the words so far."""
        pcm = pcm16(sound)
        self._frames += len(sound) * 100 // SAMPLE_RATE
        self._words.process_raw(pcm)
        self._phones.process_raw(pcm)
        guess = self._words.hyp()
        return _spoken(guess.hypstr) if guess else ""

    def end(self) -> Heard:
        """The utterance has ended."""
        self._words.end_utt()
        self._phones.end_utt()
        words, phones = self._words.hyp(), self._phones.hyp()
        if words is None or phones is None or not words.hypstr:
            return Heard("", False)
        margin = (words.best_score - phones.best_score) / max(1, self._frames)
        if margin < POSSIBLE:
            return Heard("", False)
        return Heard(_spoken(words.hypstr), margin >= SURE)


def grammar(registry: Registry, dictionary: Any) -> str:
    """JSGF of what can be said to the allowed tools, in words that the `dictionary` can pronounce."""
    vocabulary, allowed = registry.vocabulary, registry.allowed

    def known(phrases: Iterable[str]) -> str:
        return " | ".join(p for p in phrases if all(dictionary.lookup_word(word) for word in p.split()))

    kinds = known(word for n in vocabulary.kinds.values() for word in n.english[:2])
    colours = known(word for n in vocabulary.colours.values() for word in n.english[:1])
    places = known(word for n in vocabulary.places.values() for word in n.english[:2])
    acts = {
        "pick": "( pick up | take | grab ) <object>",
        "put": "put <object> <relation> <target>",
        "bring": "( bring | give ) me <object>",
        "look_for": "( look for | find ) <object>",
    }
    asks = {
        "where_is": "where is <object>",
        "what_do_you_see": "what do you see | look around",
        "status": "how is it going | what are you doing",
        "home": "go home",
        "set_speed": "faster | slower",
    }
    act = " | ".join(words for name, words in acts.items() if name in allowed) or "<VOID>"
    ask = " | ".join(words for name, words in asks.items() if name in allowed) or "<VOID>"
    return f"""#JSGF V1.0;
grammar robot;
<colour> = {colours};
<kind> = {kinds};
<side> = left | right;
<object> = [ the | a ] [ <colour> | <side> ] <kind> | it | the ( <colour> | <side> ) one;
<target> = the ( {places} ) | <object>;
<relation> = on | in | beside | next to | onto;
<act> = {act};
<follow> = and put it <relation> <target> | and bring it to me;
<short> = stop | halt | wait | freeze | tomare | yes | no | hello | thank you | what can you do;
<correct> = no the ( <colour> | <side> ) one;
<order> = <act> [ <follow> ] | ( do not | never ) <act> | {ask};
public <command> = [ please | robot ] ( <order> | <short> | <correct> ) [ please ];
"""


def _spoken(words: str) -> str:
    return "止まれ" if words.strip() == "tomare" else words.strip()
