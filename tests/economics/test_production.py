import time

import numpy as np
import pytest

from bunraku.economics import economy, production
from bunraku.economics.distributions import Prior
from bunraku.economics.production import cost_lines, sample, simulate, unit_cost
from bunraku.economics.sensitivity import production_sensitivity
from bunraku.errors import UserError


@pytest.fixture(scope="module")
def run(bill):
    return sample(bill, samples=2000, seed=3, years=30)


def medians(count=1):
    return {name: np.full(count, prior.median) for name, prior in production.priors().items()}


def test_unit_cost_at_the_medians_is_the_bill(bill):
    one = np.ones(1)
    for volume in (1e3, 1e5, 1e7):
        cost = unit_cost(cost_lines(bill), medians(), volume * one, 0.0, one, one, 0 * one)
        quantity = bill.column(lambda line: line.quantity)
        assert cost.material[0] == pytest.approx(quantity @ bill.unit_prices(volume), rel=1e-9)
        assert cost.material_no_floor[0] == pytest.approx(quantity @ bill.unit_prices(volume, False), rel=1e-9)
        assert cost.labour[0] == pytest.approx(bill.hours_at(volume) * medians()["wage"][0], rel=1e-9)


def test_stocks_balance(run):
    assert run.cumulative == pytest.approx(np.cumsum(run.output, axis=1), rel=1e-12)
    assert np.all(run.output >= 0)


def test_costs_are_positive_and_the_price_covers_them(run):
    assert np.all(run.direct_no_floor > 0) and np.all(run.labour > 0)
    assert np.all(run.price > run.direct)


def test_without_noise_a_floor_never_makes_a_robot_cheaper(bill):
    run = sample(bill, 500, overrides={"noise": Prior("noise", 1e-9, 1e-9, 1e-9)})
    assert np.all(run.direct >= run.direct_no_floor * (1 - 1e-6))


def test_output_never_exceeds_suppliers_nor_demand(run):
    x = run.inputs
    for column, year in enumerate(run.years.tolist()):
        suppliers = production.SUPPLIER_HEADROOM * x["first_output"] * x["supplier_growth"] ** max(column - 1, 0)
        assert np.all(run.output[:, column] <= suppliers * (1 + 1e-9))
        response = np.clip(run.price[:, column] / 20_000, 0.05, 20) ** -x["demand_elasticity"]
        world = np.minimum(production.world_demand(year, x["demand_2035"]) * response, production.DEMAND_CEILING)
        assert np.all(run.output[:, column] <= x["market_share"] * world * (1 + 1e-9))


def test_the_same_seed_gives_the_same_paths(bill):
    first, second, other = (sample(bill, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.output, second.output)
    assert not np.array_equal(first.output, other.output)


def test_demand_only_ever_lowers_output(bill):
    free = sample(bill, 500, seed=1, demand_limited=False)
    assert np.mean(free.million_year() <= 2040) >= np.mean(sample(bill, 500, seed=1).million_year() <= 2040)


def test_noise_is_shared_across_parts_and_so_widens_the_bad_tail(bill):
    still = Prior("noise", 1e-9, 1e-9, 1e-9)
    quiet = sample(bill, 4000, overrides={"noise": still}).given_million["above_floor"]
    noisy = sample(bill, 4000).given_million["above_floor"]
    assert np.percentile(noisy, 95) > 1.1 * np.percentile(quiet, 95)


def test_more_design_iterations_never_raise_the_cost_at_a_million(bill):
    costs = [np.median(sample(bill, 1000, iterations=n).given_million["above_floor"]) for n in (0, 1, 3, 6)]
    assert costs == sorted(costs, reverse=True)


def test_a_lower_learning_rate_costs_more(bill):
    slow = Prior("learning", 0.5, 0.45, 0.55)
    assert np.median(sample(bill, 500, overrides={"learning": slow}).direct[:, -1]) > np.median(
        sample(bill, 500).direct[:, -1]
    )


def test_ten_thousand_samples_of_thirty_years_take_less_than_ten_seconds(bill):
    start = time.process_time()
    sample(bill, 10_000, years=30)
    economy.sample(bill, 10_000, years=30)
    assert time.process_time() - start < 10


def test_sobol_indices_find_the_only_input_that_matters(bill):
    """With every other input all but fixed, learning must explain the variance of the cost."""
    fixed = {
        name: Prior(name, prior.median, prior.median, prior.median, prior.shape, prior.minimum, prior.maximum)
        for name, prior in production.priors().items()
        if name != "learning"
    }
    fixed["noise"] = Prior("noise", 1e-9, 1e-9, 1e-9)
    found = production_sensitivity(bill, base=32, overrides=fixed)[0]
    assert found.ranked()[0][0] == "learning"
    assert found.ranked()[0][2] == pytest.approx(1, abs=0.15)
    assert sum(total for name, _, total in found.ranked() if name != "learning") < 1e-6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 0}, "samples"),
        ({"years": 3}, "years"),
        ({"iterations": -1}, "iterations"),
        ({"overrides": {"wages": Prior("wages", 1, 1, 1)}}, "wages"),
    ],
)
def test_bad_input_is_named(bill, arguments, message):
    with pytest.raises(UserError, match=message):
        sample(bill, **{"samples": 5, **arguments})


def test_simulating_nothing_is_refused(bill):
    with pytest.raises(UserError, match="samples"):
        simulate(cost_lines(bill), np.empty((0, 3)), production.priors())
