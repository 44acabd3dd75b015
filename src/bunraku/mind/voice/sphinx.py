"""Speech recognition offline: pocketsphinx with a grammar made of the tools and the vocabulary.

A grammar hears a command in any sound. So two more things are scored beside it, once the utterance has ended: a phone
loop, which fits every sound, tells whether it was a command at all; and the same command with another object in it
tells whether it was this one, where the two sound alike. What is not certain is asked back before anything moves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.safety import heard_stop
from bunraku.mind.tools import Registry
from bunraku.mind.vocabulary import Names
from bunraku.mind.voice.audio import SAMPLE_RATE, pcm16
from bunraku.mind.voice.recognition import Heard

if TYPE_CHECKING:
    from pocketsphinx import Decoder

SURE, SURE_LONG = -6.0e-4, -4.5e-4
"""Grammar score less phone-loop score, per frame of 10 ms, above which a command is certain: one, or one and another.

Chosen on synthetic speech that the benchmark does not use. Other speech, which holds the words of commands but is none,
reached -4.7e-4 as two commands; as one, none passed both this and `RIVAL`.
"""
POSSIBLE, POSSIBLE_STOP = -1.2e-3, -1.5e-3
"""Below this it is no command at all; to stop without reason is the smaller harm."""
RIVAL = 0.1
"""Score by which a command must beat the same one with another object in it to be certain.

Objects that sound alike (mug and marker, ball and bowl) differed by less where they were confused.
"""
EARLY = (0.6, 0.9, 1.3, 1.8, 2.5)
"""Seconds of an utterance after which its words so far are looked at: "stop" is heard while it is being said."""
IN_VIEW = 3.0
"""How much likelier a word for something in view is than another."""
WORDS = 2
"""Words for each kind of object and place that are listened for, the commonest first."""

# Words that the English dictionary lacks, in its own phones.
_ADDED = {"tomare": "T OW M AA R EY", "bunraku": "B UH N R AA K UW"}


class SphinxRecogniser:
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
            "cmn": "batch",
            "bestpath": False,  # it would end in the middle of the grammar, and take half a second
        }
        self._phones: Decoder = Decoder(**common, allphone=f"{folder}/en-us/en-us-phone.lm.bin", lw=2.0, beam=1e-20)
        self._words: Decoder = Decoder(**common, lm=None, beam=1e-60, wbeam=1e-40, pbeam=1e-60)
        for word, phones in _ADDED.items():
            self._words.add_word(word, phones, True)
        self._registry, self._in_view = registry, frozenset({"unknown"})
        self._expect(frozenset())
        kinds = registry.vocabulary.kinds
        self._kinds = {word: kind for kind, n in kinds.items() for word, _ in _spoken_words(n, self._words)}
        self._kind = re.compile(rf"\b(?:{'|'.join(sorted(self._kinds, key=len, reverse=True))})\b")
        self._pcm = bytearray()
        self._so_far, self._looks = "", list(EARLY)

    def start(self, in_view: Collection[str] = ()) -> None:
        """An utterance begins, while the kinds of objects `in_view` are to be seen: they are the likely ones."""
        self._expect(frozenset(in_view))
        self._pcm.clear()
        self._so_far, self._looks = "", list(EARLY)

    def push(self, sound: np.ndarray) -> str:
        """Take in some sound; the words so far, as they were heard after one of the times in `EARLY`."""
        self._pcm += pcm16(sound)
        if self._looks and len(self._pcm) >= 2 * SAMPLE_RATE * self._looks[0]:
            self._looks.pop(0)
            self._so_far = _written(self._decode(self._words)[0])
        return self._so_far

    def end(self) -> Heard:
        """The utterance has ended."""
        (words, score), (_, phones) = self._decode(self._words), self._decode(self._phones)
        likely = (score - phones) / max(1, len(self._pcm) * 100 // (2 * SAMPLE_RATE))
        if not words or likely < (POSSIBLE_STOP if heard_stop(words) else POSSIBLE):
            return Heard("", False)
        rival = self._rival(words)
        sure = likely >= (SURE_LONG if " and " in words else SURE)
        return Heard(_written(words), sure and not rival, rival)

    def _expect(self, in_view: frozenset[str]) -> None:
        if in_view != self._in_view:
            self._in_view = in_view
            self._words.add_jsgf_string("robot", grammar(self._registry, self._words, in_view))
            self._words.activate_search("robot")

    def _decode(self, decoder: Decoder) -> tuple[str, float]:
        """What the whole sound says, and its score. Only of a whole is the channel known, which is taken out of it."""
        decoder.start_utt()
        decoder.process_raw(bytes(self._pcm), full_utt=True)
        decoder.end_utt()
        guess = decoder.hyp()
        return (guess.hypstr, guess.best_score) if guess else ("", -np.inf)

    def _rival(self, words: str) -> str:
        """The same command with another object, if that may have been said; else nothing."""
        variants = [
            f"{words[: found.start()]} ( {' | '.join(others)} ) {words[found.end() :]}"
            for found in self._kind.finditer(words)
            if (others := [word for word, kind in self._kinds.items() if kind != self._kinds[found[0]]])
        ]
        if not variants:
            return ""
        (_, score), (other, second) = self._decode_one_of([words]), self._decode_one_of(variants)
        return other if score - second < RIVAL else ""

    def _decode_one_of(self, sentences: list[str]) -> tuple[str, float]:
        self._words.add_jsgf_string("few", f"#JSGF V1.0;\ngrammar few;\npublic <few> = {' | '.join(sentences)};\n")
        self._words.activate_search("few")
        guess = self._decode(self._words)
        self._words.activate_search("robot")
        return guess


def grammar(registry: Registry, dictionary: Any, in_view: frozenset[str] = frozenset()) -> str:
    """JSGF of what can be said to the allowed tools, in words that the `dictionary` can pronounce.

    Commoner words weigh more, and so do those for the kinds of objects `in_view`. Of words that mean the same only one
    is listed, if they sound alike: "a" is heard as "the", "onto" as "on".
    """
    vocabulary, allowed = registry.vocabulary, registry.allowed

    def known(names: Mapping[str, Names]) -> str:
        return " | ".join(
            f"/{weight * (IN_VIEW if name in in_view else 1):.2f}/ {word}"
            for name, n in names.items()
            for word, weight in _spoken_words(n, dictionary)
        )

    verbs = {
        "pick": "pick up | take | grab",
        "bring": "bring me | give me",
        "look_for": "look for | find",
    }
    asks = {
        "where_is": "where is <object>",
        "what_do_you_see": "what do you see | look around",
        "status": "how is it going | what are you doing",
        "home": "go home",
        "set_speed": "faster | slower",
    }
    act = [f"( {' | '.join(words for name, words in verbs.items() if name in allowed)} ) <object>"]
    act = (act if verbs.keys() & allowed else []) + ["put <object> <relation> <target>"] * ("put" in allowed)
    ask = [words for name, words in asks.items() if name in allowed]
    return f"""#JSGF V1.0;
