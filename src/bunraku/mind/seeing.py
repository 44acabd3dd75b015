"""Which of the objects in view is meant, or the question to ask when that is not clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bunraku.mind.tools import ObjectQuery
from bunraku.mind.vocabulary import Vocabulary, default_vocabulary


@dataclass(frozen=True)
class SeenObject:
    """One object in view: `position_stance` (3,) m, x forward, y left; `size` (3,) m and `place` where known."""

    kind: str
    colour: str | None
    position_stance: np.ndarray
    confidence: float = 1.0
    size: np.ndarray | None = None
    place: str | None = None


@dataclass(frozen=True)
class Clarification:
    """Nothing, or more than one thing, fits: the sentence to say, and the `candidates` that fit."""

    text: str
    candidates: tuple[SeenObject, ...] = field(default=())


def resolve(
    query: ObjectQuery,
    seen: Sequence[SeenObject],
    language: str = "english",
    vocabulary: Vocabulary | None = None,
) -> SeenObject | Clarification:
    """The one object in `seen` that fits the query, or the `Clarification` to ask for.

    Relative words (left, right, middle, nearest, farthest, big, small) choose among those that fit otherwise.
    """
    vocabulary = vocabulary or default_vocabulary()
    fitting = [
        s
        for s in seen
        if query.kind in (None, s.kind)
        and query.colour in (None, s.colour)
        and (query.place is None or s.place in (None, query.place))
    ]
    if not fitting:
        return Clarification(_nothing(query, seen, language, vocabulary))
    if query.size:
        fitting = _extreme(fitting, _volume, largest=query.size == "big")
    if query.side and len(fitting) > 1:
        fitting = _on_side(fitting, query.side)
    if len(fitting) == 1:
        return fitting[0]
    return Clarification(_which(fitting, language, vocabulary), tuple(fitting))


_SAME = 0.03
"""Metres below which two positions do not tell objects apart: the detector's own uncertainty."""


def _on_side(fitting: list[SeenObject], side: str) -> list[SeenObject]:
    match side:
        case "left" | "right":
            return _extreme(fitting, lambda s: float(s.position_stance[1]), largest=side == "left")
        case "nearest" | "farthest":
            return _extreme(fitting, _distance, largest=side == "farthest")
        case _:
            ordered = sorted(fitting, key=lambda s: float(s.position_stance[1]))
            return [ordered[len(ordered) // 2]] if len(ordered) % 2 else fitting


def _extreme(fitting: list[SeenObject], measure: Callable[[SeenObject], float], largest: bool) -> list[SeenObject]:
    sign = 1.0 if largest else -1.0
    best = max(sign * measure(s) for s in fitting)
    tolerance = _SAME if measure is not _volume else 0.1 * abs(best)
    return [s for s in fitting if sign * measure(s) >= best - tolerance]


def _distance(seen: SeenObject) -> float:
    return float(np.hypot(*seen.position_stance[:2]))


def _volume(seen: SeenObject) -> float:
    if seen.size is not None:
        return float(np.prod(seen.size))
    from bunraku.objects import KINDS

    return float(np.prod(KINDS[seen.kind].size)) if seen.kind in KINDS else 0.0


def describe(kind: str | None, colour: str | None, language: str, vocabulary: Vocabulary) -> str:
    """The thing in words, without article: "red mug", 「赤いマグカップ」."""
    noun = vocabulary.spoken("kinds", kind, language) if kind and kind in vocabulary.kinds else (kind or "")
    shade = (
        vocabulary.spoken("colours", colour, language) if colour and colour in vocabulary.colours else (colour or "")
    )
    if language == "japanese":
        return shade + (noun or "もの")
    return f"{shade} {noun or 'thing'}".strip()


def _nothing(query: ObjectQuery, seen: Sequence[SeenObject], language: str, vocabulary: Vocabulary) -> str:
    wanted = describe(query.kind, query.colour, language, vocabulary)
    others = list(dict.fromkeys(describe(s.kind, s.colour, language, vocabulary) for s in seen))[:4]
    if language == "japanese":
        return f"{wanted}は見えません。" + (f"見えるのは{'、'.join(others)}です。" if others else "何も見えません。")
    if not others:
        return f"I do not see a {wanted}, nor anything else that I know."
    return f"I do not see a {wanted}; I see {_join([_a(other) for other in others])}."


def _which(fitting: Sequence[SeenObject], language: str, vocabulary: Vocabulary) -> str:
    ordered = sorted(fitting, key=lambda s: -float(s.position_stance[1]))
    words = {
        "english": ("on the left", "in the middle", "on the right"),
        "japanese": ("左の", "真ん中の", "右の"),
    }[language]
    same = len({(s.kind, s.colour) for s in ordered}) == 1
    parts = []
    for index, s in enumerate(ordered):
        where = words[0] if index == 0 else words[2] if index == len(ordered) - 1 else words[1]
        name = describe(s.kind, s.colour, language, vocabulary)
        if language == "japanese":
            parts.append(where + name)
        else:
            parts.append(f"one {where}" if same and index else f"{_a(name)} {where}")
    if language == "japanese":
        return f"どれですか。{'と、'.join(parts)}が見えます。"
    return f"Which one? I see {_join(parts)}."


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
