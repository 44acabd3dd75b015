from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bunraku.learning import acting
from bunraku.learning.frames import Synergies, mirrored
from bunraku.learning.samples import PLANNED
from bunraku.learning.steps import step
from bunraku.learning.tokens import FINGERS
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Seen
from bunraku.skills.body import IK_PERIOD, Pose

RATE, CHUNK = 10, 16
THING = np.array([0.4, -0.1, 0.92])
PALM = Pose(THING + [0.0, 0.0, 0.4], np.eye(3))


def body_at_rest() -> Any:
    """A body whose hand is open where it was measured, and whose clock stands."""
    hand = HandReading(0.0, np.zeros(22), np.zeros(22), np.zeros(22))
    return SimpleNamespace(
        time=0.0,
        observation=SimpleNamespace(hand=lambda side: hand),
        measured_palm=lambda side: PALM,
        palm=lambda side: PALM,
        hands={side: SimpleNamespace(posture=np.zeros(22), tension=1.0) for side in SIDES},
        hand=SimpleNamespace(joints=[SimpleNamespace(range_deg=(-360.0, 360.0))] * 22),
        full_tension=1.0,
        track=lambda palms: None,
        set_hand=lambda side, posture, tension: None,
        say=lambda skill, text: None,
        eyes=None,
    )


ABOUT: Any = SimpleNamespace(synergies=Synergies(np.zeros(22), np.eye(FINGERS, 22)), rate=RATE)


def plan(number: int, speed: float, late: int) -> np.ndarray:
    """A chunk in which that one of its numbers grows by `speed` in each frame, after `late` frames of rest."""
    chunk = np.zeros((CHUNK, PLANNED))
    chunk[:, number] = speed * np.maximum(np.arange(1, CHUNK + 1) - late, 0)
    chunk[:, -1] = 1.0
    return chunk


@pytest.mark.parametrize(
    ("number", "speed", "late", "frames"),
    [
        (0, 0.02, 0, acting.EXECUTED),  # the palm moves at once
        (0, 0.02, 9, 11),  # it stands still and then moves: until it has moved
        (7, 0.2, 9, 11),  # the same of the fingers
        (0, 0.0, 0, CHUNK),  # nothing moves
    ],
)
def test_a_plan_that_starts_late_is_carried_out_until_something_has_moved(number, speed, late, frames):
    ticks = sum(1 for _ in acting.follow(body_at_rest(), ABOUT, "right", plan(number, speed, late)))
    assert ticks == frames * round(1 / (RATE * IK_PERIOD))


def test_without_memory_nothing_is_there_but_what_the_last_look_showed(monkeypatch):
    things = [Seen("cube", "red", THING, 0.0), Seen("ball", "blue", THING + [0.0, 0.2, 0.0], 0.0)]
    body, counts = body_at_rest(), []

    def look_around(body):
        yield
        return things

    def look(body, tokens, fixed):
        tokens.update(things[:1], [np.ones(3)])

    def likely(thing, target):
        counts.append((*thing, *target))
        return float((*thing, *target) == cube[1:])

    def think(inputs):
        return np.stack([plan(0, 0.02, 0)] * len(inputs)), np.arange(len(inputs)), np.zeros(len(inputs))

    cube = step("take", "red cube")
    policy: Any = SimpleNamespace(
        about=ABOUT, think=think, meaning=lambda words: [SimpleNamespace(likeliest=cube, likely=likely)]
    )
    monkeypatch.setattr(acting, "look_around", look_around)
    monkeypatch.setattr(acting, "look", look)
    for remembering, last, pairs in ((True, 4, 4), (False, 2, 1)):
        body.time = 0.0
        skill = acting.act(policy, remembering=remembering)
        for _ in skill(body, "pick up the red cube"):
            body.time += IK_PERIOD
            if body.time > 2.0:
                break
        assert len(set(counts[-last:])) == pairs


def test_a_left_hand_does_what_a_right_hand_would_do_in_a_mirror():
    led: dict[str, list] = {side: [] for side in SIDES}
    body = body_at_rest()
    body.track = lambda palms: [led[side].append(palm) for side, palm in palms.items()]
    body.measured_palm = body.palm = lambda side: PALM if side == "right" else mirrored(PALM)
    chunk = np.random.default_rng(0).uniform(-0.05, 0.05, (CHUNK, PLANNED))
    for side in SIDES:
        for _ in acting.follow(body, ABOUT, side, chunk):
            pass
    for left, right in zip(led["left"], led["right"], strict=True):
        np.testing.assert_allclose(mirrored(left).position, right.position, atol=1e-9)
        np.testing.assert_allclose(mirrored(left).rotation, right.rotation, atol=1e-9)


def test_a_step_that_is_done_is_followed_by_the_next_one_and_the_last_one_is_never_left(monkeypatch):
    things = [Seen("cube", colour, THING + [0.0, y, 0.0], 0.0) for colour, y in (("red", 0.0), ("blue", 0.2))]
    body, done = body_at_rest(), iter([-1.0, -1.0, 1.0])
    told: list[str] = []

    def look_around(body):
        yield
        return things

    def think(inputs):
        ended = next(done, 1.0) if len(inputs) == 1 else -1.0
        return np.stack([plan(0, 0.02, 0)] * len(inputs)), np.arange(len(inputs)), np.full(len(inputs), ended)

    def meant(name):
        wanted = step("put", name)
        return SimpleNamespace(likeliest=wanted, likely=lambda thing, target: (*thing, *target) == wanted[1:])

    body.say = lambda skill, text: told.append(text)
    policy: Any = SimpleNamespace(
        about=ABOUT, think=think, meaning=lambda words: [meant("red cube"), meant("blue cube")]
    )
    monkeypatch.setattr(acting, "look_around", look_around)
    skill = acting.act(policy)(body, "the red cube, then the blue one")
    for _ in range(200):
        next(skill)
    assert told[:3] == ["put: at the red cube", "put: at the red cube", "put: at the blue cube"]
    assert set(told[2:]) == {"put: at the blue cube"}
