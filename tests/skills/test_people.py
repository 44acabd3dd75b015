from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.skills.people import FASTEST, Person, tracked
from bunraku.vision.detect import View, pinhole

AHEAD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""A camera that looks along x: its x is the world's −y, its y the world's −z."""


def view(time: float) -> View:
    picture = np.zeros((48, 64, 3), np.uint8)
    return View("head_left", time, picture, pinhole(1.0, 64, 48), np.array([0.0, 0.0, 1.5]), AHEAD)


def walked(start, velocity, seconds: float, noise: float = 0.0, seed: int = 0) -> list[Person]:
    rng, people = np.random.default_rng(seed), []
    for time in np.arange(0.0, seconds, 0.2):
        seen = start + time * velocity + noise * rng.standard_normal(2)
        people = tracked(people, [seen], view(float(time)))
    return people


@settings(max_examples=25, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.integers(0, 1000))
def test_somebody_who_walks_stays_one_person_of_that_velocity(vx, vy, seed):
    velocity = np.array([vx, vy])
    (person,) = walked(np.array([4.0, 0.0]), velocity, 5.0, noise=0.03, seed=seed)
    assert np.hypot(*(person.velocity - velocity)) < 0.25  # six standard deviations of one axis
    assert np.hypot(*(person.at(5.0) - [4.0, 0.0] - 5.0 * velocity)) < 0.2


def test_somebody_who_stands_is_not_taken_to_walk():
    (person,) = walked(np.array([2.0, 0.5]), np.zeros(2), 6.0, noise=0.05)
    assert np.hypot(*person.velocity) < 0.2


def test_out_of_sight_somebody_is_kept_and_soon_taken_to_stand():
    people = walked(np.array([-3.0, 0.0]), np.array([-0.5, 0.0]), 4.0)
    later = tracked(people, [], view(people[0].time + 0.2))
    assert later[0].velocity[0] == pytest.approx(-0.5, abs=0.1)
    for seconds in (1.5, 60.0):
        (gone,) = tracked(later, [], view(people[0].time + seconds))
        assert not gone.velocity.any()
        assert np.hypot(*(gone.at(100.0) - people[0].position)) < 1e-9


def test_who_is_not_where_the_eyes_look_has_gone():
    people = walked(np.array([2.0, 0.0]), np.zeros(2), 1.0)
    assert tracked(people, [], view(1.2)) == []


def test_two_people_are_two_and_nobody_runs():
    people: list[Person] = []
    for time in np.arange(0.0, 3.0, 0.2):
        people = tracked(people, [np.array([3.0, 1.0]), np.array([3.0 - 3.0 * time, -1.0])], view(float(time)))
    assert len(people) >= 2
    assert all(np.hypot(*person.velocity) <= FASTEST + 1e-9 for person in people)
