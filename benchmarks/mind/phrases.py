"""The phrasings of the conversation benchmark and what each should make the robot do.

A line of `phrases/*.txt` is `expected | what a person says`; `expected` may begin with the situation: `[call]` was
made before, or `[?call]` waits for the answer to a question. A last argument `hand left` or `hand right` names the
hand.

Of the first list every second phrase was held out; its misses were printed while the grammar was improved, so it is no
longer blind. The two blind lists were written and committed together, before that; "blind 1" was scored once and then
served for tuning, "blind 2" is scored once, when the grammar is finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bunraku.mind.rules import Context
from bunraku.mind.tools import ObjectQuery, PlaceQuery, ToolCall
from bunraku.mind.vocabulary import default_vocabulary

PHRASES = Path(__file__).parent / "phrases"
LANGUAGES = ("english", "japanese")
WHOLE = {"more": "second list", "third": "third list", "blind1": "blind 1", "blind2": "blind 2"}
"""The lists that are not divided: part of the file's name → name in the table of results."""
SIDES = ("left", "right", "middle", "nearest", "farthest")


@dataclass(frozen=True)
class Phrase:
    """One utterance with its situation. `expected` are the acceptable answers, each a tuple of calls; () expects that
    nothing moves. `speed_change` is +1 or -1 where only the direction matters."""

    text: str
    language: str
    half: str
    expected: tuple[tuple[ToolCall, ...], ...]
    context: Context
    source: str

    @property
    def topic(self) -> str:
        """What the phrase is about, for the table of results."""
        if self.context.waiting:
            return "answer to a question"
        if self.context.last_calls:
            return "follow-up"
        if not self.expected[0]:
            return "must not move"
        return self.expected[0][0].name if len(self.expected[0]) == 1 else "several steps"


def load(language: str) -> list[Phrase]:
    """Every hand-written phrase of `language`, "tuned" and "held out" in turn."""
    lines = (PHRASES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    return [parse(line, language, half="tuned" if index % 2 == 0 else "held out") for index, line in enumerate(lines)]


def parse(line: str, language: str, half: str, source: str = "hand-written") -> Phrase:
    """One line of a phrase file."""
    expected, _, text = (part.strip() for part in line.partition(" | "))
    if expected.startswith("- |"):
        expected, text = "-", expected[3:].strip()
    context = Context(language=language)  # type: ignore[arg-type]
    if match := re.match(r"\[(\??)([^\]]+)\]\s*", expected):
        (before,) = _calls(match[2])
        context = context.after([before])
        if match[1]:
            context = replace(context, waiting=before)
        expected = expected[match.end() :]
    answers = ((),) if expected.strip() == "-" else tuple(_calls(answer) for answer in expected.split(" / "))
    return Phrase(text, language, half, answers, context, source)


def _calls(text: str) -> tuple[ToolCall, ...]:
    return tuple(_call(part.strip()) for part in text.split(" ; "))


def _call(text: str) -> ToolCall:
    if text.startswith("speed"):
        return ToolCall("set_speed", {"speed": text[5:]})
    match = re.fullmatch(r"(\w+)\((.*)\)", text)
    if match is None:
        raise ValueError(f"cannot read the expected call '{text}'")
    name, inside = match[1], match[2]
    parts = [part.strip() for part in inside.split(",")] if inside else []
    hand = {"hand": parts.pop().removeprefix("hand ")} if parts and parts[-1].startswith("hand ") else {}
    match name:
        case "say":
            return ToolCall(name, {"text": inside})
        case "recall":
            return ToolCall(name)
        case "put":
            return ToolCall(name, dict(_put_arguments(parts)) | hand)
    return ToolCall(name, {"object": _object(parts[0])} | hand if parts else {})


def _put_arguments(parts: list[str]) -> Iterator[tuple[str, Any]]:
    yield "object", _object(parts[0])
    if len(parts) == 1:
        return
    relation, _, side = parts[1].partition("<")
    yield "relation", relation
    place = parts[2] if parts[2] in default_vocabulary().places else None
    yield "target", PlaceQuery(place, None if place else _object(parts[2]), side or None)  # type: ignore[arg-type]


def _object(text: str) -> ObjectQuery:
    text, _, place = text.partition(" @")
    words = text.split()
    colour = words.pop(0) if words and words[0] in default_vocabulary().colours else None
    side = words.pop() if words and words[-1] in SIDES else None
    return ObjectQuery(" ".join(words) or None, colour, side, None, place or None)  # type: ignore[arg-type]


def load_whole(language: str, part: str) -> list[Phrase]:
    """Every phrase of `LANGUAGE_PART.txt`, all in the one half that the part is named after."""
    lines = (PHRASES / f"{language}_{part}.txt").read_text(encoding="utf-8").splitlines()
    return [parse(line, language, half=WHOLE[part]) for line in lines if line.strip() and not line.startswith("#")]
