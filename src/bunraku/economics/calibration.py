"""Fit a learning curve to the first part of a cost series and predict the rest, with a band that is meant to hold.

The model is Wright's law as a random walk with drift (Lafond et al. 2018, "How well do experience curves predict
technological progress?"): Δln c = −b Δln N + noise. Its forecast starts from the last known cost, and its band widens
with the years ahead and with the doubt about b. Two departures, both stated in docs/economics.md: b is shrunk to the
spread of fitted rates over 87 technologies, and the noise may persist from year to year.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from bunraku.economics.learning import learning_rate
from bunraku.errors import UserError

COLUMNS = ("year", "cumulative_volume", "cost")

PRIOR_EXPONENT = (0.278, 0.21)
"""Mean and standard deviation of b over 87 technologies (learning rate median 17.5 %, 5–95 % 2.9–40.3 %; Santa Fe
Performance Curve Database, doi 10.5281/zenodo.13308841)."""

PRIOR_NOISE = (0.08, 4.0)
"""Yearly noise of ln cost over the same technologies (median standard deviation) and the observations it counts for."""

PERSISTENCE = 0.19
"""Correlation of successive noise terms, as Lafond et al. 2018 estimate it over 51 technologies (MA(1) parameter)."""


@dataclass(frozen=True)
class Series:
    """A cost series: `year`, `volume` (cumulative, any unit) and `cost` (real, any unit), each (n,), years rising."""

    name: str
    year: NDArray[np.float64]
    volume: NDArray[np.float64]
    cost: NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """Prediction of the held-out points of a series, given their volumes.

    `rate` is the learning rate used, `fitted_rate` the least-squares rate of the whole series. `low`, `median`, `high`
    (m,) are the 10 %, 50 % and 90 % points of cost at each held-out year.
    """

    series: Series
    trained: int
    rate: float
    fitted_rate: float
    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def actual(self) -> NDArray[np.float64]:
        """Held-out costs (m,)."""
        return self.series.cost[self.trained :]

    @property
    def covered(self) -> int:
        """Held-out points within the 80 % band."""
        return int(np.sum((self.low <= self.actual) & (self.actual <= self.high)))

    @property
    def log_error(self) -> float:
        """Root mean square error of ln cost."""
        return float(np.sqrt(np.mean(np.log(self.median / self.actual) ** 2)))

    @property
    def final_error(self) -> float:
        """Predicted over actual cost in the last year, less one."""
        return float(self.median[-1] / self.actual[-1] - 1)


def read_series(file: Path) -> Series:
    """Read a CSV with the columns year, cumulative_volume, cost; rows without a volume or cost are left out.

    Raises UserError naming the row when a figure is no number, not positive, or out of order.
    """
    if not file.is_file():
        raise UserError(f"there is no file {file}; --calibrate needs a CSV with the columns {', '.join(COLUMNS)}")
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
        if missing:
            raise UserError(f"{file.name}: column {missing[0]!r} is missing; needed are {', '.join(COLUMNS)}")
        rows = [_row(file, number, row) for number, row in enumerate(reader, start=2)]
    complete = [row for row in rows if row is not None]
    if len(complete) < 6:
        raise UserError(f"{file.name}: {len(complete)} complete rows; a fit and a check of it need at least 6")
    year, volume, cost = np.array(complete).T
    for index in range(1, len(year)):
        if year[index] <= year[index - 1] or volume[index] < volume[index - 1]:
            raise UserError(f"{file.name}: year and cumulative_volume must not fall, but do at year {year[index]:g}")
    return Series(file.stem, year, volume, cost)


def _row(file: Path, number: int, row: dict[str, str]) -> tuple[float, ...] | None:
    values = []
    for column in COLUMNS:
        text = (row[column] or "").strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise UserError(f"{file.name} row {number}: {column} is {text!r}, not a number") from None
        if not np.isfinite(value) or value <= 0:
            raise UserError(f"{file.name} row {number}: {column} must be positive, got {text}")
        values.append(value)
    return tuple(values)


def fit_rate(series: Series) -> float:
    """Learning rate by ordinary least squares of ln cost on ln volume."""
    return float(learning_rate(-np.polyfit(np.log(series.volume), np.log(series.cost), 1)[0]))


def forecast(series: Series, train_fraction: float = 0.5) -> Forecast:
    """Fit on the first `train_fraction` of the points and predict the rest at their actual volumes."""
    if not 0 < train_fraction < 1:
        raise UserError(f"train fraction must lie between 0 and 1, got {train_fraction}")
    trained = min(max(3, round(train_fraction * len(series.year))), len(series.year) - 1)
    log_volume, log_cost = np.log(series.volume), np.log(series.cost)
    step_volume, step_cost = np.diff(log_volume[:trained]), np.diff(log_cost[:trained])
    exponent, exponent_variance, noise, freedom = _posterior(step_volume, step_cost)

    ahead_volume = log_volume[trained:] - log_volume[trained - 1]
    ahead_years = series.year[trained:] - series.year[trained - 1]
    walk = noise**2 * _walk_variance(ahead_years, PERSISTENCE)
    spread = stdtrit(freedom, 0.9) * np.sqrt(walk + ahead_volume**2 * exponent_variance)
    centre = log_cost[trained - 1] - exponent * ahead_volume
    low, median, high = (np.exp(centre + offset) for offset in (-spread, 0.0, spread))
    return Forecast(series, trained, float(learning_rate(exponent)), fit_rate(series), low, median, high)


def _posterior(step_volume: NDArray, step_cost: NDArray) -> tuple[float, float, float, float]:
    """Mean and variance of b, noise standard deviation and its degrees of freedom, from yearly steps and the priors."""
    information = float(np.sum(step_volume**2))
    own = -float(np.sum(step_volume * step_cost)) / information if information else PRIOR_EXPONENT[0]
    residual = step_cost + own * step_volume
    prior_noise, weight = PRIOR_NOISE
    freedom = weight + len(residual) - 1
    noise = np.sqrt((weight * prior_noise**2 + float(np.sum(residual**2))) / freedom)
    precision = 1 / PRIOR_EXPONENT[1] ** 2 + information / noise**2
    mean = (PRIOR_EXPONENT[0] / PRIOR_EXPONENT[1] ** 2 + own * information / noise**2) / precision
    return mean, 1 / precision, float(noise), freedom


def _walk_variance(years: NDArray, persistence: float) -> NDArray:
    """Variance after `years` of a random walk whose unit-variance steps are an MA(1) of parameter `persistence`."""
    gain = (1 + persistence) ** 2 / (1 + persistence**2)
    return gain * years - 2 * persistence / (1 + persistence**2) * (years > 0)
