from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bunraku.learning.correcting import LATE, STOPPED, corrected, until_astray
from bunraku.robot import HandReading
from bunraku.skills import Body, Outcome
from bunraku.skills.body import Pose

PERIOD = 0.02


class Puppet:
    """As much of a body as is looked at: a palm and a hand that `move` (place of the palm at a time) leads."""

    def __init__(self, move) -> None:
        self.time, self.move = 0.0, move
        hand = HandReading(0.0, np.zeros(22), np.zeros(22), np.zeros(22))
        self.observation: Any = SimpleNamespace(hand=lambda side: hand)

    def measured_palm(self, side: str) -> Pose:
        return Pose(np.array([self.move(self.time), 0.0, 1.5]), np.eye(3))

    palm = measured_palm

    def say(self, skill: str, text: str) -> None:
        pass


def forever():
    while True:
        yield


def taken_over_at(move, given_up: float) -> float:
    body = Puppet(move)
    for _ in until_astray(cast(Any, forever()), cast(Body, body), given_up):
        body.time += PERIOD
    return body.time


def test_a_policy_that_moves_is_left_alone_until_its_time_is_over():
    assert taken_over_at(lambda time: 0.1 * time, 5.0) == pytest.approx(5.0, abs=2 * PERIOD)


def test_a_policy_that_has_stopped_is_taken_over():
    stops = 2.0
    found = taken_over_at(lambda time: 0.1 * min(time, stops), LATE)
    assert stops + STOPPED / 2 < found < stops + STOPPED + 0.2


def test_only_what_the_expert_does_is_shown(monkeypatch):
    monkeypatch.setattr("bunraku.learning.correcting.act", lambda policy: lambda body, words: forever())
    body, marks, shown = Puppet(lambda time: 0.1 * time), [], []

    def expert(body, instruction):
        shown.append(instruction)
        yield
        return Outcome("expert", True, "done")

    policy: Any = SimpleNamespace(about=None)
    skill = corrected(policy, expert, 1.0, lambda: marks.append(body.time))(cast(Body, body), "pick up the red cube")
    for _ in skill:
        body.time += PERIOD
    assert shown == ["pick up the red cube"]
    assert len(marks) == pytest.approx(1.0 / PERIOD, abs=2)
