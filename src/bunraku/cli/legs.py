"""`bunraku evaluate walk`, `push`, `climb` and `stand_up`, and `bunraku benchmark legs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from bunraku.errors import UserError


def walk(episodes: int = 20, seed: int = 0, gravity: float = 9.81, json: Path = Path("runs/walk.jsonl")) -> int:
    """Random 20 s walks from the robot's own sensors: how often it falls, and how well it follows.

    Args:
        episodes: how many walks.
        seed: of the first; the others follow.
        gravity: m/s²; 3.71 on Mars, 1.62 on the Moon.
        json: file of JSON lines that keeps every walk; walks that are in it already are not run again.
    """
    from bunraku.sim.field import Field
    from bunraku.tasks.legs import Condition
    from bunraku.tasks.walking import random_walk

    name = "20 s" if gravity == 9.81 else f"20 s at {gravity} m/s²"
    condition = Condition("walk", name, lambda s: random_walk(s, ground=Field(gravity=gravity)), episodes)
    return _evaluate(condition, episodes, seed, json)


def push(
    force: Annotated[float, tyro.conf.Positional],
    episodes: int = 12,
    seed: int = 0,
    standing: bool = False,
    json: Path = Path("runs/push.jsonl"),
) -> int:
    """Pushes of FORCE newtons for 0.1 s on the trunk, all around: how often it stays on its feet.

    Args:
        force: N.
        episodes: how many; the direction turns by 30° from one to the next.
        seed: of the first; the others follow.
        standing: push it while it stands instead of while it walks.
        json: file of JSON lines that keeps every push; pushes that are in it already are not run again.
    """
    import numpy as np

    from bunraku.tasks.legs import DIRECTIONS, Condition
    from bunraku.tasks.walking import pushed

    if not 0 < force <= 2000:
        raise UserError(f"the force must lie between 0 and 2000 N, got {force}")
    gait = "standing" if standing else "walking"
    condition = Condition(
        "push",
        f"{gait} {force:g} N",
        lambda s: pushed(s, force, 2 * np.pi * (s % DIRECTIONS) / DIRECTIONS, not standing),
        episodes,
    )
    return _evaluate(condition, episodes, seed, json)


def climb(episodes: int = 20, seed: int = 0, gravity: float = 9.81, json: Path = Path("runs/climb.jsonl")) -> int:
    """Three stairs of 15 cm up, and backwards down again, from a given height map and the robot's own sensors.

    Args:
        episodes: how many.
        seed: of the first; the others follow.
        gravity: m/s²; 3.71 on Mars, 1.62 on the Moon.
        json: file of JSON lines that keeps every climb; climbs that are in it already are not run again.
    """
    from bunraku.tasks.climbing import climb_stairs, succeeded

    def fate(row: dict) -> str:
        return "up and down" if succeeded(row) else row["problem"] or f"fell after {row['fell_at']} s"

    return _trials("climb", "3 × 15 cm", climb_stairs, succeeded, fate, episodes, seed, gravity, json)


def stand_up(episodes: int = 20, seed: int = 0, gravity: float = 9.81, json: Path = Path("runs/stand_up.jsonl")) -> int:
    """Dropped limp on its front, back, left or right, limbs anyhow: how often it gets back on its feet.

    Args:
        episodes: how many; the side that is down changes from one to the next.
        seed: of the first; the others follow.
        gravity: m/s²; 3.71 on Mars, 1.62 on the Moon.
        json: file of JSON lines that keeps every trial; trials that are in it already are not run again.
    """
    from bunraku.tasks import standing_up
    from bunraku.tasks.standing_up import succeeded

    def fate(row: dict) -> str:
        tries = "" if row["attempts"] == 1 else f", {row['attempts']} attempts"
        return f"{row['side']}: {'on its feet' if succeeded(row) else row['problem'] or 'not up in time'}{tries}"

    return _trials("stand_up", "from lying", standing_up.stand_up, succeeded, fate, episodes, seed, gravity, json)


def benchmark(
    html: Path = Path("runs/legs.html"),
    json: Path = Path("runs/legs.jsonl"),
    suites: tuple[str, ...] = (),
    share: float = 1.0,
    seed: int = 0,
) -> int:
    """The whole benchmark of the legs, as one page: falls, pushes, payload, friction, gravity, ground, noise, delay.

    Ctrl-C keeps what has run; the same command goes on from there.

    Args:
        html: the page.
        json: file of JSON lines that keeps every trial; trials that are in it already are not run again.
        suites: which suites to run; all if none is named.
        share: of the full number of trials; 0 only draws the page from what is there.
        seed: of the first trial of each condition.
    """
    from bunraku.cli.legs_page import write_page
    from bunraku.tasks.legs import Rows, Survival, conditions, run_condition

    every = conditions()
    names = list(dict.fromkeys(condition.suite for condition in every))
    unknown = [suite for suite in suites if suite not in names]
    if unknown:
        raise UserError(f"there is no suite “{unknown[0]}”; there are {', '.join(names)}")
    if not 0 <= share <= 1:
        raise UserError(f"--share must lie between 0 and 1, got {share}")
    console = Console(highlight=False)
    rows = Rows.open(json)
    try:
        for condition in every:
            if suites and condition.suite not in suites:
                continue
            seeds = range(seed, seed + round(share * condition.trials))
            for row in run_condition(condition, rows.missing(*_key(condition), seeds)):
                rows.add(row)
            if share:
                console.print(f"{condition.suite:9} {condition.name:16} {Survival.of(rows.of(*_key(condition)))}")
    finally:
        write_page(rows, html)
        console.print(f"Kept in {json}; the page is {html}", soft_wrap=True)
    return 0


def _trials(
    suite: str,
    name: str,
    run: Callable[[int, float], Any],
    succeeded: Callable[[Mapping[str, Any]], bool],
    fate: Callable[[dict], str],
    episodes: int,
    seed: int,
    gravity: float,
    path: Path,
) -> int:
    """Run the trials that `path` does not hold yet; print the fate of each and the rate of all."""
    from dataclasses import asdict

    from bunraku.statistics import wilson_interval
    from bunraku.tasks.legs import Rows

    if episodes < 1:
        raise UserError(f"--episodes must be at least 1, got {episodes}")
    if not 0 < gravity < 100:
        raise UserError(f"--gravity must lie between 0 and 100 m/s², got {gravity}")
    console = Console(highlight=False)
    if gravity != 9.81:
        name = f"{name} at {gravity} m/s²"
    rows, seeds = Rows.open(path), range(seed, seed + episodes)
    for one in rows.missing(suite, name, seeds):
        row = {"suite": suite, "condition": name, **asdict(run(one, gravity))}
        rows.add(row)
        console.print(
            f"seed {one}  {fate(row)}, {row['simulated']:.0f} s, {row['simulated'] / row['cpu']:.1f}× real time"
        )
    mine = [row for row in rows.of(suite, name) if row["seed"] in seeds]
    good = sum(map(succeeded, mine))
    low, high = wilson_interval(good, len(mine))
    console.print(
        f"{suite}, {name}: {good}/{len(mine)} = {100 * good / len(mine):.1f} % "
        f"({100 * low:.1f} to {100 * high:.1f}); seeds {seed} to {seed + episodes - 1}"
    )
    return 0


def _key(condition) -> tuple[str, str]:
    return condition.suite, condition.name


def _evaluate(condition, episodes: int, seed: int, path: Path) -> int:
    from bunraku.tasks.legs import Rows, Survival, run_condition

    if episodes < 1:
        raise UserError(f"--episodes must be at least 1, got {episodes}")
    console = Console(highlight=False)
    rows = Rows.open(path)
    seeds = range(seed, seed + episodes)
    for row in run_condition(condition, rows.missing(*_key(condition), seeds)):
        rows.add(row)
        fate = "stayed up" if row["fell_at"] is None else f"fell after {row['fell_at']:.1f} s"
        console.print(
            f"seed {row['seed']}  {fate}, {row['distance']:.1f} m, {row['simulated'] / row['cpu']:.1f}× real time"
        )
    mine = [row for row in rows.of(*_key(condition)) if row["seed"] in seeds]
    console.print(_summary(mine))
    console.print(
        f"{condition.suite}, {condition.name}: stayed up {Survival.of(mine)}; seeds {seed} to {seed + episodes - 1}"
    )
    return 0


def _summary(rows: list[dict]) -> Table:
    from bunraku.tasks.legs import figures

    table = Table(box=None, padding=(0, 3, 0, 0), show_header=False)
    for name, value in figures(rows).items():
        table.add_row(name, value)
    return table
