"""People, robots and capital year by year: how many robots, what they add to output, and for whom.

The core is Korinek & Suh's CES over tasks with robot labour as capital (`growth.task_output`); the statement "output is
productivity times heads" runs beside it. Robots cost what the bill of materials says they cost at the world's volume;
they are built only while they pay, and only as fast as plant, labour, finance, magnets, cells and electricity allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.bill import Bill
from bunraku.economics.distributions import Prior, draw
from bunraku.economics.failures import failure_log, income_without_capital, top_income_share
from bunraku.economics.goods import Goods, load_goods, real_prices
from bunraku.economics.growth import Factors, task_output
from bunraku.economics.production import CostLines, Inputs, cost_lines, noise_paths, selling_price, unit_cost
from bunraku.economics.scenarios import scenario_priors
from bunraku.errors import UserError

Array = NDArray[np.float64]

FIRST_YEAR = 2026

CAPITAL, OUTPUT, LABOUR_SHARE, DEPRECIATION = 4.6, 2.1365, 0.6566, 0.10
"""Per worker in 2026: Korinek & Suh's calibration."""

WORKERS, WORLD_OUTPUT = 3.6e9, 115e12
"""People at work and world output in USD/a in 2026 (International Labour Organization, Monetary Fund; from memory)."""

DOLLARS_PER_UNIT = WORLD_OUTPUT / (OUTPUT * WORKERS)
"""One unit of output per worker, USD/a."""

POPULATION = ((2026, 2035, 2050, 2060, 2084), (8.30e9, 8.85e9, 9.66e9, 10.0e9, 10.3e9))
"""World population, United Nations medium variant of 2024 (from memory)."""

WORK_YEAR = 1800.0
"""Hours a person works in a year."""

STOCK = 40_000.0
MAGNETS, CELLS, GENERATION = 0.28e9, 2.0e9, 31e12
"""In 2026: robots in use, sintered NdFeB kg/a, cells kWh/a, electricity kWh/a (from memory)."""

PACKS_PER_LIFE = 2.0
"""Batteries that one robot uses up."""

MAKERS = 5.0
"""Makers among whom the world's experience is divided."""

INTEREST, POWER_PRICE = 0.05, 0.12
"""Real interest 1/a and electricity USD/kWh."""

BUILDERS = 0.02
"""Largest share of people at work who build robots, whole supply chain: about that of cars."""

INITIAL_ROBOT_TASKS = 0.002
"""Share of the wage bill whose tasks robots can do in 2026."""

LIMITS = ("plant", "demand", "labour", "finance", "magnets", "cells", "electricity")


@dataclass(frozen=True)
class Economy:
    """Paths of n samples over T years, each (n, T) unless said otherwise; indices are 1 in 2026.

    `per_head` is real output per person, `per_head_linear` what productivity times heads claims, `wage` the real wage,
    `labour_share` labour's part of income. `limit` indexes `LIMITS`. `cheap_in_income` and `cheap_in_wages` are the
    share of spending on goods whose cost fell by 90 % against income per head, or against the wage; `goods_in_income`
    and `goods_in_wages` (n, g) are the costs themselves in the last year. `failed_in` (n, 3) is the first year of each
    of `failures.FAILURES`, inf if never.
    """

    years: NDArray[np.int64]
    inputs: dict[str, Array]
    population: Array
    robots: Array
    built: Array
    retired: Array
    price: Array
    per_head: Array
    per_head_linear: Array
    wage: Array
    labour_share: Array
    cheap_in_income: Array
    cheap_in_wages: Array
    limit: Array
    goods_in_income: Array
    goods_in_wages: Array
    failed_in: Array

    def year_of_ratio(self, ratio: float) -> Array:
        """First year (n,) with at least `ratio` robots per person; inf where there is none."""
        reached = self.robots >= ratio * self.population
        return np.where(reached.any(axis=1), self.years[reached.argmax(axis=1)].astype(float), np.inf)

    @property
    def good(self) -> NDArray[np.bool_]:
        """Samples (n,) without any failure."""
        return np.all(np.isinf(self.failed_in), axis=1)


@dataclass(frozen=True)
class _Setting:
    """What a sample keeps for all years: inputs, and per robot `labour` in worker-equivalents, `energy` kWh/a, `magnet`
    kg and `cells` kWh over its life."""

    x: Inputs
    made: Inputs
    lines: CostLines
    walk: Array
    labour: Array
    energy: Array
    magnet: float
    cells: float
    human_share: Array
    productivity: Array


@dataclass(frozen=True)
class _State:
    """Stocks at the start of a year, (n,) each: `capital` per worker of 2026, `robots` in use, all `made` so far, and
    the number `built` last year."""

    capital: Array
    robots: Array
    made: Array
    built: Array


