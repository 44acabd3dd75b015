import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.economics import economy
from bunraku.economics.distributions import Prior
from bunraku.economics.economy import robot_task_share, sample, simulate
from bunraku.economics.failures import FAILURES, failure_log
from bunraku.economics.goods import load_goods, real_prices
from bunraku.economics.scenarios import scenario_names, scenario_priors
from bunraku.errors import UserError


@pytest.fixture(scope="module")
def run(bill):
    return sample(bill, samples=1000, seed=3)


def test_stocks_of_robots_balance(run):
    assert run.robots[:, 1:] == pytest.approx((run.robots - run.retired + run.built)[:, :-1], rel=1e-12)
    assert np.all(run.robots >= 0) and np.all(run.built >= 0)


def test_the_economy_begins_at_the_published_calibration(run):
    assert run.per_head[:, 0] == pytest.approx(1, rel=1e-3)
    assert run.wage[:, 0] == pytest.approx(1)
    assert run.labour_share[:, 0] == pytest.approx(economy.LABOUR_SHARE, abs=1e-2)


def test_calibrated_machine_share_is_korinek_and_suhs():
    assert float(economy.machine_share(np.array(0.5))) == pytest.approx(0.608, abs=1e-3)


def test_without_robots_output_per_head_grows_as_usual(bill):
    stated, made = scenario_priors("base")
    stated["robot_tasks"] = Prior("robot_tasks", 1e-6, 1e-6, 1e-6)
    stated["land_share"] = Prior("land_share", 1e-9, 1e-9, 1e-9)
    run = simulate(bill, np.full((1, len(stated) + len(made) + 2), 0.5), stated, made, 30)
    assert run.per_head[0, 29] ** (1 / 29) - 1 == pytest.approx(0.02, abs=0.002)
    assert run.per_head[0] == pytest.approx(run.per_head_linear[0], rel=0.03)


def test_bottlenecks_keep_output_below_productivity_times_heads(bill):
    """In the scenario richest in robots, where the two differ most."""
    run = sample(bill, 500, scenario="fast", seed=1)
    assert np.median(run.per_head[:, -1]) < np.median(run.per_head_linear[:, -1])


def test_faster_scenarios_have_more_robots(bill):
    stock = {name: np.median(sample(bill, 300, scenario=name).robots[:, -1]) for name in ("slow", "base", "fast")}
    assert stock["slow"] < stock["base"] < stock["fast"]


def test_magnets_bind_less_for_motors_without_them(bill):
    binding = economy.LIMITS.index("magnets")
    share = {name: np.mean(sample(bill, 500, scenario=name).limit == binding) for name in ("fast", "magnet_free")}
    assert share["magnet_free"] < 0.1 * share["fast"]


def test_every_scenario_runs_and_gives_finite_positive_prices(bill):
    for name in scenario_names():
        run = sample(bill, 50, scenario=name, years=60)
        for values in (run.price, run.per_head, run.wage):
            assert np.all(np.isfinite(values)) and np.all(values > 0)
        assert np.all((run.labour_share >= 0) & (run.labour_share <= 1 + 1e-9))


@given(st.floats(0.01, 0.9), st.floats(0.05, 0.98), st.floats(0, 80))
def test_the_share_of_robot_tasks_passes_its_stated_points_and_never_falls(ten, ceiling, year):
    x = {"robot_tasks": np.array([ten]), "robot_tasks_ceiling": np.array([ceiling])}
    assert robot_task_share(10, x)[0] == pytest.approx(min(ten, 0.95 * ceiling))
    assert robot_task_share(year, x)[0] <= robot_task_share(year + 1, x)[0] + 1e-12 <= ceiling + 1e-9


def test_goods_cost_what_they_did_when_no_price_changes():
    goods, one = load_goods(), np.ones(1)
    assert float(np.sum(goods.weight)) == pytest.approx(1)
    assert real_prices(goods, 0.3 * one, one, one, one, one, 0.5 * one) == pytest.approx(1)


def test_goods_cannot_fall_below_what_robots_and_plenty_do_not_touch():
    """Free robots doing all physical work still leave energy, material, land and the work of the head."""
    goods, one = load_goods(), np.ones(1)
    left = real_prices(goods, goods.physical_mean * one, one, 1e-9 * one, one, one, 0.5 * one)[0]
    touched = goods.labour * goods.physical
    assert np.all(left >= (1 - touched) ** 2 - 1e-6)


def test_failures_are_recorded_once_each_when_their_condition_is_met():
    log = failure_log(np.array([0.5]))
    for year in range(2026, 2036):
        log.note(year, np.array([0.999]), np.array([1.0]), np.array([0.9]), np.array([1.0 if year < 2030 else 0.5]))
    found = dict(zip(FAILURES, log.first_year[0], strict=True))
    assert found["concentration"] == 2026
    assert found["unemployment without transfer"] == 2032
    assert np.isfinite(found["unsafe deployment"])


def test_the_hazard_needs_robots():
    log = failure_log(np.array([0.5]))
    log.note(2026, np.array([0.9]), np.array([0.0]), np.array([0.4]), np.array([1.0]))
    assert np.all(np.isinf(log.first_year))


def test_transfers_reduce_failure(bill):
    stated, made = scenario_priors("fast")
    uniform = np.random.default_rng(0).uniform(0.001, 0.999, (500, len(stated) + len(made) + 2))
    good = []
    for transfer in (0.02, 0.6):
        fixed = {**stated, "transfer": Prior("transfer", transfer, transfer, transfer)}
        good.append(simulate(bill, uniform, fixed, made).good.mean())
    assert good[0] < good[1]


@pytest.mark.parametrize(("arguments", "message"), [({"scenario": "rosy"}, "rosy.*base"), ({"samples": 0}, "samples")])
def test_bad_input_is_named(bill, arguments, message):
    with pytest.raises(UserError, match=message):
        sample(bill, **{"samples": 5, **arguments})
