"""The futures that end badly: three mechanisms, each with its assumption in the open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.growth import Factors

Array = NDArray[np.float64]

FAILURES = ("unsafe deployment", "concentration", "unemployment without transfer")

TOP_INCOME_LIMIT = 0.65
"""Concentration: the richest tenth has this share of income (about 50 % in 2026 here). A judgement."""

INCOME_LOSS_LIMIT, LOSS_YEARS = 0.20, 3
"""Unemployment: the income of people without capital stays this far below that of 2026 so many years. A judgement."""

TOP_WAGE_SHARE = 0.35
"""Share of labour income of the richest tenth (World Inequality Database, from memory)."""


@dataclass
class FailureLog:
    """Tracks n samples: `first_year` (n, 3) is inf until a failure of `FAILURES` happens."""

    first_year: Array
    luck: Array
    risk: Array
    poor_years: Array
    first_income: Array | None = None

    def note(self, year: int, unsafe_decade: Array, robots_per_head: Array, top: Array, poor_income: Array) -> None:
        """Record what happens in `year`; every argument but the year is (n,).

        The hazard of unsafe deployment grows with robots per person, up to one each; `top` is the income share of the
        richest tenth, `poor_income` the income of those without capital.
        """
        if self.first_income is None:
            self.first_income = poor_income
        self.risk += -np.log1p(-unsafe_decade) / 10 * np.minimum(robots_per_head, 1.0)
        poor = poor_income < (1 - INCOME_LOSS_LIMIT) * self.first_income
        self.poor_years = np.where(poor, self.poor_years + 1, 0)
        happened = (self.risk >= self.luck, top >= TOP_INCOME_LIMIT, self.poor_years >= LOSS_YEARS)
        for column, now in zip(self.first_year.T, happened, strict=True):
            column[now & np.isinf(column)] = year


def failure_log(luck: Array) -> FailureLog:
    """A new log; `luck` (n,) uniform in (0, 1) decides when the hazard of unsafe deployment strikes."""
    count = len(luck)
    return FailureLog(np.full((count, len(FAILURES)), np.inf), -np.log1p(-luck), np.zeros(count), np.zeros(count))


def top_income_share(labour_share: Array, top_ownership: Array, transfer: Array) -> Array:
    """Income share of the richest tenth when they own `top_ownership` of capital and robots, and the share `transfer`
    of the income from those is paid out equally to all."""
    owned = 1 - labour_share
    return labour_share * TOP_WAGE_SHARE + owned * (1 - transfer) * top_ownership + 0.1 * owned * transfer


def income_without_capital(factors: Factors, heads: float, transfer: Array) -> Array:
    """Income per head of those who own nothing: the wage and an equal share of the transfer."""
    return factors.wage + transfer * (1 - factors.labour_share) * factors.output / heads