def sample(bill: Bill, samples: int = 10_000, seed: int = 0, scenario: str = "base", years: int = 30) -> Economy:
    """Monte Carlo of `samples` independent paths of `scenario`."""
    if samples < 1:
        raise UserError(f"samples must be at least 1, got {samples}")
    economy, made = scenario_priors(scenario)
    columns = len(economy) + len(made) + 2
    probabilities = np.random.default_rng([seed, 2]).uniform(1e-12, 1 - 1e-12, (samples, columns))
    return simulate(bill, probabilities, economy, made, years, seed)


def simulate(
    bill: Bill,
    probabilities: Array,
    economy_priors: Mapping[str, Prior],
    production_priors: Mapping[str, Prior],
    years: int = 30,
    seed: int = 0,
) -> Economy:
    """Run every sample; `probabilities` (n, d) in (0, 1) has a column for each input of the economy and of production,
    one that picks the noise of robot cost, and one for the luck of unsafe deployment.

    Raises UserError for no samples or years.
    """
    count = len(probabilities)
    if count == 0 or years < 1:
        raise UserError(f"samples and years must be at least 1, got {count} and {years}")
    split = len(economy_priors)
    x, made = draw(economy_priors, probabilities[:, :split]), draw(production_priors, probabilities[:, split:-2])
    setting = _setting(bill, x, made, noise_paths(made["noise"], probabilities[:, -2], years, seed))
    state = _State(np.full(count, CAPITAL), np.full(count, STOCK), np.full(count, STOCK), x["first_output_world"])
    log, goods, rows, first = failure_log(probabilities[:, -1]), load_goods(), [], None
    for t in range(years):
        people, tasks = population(FIRST_YEAR + t), robot_task_share(t, x)
        heads = people / population(FIRST_YEAR)
        now, labour = _output(setting, state, t, heads, tasks)
        first = first or now
        price = _robot_price(setting, state, t)
        bounds = _bounds(setting, state, t, heads, now, price)
        built = bounds.min(axis=0) if t else state.built
        rows.append(
            {
                "robots": state.robots,
                "built": built,
                "retired": state.robots / x["life"],
                "price": price,
                "per_head_linear": (1 + x["usual_growth"]) ** t * (1 + labour / heads),
                "labour_share": now.labour_share,
                "limit": bounds.argmin(axis=0),
                **_living(goods, x, tasks, now, first, heads),
            }
        )
        top = top_income_share(now.labour_share, x["top_ownership"], x["transfer"])
        poor = income_without_capital(now, heads, x["transfer"])
        log.note(FIRST_YEAR + t, x["unsafe_decade"], state.robots / people, top, poor)
        state = _next(state, x, now, built, price)
    last = {name: rows[-1][name] for name in ("goods_in_income", "goods_in_wages")}
    table = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0] if name not in last}
    span = np.arange(FIRST_YEAR, FIRST_YEAR + years)
    heads = np.array([population(year) for year in span.tolist()])
    return Economy(span, {**x, **made}, heads, **table, **last, failed_in=log.first_year)


def _living(goods: Goods, x: Inputs, tasks: Array, now: Factors, first: Factors, heads: float) -> dict[str, Array]:
    """Output per head and wage (n,) against 2026, what goods cost in units of either (n, g), and the share of spending
    (n,) on goods that fell by 90 %."""
    per_head, wage = now.output / heads / OUTPUT, now.wage / first.wage
    rents = now.robot_rent / first.wage, now.capital_rent / first.capital_rent
    prices = real_prices(goods, tasks, wage, *rents, per_head, x["substitution"])
    in_income, in_wages = prices / per_head[:, None], prices / wage[:, None]
    return {
        "per_head": per_head,
        "wage": wage,
        "goods_in_income": in_income,
        "goods_in_wages": in_wages,
        "cheap_in_income": (in_income <= 0.1) @ goods.weight,
        "cheap_in_wages": (in_wages <= 0.1) @ goods.weight,
    }


def _next(state: _State, x: Inputs, now: Factors, built: Array, price: Array) -> _State:
    """Stocks a year later: what is spent on robots is not spent on other capital."""
    spent = built * price / (WORKERS * DOLLARS_PER_UNIT)
    return _State(
        capital=state.capital * (1 - DEPRECIATION) + x["saving"] * now.output - spent,
        robots=state.robots * (1 - 1 / x["life"]) + built,
        made=state.made + built,
        built=built,
    )


def population(year: float) -> float:
    """People in the world."""
    return float(np.interp(year, *POPULATION))


def cells_per_robot(bill: Bill) -> float:
    """Battery that a robot uses up over its life, kWh."""
    return PACKS_PER_LIFE * sum(line.quantity for line in bill.lines if line.part.unit == "kWh")


def robot_task_share(elapsed: float, x: Inputs) -> Array:
    """Share (n,) of the wage bill whose tasks robots can do: logistic through the ten-year and the final share."""
    ceiling = x["robot_tasks_ceiling"]
    ten = np.minimum(x["robot_tasks"], 0.95 * ceiling)
    start = np.minimum(INITIAL_ROBOT_TASKS, ten / 2)
    rate = np.log((ceiling / start - 1) / (ceiling / ten - 1)) / 10
    return ceiling / (1 + (ceiling / start - 1) * np.exp(-rate * elapsed))