grammar robot;
<colour> = {known(vocabulary.colours)};
<kind> = {known(vocabulary.kinds)};
<place> = {known(vocabulary.places)};
<shade> = /0.9/ <colour> | /0.05/ left | /0.05/ right;
<object> = /0.8/ the [ /0.5/ <shade> ] ( /0.9/ <kind> | /0.1/ one ) | /0.2/ it;
<target> = /0.6/ the ( /0.6/ <place> | /0.4/ <kind> ) | /0.4/ <object>;
<relation> = on | in | beside | next to;
<act> = {" | ".join(act) or "<VOID>"};
<follow> = and put it <relation> <target> | and bring it to me;
<short> = stop | halt | wait | freeze | tomare | yes | no | hello | thank you | what can you do | no the <shade> one;
<order> = [ /0.1/ do not | /0.1/ don't | /0.1/ never ] <act> [ /0.2/ <follow> ];
public <command> = [ /0.1/ please | /0.1/ robot ] ( {" | ".join(["<order>", "<short>", *ask])} ) [ /0.1/ please ];
"""


def _spoken_words(names: Names, dictionary: Any) -> Iterator[tuple[str, float]]:
    """The words to listen for that the dictionary can pronounce, each with its weight."""
    for rank, word in enumerate(names.english[:WORDS]):
        if all(map(dictionary.lookup_word, word.split())):
            yield word, 1 / (1 + 2 * rank)


def _written(words: str) -> str:
    return "止まれ" if words.strip() == "tomare" else words.strip()
