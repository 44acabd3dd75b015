"""Generated phrasings: every wording with every kind, colour and place of the vocabulary, sampled by seed."""

from __future__ import annotations

import random

from phrases import Phrase

from bunraku.mind.rules import Context
from bunraku.mind.tools import ObjectQuery, PlaceQuery, ToolCall
from bunraku.mind.vocabulary import default_vocabulary

WORDINGS = {
    "english": {
        "pick": ("pick up the {o}", "could you take the {o}, please?", "Robot, grab the {o}", "lift the {o} for me"),
        "bring": ("bring me the {o}", "hand me the {o} please", "would you pass me the {o}?", "fetch the {o}"),
        "look_for": ("look for the {o}", "find the {o}", "can you search for the {o}?"),
        "where_is": ("where is the {o}?", "tell me where the {o} is", "do you know where the {o} is?"),
        "put on": ("put the {o} on the {t}", "please place the {o} on the {t}", "move the {o} onto the {t}"),
        "put in": ("put the {o} in the {t}", "could you drop the {o} into the {t}?"),
        "put beside": ("put the {o} beside the {t}", "set the {o} down next to the {t}"),
        "not": ("don't pick up the {o}", "please do not put the {o} on the {t}", "never bring me the {o}"),
    },
    "japanese": {
        "pick": ("{o}を取って", "{o}を持ち上げてください", "すみません、{o}を掴んでもらえますか"),
        "bring": ("{o}を持ってきて", "{o}を渡してください", "{o}を取ってきてくれる?"),
        "look_for": ("{o}を探して", "{o}を見つけてください", "{o}を探してもらえますか"),
        "where_is": ("{o}はどこ?", "{o}はどこにありますか", "{o}がどこにあるか教えて"),
        "put on": ("{o}を{t}に置いて", "{o}を{t}の上に載せてください", "{t}に{o}を置いてくれますか"),
        "put in": ("{o}を{t}に入れて", "{o}を{t}の中に入れてください"),
        "put beside": ("{o}を{t}の横に置いて", "{t}の隣に{o}を置いてください"),
        "not": ("{o}を取らないで", "{o}を{t}に置かないでください", "{o}を持ってこなくていいよ"),
    },
}


def generate(language: str, count: int, seed: int = 0) -> list[Phrase]:
    """`count` phrasings of `language`; the same seed gives the same ones."""
    chance = random.Random(f"{language} {seed}")
    return [_phrase(language, chance) for _ in range(count)]


def _phrase(language: str, chance: random.Random) -> Phrase:
    action = chance.choice(list(WORDINGS[language]))
    wording = chance.choice(WORDINGS[language][action])
    query = _query(chance)
    arguments: dict[str, object] = {"object": query}
    target = PlaceQuery(place=chance.choice(list(default_vocabulary().places)))
    if action in ("put in", "put beside"):
        target = PlaceQuery(object=_query(chance, "bowl" if action == "put in" else None))
    name, _, relation = action.partition(" ")
    if relation:
        arguments |= {"relation": relation, "target": target}
    text = wording.format(o=_say(query, language, chance), t=_say(target, language, chance))
    expected = () if action == "not" else (ToolCall(name, arguments),)
    return Phrase(text, language, "generated", (expected,), Context(language=language), "template")  # type: ignore[arg-type]


def _query(chance: random.Random, kind: str | None = None) -> ObjectQuery:
    vocabulary = default_vocabulary()
    colour = chance.choice([None, *vocabulary.colours])
    return ObjectQuery(kind or chance.choice(list(vocabulary.kinds)), colour)


def _say(thing: ObjectQuery | PlaceQuery, language: str, chance: random.Random) -> str:
    vocabulary = default_vocabulary()
    if isinstance(thing, PlaceQuery):
        if thing.object:
            return _say(thing.object, language, chance)
        return chance.choice(getattr(vocabulary.places[thing.place or ""], language))
    noun = chance.choice(getattr(vocabulary.kinds[thing.kind or ""], language))
    if thing.colour is None:
        return noun
    shade = getattr(vocabulary.colours[thing.colour], language)[0]
    return shade + noun if language == "japanese" else f"{shade} {noun}"
