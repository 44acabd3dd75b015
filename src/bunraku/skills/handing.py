"""`hand_over`: bring what a hand holds to a person, and set it down on the plate that the person holds out."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from bunraku.control.reach import IK_PERIOD
from bunraku.control.stance import Stance, stance_at, stance_of
from bunraku.house import SERVING_DISTANCE, SERVING_HEIGHT
from bunraku.skills.body import Body, Outcome, wait
from bunraku.skills.looking import look
from bunraku.skills.moving import move_fingers
from bunraku.skills.perception import Seen
from bunraku.skills.placing import hold_level, put, spots_at
from bunraku.skills.walking import walk_to

AT_ARMS_LENGTH = 0.42
"""How far before itself (m) the robot wants the plate."""
STAGING = 0.45
"""How much farther off (m) it stops first, to look."""
PULLED, FOR = 0.006, 0.08
"""How far (m) from its place a hand must be, and for how long (s), to be pulled."""
GETTING_USED = 0.5
"""Rate (1/s) at which it gets used to a slow drift of its own."""
HELD_OUT = (0.9, 1.12)
"""Heights (m) between which a plate is held out, not standing on a table."""


def look_at_person(body: Body) -> Generator[None, None, Seen | None]:
    """Look at the nearest person that was seen, and find the plate that it holds out; None if there is none."""
    if not body.people:
        here = stance_of(body.configuration)
        yield from turn_head(body, np.array([*(here.position + 2.0 * here.forward), SERVING_HEIGHT]))
    if not body.people:
        return None
    around = yield from look(body, np.array([*nearest_person(body), SERVING_HEIGHT + 0.05]))
    body.look_out()
    return held_plate(around, body.people)


def turn_head(body: Body, point: np.ndarray) -> Generator[None, None, None]:
    """Look at `point` (3,) until a picture was taken, and note who is there."""
    body.gaze = point
    yield from wait(body, 0.04)
    while not body.gaze_settled:
        yield from wait(body, 0.02)
    yield from wait(body, 0.3)
    body.look_out()


def held_plate(around: Sequence[Seen], people: Sequence[np.ndarray]) -> Seen | None:
    """The plate among what was seen `around` that one of `people` holds out."""
    plates = [
        seen
        for seen in around
        if seen.kind == "plate"
        and HELD_OUT[0] < seen.position[2] < HELD_OUT[1]
        and any(abs(np.hypot(*(seen.position[:2] - person)) - SERVING_DISTANCE) < 0.3 for person in people)
    ]
    return max(plates, key=lambda seen: seen.confidence) if plates else None


def facing(plate: Seen, person: np.ndarray, distance: float) -> Stance:
    """Where to stand `distance` m before the plate that `person` (2,) holds out, face to face."""
    out = plate.position[:2] - person
    out = out / np.hypot(*out)
    return stance_at(plate.position[:2] + distance * out, float(np.arctan2(-out[1], -out[0])))


def hand_over(body: Body, side: str, plate: Seen, person: np.ndarray) -> Generator[None, None, Outcome]:
    """Carry what the hand on `side` holds to `person` (2,), and put it on the `plate` seen before."""
    name = body.grips[side].seen.name
    if not (yield from hold_level(body, side)):
        why = f"I cannot hold the {name} level before me" if side in body.grips else f"I lost the {name}"
        return Outcome("hand_over", False, why, {"kind": "unreachable" if side in body.grips else "dropped"})
    for distance in (AT_ARMS_LENGTH + STAGING, AT_ARMS_LENGTH):
        walked = yield from walk_to(body, facing(plate, person, distance), "to you")
        if not walked.success:
            return walked
        again = yield from look_at_person(body)
        if again is None:
            return Outcome("hand_over", False, "I do not see a plate held out to me any more", {"kind": "unseen"})
        plate, person = again, nearest_person(body)
    spots = spots_at(plate, "on", body.grips[side].seen.kind, ())
    return (yield from put(body, side, spots, f"on your {plate.colour} plate"))


def give(body: Body, side: str, patience: float = 6.0) -> Generator[None, None, Outcome]:
    """Keep holding out what the hand on `side` holds, and let go when somebody pulls at it; keep it when nobody does
    within `patience` s.

    A pull moves the palm away from its reference faster than the servos' integral brings it back.
    """
    grip = body.grips[side]
    name = grip.seen.name
    yield from wait(body, 0.5)
    usual, pulled, end = _deviation(body, side), 0.0, body.time + patience
    while body.time < end:
        body.hold()
        yield
        off = _deviation(body, side) - usual
        usual = usual + GETTING_USED * IK_PERIOD * off
        pulled = pulled + IK_PERIOD if np.linalg.norm(off) > PULLED else 0.0
        if pulled > FOR:
            body.grips.pop(side)
            yield from move_fingers(body, side, grip.grasp.open, 0.4, body.full_tension)
            return Outcome("give", True, f"you have the {name}")
    return Outcome("give", False, f"nobody took the {name}", {"kind": "kept"})


def _deviation(body: Body, side: str) -> np.ndarray:
    """How far (3,) m the palm is from where it is meant to be."""
    return body.measured_palm(side).position - body.palm(side).position


def nearest_person(body: Body) -> np.ndarray:
    """Where the nearest person that was seen stands, (2,) m; there must be one."""
    here = stance_of(body.configuration).position
    return min(body.people, key=lambda person: float(np.hypot(*(person - here))))
