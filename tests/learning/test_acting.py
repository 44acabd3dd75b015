from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bunraku.learning import acting
from bunraku.learning.frames import SIDE_ACTION, synergies
from bunraku.robot import HandReading
from bunraku.skills import Seen
from bunraku.skills.body import IK_PERIOD, Pose

RATE, CHUNK = 10, 16
THING = np.array([0.4, -0.1, 0.92])
PALM = Pose(THING + [0.0, 0.0, 0.4], np.eye(3))


def body_at_rest() -> Any:
    """A body whose hand is open where it was measured, and whose clock stands."""
    basis = synergies("h22")
    hand = HandReading(0.0, np.zeros(22), np.zeros(22), np.zeros(22))
    return SimpleNamespace(
        time=0.0,
        observation=SimpleNamespace(hand=lambda side: hand),
        measured_palm=lambda side: PALM,
        palm=lambda side: PALM,
        hands={"right": SimpleNamespace(posture=basis.posture(np.zeros(6)), tension=1.0)},
        hand=SimpleNamespace(joints=[SimpleNamespace(range_deg=(-360.0, 360.0))] * 22),
        full_tension=1.0,
        track=lambda palms: None,
        set_hand=lambda side, posture, tension: None,
        say=lambda skill, text: None,
        eyes=None,
    )


ABOUT: Any = SimpleNamespace(side="right", synergies=synergies("h22"), rate=RATE)


def plan(number: int, speed: float, late: int) -> np.ndarray:
    """A chunk in which that one of its numbers grows by `speed` in each frame, after `late` frames of rest."""
    chunk = np.zeros((CHUNK, SIDE_ACTION))
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
    ticks = sum(1 for _ in acting.follow(body_at_rest(), ABOUT, PALM, plan(number, speed, late)))
    assert ticks == frames * round(1 / (RATE * IK_PERIOD))


def test_without_memory_nothing_is_there_but_what_the_last_look_showed(monkeypatch):
    things = [Seen("cube", "red", THING, 0.0), Seen("ball", "blue", THING + [0.0, 0.2, 0.0], 0.0)]
    body, counts = body_at_rest(), []

    def look_around(body):
        yield
        return things

    def look(body, tokens):
        tokens.update(things[:1], [np.ones(3)])

    def choose(could, words):
        counts.append(len(could.pairs))
        return plan(0, 0.02, 0), 0

    policy: Any = SimpleNamespace(about=ABOUT, choose=choose)
    monkeypatch.setattr(acting, "look_around", look_around)
    monkeypatch.setattr(acting, "look", look)
    for remembering in (True, False):
        body.time = 0.0
        skill = acting.act(policy, remembering=remembering)
        for _ in skill(body, "pick up the red cube"):
            body.time += IK_PERIOD
            if body.time > 2.0:
                break
    assert counts[:4] == [4] * 4
    assert counts[-1] == 1
