"""A finger gait that turns a cube, found by evolution (CMA-ES with a diagonal covariance, Ros & Hansen 2008).

It is played blindly, with the rhythm alone; `bunraku.learning.ppo` learns what to change by feel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from cmaes import SepCMA

from bunraku.tasks.cube_rotation import CubeRotation, Gait, play

FREQUENCY, FREQUENCIES = 1.2, (0.5, 2.5)
"""Hz, at first, and between what bounds."""
SPREAD, AGAIN = 0.2, 0.4
"""Of the first gaits, rad (and a fifth of a hertz), and its share when a search goes on."""
LOST, ENOUGH = 1.0, 0.4
"""What a dropped cube takes from the speed of a turn, and the speed beyond which none is gained, rad/s."""
EFFORT = 0.05
"""What a mean square swing of 1 rad² takes, rad/s."""


@dataclass(frozen=True)
class Generation:
    """How the search stands: mean `speed` (rad/s) and share of `drops` of all, the `best` score, and the mean gait."""

    number: int
    speed: float
    best: float
    drops: float
    gait: Gait


def search(
    environment: CubeRotation, seconds: float, starts: int, seed: int, first: Gait | None = None
) -> Iterator[Generation]:
    """Yield one generation after the other, for ever, each around the gait `first`, if there is one, at the beginning.

    Every gait of a generation is played for `seconds` from the same places, as many as `starts`.
    """
    actions, population = environment.actions, environment.count // starts
    mean = np.append(np.zeros(3 * actions), FREQUENCY / SPREAD) if first is None else first.numbers() / SPREAD
    optimiser = SepCMA(mean, sigma=1.0 if first is None else AGAIN, population_size=population, seed=seed)
    number = 0
    while True:
        asked = [optimiser.ask() for _ in range(population)]
        numbers = np.array(asked) * SPREAD
        numbers[:, -1] = np.clip(numbers[:, -1], *FREQUENCIES)
        drawn = np.tile(environment.draw(starts), population)
        environment.gait = Gait.of(np.repeat(numbers, starts, 0))
        speed, lost = play(environment, seconds, drawn=drawn)
        costs = (LOST * lost - np.minimum(speed, ENOUGH)).reshape(population, starts).mean(1)
        costs += EFFORT * np.square(numbers[:, :-1]).mean(1)
        optimiser.tell([(each, float(cost)) for each, cost in zip(asked, costs, strict=True)])
        number += 1
        found = optimiser.mean * SPREAD
        found[-1] = np.clip(found[-1], *FREQUENCIES)
        yield Generation(number, float(speed.mean()), float(-costs.min()), float(lost.mean()), Gait.of(found))
