from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bunraku.learning import acting
from bunraku.learning.frames import SIDE_ACTION, synergies
from bunraku.robot import HandReading
from bunraku.skills import Seen
from bunraku.skills.body import Pose


@pytest.mark.parametrize(("away", "frames"), [(0.4, acting.BOLDLY), (0.1, acting.EXECUTED)])
def test_more_of_a_plan_is_carried_out_far_from_what_is_meant(monkeypatch, away, frames):
    carried: list[int] = []
    thing = np.array([0.4, -0.1, 0.92])
    hand = HandReading(0.0, np.zeros(22), np.zeros(22), np.zeros(22))

    def look_around(body):
        yield
        return [Seen("cube", "red", thing, 0.0), Seen("ball", "blue", thing + [0.0, 0.0, away - 0.01], 0.0)]

    def follow(body, about, palm, chunk):
        carried.append(len(chunk))
        yield

    monkeypatch.setattr(acting, "look_around", look_around)
    monkeypatch.setattr(acting, "follow", follow)
    palm = Pose(thing + [0.0, 0.0, away], np.eye(3))
    body: Any = SimpleNamespace(
        time=0.0,
        observation=SimpleNamespace(hand=lambda side: hand),
        measured_palm=lambda side: palm,
        say=lambda skill, text: None,
    )
    policy: Any = SimpleNamespace(
        about=SimpleNamespace(side="right", synergies=synergies("h22")),
        choose=lambda could, words: (np.zeros((16, SIDE_ACTION)), 0),  # the first option: the cube, nowhere to go
    )
    skill = acting.act(policy)(body, "pick up the red cube")
    for _ in range(3):
        next(skill)
    assert carried
    assert set(carried) == {frames}
