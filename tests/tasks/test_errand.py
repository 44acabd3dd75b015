from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.acting import understand
from bunraku.control.stance import Stance
from bunraku.house import LIVING_ROOM, blocks
from bunraku.skills.handing import AT_ARMS_LENGTH
from bunraku.skills.paths import FloorMap
from bunraku.tasks.assignment import draw_errand, fits
from bunraku.tasks.pick_place import assignment_for

FLOOR = FloorMap(blocks())


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_errand_can_be_run(seed):
    errand = draw_errand(seed)
    person, scene = errand.scene.person, errand.scene
    assert person is not None and scene.house
    assert understand(errand.instruction).thing == (errand.kind, scene.find(errand.object).colour)
    assert fits(errand.kind, "plate")
    assert person.plate not in {thing.colour for thing in scene.objects}
    (x, y), start = person.path[0], Stance(*scene.start)
    assert LIVING_ROOM.x[0] < x < LIVING_ROOM.x[1] and LIVING_ROOM.y[0] < y < LIVING_ROOM.y[1]
    served = Stance(x, y, person.yaw).then(Stance(0.45 + AT_ARMS_LENGTH, 0.0, np.pi))
    assert FLOOR.fits(start, [np.array([x, y])]) and FLOOR.fits(served)
    assert FLOOR.route(start.position, np.array([-0.4, 0.0])) is not None
    assert draw_errand(seed) == errand


def test_words_that_ask_to_bring_something_call_for_the_house():
    errand = assignment_for(0, "bring me the red mug from the kitchen")
    assert (errand.object, errand.target) == ("red mug", "person")
    assert errand.scene.house and errand.scene.person is not None
