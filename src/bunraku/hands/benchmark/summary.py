"""From many results to one row per hand, and from rows to a verdict on the claim."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from bunraku.statistics import wilson_interval

PUBLISHED_STRENGTH = {"tip": 80.0, "key": 117.0, "palmar": 112.0, "grip": 530.0}
"""N, men of 25 to 39; women about 65 % of it (Mathiowetz et al. 1985)."""
PUBLISHED_TAPPING = 6.0
"""Hz, index finger of adults."""


@dataclass(frozen=True)
class Turn:
    """M for one object: the median over independent searches of each one's median speed, the `least` and the `most` of
    them in degrees per second, and `drops` of all `trials`."""

    speed: float
    least: float
    most: float
    drops: int
    trials: int

    def __str__(self) -> str:
        spread = f" ({self.least:.0f}–{self.most:.0f})" if round(self.least) != round(self.most) else ""
        return f"{self.speed:.0f}{spread}"


@dataclass(frozen=True)
class Row:
    """One hand's scores; None where a test was not run. Forces N, times s, frequencies Hz, volumes cm³, mass kg."""

    hand: str
    description: str = ""
    unsure: str = ""
    dof: int | None = None
    dof_with_wrist: int | None = None
    actuators: int | None = None
    mass: float | None = None
    k1: int | None = None
    k2: int | None = None
    workspace: float | None = None
    formed: int | None = None
    grasps: int | None = None
    held: int | None = None
    trials: int | None = None
    spread: float | None = None
    """Standard error of the held rate from the differences between independent searches for the same grasp."""
    epsilon: float | None = None
    stall: dict[str, float] = field(default_factory=dict)
    continuous: dict[str, float] = field(default_factory=dict)
    closing_time: float | None = None
    tapping: float | None = None
    turns: dict[str, Turn] = field(default_factory=dict)
    crosstalk: float | None = None

    @property
    def name(self) -> str:
        """The hand's name, or that of its file."""
        return Path(self.hand).stem if self.hand.endswith((".yaml", ".yml")) else self.hand

    @property
    def held_rate(self) -> float | None:
        """Share of all holds that succeeded (G2)."""
        return None if not self.trials or self.held is None else self.held / self.trials

    @property
    def held_interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval, with as many independent trials as the spread between searches leaves."""
        if not self.trials or self.held is None:
            return wilson_interval(0, 0)
        rate, worth = self.held / self.trials, self.trials
        if self.spread and 0 < rate < 1:
            worth = max(1, min(worth, round(rate * (1 - rate) / self.spread**2)))
        return wilson_interval(round(rate * worth), worth)

    @property
    def strength(self) -> float | None:
        """Mean stall force of the gauges as a share of a man's published one (S)."""
        if not self.stall:
            return None
        return sum(self.stall[name] / force for name, force in PUBLISHED_STRENGTH.items()) / len(PUBLISHED_STRENGTH)


def rows(results: dict[str, dict]) -> list[Row]:
    """One row per hand, in the order in which the hands appear."""
    by_hand: dict[str, dict[str, dict[str, dict]]] = defaultdict(lambda: defaultdict(dict))
    for key, result in results.items():
        hand, test, item = key.rsplit("/", 2)
        by_hand[hand][test][item] = {name: value for name, value in result.items() if name != "cpu_s"}
    return [_row(hand, tests) for hand, tests in by_hand.items()]


