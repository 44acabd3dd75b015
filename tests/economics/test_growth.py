"""Published results of the growth literature; tolerances are those of the figures as printed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.economics.growth import (
    abundant_growth,
    automation_growth,
    best_automation_rate,
    doubling_months,
    hulten_gain,
    scarcity_threshold,
    task_output,
)

stocks = st.floats(0.01, 100.0)


def test_korinek_suh_static_equilibrium():
    now = task_output(4.6, 0, 1, 0.608, 0, 0.5, 0.5)
    assert float(now.output) == pytest.approx(2.1365, abs=1e-3)
    assert float(now.wage) == pytest.approx(1.4029, abs=1e-3)
    assert float(now.capital_rent) == pytest.approx(0.1595, abs=1e-3)
    assert float(now.labour_share) == pytest.approx(0.6566, abs=1e-4)


def test_korinek_suh_threshold_separates_the_regions():
    threshold = scarcity_threshold(4.6, 1)
    assert threshold == pytest.approx(0.8214, abs=1e-4)
    below, above = (task_output(4.6, 0, 1, threshold + shift, 0, 0.5, 0.5) for shift in (-0.01, 0.01))
    assert below.wage > below.capital_rent
    assert float(above.wage) == pytest.approx(0.5) and float(above.output) == pytest.approx(0.5 * 5.6)


def test_korinek_suh_growth_rates():
    assert abundant_growth(0.5, 0.04, 0.1, 2) == pytest.approx(0.18)
    assert best_automation_rate(0.5, 0.04, 0.1, 2, 0.5) == pytest.approx(0.09)


def test_aghion_jones_jones_balanced_growth():
    assert automation_growth(0.01, 0.5) == pytest.approx(0.02)


@pytest.mark.parametrize(("labour_share", "gain"), [(0.57, 0.0071), (0.535, 0.0066)])
def test_acemoglu_gain_over_ten_years(labour_share, gain):
    assert hulten_gain(0.046, 0.27, labour_share) == pytest.approx(gain, abs=1e-4)


def test_hanson_doubling_time():
    assert doubling_months(0.45) == pytest.approx(18, abs=0.5)
    assert doubling_months(0.0433) / 12 == pytest.approx(16, abs=0.1)


@pytest.mark.parametrize(("robots", "ratio"), [(10, 1.818), (1e9, 2.0)])
def test_half_of_the_tasks_bound_output_however_many_robots(robots, ratio):
    first = task_output(1, 0, 1, 0.5, 0, 1, 0.5).output
    assert float(task_output(robots, 0, 1, 0.5, 0, 1, 0.5).output / first) == pytest.approx(ratio, abs=1e-3)


@given(stocks, stocks, stocks, st.floats(0.05, 0.9), st.floats(0.01, 0.9), st.floats(0.2, 0.9))
def test_factor_payments_add_up_to_output(capital, robots, labour, machine, part, substitution):
    now = task_output(capital, robots, labour, machine, part * (1 - machine), 0.5, substitution)
    paid = now.capital_rent * capital + now.robot_rent * robots + now.wage * labour
    assert float(paid) == pytest.approx(float(now.output), rel=1e-6)
    assert now.wage >= now.robot_rent * (1 - 1e-9) >= now.capital_rent * (1 - 1e-8)


@given(stocks, stocks, stocks, st.floats(0.05, 0.6), st.floats(0.05, 0.3), st.floats(0.2, 0.9))
def test_more_of_any_factor_never_lowers_output_and_a_rent_is_its_marginal_product(
    capital, robots, labour, machine, robot, substitution
):
    stock = np.array([capital, robots, labour])
    now = task_output(*stock, machine, robot, 1.0, substitution)
    step = 1e-6
    for index, rent in enumerate((now.capital_rent, now.robot_rent, now.wage)):
        more = stock.copy()
        more[index] *= 1 + step
        gain = float(task_output(*more, machine, robot, 1.0, substitution).output - now.output) / (stock[index] * step)
        assert gain == pytest.approx(float(rent), rel=1e-3, abs=1e-6)
