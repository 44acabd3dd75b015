"""Would crossing the legs help? The same pushes from the side, with footholds across the stance foot and without.

`python benchmarks/legs/crossover.py [--force N] [--episodes N] [--seed N]`: pushes to the left and the right while it
walks. With crossing, a foot may also land up to 15 cm beyond the stance foot, ahead of its toes or behind its heel,
where that costs less; on its way it goes round the stance foot and may never be too fast to stop before it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tyro

from bunraku.control import steps, walking
from bunraku.control.steps import Gait, Progress, Step, Velocity
from bunraku.statistics import wilson_interval
from bunraku.tasks.walking import pushed, run_trial

KEPT = Path(__file__).with_name("crossover.jsonl")
ROUND = 0.26
"""How far ahead of or behind the stance foot's middle another foot passes it, m: its length and 2 cm."""
BEYOND = 0.15
"""How far across the stance foot the foot may land, m."""
DEAR = 0.3
"""What a crossed step costs besides, as it has to be undone."""
SPEED = 2.0
"""At which the foot goes round, m/s."""
PLAIN = walking.plan_step


def with_crossing(
    gait: Gait, velocity: Velocity, side: float, omega: float, now: Progress, lasting: float | None = None
) -> Step:
    """`plan_step`, but with footholds across the stance foot where they cost less."""
    best = PLAIN(gait, velocity, side, omega, now, lasting)
    if lasting is not None:
        return best
    wanted, yaw = steps.nominal_foothold(gait, velocity, side)
    offset = steps.nominal_offset(gait, velocity, side, omega)
    ideal = steps._pressure(gait, omega, now, wanted + offset)
    pressure = steps._limited(ideal, gait.plan_half_length, gait.plan_half_width)
    act = steps._limited(ideal, gait.act_half_length, gait.act_half_width)
    first = max(gait.shortest, now.elapsed + steps.TIME_GRID)
    durations = np.arange(first, max(gait.longest, first) + steps.TIME_GRID / 2, steps.TIME_GRID)
    swinging = durations - max(now.elapsed, gait.double_support)
    dcm = pressure + (now.dcm - pressure) * np.exp(omega * (durations - now.elapsed))[:, None]
    weights = steps.STEP_WEIGHT, steps.OFFSET_WEIGHT
    free = (weights[0] * wanted + weights[1] * (dcm - offset)) / sum(weights)
    for way in (1.0, -1.0):
        ahead, aside = way * now.swing[0], side * now.swing[1]
        corner = max(0.0, ROUND - ahead) / SPEED
        x = np.minimum(np.clip(way * free[:, 0], ROUND, gait.longest_step), ahead + SPEED * swinging)
        reach = SPEED * np.maximum(swinging - corner, 0)
        y = np.clip(np.clip(side * free[:, 1], -BEYOND, gait.narrowest), aside - reach, aside + reach)
        possible = (x >= ROUND - 1e-9) & (y <= gait.narrowest + 1e-9) & (swinging > corner)
        footholds = np.stack([way * x, side * y], axis=1)
        moved, missed = footholds - wanted, dcm - footholds - offset
        costs = (weights[0] * moved**2 + weights[1] * missed**2).sum(axis=1) + DEAR
        costs = np.where(possible, costs + steps.TIME_WEIGHT * (durations - gait.duration) ** 2, np.inf)
        i = int(costs.argmin())
        if costs[i] < best.cost:
            best = Step(footholds[i], yaw, float(durations[i]), act, float(costs[i]))
    return best


def keep_clear(walker: walking.Walker) -> None:
    """`Walker._keep_clear`, but around a box: the foot may pass beside the stance foot, ahead of it or behind it."""
    frame, origin = walker._sole_frame(walker._stance)
    at = frame.T @ (walker._swing[:2] - origin)
    half = np.array([ROUND, walker.gait.narrowest])
    axis = int(np.argmax(np.abs(at) / half))
    towards = -math.copysign(1.0, at[axis]) * frame[:, axis]
    slowing = walking.CLEARING
    excess = walker._swing_rate[:2] @ towards - math.sqrt(2 * slowing * max(abs(at[axis]) - half[axis], 0.0))
    if excess > 0:
        walker._swing_rate[:2] -= excess * towards
        walker._swing_rate2[:2] -= (walker._swing_rate2[:2] @ towards + slowing) * towards


@contextmanager
def crossing(allowed: bool) -> Iterator[None]:
    """Let every walker cross its legs meanwhile, if `allowed`."""
    before = walking.plan_step, walking.Walker._keep_clear
    if allowed:
        walking.plan_step, walking.Walker._keep_clear = with_crossing, keep_clear
    try:
        yield
    finally:
        walking.plan_step, walking.Walker._keep_clear = before


def main(force: float = 350.0, episodes: int = 4, seed: int = 100, path: Path = KEPT) -> None:
    """Run the pushes that `path` does not hold yet, and print how many were survived either way."""
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(row["force"], row["seed"], row["degrees"], row["crossing"]) for row in rows}
    for one in range(seed, seed + episodes):
        for degrees in (90, 270):
            for allowed in (False, True):
                if (force, one, degrees, allowed) in done:
                    continue
                with crossing(allowed):
                    result = run_trial(pushed(one, force, math.radians(degrees), walking=True))
                row = {"force": force, "seed": one, "degrees": degrees, "crossing": allowed, "fell_at": result.fell_at}
                with path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                rows.append(row)
                print(row, flush=True)
    for allowed in (False, True):
        mine = [
            r for r in rows if r["force"] == force and r["crossing"] == allowed and seed <= r["seed"] < seed + episodes
        ]
        good = sum(row["fell_at"] is None for row in mine)
        low, high = wilson_interval(good, len(mine))
        name = "with crossing" if allowed else "without"
        print(f"{name}: {good}/{len(mine)} stayed up ({100 * low:.0f} to {100 * high:.0f} %)")


if __name__ == "__main__":
    tyro.cli(main)