def _row(hand: str, tests: dict[str, dict[str, dict]]) -> Row:
    single = {test: items[""] for test, items in tests.items() if "" in items}
    values: dict = {}
    if card := single.get("C"):
        values |= {k: card[k] for k in ("description", "unsure", "dof", "dof_with_wrist", "actuators", "mass")}
    if kapandji := single.get("K"):
        values |= {"k1": sum(kapandji["reached"]), "k2": sum(kapandji["pressed"])}
    if space := single.get("W"):
        values["workspace"] = sum(space.values())
    if force := single.get("S"):
        for limit in ("stall", "continuous"):
            values[limit] = {gauge: force[gauge][limit] for gauge in force}
    if speed := single.get("V"):
        values |= {"closing_time": speed["closing_time"], "tapping": speed["tapping"]}
    if cross := single.get("X"):
        values["crosstalk"] = cross["uncompensated_deg"]
    if grasps := tests.get("G"):
        epsilons = sorted(g["epsilon"] for g in grasps.values())
        values |= {
            "formed": sum(g["feasible"] for g in grasps.values()),
            "grasps": len(grasps),
            "held": sum(g["held"] for g in grasps.values()),
            "trials": sum(g["trials"] for g in grasps.values()),
            "spread": _spread([g["searches"] for g in grasps.values()]),
            "epsilon": epsilons[len(epsilons) // 2],
        }
    if turns := tests.get("M"):
        searches: dict[str, list[dict]] = defaultdict(list)
        for item, turn in turns.items():
            searches[item.split()[0]].append(turn)
        values["turns"] = {item: _turn(found) for item, found in searches.items()}
    return Row(hand, **values)


def _turn(searches: list[dict]) -> Turn:
    speeds = [search["speed_deg"] for search in searches]
    drops, trials = (sum(search[name] for search in searches) for name in ("drops", "trials"))
    return Turn(statistics.median(speeds), min(speeds), max(speeds), drops, trials)


def _spread(grasps: list[list[list[int]]]) -> float | None:
    """Standard error of the mean rate, stratified by grasp: Σ s²/k over k searches of each, where there are several."""
    rates = [[held / trials for held, trials in searches] for searches in grasps]
    if any(len(rate) < 2 for rate in rates):
        return None
    return sum(statistics.variance(rate) / len(rate) for rate in rates) ** 0.5 / len(rates)


@dataclass(frozen=True)
class Finding:
    """One part of the claim: what was said, what was measured, and whether it `holds`."""

    claim: str
    measured: str
    holds: bool


def judge(table: list[Row], human: str = "human", ours: str = "h22", small: str = "h11") -> list[Finding]:
    """The claim behind this robot, judged by the thresholds that were set before measuring; [] without the rows."""
    by_name = {row.hand: row for row in table}
    if not {human, ours, small} <= set(by_name):
        return []
    reference, big, little = by_name[human], by_name[ours], by_name[small]
    findings = []
    if reference.held_rate and big.held_rate is not None and reference.k1 and big.k1 is not None:
        grasps, kapandji = big.held_rate / reference.held_rate, big.k1 / reference.k1
        findings.append(
            Finding(
                f"{ours} does almost everything: at least 90 % of the human reference on G2 and on K1",
                f"{grasps:.0%} on G2, {kapandji:.0%} on K1",
                min(grasps, kapandji) >= 0.9,
            )
        )
    if little.strength is not None and reference.strength:
        share, other = little.strength / reference.strength, (big.strength or 0) / reference.strength
        findings.append(
            Finding(
                f"{small} is not strong: below 25 % of the human reference on S",
                f"{share:.0%} of it and {little.strength:.0%} of a measured man's strength, at stall "
                f"({ours}: {other:.0%} and {big.strength or 0:.0%})",
                share < 0.25,
            )
        )
    if reference.held_rate and little.held_rate is not None and little.k1 is not None:
        grasps = little.held_rate / reference.held_rate
        findings.append(
            Finding(
                f"{small} is not dexterous: below 70 % of the human reference on G2, or K1 below 7",
                f"{grasps:.0%} on G2, K1 {little.k1}",
                grasps < 0.7 or little.k1 < 7,
            )
        )
    return findings


def two_by_two(table: list[Row]) -> dict[tuple[str, str], Row]:
    """The four corners (11 or 22 joints) × (palm or forearm), those that are there."""
    names = {
        ("11 DoF", "palm"): "h11",
        ("11 DoF", "forearm"): "h11-forearm",
        ("22 DoF", "palm"): "h22-palm",
        ("22 DoF", "forearm"): "h22",
    }
    by_name = {row.hand: row for row in table}
    return {corner: by_name[name] for corner, name in names.items() if name in by_name}
