"""Finding and pressing what is fixed to the counter."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import cache

import numpy as np

from bunraku.control.grasping import HandGrasp, pinch
from bunraku.control.reach import Pose
from bunraku.objects import PROPS, RAISED, SURFACES
from bunraku.skills.body import Body, Outcome
from bunraku.skills.from_above import ways_down
from bunraku.skills.grasps import UP
from bunraku.skills.looking import PLACES, take_pictures
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.object_models import object_model
from bunraku.skills.perception import Seen, seen_as
from bunraku.skills.surroundings import free_space
from bunraku.vision.detect import ColourDetector, ObjectModel, View

TIP = 0.009
"""From the middle between the fingertips to the lowest point of the thumb, m."""
HOVER, DEPTH = 0.06, 0.012
"""How far (m) above a button the closed fingertips come first, and how far they are led below its rest."""
PRESSING_SPEED = 0.10
"""Mean speed (m/s) of the fingertips on their way down."""
HEADINGS = np.deg2rad([0, 20, 40, -20, 60, -40])
"""Directions of the fingers (rad), from straight ahead to the inner side."""


def look_for_props(
    body: Body, *kinds: str, above: Sequence[float] = (), at: np.ndarray = PLACES["counter"]
) -> Generator[None, None, list[Seen]]:
    """Look at the counter, or another point `at` (3,) m; returns the props of `kinds` there, also those that stand
    some height (m) `above` where they are by themselves."""
    return find_props((yield from take_pictures(body, at)), *kinds, above=above)


def find_props(views: Sequence[View], *kinds: str, above: Sequence[float] = ()) -> list[Seen]:
    """The props of `kinds` on the counter that are in `views`, also those some height (m) `above` it."""
    top = SURFACES["counter"].top
    heights = {top + RAISED[kind] + more for kind in kinds for more in (0.0, *above)}
    detector = ColourDetector(support_heights=tuple(sorted(heights)))
    models = [model for kind in kinds for model in _models(kind)]
    return [seen_as(found) for found in detector.detect(views, models)] if views else []


@cache
def _models(kind: str) -> tuple[ObjectModel, ...]:
    return tuple(object_model(PROPS[kind], colour) for colour in PROPS[kind].colours)


def press(body: Body, button: Seen) -> Generator[None, None, Outcome]:
    """Press a button with closed fingertips and let it go; the outcome says whether something stopped them."""
    side = "left" if body.stance.inverse.point(button.position)[1] > 0 else "right"
    fist = pinch(body.planner.spec.hand, 0.012, 20.0, centre_x=0.100, depth=0.085, squeeze=0.006)
    way = next(_ways_down(body, side, fist, button), None)
    if way is None:
        return Outcome("press", False, f"I cannot reach the {button.name} with my {side} hand")
    palm, route = way
    body.say("press", f"pressing the {button.name} with the {side} hand")
    yield from move_fingers(body, side, fist.closed, 0.3, body.full_tension)
    body.posture = route[-1]
    yield from move_body(body, *route)
    yield from move_palm(body, side, [palm.moved(-DEPTH * UP)], speed=PRESSING_SPEED, settle=0.2)
    stopped = float(body.measured_palm(side).position[2] - body.palm(side).position[2])
    yield from move_palm(body, side, [palm.moved(HOVER * UP)], speed=2 * PRESSING_SPEED)
    return Outcome("press", True, f"I pressed the {button.name}", {"stopped_m": stopped})


def _ways_down(body: Body, side: str, fist: HandGrasp, button: Seen) -> Iterator[tuple[Pose, list[np.ndarray]]]:
    """Palm poses that touch the button, and the free ways to above them."""
    top = button.position + [0, 0, PROPS[button.kind].rest_height + TIP]
    inward = 1.0 if side == "right" else -1.0
    space = free_space(body.planner, side, body.around())
    headings = body.stance.yaw + inward * HEADINGS
    yield from ways_down(body, side, fist, top, headings, HOVER, space, lambda palm: [palm.moved(-DEPTH * UP)])
