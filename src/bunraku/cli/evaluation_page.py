"""One HTML page of an evaluation: the rate with its uncertainty, and a film strip of every failure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path

from bunraku.cli.evaluation import Rate, rate_of, rates_by_kind
from bunraku.cli.records import save_page
from bunraku.tasks.episode import EpisodeResult, strip_path

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } h3 { font-size: 1rem; margin: 1.6rem 0 .2rem }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1.6rem .2rem 0; vertical-align: top }
tr + tr { border-top: 1px solid #e4e0da } .note { color: #666; margin: 0 0 .3rem }
.big { font-size: 2.2rem; margin: .5rem 0 }
img { max-width: 100%; border-radius: 4px }
"""


def write_page(path: Path, name: str, rows: Iterable[EpisodeResult], strips: Path) -> None:
    """Write the page of an evaluation called `name` to `path`; it needs no other file. UserError if it cannot be."""
    rows = sorted(rows, key=lambda row: row.seed)
    failed = [row for row in rows if not row.success]
    total = rate_of(rows)
    kinds = "".join(f"<tr><td>{escape(kind)}{_cells(rate)}" for kind, rate in rates_by_kind(rows).items())
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Bunraku: {escape(name)}</title>",
        f"<style>{STYLE}</style><h1>{escape(name)}</h1><p class='big'>{_rate(total)}</p>",
        f"<p class='note'>Seeds {rows[0].seed} to {rows[-1].seed}; Wilson 95 % intervals; the referee's verdicts.</p>",
        f"<table><tr><th>object<th>success<th>95 % interval<th>failures{kinds}</table>",
        f"<h2>{len(failed)} failures</h2>" if failed else "<h2>No failures</h2>",
        *(_failure(row, strip_path(strips, row.seed)) for row in failed),
        "</html>",
    ]
    save_page(path, "\n".join(parts))


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.successes} of {rate.episodes} = {100 * rate.rate:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def _cells(rate: Rate) -> str:
    low, high = rate.interval
    failures = ", ".join(f"{outcome} {count}" for outcome, count in rate.failures.items())
    interval = f"{100 * low:.0f} to {100 * high:.0f} %"
    return f"<td>{rate.successes} of {rate.episodes}<td>{interval}<td>{escape(failures)}"


def _failure(row: EpisodeResult, strip: Path) -> str:
    coded = b64encode(strip.read_bytes()).decode() if strip.exists() else ""
    picture = f"<img alt='film strip' src='data:image/jpeg;base64,{coded}'>" if coded else ""
    return (
        f"<h3>Seed {row.seed}: “{escape(row.instruction)}”</h3>"
        f"<p class='note'>{escape(row.outcome)} after {row.duration_s:.1f} s: {escape(row.reason)}</p>{picture}"
    )
