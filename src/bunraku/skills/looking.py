"""`look_for` and `look_around`: search the room with the eyes until the thing is found or everything was seen."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from bunraku.objects import SURFACES
from bunraku.skills.body import Body, Outcome
from bunraku.skills.moving import move_body
from bunraku.skills.perception import LOOKING, Seen
from bunraku.vision.detect import View

PLACES = {name: np.array([np.mean(s.x), np.mean(s.y), s.top]) for name, s in SURFACES.items()}
"""Where to look for things: the middles of the surfaces of the map."""

WAIST_YAW, MOST_TURN = 7, 0.8
"""Where the turn of the trunk is in a configuration (37,), and how far (rad) it is turned to see."""
ASIDE = 0.3
"""How far (m) from the middle a place lies that a hand may hide."""

FRESH, KNEE = 0.5, 0.04
"""How old (s) the pictures may be in which something was not told, and how high (m) above a board its middle may be."""
UNSURE = 0.012
"""A position less certain than this (m) is looked at again."""


def place_of(seen: Seen) -> str | None:
    """The surface of the map on which (or above which) an object is; None when it is over none."""
    for name, surface in SURFACES.items():
        x, y, z = seen.position
        if surface.x[0] <= x <= surface.x[1] and surface.y[0] <= y <= surface.y[1] and -0.05 < z - surface.top < 0.25:
            return name
    return None


def look(
    body: Body, point: np.ndarray | None = None, heights: tuple[float, ...] = ()
) -> Generator[None, None, list[Seen]]:
    """Turn the head to `point`, keep still until every looking camera has taken a picture, and find what is there; with
    `heights` (m) what stands at those, which is not remembered."""
    views = yield from take_pictures(body, point)
    if not views or body.eyes is None:
        return []
    seen = body.eyes.find(views, heights)
    if not heights:
        body.remember(seen)
    return seen


def take_pictures(body: Body, point: np.ndarray | None = None) -> Generator[None, None, list[View]]:
    """Turn the head to `point` and keep still until every looking camera has taken a picture; returns the views."""
    if point is not None:
        body.gaze = np.asarray(point, float)
        body.hold()
        yield
    while not body.gaze_settled:
        body.hold()
        yield
    still_since = body.time + 0.1
    deadline = still_since + 0.6
    while body.time < deadline:
        body.hold()
        yield
        if body.observation is not None and body.eyes is not None:
            views = body.eyes.views(body.observation, still_since)
            if len(views) == len(LOOKING) or (views and body.time >= deadline - 0.03):
                body.note_sight(views)
                return views
    return []


def face(body: Body, point: np.ndarray) -> Generator[None, None, list[Seen]]:
    """Turn the trunk to `point` (3,) m, so that no hand is in the way, and look there."""
    ahead = body.stance.inverse.point(np.asarray(point))
    goal = body.reference.copy()
    goal[WAIST_YAW] = np.clip(np.arctan2(ahead[1], ahead[0]), -MOST_TURN, MOST_TURN)
    yield from move_body(body, goal)
    return (yield from look(body, point))


def look_around(body: Body, places: tuple[str, ...] = ("counter",)) -> Generator[None, None, list[Seen]]:
    """Look at `places` one after the other, and turn to what is half hidden there; returns everything seen."""
    found: list[Seen] = []
    for place in places:
        body.say("look", f"looking at the {place}")
        seen = yield from look(body, PLACES[place])
        seen += yield from _look_again(body, place, seen)
        found += [s for s in seen if not _known(s, found)]
    return found


def _look_again(body: Body, place: str, seen: list[Seen]) -> Generator[None, None, list[Seen]]:
    """Turn to something on a place that has a thing's colour but could not be told, and see what it is."""
    if body.eyes is None or body.observation is None:
        return []
    surface = SURFACES[place]
    views = body.eyes.views(body.observation, body.time - FRESH)
    point = body.eyes.riddle(views, seen, surface.top + KNEE)
    if point is None or not (surface.x[0] < point[0] < surface.x[1] and surface.y[0] < point[1] < surface.y[1]):
        return []
    body.say("look", f"turning to something half hidden on the {place}")
    before = body.reference
    more = yield from face(body, point)
    yield from move_body(body, before)
    return [thing for thing in more if not _known(thing, seen)]


def look_for(
    body: Body, fits: Callable[[Seen], bool], name: str, places: tuple[str, ...] = tuple(SURFACES)
) -> Generator[None, None, Outcome]:
    """Search `places` for what `fits`; looks a second time, straight at it, when the first look was unsure.

    What was found nowhere may be behind a hand: the trunk turns to either side before it is given up. The outcome's
    `measured` holds `found` (those that fit) and `seen` (everything
    seen on the way). A thing that colour alone does not show is looked for on dishes of its own colour as well.
    """
    seen: list[Seen] = []
    aside = [place for place in places if abs(PLACES[place][1]) > ASIDE]
    for turned, place in [(False, place) for place in places] + [(True, place) for place in aside]:
        more = yield from face(body, PLACES[place]) if turned else look_around(body, (place,))
        seen += [s for s in more if not _known(s, seen)]
        found = [s for s in seen if fits(s)] or _look_closer(body, fits, place)
        if not found:
            continue
        seen += [s for s in found if not _known(s, seen)]
        if len(found) == 1 and (found[0].deviation > UNSURE or found[0].confidence < 0.5):
            body.say("look_for", f"looking again at the {found[0].name}, unsure by {1000 * found[0].deviation:.0f} mm")
            again = yield from look(body, found[0].position)
            found = [s for s in again if fits(s)] or _look_closer(body, fits, place) or found
        return Outcome("look_for", True, f"found the {found[0].name}", {"found": found, "seen": seen})
    what = ", ".join(f"a {s.name}" for s in seen) or "nothing that I know"
    return Outcome(
        "look_for", False, f"I looked everywhere and see no {name}; I see {what}", {"found": [], "seen": seen}
    )


def _look_closer(body: Body, fits: Callable[[Seen], bool], place: str) -> list[Seen]:
    """What `fits` on a dish of its own colour, in the pictures that were just taken of a place."""
    if body.eyes is None or body.observation is None:
        return []
    found = [s for s in body.eyes.find_on_dishes(body.eyes.views(body.observation, body.time - FRESH)) if fits(s)]
    if found:
        body.say("look_for", f"the {found[0].name} lies on a dish of its own colour on the {place}")
        body.remember(found)
    return found


def look_on_floor(body: Body, fits: Callable[[Seen], bool]) -> Generator[None, None, Seen | None]:
    """Look before the feet, ahead and to both sides, for what `fits` and lies on the floor; None if it is not seen."""
    for ahead, aside in ((0.9, 0.0), (0.7, 0.6), (0.7, -0.6), (1.8, 0.0)):
        point = body.stance.point(np.array([ahead, aside, 0.0]))
        found = [seen for seen in (yield from look(body, point, (0.0,))) if fits(seen)]
        if found:
            return max(found, key=lambda seen: seen.confidence)
    return None


def _known(seen: Seen, others: list[Seen]) -> bool:
    return any(s.name == seen.name and np.linalg.norm(s.position - seen.position) < 0.06 for s in others)
