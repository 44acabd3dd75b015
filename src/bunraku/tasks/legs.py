"""What the benchmark of the legs consists of: suites of conditions, each condition a family of seeded trials."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.sim.field import Field
from bunraku.sim.robot import CONTROL_PERIOD
from bunraku.statistics import wilson_interval
from bunraku.tasks.walking import Trial, over_ramp, pushed, random_walk, run_trial

DIRECTIONS = 12
FORCES = (50, 100, 150, 200, 250, 300)
PROMISED_FORCE = 150
"""The push (N) that it must survive; tried more often than the others."""
REQUIRED = {"suite", "condition", "seed"}
"""What every row of results has."""
MARS, MOON = 3.71, 1.62
"""Gravity, m/s²."""


@dataclass(frozen=True)
class Condition:
    """Trials that belong together: `name` within `suite`, how `trial` makes one of a seed, and how many make the full
    benchmark."""

    suite: str
    name: str
    trial: Callable[[int], Trial]
    trials: int


def conditions() -> list[Condition]:
    """Every condition of the benchmark, the most important suite first."""
    found = [Condition("walk", "20 s", random_walk, 300)]
    for gait in ("walking", "standing"):
        for force in FORCES:
            turns = 8 if force == PROMISED_FORCE else 2
            found.append(Condition("push", f"{gait} {force} N", _push(force, gait == "walking"), turns * DIRECTIONS))
    for kilograms in (1, 3, 5, 10):
        found.append(
            _on("payload", f"{kilograms} kg", Field(payload=kilograms, one_handed=False), 100 if kilograms == 5 else 20)
        )
    for friction in (0.3, 0.4, 0.6, 1.0):
        found.append(_on("friction", f"μ {friction}", Field(friction=friction), 20))
    for name, gravity in (("Mars", MARS), ("Moon", MOON)):
        found.append(_on("gravity", name, Field(gravity=gravity), 100))
    for bump in (0.01, 0.02, 0.03):
        found.append(_on("ground", f"± {100 * bump:.0f} cm", Field(bump=bump), 100 if bump == 0.03 else 20))
    found.append(Condition("ramp", "10°", over_ramp, 20))
    for scale in (0, 5, 10):
        found.append(Condition("noise", f"× {scale}", _changed(noise=float(scale)), 10))
    for delay in (0, 2, 3):
        found.append(Condition("delay", f"{4 * delay} ms", _changed(delay=delay), 10))
    return found


def _push(force: float, walking: bool) -> Callable[[int], Trial]:
    return lambda seed: pushed(seed, force, 2 * np.pi * (seed % DIRECTIONS) / DIRECTIONS, walking)


def _on(suite: str, name: str, ground: Field, trials: int) -> Condition:
    return Condition(suite, name, lambda seed: random_walk(seed, 12.0, ground), trials)


def _changed(**changes: Any) -> Callable[[int], Trial]:
    return lambda seed: replace(random_walk(seed, 12.0), **changes)


def run_condition(condition: Condition, seeds: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Run trials one after the other; each gives a row of plain values with `suite` and `condition` in it."""
    for seed in seeds:
        result = run_trial(condition.trial(seed))
        yield {"suite": condition.suite, "condition": condition.name, **asdict(result)}


@dataclass
class Rows:
    """Results in a file of JSON lines: every row is on disk as soon as its trial has ended."""

    path: Path
    rows: list[dict[str, Any]]

    @classmethod
    def open(cls, path: Path) -> Rows:
        """Read what is there; UserError if it is not a file of results."""
        rows: list[Any] = []
        if path.exists():
            try:
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            except (json.JSONDecodeError, UnicodeDecodeError):
                rows = [None]
            if not all(isinstance(row, dict) and row.keys() >= REQUIRED for row in rows):
                raise UserError(f"{path} does not hold results of the legs; name another file.")
        else:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            except OSError as error:
                raise UserError(f"{path} cannot be written: {error.strerror or error}.") from None
        return cls(path, rows)

    def add(self, row: dict[str, Any]) -> None:
        """Append one row."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows.append(row)

    def of(self, suite: str, condition: str | None = None) -> list[dict[str, Any]]:
        """Rows of a suite, or of one condition of it."""
        return [row for row in self.rows if row["suite"] == suite and condition in (None, row["condition"])]

    def missing(self, suite: str, condition: str, seeds: Iterable[int]) -> list[int]:
        """Seeds of a condition that have no row yet."""
        done = {row["seed"] for row in self.of(suite, condition)}
        return [seed for seed in seeds if seed not in done]


@dataclass(frozen=True)
class Survival:
    """How many of `trials` stayed up, with the Wilson 95 % interval of the rate."""

    survived: int
    trials: int
    low: float
    high: float

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> Survival:
        """Count the rows without a fall."""
        survived = sum(row["fell_at"] is None for row in rows)
        return cls(survived, len(rows), *wilson_interval(survived, len(rows)))

    def __str__(self) -> str:
        """For a table, such as “58/60 = 96.7 % (88.6 to 99.1)”."""
        if not self.trials:
            return "not run"
        rate = 100 * self.survived / self.trials
        return f"{self.survived}/{self.trials} = {rate:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


def figures(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What the trials measured besides falls, each as a phrase with its unit."""
    if not rows:
        return {}
    stops = [value for row in rows for value in row["stop_times"]]
    upright = [row for row in rows if row["fell_at"] is None]
    found = {
        "distance walked": f"{sum(row['distance'] for row in rows):.0f} m",
        "forward, measured / asked": _tracking(rows, 0),
        "sideways, measured / asked": _tracking(rows, 1),
        "turning, measured / asked": _tracking(rows, 2),
    }
    if stops:
        found["time to stand"] = f"median {np.median(stops):.2f} s, longest {max(stops):.2f} s"
    if upright:
        drift = [row["odometry_error"] / max(row["distance"], 1.0) for row in upright]
        found["odometry error"] = f"{100 * np.median(drift):.1f} % of the way (median)"
        moved = [row["transport_cost"] for row in upright if row["distance"] > 2]
        if moved:
            found["cost of transport"] = f"{np.median(moved):.2f} (mechanical)"
    found["control tick"] = (
        f"median {1e3 * np.median([row['median_tick'] for row in rows]):.2f} ms, "
        f"99 % below {1e3 * np.median([row['slow_tick'] for row in rows]):.2f} ms of CPU"
    )
    simulated, cpu = sum(row["simulated"] for row in rows), sum(row["cpu"] for row in rows)
    late = sum(row["late_ticks"] for row in rows)
    found["late ticks"] = f"{late} of {round(simulated / CONTROL_PERIOD)} took more than 4 ms of CPU"
    found["simulation"] = f"{simulated / cpu:.1f}× real time on one core"
    return found


def _tracking(rows: list[dict[str, Any]], axis: int) -> str:
    ratios = [
        measured[axis] / asked[axis] for row in rows for asked, measured in row["tracking"] if abs(asked[axis]) > 0.05
    ]
    if not ratios:
        return "not asked for"
    return f"mean {np.mean(ratios):.3f}, standard deviation {np.std(ratios):.3f} ({len(ratios)} stretches)"
