"""The conversation benchmark: how many phrasings become the right tool calls, and does anything wrong ever move?

    python benchmarks/mind/run.py [--mind rules|openai|llama] [--url URL] [--model MODEL]

Every phrase goes through the real conversation to a body that only notes what it is told, so that any mind is scored
by the calls that it made, with the time to its first word and to its first motion. Writes one JSON and one HTML file.
"""

from __future__ import annotations

import asyncio
import html
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tyro
from pages import page as whole_page
from phrases import LANGUAGES, WHOLE, Phrase, load, load_whole
from score import score
from templates import generate

from bunraku.mind.audit import AuditLog
from bunraku.mind.body import Action, Outcome, Picture
from bunraku.mind.conversation import Conversation, Event, Said, Started
from bunraku.mind.minds import make
from bunraku.mind.persona import load as load_persona
from bunraku.mind.seeing import SeenObject
from bunraku.mind.tools import ToolCall
from bunraku.statistics import wilson_interval


@dataclass(frozen=True)
class Row:
    """One phrase and what became of it. Times in ms from the text; None where nothing was said or moved."""

    text: str
    language: str
    half: str
    source: str
    topic: str
    right: bool
    right_after_yes: bool
    wrong_move: bool
    calls: tuple[str, ...]
    said: str
    first_word_ms: float | None
    first_call_ms: float | None
    cpu_ms: float


class NotingBody:
    """Ends every call at once, and says that it succeeded."""

    def start(self, call: ToolCall) -> Action:
        """Note nothing: the conversation tells of every call."""
        action = Action(call)
        action.finish(Outcome(True, "ok"))
        return action

    def stop(self) -> None:
        """Nothing moves."""

    def pause(self, paused: bool) -> None:
        """Nothing moves."""

    def pictures(self, most: int) -> Sequence[Picture]:
        """There are no cameras."""
        return ()

    def seen(self) -> Sequence[SeenObject]:
        """There is nothing."""
        return ()


