"""Speech recognition offline: pocketsphinx with a grammar made of the tools and the vocabulary.

A grammar hears a command in any sound. So two more things are scored beside it, once the utterance has ended: a phone
loop, which fits every sound, tells whether it was a command at all; and the same command with another object in it
tells whether it was this one, where the two sound alike. What is not certain is asked back before anything moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.tools import Registry
from bunraku.mind.vocabulary import Names
from bunraku.mind.voice.audio import SAMPLE_RATE, pcm16
from bunraku.mind.voice.recognition import Heard

if TYPE_CHECKING:
    from pocketsphinx import Decoder

SURE = -4.5e-4
"""Grammar score less phone-loop score, per frame of 10 ms, above which a command is certain.

Chosen on synthetic speech that the benchmark does not use: other speech reached -4.7e-4 as a move, and -3.6e-4 where it
holds a whole command ("pick up the mug? I do not think so").
"""
POSSIBLE = -9.0e-4
"""Below this it is no command at all."""
ALIKE, ANY = 0.09, 0.07
"""Score by which a command must beat the same one with an object that sounds alike, or with any other, to be certain.

Objects that begin alike (mug and marker, ball and bowl) differed by 0.085 at the most where they were confused, and by
0.092 at the least where they were not.
"""
EARLY = (0.6, 0.9, 1.3, 1.8, 2.5)
"""Seconds of an utterance after which its words so far are looked at: "stop" is heard while it is being said."""
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
        self._words.add_jsgf_string("robot", grammar(registry, self._words))
        self._words.activate_search("robot")
        kinds = registry.vocabulary.kinds
        self._kinds = {word: kind for kind, n in kinds.items() for word, _ in _spoken_words([n], self._words)}
        self._kind = re.compile(rf"\b(?:{'|'.join(sorted(self._kinds, key=len, reverse=True))})\b")
        self._pcm = bytearray()
        self._so_far, self._looks = "", list(EARLY)

    def start(self) -> None:
        """An utterance begins."""
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
        if not words or likely < POSSIBLE:
            return Heard("", False)
        other, alike = self._runner_up(words)
        return Heard(_written(words), likely >= SURE and not other, other if alike else "")

    def _decode(self, decoder: Decoder) -> tuple[str, float]:
        """What the whole sound says, and its score. Only of a whole is the channel known, which is taken out of it."""
        decoder.start_utt()
        decoder.process_raw(bytes(self._pcm), full_utt=True)
        decoder.end_utt()
        guess = decoder.hyp()
        return (guess.hypstr, guess.best_score) if guess else ("", -np.inf)

    def _runner_up(self, words: str) -> tuple[str, bool]:
        """The same command with another object, if that may have been said, and whether the two sound alike."""
        variants = [
            f"{words[: found.start()]} ( {' | '.join(others)} ) {words[found.end() :]}"
            for found in self._kind.finditer(words)
            if (others := [word for word, kind in self._kinds.items() if kind != self._kinds[found[0]]])
        ]
        if not variants:
            return "", False
        (_, score), (other, second) = self._decode_one_of([words]), self._decode_one_of(variants)
        alike = self._begin_alike(words, other)
        return (other, alike) if other and score - second < (ALIKE if alike else ANY) else ("", False)

    def _decode_one_of(self, sentences: list[str]) -> tuple[str, float]:
        self._words.add_jsgf_string("few", f"#JSGF V1.0;\ngrammar few;\npublic <few> = {' | '.join(sentences)};\n")
        self._words.activate_search("few")
        guess = self._decode(self._words)
        self._words.activate_search("robot")
        return guess

    def _begin_alike(self, words: str, other: str) -> bool:
        """Whether the objects that tell two commands apart begin with the same phone."""
        pairs = zip(self._kind.findall(words), self._kind.findall(other), strict=False)
        first = [[self._words.lookup_word(name.split()[0]).split()[0] for name in p] for p in pairs if p[0] != p[1]]
        return any(a == b for a, b in first)


def grammar(registry: Registry, dictionary: Any) -> str:
    """JSGF of what can be said to the allowed tools, in words that the `dictionary` can pronounce.

    Commoner words weigh more. Of words that mean the same only one is listed, if they sound alike: "a" is heard as
    "the", "onto" as "on".
    """
    vocabulary, allowed = registry.vocabulary, registry.allowed

    def known(names: Iterable[Names]) -> str:
        return " | ".join(f"/{weight:.2f}/ {word}" for word, weight in _spoken_words(names, dictionary)) or "<VOID>"

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
<colour> = {known(vocabulary.colours.values())};
<kind> = {known(vocabulary.kinds.values())};
<place> = {known(vocabulary.places.values())};
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


def _spoken_words(names: Iterable[Names], dictionary: Any) -> Iterator[tuple[str, float]]:
    """The words to listen for that the dictionary can pronounce, each with its weight."""
    for n in names:
        for rank, word in enumerate(n.english[:WORDS]):
            if all(map(dictionary.lookup_word, word.split())):
                yield word, 1 / (1 + 2 * rank)


def _written(words: str) -> str:
    return "止まれ" if words.strip() == "tomare" else words.strip()
