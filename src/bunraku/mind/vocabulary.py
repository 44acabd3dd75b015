"""What the robot has words for: kinds of objects, colours and places, in English and Japanese."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LANGUAGES = ("english", "japanese")


@dataclass(frozen=True)
class Names:
    """The words for one thing, commonest first; the first is used when the robot speaks."""

    english: tuple[str, ...]
    japanese: tuple[str, ...] = ()

    def spoken(self, language: str) -> str:
        """The commonest word in `language`, or the English one where there is none."""
        return (getattr(self, language) or self.english)[0]


@dataclass(frozen=True)
class Vocabulary:
    """Words of a mind: canonical name → `Names`, for object kinds, colours and places (furniture)."""

    kinds: Mapping[str, Names]
    colours: Mapping[str, Names]
    places: Mapping[str, Names]

    def canonical(self, category: str, word: str) -> str | None:
        """The canonical name of `word` in `category` ("kinds", "colours", "places"), or None when it is unknown."""
        names: Mapping[str, Names] = getattr(self, category)
        word = word.strip().lower().replace("_", " ")
        if word in names:
            return word
        return next((name for name, n in names.items() if word in n.english or word in n.japanese), None)

    def spoken(self, category: str, name: str, language: str = "english") -> str:
        """How the thing called `name` is said in `language`."""
        return getattr(self, category)[name].spoken(language)


def vocabulary_of(kinds: Iterable[str], colours: Iterable[str], places: Iterable[str]) -> Vocabulary:
    """A vocabulary of the given canonical names; a name without an entry in `words/names.toml` is its own word."""
    known = tomllib.loads((files("bunraku.mind") / "words" / "names.toml").read_text(encoding="utf-8"))

    def names(category: str, wanted: Iterable[str]) -> dict[str, Names]:
        entries = known[category]
        return {
            name: Names(**{k: tuple(v) for k, v in entries[name].items()}) if name in entries else Names((name,))
            for name in wanted
        }

    return Vocabulary(names("kinds", kinds), names("colours", colours), names("places", places))


@cache
def default_vocabulary() -> Vocabulary:
    """The vocabulary of the household catalogue (`bunraku.objects`)."""
    from bunraku.objects import COLOURS, KINDS, SURFACES

    return vocabulary_of(KINDS, COLOURS, SURFACES)