def main(
    mind: str = "rules",
    url: str | None = None,
    model: str | None = None,
    generated: int = 500,
    seed: int = 0,
    parts: tuple[str, ...] = tuple(WHOLE),
    out: Path = Path("runs/mind"),
) -> None:
    """Score a mind and write `out`/MIND.json and MIND.html.

    Args:
        mind: rules, openai or llama.
        url: address of an OpenAI-compatible endpoint.
        model: the endpoint's model, or a GGUF file for llama.
        generated: generated phrasings per language, besides the hand-written ones.
        seed: of the generated phrasings.
        parts: which further lists of phrases to score.
        out: folder of the results.
    """
    phrases = [p for language in LANGUAGES for p in (*load(language), *generate(language, generated, seed))]
    phrases += [p for language in LANGUAGES for part in parts for p in load_whole(language, part)]
    subject = make(mind, load_persona("companion"), url, model)
    for language in LANGUAGES:  # the first turn of a language compiles its grammar
        asyncio.run(_ask(subject, next(p for p in phrases if p.language == language)))
    rows = [asyncio.run(_ask(subject, phrase)) for phrase in phrases]
    table = summary(rows)
    out.mkdir(parents=True, exist_ok=True)
    result = {"mind": mind, "model": model, "seed": seed, "summary": table, "rows": [asdict(row) for row in rows]}
    (out / f"{mind}.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    (out / f"{mind}.html").write_text(page(mind, model, table, rows), encoding="utf-8")
    for line in table:
        print(
            f"{line['language']:9} {line['half']:12} {line['right']:4}/{line['of']:<4} = {line['rate']:6.1%} "
            f"[{line['wilson_low']:.1%}, {line['wilson_high']:.1%}]  after a yes {line['right_after_yes']:4}  "
            f"wrong moves {line['wrong_moves']}  "
            f"cpu {line['cpu_ms_median']:.2f} ms, p99 {line['cpu_ms_p99']:.2f} ms"
        )
    print(f"wrote {out / mind}.json and .html")


async def _ask(mind, phrase: Phrase) -> Row:
    events: list[tuple[float, Event]] = []
    talk = Conversation(
        mind, NotingBody(), audit=AuditLog(), tell=lambda event: events.append((time.perf_counter(), event))
    )
    talk.context = phrase.context
    began, cpu = time.perf_counter(), time.process_time()
    await talk.hear(phrase.text)
    cpu = time.process_time() - cpu
    await talk.settle(5)
    calls = [event.call for _, event in events if isinstance(event, Started)]
    calls += [
        ToolCall("say", {"text": e.text}) for _, e in events if isinstance(e, Said) and _was_told_to_say(phrase, e)
    ]
    if phrase.expected[0] and phrase.expected[0][0].name == "set_speed":
        calls = [ToolCall("set_speed", {"speed": talk.context.speed})] if talk.context.speed else []
    result = score(phrase, calls)
    return Row(
        phrase.text,
        phrase.language,
        phrase.half,
        phrase.source,
        phrase.topic,
        result.right,
        result.right or (talk.proposal is not None and score(phrase, [talk.proposal]).right),
        result.wrong_move,
        tuple(_short(call) for call in calls),
        " ".join(e.text for _, e in events if isinstance(e, Said)),
        _first(began, events, Said),
        _first(began, events, Started),
        1000 * cpu,
    )


def _first(began: float, events: Iterable[tuple[float, Event]], kind: type) -> float | None:
    return next((1000 * (at - began) for at, event in events if isinstance(event, kind)), None)


def summary(rows: Sequence[Row]) -> list[dict]:
    """One line for each language and half, with Wilson's 95 % interval."""
    lines = []
    for language in LANGUAGES:
        for half in ("tuned", "held out", *WHOLE.values(), "hand-written", "generated"):
            part = [row for row in rows if row.language == language and half in (row.half, row.source)]
            if not part:
                continue
            right = sum(row.right for row in part)
            low, high = wilson_interval(right, len(part))
            cpu = sorted(row.cpu_ms for row in part) or [0.0]
            lines.append(
                {
                    "language": language,
                    "half": half,
                    "right": right,
                    "of": len(part),
                    "rate": right / max(1, len(part)),
                    "right_after_yes": sum(row.right_after_yes for row in part),
                    "wilson_low": low,
                    "wilson_high": high,
                    "wrong_moves": sum(row.wrong_move for row in part),
                    "cpu_ms_median": statistics.median(cpu),
                    "cpu_ms_p99": cpu[int(0.99 * (len(cpu) - 1))],
                }
            )
    return lines


def page(mind: str, model: str | None, table: Sequence[dict], rows: Sequence[Row]) -> str:
    """The results as one HTML page without scripts or outside files."""
    lines = "".join(
        f"<tr><td>{line['language']}<td>{line['half']}<td class=n>{line['right']} / {line['of']}"
        f"<td><div class=bar><i style='width:{100 * line['rate']:.1f}%'></i>"
        f"<b style='left:{100 * line['wilson_low']:.1f}%;right:{100 - 100 * line['wilson_high']:.1f}%'></b>"
        f"</div><td class=n>{line['rate']:.1%}<td class=n>{line['right_after_yes']}<td class=n>{line['wrong_moves']}"
        f"<td class=n>{line['cpu_ms_median']:.2f}"
        f"<td class=n>{line['cpu_ms_p99']:.2f}"
        for line in table
    )
    missed = "".join(
        f"<tr class={'wrong' if row.wrong_move else 'miss'}><td>{row.language}<td>{row.half}<td>{html.escape(row.text)}"
        f"<td>{html.escape('; '.join(row.calls) or '—')}<td>{html.escape(row.said[:120])}"
        for row in rows
        if not row.right or row.wrong_move
    )
    topics = sorted({row.topic for row in rows})
    by_topic = "".join(
        f"<tr><td>{topic}"
        + "".join(
            f"<td class=n>{sum(r.right for r in part)} / {len(part)}"
            for language in LANGUAGES
            for part in [[r for r in rows if r.topic == topic and r.language == language and r.half != "generated"]]
        )
        for topic in topics
    )
    body = f"""<p>Each phrase is scored by the tool calls made. The dark line is Wilson's 95 % interval. “Tuned”,
“held out” and “second list” phrases were read while the grammar was improved; both blind lists were written before
that, blind 1 was read after one scoring, blind 2 only after the last. A wrong move is any moving call that the phrase
did not ask for.</p>
<table><tr><th>language<th>phrases<th class=n>right<th>&nbsp;<th class=n>rate<th class=n>after a yes
<th class=n>wrong moves<th class=n>CPU ms, median<th class=n>p99</tr>{lines}</table>
<h2>By topic <small>hand-written</small></h2>
<table><tr><th>topic{"".join(f"<th class=n>{language}" for language in LANGUAGES)}</tr>{by_topic}</table>
<h2>Missed</h2><table><tr><th>language<th>phrases<th>said to the robot<th>calls<th>answer</tr>{missed}</table>"""
    return whole_page(f"Conversation benchmark: {mind} {model or ''}", body)


def _was_told_to_say(phrase: Phrase, event: Said) -> bool:
    wanted = [c.arguments["text"] for answer in phrase.expected for c in answer if c.name == "say"]
    return any(str(text).lower() in event.text.lower() for text in wanted)


def _short(call: ToolCall) -> str:
    return f"{call.name} {json.dumps(call.to_json()['arguments'], ensure_ascii=False)}"


if __name__ == "__main__":
    tyro.cli(main)
