"""Hands that others wrote, scored by the same tests."""

from __future__ import annotations

from bunraku.hands.benchmark.subject import Subject

PEERS: dict[str, str] = {}


def load_peer(name: str) -> Subject:
    """Not there yet."""
    raise KeyError(name)
