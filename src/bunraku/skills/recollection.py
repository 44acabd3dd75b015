"""What the robot saw and when: all its cameras feed one bounded visual memory, with the poses it believes they had."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bunraku.errors import UserError
from bunraku.objects import KINDS
from bunraku.robot import CameraFrame, Observation
from bunraku.skills.looking import place_of
from bunraku.skills.perception import Eyes, Seen
from bunraku.vision import Label, Orientation, Query, Sighting, VisualMemory

PERIOD = 1.0
"""Seconds after which a camera's picture is drawn for the memory, if nobody else has looked at one."""
DRAWN_PERIOD = 0.4
"""Seconds between two kept pictures of a camera that the skills look through anyway."""
TOKENS_PER_SECOND = 120.0
MAX_BYTES = 16_000_000
SAME_PICTURE = 0.3
"""Seconds between a picture and a find within which the find is taken to be of it."""


@dataclass(frozen=True)
class _Look:
    """A picture that the memory was given: its camera's place (3,) m and axes in the world, and its size in px."""

    time: float
    position: np.ndarray
    orientation: Orientation
    width: int
    height: int

    def box(self, seen: Seen) -> tuple[int, int, int, int] | None:
        """Where `seen` lies in the picture, None if outside."""
        x, y, z = self.orientation.rotation_world_from_camera.T @ (seen.position - self.position)
        if z < 0.05:
            return None
        focal = self.orientation.focal_length
        u, v = self.width / 2 + focal * x / z, self.height / 2 + focal * y / z
        if not (0 <= u < self.width and 0 <= v < self.height):
            return None
        half = focal * max(KINDS[seen.kind].size if seen.kind in KINDS else (0.1,)) / 2 / z
        return int(u - half), int(v - half), int(u + half) + 1, int(v + half) + 1


class Recollection:
    """The robot's visual memory: `note` what it observes, tell it what was `saw`n, ask it `last_seen`.

    Kept in `directory`, or in a folder of its own that goes when it is closed. Use it as a context.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """Begin an empty memory."""
        self._folder = TemporaryDirectory(prefix="bunraku-memory-") if directory is None else None
        path = Path(self._folder.name) / "memory" if self._folder else directory
        assert path is not None
        self.memory = VisualMemory(path, TOKENS_PER_SECOND, MAX_BYTES)
        self._looks: dict[str, list[_Look]] = {}
        self._seen: dict[str, list[Seen]] = {}

    @classmethod
    def afresh(cls, directory: Path) -> Recollection:
        """An empty memory in `directory`; what lies there already is renamed, with the first free number at its end."""
        if directory.exists():
            number = next(n for n in count(1) if not directory.with_name(f"{directory.name}-{n}").exists())
            directory.rename(directory.with_name(f"{directory.name}-{number}"))
        return cls(directory)

    def __enter__(self) -> Recollection:
        """Nothing to do: the memory is open."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Write everything down; a memory without a folder of its own stays readable by `bunraku recall`."""
        self.memory.close()
        if self._folder is not None:
            self._folder.cleanup()

    def note(self, observation: Observation, eyes: Eyes) -> None:
        """Remember the pictures of `observation` that are due."""
        for frame in observation.frames.values():
            looks = self._looks.setdefault(frame.camera, [])
            waited = frame.time - looks[-1].time if looks else np.inf
            # A simulated camera draws its picture when it is first asked for: what is drawn already costs nothing.
            if waited >= PERIOD or (waited >= DRAWN_PERIOD and "image" in vars(frame)):
                self._look(frame, eyes)

    def saw(self, things: Iterable[Seen]) -> None:
        """Remember the names of what was found, in the pictures in which it was."""
        for seen in things:
            self._seen[seen.name] = [*self._seen.get(seen.name, [])[-99:], seen]
            for camera, looks in self._looks.items():
                look = min(looks, key=lambda look: abs(look.time - seen.time))
                box = look.box(seen)
                if box is not None and abs(look.time - seen.time) <= SAME_PICTURE:
                    self.memory.label(Label(look.time, camera, seen.name, seen.confidence, box))

    def last_seen(self, words: str, now: float) -> tuple[bool, str, Sighting | None]:
        """Whether and, in a sentence, where and when the thing that `words` name was last seen; and the sighting."""
        try:
            query = Query.from_words(words)
        except UserError:
            return False, "I did not understand what to remember.", None
        named = [seen for name in self._seen if _bears(name, query) for seen in self._seen[name]]
        if query.label is not None and not named:
            # No detector knows it by this name: its colour is all that can be looked for.
            query = replace(query, label=None)
        answer = self.memory.recall(query, limit=1) if query != Query() else None
        if answer is None or not answer.sightings:
            return False, "I do not remember seeing that.", None
        latest = answer.sightings[0]
        return True, _told(latest, named, query, now), latest

    def _look(self, frame: CameraFrame, eyes: Eyes) -> None:
        position, rotation, focal_length = eyes.pose(frame)
        orientation = Orientation(rotation, focal_length)
        height, width = frame.image.shape[:2]
        looks = self._looks[frame.camera]
        looks.append(_Look(frame.time, position, orientation, width, height))
        del looks[:-10]
        self.memory.observe_image(frame.camera, frame.time, frame.image, orientation)


def _bears(name: str, query: Query) -> bool:
    words = set(re.findall(r"\w+", name))
    return all(part is None or set(part.split()) & words for part in (query.colour, query.label))


def _told(sighting: Sighting, named: list[Seen], query: Query, now: float) -> str:
    """The sighting in words; the place is that of the find nearest to it in time."""
    nearest = min(named, key=lambda seen: abs(seen.time - sighting.start), default=None)
    what = f"the {nearest.name}" if nearest else f"something {query.describe()}"
    place = place_of(nearest) if nearest else None
    ago = max(0.0, now - sighting.end)
    when = "just now" if ago < 1.5 else f"{ago:.0f} s ago"
    camera = sighting.camera.replace("_", " ")
    return f"I last saw {what} {when}{f', on the {place},' if place else ''} through my {camera} camera."
