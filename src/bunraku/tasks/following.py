"""The expert that serves most tasks: it does what the words say, with the skills of the rule-based mind."""

from __future__ import annotations

from collections.abc import Generator

from bunraku.acting import Actor, understand
from bunraku.skills import Body, Outcome


def follow_words(body: Body, instruction: str, actor: Actor | None = None) -> Generator[None, None, Outcome]:
    """Do what `instruction` asks for; `actor` may know already what stands around."""
    actor, said = actor or Actor(body), ""
    for call in understand(instruction).calls:
        if not actor.moves(call):
            continue
        outcome = yield from actor.act(call)
        said = outcome.text
        if not outcome.ok:
            return Outcome(actor.stage, False, said)
    return Outcome(actor.stage, True, said)
