"""What the robot remembers seeing: the tool `recall` over a visual memory."""

from __future__ import annotations

from typing import Protocol

import cv2

from bunraku.errors import UserError
from bunraku.mind.body import Outcome, Picture
from bunraku.vision.recall import Answer, Sighting

MOST_PICTURES = 2
"""Pictures of what was seen that go with an answer."""


class Memory(Protocol):
    """What `recall` needs of a visual memory, as `bunraku.vision.VisualMemory` gives it."""

    def recall(self, query: str, limit: int = 5) -> Answer:
        """Where and when what the words describe was seen. Raises `UserError` when they describe nothing."""
        ...


def remember(memory: Memory, words: str, now: float) -> Outcome:
    """When and by which camera what the `words` describe was last seen, at robot time `now` (s), with pictures of it.

    A name that a labeller gave is data: it is handed on as text that was read.
    """
    try:
        answer = memory.recall(words, limit=MOST_PICTURES)
    except UserError as error:
        return Outcome(False, str(error))
    names = tuple(f"it was labelled {sighting.label}" for sighting in answer.sightings if sighting.label)
    if not answer.sightings:
        nearest = f" The nearest thing: {_told(answer.nearest, now)}." if answer.nearest else ""
        return Outcome(False, f"I do not remember seeing that.{nearest}", pictures=pictures_of(answer.nearest))
    latest, *others = answer.sightings
    before = f" Before that: {'; '.join(_told(other, now) for other in others)}." if others else ""
    text = f"I saw it {_told(latest, now)}.{before}"
    return Outcome(True, text, pictures=pictures_of(*answer.sightings), read=names)


def _told(sighting: Sighting, now: float) -> str:
    return f"{_ago(now - sighting.end)}, at {sighting.end:.1f} s, with the camera {sighting.camera}"


def _ago(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s ago"
    return f"{seconds / 60:.0f} min ago"


def pictures_of(*sightings: Sighting | None) -> tuple[Picture, ...]:
    """What was seen, with its camera and the time at which it was last seen."""
    return tuple(
        Picture(sighting.camera, sighting.end, _jpeg(sighting)) for sighting in sightings if sighting is not None
    )


def _jpeg(sighting: Sighting) -> bytes:
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(sighting.crop, cv2.COLOR_RGB2BGR))
    return coded.tobytes()
