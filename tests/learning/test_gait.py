from itertools import islice

import numpy as np
import pytest

pytest.importorskip("cmaes")

from bunraku.learning.gait import FREQUENCIES, search
from bunraku.tasks.cube_rotation import CubeRotation, Gait, play


def test_a_search_plays_every_gait_from_the_same_places_and_repeats() -> None:
    def found() -> list[tuple[float, np.ndarray]]:
        environment = CubeRotation(8, seed=0)
        return [(each.speed, each.gait.numbers()) for each in islice(search(environment, 0.5, 2, 0), 2)]

    first, again = found(), found()
    assert [speed for speed, _ in first] == [speed for speed, _ in again]
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(first, again, strict=True))
    assert all(FREQUENCIES[0] <= numbers[-1] <= FREQUENCIES[1] for _, numbers in first)


def test_a_search_can_go_on_from_a_gait() -> None:
    environment = CubeRotation(8, seed=0)
    still = Gait.of(np.append(np.zeros(3 * environment.actions), 1.0))
    after = next(search(environment, 0.5, 2, 0, still)).gait
    assert np.abs(after.numbers() - still.numbers()).max() < 0.5
    environment.gait = after
    assert np.isfinite(play(environment, 0.5)[0]).all()
