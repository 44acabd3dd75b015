"""What the robot saw and when: all its cameras feed one bounded visual memory, with the poses it believes they had."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
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
from bunraku.vision import Event, Label, Orientation, Query, Sighting, VisualMemory

PERIOD = 1.0
"""Seconds after which a camera's picture is drawn for the memory, if nobody else has looked at one."""
DRAWN_PERIOD = 0.4
"""Seconds between two kept pictures of a camera that the skills look through anyway."""
TOKENS_PER_SECOND = 120.0
MAX_BYTES = 16_000_000
MOST_WAITING = 64
"""Pictures and names that may wait to be remembered; what comes on top of them is left out, and that is noted."""
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

    It remembers in a thread of its own, so that the loop that controls the robot never waits for it. Kept in
    `directory`, or in a folder of its own that goes when it is closed. Use it as a context.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """Begin an empty memory."""
        self._folder = TemporaryDirectory(prefix="bunraku-memory-") if directory is None else None
        path = Path(self._folder.name) / "memory" if self._folder else directory
        assert path is not None
        self.memory = VisualMemory(path, TOKENS_PER_SECOND, MAX_BYTES)
        self._thread = ThreadPoolExecutor(1, "recollection")
        self._waiting: deque[Future[object]] = deque()
        self._left_out = 0
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
        self._thread.shutdown()
        self.memory.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._catch_up()

    def note(self, observation: Observation, eyes: Eyes) -> None:
        """Remember the pictures of `observation` that are due; raises what went wrong with earlier ones."""
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
                    label = Label(look.time, camera, seen.name, seen.confidence, box)
                    self._later(look.time, lambda label=label: self.memory.label(label))

    def settle(self) -> None:
        """Return when everything noted so far is remembered."""
        self._thread.submit(lambda: None).result()
        self._catch_up()

    def last_seen(self, words: str, now: float) -> tuple[bool, str, Sighting | None]:
        """Whether and, in a sentence, where and when the thing that `words` name was last seen; and the sighting.

        Waits for what was noted before to be remembered; may be asked from any thread.
        """
        try:
            query = Query.from_words(words)
        except UserError:
            return False, "I did not understand what to remember.", None
        named = [seen for name, finds in dict(self._seen).items() if _bears(name, query) for seen in finds]
        if query.label is not None and not named:
            # No detector knows it by this name: its colour is all that can be looked for.
            query = replace(query, label=None)
        if query == Query():
            return False, "I do not remember seeing that.", None
        answer = self._thread.submit(self.memory.recall, query, 1).result()
        if not answer.sightings:
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
        image = frame.image
        self._later(frame.time, lambda: self.memory.observe_image(frame.camera, frame.time, image, orientation))

    def _later(self, time: float, remember: Callable[[], object]) -> None:
        self._catch_up()
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        if self._left_out:
            text = f"{self._left_out} pictures or names came too fast to be remembered"
            self._left_out = 0
            self._waiting.append(self._thread.submit(self.memory.note, Event(time, "all", "degraded", text)))
        self._waiting.append(self._thread.submit(remember))

    def _catch_up(self) -> None:
        """Forget what is done, and raise what went wrong."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft().result()


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
