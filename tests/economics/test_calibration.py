import os
from pathlib import Path

import numpy as np
import pytest

from bunraku.economics.calibration import Series, fit_rate, forecast, read_series
from bunraku.economics.distributions import read_data
from bunraku.economics.learning import cost_at, exponent
from bunraku.errors import UserError

BESIDE = Path(os.environ.get("BUNRAKU_COST_SERIES", Path(__file__).parents[3] / "shared" / "data" / "economics"))
"""Where the published cost series lie that the project does not carry."""

FITTED = read_data("learning_rates.toml")
needs_series = pytest.mark.skipif(not BESIDE.is_dir(), reason="the published series are not beside the project")


def wright_series(rate: float, noise: float, seed: int, points: int = 30) -> Series:
    random = np.random.default_rng(seed)
    volume = np.exp(np.cumsum(random.uniform(0.1, 0.5, points)))
    walk = np.cumsum(random.normal(0, noise, points))
    return Series("made", np.arange(1980.0, 1980 + points), volume, 100 * volume ** -exponent(rate) * np.exp(walk))


def test_least_squares_find_the_rate_of_a_perfect_curve():
    assert fit_rate(wright_series(0.2, 0.0, 1)) == pytest.approx(0.2, abs=1e-9)


def test_eighty_percent_bands_hold_about_eighty_percent_of_series_that_follow_the_model():
    found = [forecast(wright_series(0.2, 0.1, seed)) for seed in range(200)]
    covered = sum(f.covered for f in found) / sum(len(f.actual) for f in found)
    assert 0.75 <= covered <= 0.97


def test_bands_widen_with_the_years_ahead():
    found = forecast(wright_series(0.2, 0.1, 4))
    assert np.all(np.diff(np.log(found.high / found.low)) > 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year,cost\n2000,1\n", "cumulative_volume"),
        ("year,cumulative_volume,cost\n2000,1,ten\n", "row 2: cost is 'ten'"),
        ("year,cumulative_volume,cost\n2000,1,-5\n", "row 2: cost must be positive"),
        ("year,cumulative_volume,cost\n2000,1,5\n2001,2,4\n", "2 complete rows"),
        ("year,cumulative_volume,cost\n" + "".join(f"{2000 - i},{i + 1},5\n" for i in range(8)), "year 1999"),
    ],
)
def test_a_faulty_series_is_named(tmp_path, text, message):
    file = tmp_path / "series.csv"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        read_series(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv"):
        read_series(tmp_path / "none.csv")


@pytest.mark.parametrize("fraction", [0, 1, -0.5])
def test_a_train_fraction_outside_zero_to_one_is_refused(fraction):
    with pytest.raises(UserError, match="fraction"):
        forecast(wright_series(0.2, 0.1, 1), fraction)


@needs_series
@pytest.mark.parametrize("name", FITTED)
def test_the_carried_rate_is_that_of_the_published_series(name):
    assert fit_rate(read_series(BESIDE / f"{name}.csv")) == pytest.approx(FITTED[name]["learning_rate"], abs=5e-4)


@needs_series
def test_at_least_seventy_percent_of_held_out_points_lie_within_their_band():
    found = [forecast(read_series(BESIDE / f"{name}.csv")) for name in FITTED]
    assert sum(f.covered for f in found) >= 0.7 * sum(len(f.actual) for f in found)


@needs_series
def test_published_hindcast_of_photovoltaics():
    """The least-squares rate to 2000, from the cost of 2000 on, predicts 0.514 USD/W for 2019, against 0.377."""
    series = read_series(BESIDE / "pv_module_owid.csv")
    until = series.year <= 2000
    known = Series("known", series.year[until], series.volume[until], series.cost[until])
    predicted = cost_at(series.volume[-1], known.cost[-1], known.volume[-1], fit_rate(known))
    assert float(predicted) == pytest.approx(0.514, abs=1e-3)
    assert series.cost[-1] == pytest.approx(0.377, abs=1e-3)
    middle = (series.year >= 1988) & (series.year <= 2006)
    part = Series("part", series.year[middle], series.volume[middle], series.cost[middle])
    assert fit_rate(part) == pytest.approx(0.137, abs=1e-3)