def machine_share(substitution: Array) -> Array:
    """Φ that gives the labour share of 2026 at the capital of 2026; 0.608 at σ = 0.5, as in Korinek & Suh."""
    odds = ((1 - LABOUR_SHARE) / LABOUR_SHARE) ** substitution * CAPITAL ** (1 - substitution)
    return odds / (1 + odds)


def _setting(bill: Bill, x: Inputs, made: Inputs, walk: Array) -> _Setting:
    machines = machine_share(x["substitution"])
    unscaled = task_output(CAPITAL, 0.0, 1.0, machines, 0.0, 1.0, x["substitution"]).output
    return _Setting(
        x=x,
        made=made,
        lines=cost_lines(bill),
        walk=walk,
        labour=x["speed"] * x["hours_per_day"] * 365 / WORK_YEAR,
        energy=x["power"] / 1000 * x["hours_per_day"] * 365,
        magnet=bill.material_mass("magnet"),
        cells=cells_per_robot(bill),
        human_share=1 - machines,
        productivity=OUTPUT / unscaled,
    )


def _output(setting: _Setting, state: _State, t: int, heads: float, robot_tasks: Array) -> tuple[Factors, Array]:
    """Output and the rents of a person, a robot's worker-equivalent and capital; and robot labour in workers of 2026.

    People and robots alike grow more productive at the usual rate, so that without robots output per head grows at that
    rate. Land is a fixed factor of what comes on top: Y = F · (F/F₀)^(−λ), F₀ the output without robots.
    """
    x = setting.x
    powered = x["electricity_share"] * GENERATION * (1 + x["electricity_growth"]) ** t / setting.energy
    labour = setting.labour * np.minimum(state.robots, powered) / WORKERS
    usual = (1 + x["usual_growth"]) ** t
    human, tasks = setting.human_share, setting.human_share * robot_tasks
    raw = task_output(
        state.capital, labour * usual, heads * usual, 1 - human, tasks, setting.productivity, x["substitution"]
    )
    land = (raw.output / (OUTPUT * heads * usual)) ** -x["land_share"]
    rents = (raw.wage * usual * land, raw.robot_rent * usual * land, raw.capital_rent * land)
    return Factors(raw.output * land, *rents, raw.labour_share), labour


def _robot_price(setting: _Setting, state: _State, t: int) -> Array:
    """Selling price of a robot (n,) USD when the world's experience is divided among `MAKERS`."""
    made = setting.made
    generation = np.minimum(np.floor(t / made["iteration_years"]), 3)
    experience = setting.lines.reference_volume + state.made / MAKERS
    shock = np.exp(setting.walk[:, t])
    step = made["redesign_cost"] ** generation
    cost = unit_cost(setting.lines, made, experience, t, step, shock, made["scrap"])
    return selling_price(cost.direct, made, generation)


def _bounds(setting: _Setting, state: _State, t: int, heads: float, now: Factors, price: Array) -> Array:
    """Robots (7, n) that could be built this year under each of `LIMITS` alone."""
    x = setting.x
    owning = price * (INTEREST + x["upkeep"] + 1 / x["life"]) + setting.energy * POWER_PRICE
    worth = now.robot_rent * setting.labour * DOLLARS_PER_UNIT / owning
    scale = np.clip(np.log(state.built / 50e3) / np.log(100e6 / 50e3), 0.0, 1.5)
    young, grown = np.log(x["growth_young"]), np.log(x["growth_grown"])
    people_building, robots_building = BUILDERS * WORKERS * heads, x["build_share"] * state.robots * setting.labour
    by_robots = robots_building / (robots_building + people_building)
    speed_up = 1 + x["self_build"] * by_robots
    plant_growth = np.maximum(young + (grown - young) * scale, 0.02) * speed_up

    magnet_each = setting.magnet * (1 - x["magnet_saving"]) ** t
    magnet_in_old = setting.magnet * (1 - x["magnet_saving"]) ** max(t - 5, 0)
    recycled = x["magnet_recycled"] * magnet_in_old * state.robots / x["life"]
    magnets = x["magnet_share"] * MAGNETS * (1 + x["magnet_growth"]) ** t + recycled
    cells = x["cell_share"] * CELLS * np.exp(np.log1p(x["cell_growth"]) * 12 / np.log(2) * (1 - 2 ** (-t / 12)))
    powered = x["electricity_share"] * GENERATION * (1 + x["electricity_growth"]) ** t / setting.energy
    budget = x["investment_share"] * x["saving"] * now.output * WORKERS * DOLLARS_PER_UNIT
    return np.stack(
        [
            state.built * np.exp(plant_growth),
            state.built * np.exp(plant_growth * np.clip(worth - 1, -1.0, 1.0)),
            (people_building + robots_building) * WORK_YEAR / x["build_hours"],
            budget / price,
            magnets / magnet_each,
            cells / setting.cells,
            np.maximum(powered - state.robots * (1 - 1 / x["life"]), 0.0),
        ]
    )
