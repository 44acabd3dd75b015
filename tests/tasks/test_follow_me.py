from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.house import blocks
from bunraku.sim.person import Person
from bunraku.skills.paths import FloorMap
from bunraku.tasks.follow_me import APART, draw_walk

FLOOR = FloorMap(blocks())


@given(st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_every_walk_can_be_followed(seed):
    walk = draw_walk(seed)
    person, start = walk.person, np.array(walk.scene.start[:2])
    assert APART[0] < np.hypot(*(start - person.path[0])) < APART[1]
    assert all(FLOOR.clearance(np.array(point)) >= 0.30 for point in person.path)
    assert FLOOR.route(start, np.array(person.path[-1])) is not None
    assert draw_walk(seed) == walk


@given(st.floats(0.2, 1.0), st.lists(st.tuples(st.floats(0.1, 2.9), st.floats(0.5, 4.0)), max_size=3, unique=True))
@settings(max_examples=40, deadline=None)
def test_a_person_walks_on_after_every_pause_and_arrives_when_it_says(speed, pauses):
    pauses = tuple(sorted(pauses))
    person = Person(((0.0, 0.0), (3.0, 0.0)), speed=speed, departs=1.0, pauses=pauses)
    times = np.arange(0.0, person.arrives + 1.0, 0.05)
    x = np.array([person.at(float(time))[0] for time in times])
    assert (np.diff(x) >= -1e-9).all() and (np.diff(x) <= speed * 0.05 + 1e-9).all()
    assert x[0] == 0.0 and abs(x[-1] - 3.0) < 1e-9
    assert person.at(person.arrives - 0.1)[0] < 3.0
    stood = (np.diff(x)[(times[:-1] > 1.0) & (times[1:] < person.arrives)] < 1e-9).sum() * 0.05
    assert abs(stood - sum(seconds for _, seconds in pauses)) < 0.11 * (len(pauses) + 1)
