"""One look for the benchmark's pages: a single HTML file without scripts or outside files."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-weight:600} table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}
td,th{padding:.3rem .6rem;border-bottom:1px solid #e4e4e4;text-align:left;vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{position:relative;background:#eee;height:14px;min-width:12rem;margin-top:4px;border-radius:3px}
.bar i{position:absolute;inset:0 auto 0 0;background:#3a7d5c;border-radius:3px}
.bar b{position:absolute;top:5px;height:4px;background:#0008}
.wrong td{background:#fdd} small{color:#666}"""


def page(title: str, body: str) -> str:
    """The page; `body` is HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1>{body}</html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers are set to the right."""
    head = "".join(f"<th>{html.escape(name)}" for name in heads)
    lines = "".join("<tr>" + "".join(map(_cell, row)) for row in rows)
    return f"<table><tr>{head}</tr>{lines}</table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"<td class=n>{value:.3g}"
    return f"<td class=n>{value}" if isinstance(value, int) else f"<td>{html.escape(str(value))}"
