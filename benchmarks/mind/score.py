"""Scoring of one answer: were the right calls made, and did anything move that should not have?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phrases import Phrase

from bunraku.mind.robot_tools import TOOLS
from bunraku.mind.tools import ToolCall

MOVING = frozenset(tool.name for tool in TOOLS if tool.moves)


@dataclass(frozen=True)
class Score:
    """`right`: the calls are one of the expected answers. `wrong_move`: some moving call is in none of them."""

    right: bool
    wrong_move: bool


def score(phrase: Phrase, calls: Sequence[ToolCall]) -> Score:
    """Score the `calls` that a mind made in answer to `phrase`."""
    moving = [call for call in calls if call.name in MOVING]
    if phrase.expected == ((),):
        return Score(not moving, bool(moving))
    right = any(
        len(answer) == len(calls) and all(_same(e, c, phrase) for e, c in zip(answer, calls, strict=True))
        for answer in phrase.expected
    )
    wrong = any(not any(_same(e, call, phrase) for answer in phrase.expected for e in answer) for call in moving)
    return Score(right, wrong)


def _same(expected: ToolCall, made: ToolCall, phrase: Phrase) -> bool:
    if expected.name != made.name:
        return False
    match expected.name:
        case "recall":
            return True
        case "say":
            wanted, said = (str(c.arguments["text"]).strip(" .!。「」").lower() for c in (expected, made))
            return wanted == said
        case "set_speed":
            wanted, speed = str(expected.arguments["speed"]), made.arguments["speed"]
            now = phrase.context.speed
            if wanted == "+":
                return speed > now
            return speed < now if wanted == "-" else abs(speed - float(wanted[1:])) < 0.01
    return expected.arguments == made.arguments
