"""Production of the robot year by year: how many a maker builds, what limits it, and what one then costs.

Every sample is a path through the stated inputs of `data/production.toml`, driven by one row of uniform numbers, so
that Monte Carlo and Sobol indices run the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.bill import Bill, Line
from bunraku.economics.distributions import Prior, draw, load_priors
from bunraku.economics.learning import exponent
from bunraku.errors import UserError

Array = NDArray[np.float64]
Inputs = Mapping[str, Array]

FIRST_YEAR = 2026
MILLION = 1e6
VOLUME_AT_MILLION = 2e6
"""Cumulative robots of a maker that has just reached a million a year while doubling: 1 + 1/2 + 1/4 + … million."""

YEARS_TO_MILLION = 9
"""Years of market decline and noise at which the cost "given a million a year" is stated (2035)."""

PLANT_LIFE, UTILISATION = 8.0, 0.85
"""Years over which plant is written off, and the share of capacity that runs."""

SUPPLIER_HEADROOM = 3.0
"""Suppliers' capacity in the first year of production, in units of the maker's first output."""

WORLD_DEMAND_2025 = 16_000.0
"""Robots installed in the world in 2025 (Counterpoint; Omdia counts 13,317)."""

DEMAND_CEILING = 200e6
"""Robots a year beyond which the world buys no more, at any price: twice the world's cars and vans. A judgement."""

LIMITS = ("plant", "suppliers", "demand")
_PATHS = 4096


@dataclass(frozen=True)
class CostLines:
    """The bill as arrays over its lines (p,): USD per robot at the reference volume, and exponents of learning.

    `base` is what own learning leaves: the material floor, or for parts of a world market today's mass price; that
    price changes by `drift` (ln, 1/a). `market` and `compute` mark such parts (0 or 1).
    """

    price: Array
    at_million: Array
    base: Array
    exponent: Array
    drift: Array
    market: Array
    compute: Array
    hours: float
    hours_exponent: float
    hours_floor_share: float
    reference_volume: float


@dataclass(frozen=True)
class Cost:
    """Cost of one robot, each (n,) USD: purchased `material` with scrap, `labour`, and material without any floor."""

    material: Array
    labour: Array
    material_no_floor: Array

    @property
    def direct(self) -> Array:
        """Labour and material above the floors."""
        return self.material + self.labour

    @property
    def direct_no_floor(self) -> Array:
        """Labour and material when own parts learn towards nothing."""
        return self.material_no_floor + self.labour


@dataclass(frozen=True)
class Production:
    """Paths of n samples over T years, each array (n, T), money in USD of 2026.

    `limit` indexes `LIMITS`. `given_million` holds direct cost (n,) of a maker at a million a year by three models:
    `part_by_part`, `above_floor`, `no_floor`, and `price_given_million` (n,) the price that `above_floor` needs.
    """

    years: NDArray[np.int64]
    inputs: dict[str, Array]
    output: Array
    cumulative: Array
    direct: Array
    direct_no_floor: Array
    labour: Array
    price: Array
    limit: Array
    given_million: dict[str, Array]
    price_given_million: Array

    def million_year(self) -> Array:
        """First year (n,) with at least a million robots; inf where there is none."""
        reached = self.output >= MILLION
        return np.where(reached.any(axis=1), self.years[reached.argmax(axis=1)].astype(float), np.inf)


def cost_lines(bill: Bill) -> CostLines:
    """Gather the arrays of `bill`."""
    markets = bill.prices.markets

    def of_market(line: Line, value: float, otherwise: float) -> float:
        return value if line.part.market is not None else otherwise

    def drift(line: Line) -> float:
        if line.part.market is None:
            return 0.0
        market = markets[line.part.market]
        return float(-exponent(market.learning_rate) * np.log1p(market.growth))

    labour = bill.prices.labour
    return CostLines(
        price=bill.column(lambda line: line.quantity * line.price),
        at_million=bill.column(lambda line: line.quantity * line.price_at_million),
        base=bill.column(lambda line: line.quantity * of_market(line, line.price_at_million, line.floor)),
        exponent=exponent(bill.column(lambda line: line.part.learning_rate)),
        drift=bill.column(drift),
        market=bill.column(lambda line: of_market(line, 1.0, 0.0)),
        compute=bill.column(lambda line: 1.0 if line.part.market == "compute" else 0.0),
        hours=bill.hours,
        hours_exponent=float(exponent(labour.learning_rate)),
        hours_floor_share=labour.floor_share,
        reference_volume=bill.prices.reference_volume,
    )


def unit_cost(
    lines: CostLines, x: Inputs, experience: Array, elapsed: float, step: Array, shock: Array, scrap: Array
) -> Cost:
    """Cost of one robot when `experience` (n,) robots have been learnt from, `elapsed` years after the start.

    Each part: c = f + (c₀ − f)(N/N₀)^(−b) · step · shock, with one shock for all parts. `step` (n,) is what redesigns
    left of the cost above the floor; `scrap` (n,) is the share of material lost.
    """
    doublings = (np.log(experience / lines.reference_volume) * x["learning"])[:, None]
    remains = np.exp(-doublings * lines.exponent) * (step * shock)[:, None]
    small = lines.price * x["price_level"][:, None]
    decline = np.where(lines.compute > 0, np.log1p(-x["compute_decline"])[:, None], lines.drift) * elapsed
    market = lines.base * np.exp(decline)
    base = np.where(lines.market > 0, market, lines.base * x["floor_level"][:, None])
    base = np.minimum(base, small)
    base_no_floor = base * lines.market
    material = np.sum(base + (small - base) * remains, axis=1)
    no_floor = np.sum(base_no_floor + (small - base_no_floor) * remains, axis=1)

    learnt = np.exp(-doublings[:, 0] * lines.hours_exponent) * step
    hours = lines.hours * x["hours_level"] * (lines.hours_floor_share + (1 - lines.hours_floor_share) * learnt)
    return Cost(material * (1 + scrap), hours * x["wage"], no_floor * (1 + scrap))


def selling_price(direct: Array, x: Inputs, generation: Array) -> Array:
    """Price (n,) that pays for `direct` cost, plant, warranty, royalties and the margin."""
    plant = x["capex"] / (PLANT_LIFE * UTILISATION)
    maturity = np.clip(generation / 2, 0, 1)
    warranty = x["warranty_first"] + (x["warranty_mature"] - x["warranty_first"]) * maturity
    return (direct + plant) / np.maximum(1 - warranty - x["royalty"] - x["margin"], 0.2)


def world_demand(year: float, demand_2035: Array) -> Array:
    """Robots (n,) that the world would buy in `year` at $20,000: exponential to 2035, then halving its growth rate."""
    ahead = (year - 2025) / 10
    later = max(ahead - 1, 0.0)
    power = min(ahead, 1.0) + 0.5 / np.log(2) * (1 - 2 ** (-2 * later))
    return np.minimum(WORLD_DEMAND_2025 * (demand_2035 / WORLD_DEMAND_2025) ** power, DEMAND_CEILING)


def noise_paths(deviation: Array, probability: Array, years: int, seed: int) -> Array:
    """Random walks (n, years) of ln cost with yearly standard `deviation` (n,), picked by `probability` (n,).

    They come from a bank of paths, which makes noise a function of one uniform number, as Sobol indices need.
    """
    bank = np.cumsum(np.random.default_rng(seed).standard_normal((_PATHS, years)), axis=1)
    return deviation[:, None] * bank[(probability * _PATHS).astype(int)]


def priors(overrides: Mapping[str, Prior] | None = None) -> dict[str, Prior]:
    """The stated inputs of production, with `overrides` in place of those of the same name."""
    stated = load_priors("production.toml")
    for name in overrides or {}:
        if name not in stated:
            raise UserError(f"there is no production input {name!r}; known are {', '.join(stated)}")
    return {**stated, **(overrides or {})}


def simulate(
    lines: CostLines,
    probabilities: Array,
    stated: Mapping[str, Prior],
    iterations: int = 3,
    years: int = 15,
    seed: int = 0,
    demand_limited: bool = True,
) -> Production:
    """Run every sample; `probabilities` (n, len(stated) + 1) in (0, 1), the last column choosing the path of the noise.

    Raises UserError for no samples, years or a negative number of iterations.
    """
    if len(probabilities) == 0:
        raise UserError("samples must be at least 1, got 0")
    if years < YEARS_TO_MILLION + 1 or iterations < 0:
        least = YEARS_TO_MILLION + 1
        raise UserError(f"years must be at least {least} and iterations at least 0, got {years} and {iterations}")
    x = draw(stated, probabilities[:, :-1])
    walk = noise_paths(x["noise"], probabilities[:, -1], years, seed)
    nothing = np.zeros(len(probabilities))
    maker, rows = _Maker(x["first_output"] / UTILISATION, nothing, nothing, nothing, nothing), []
    for t in range(years):
        maker = _redesign(maker, x, t, iterations)
        scrap = x["scrap"] * (1 + 2.0 ** (1 - (t - maker.redesigned)))
        step, shock = x["redesign_cost"] ** maker.generation, np.exp(walk[:, t])
        cost = unit_cost(lines, x, lines.reference_volume + maker.experience, t, step, shock, scrap)
        price = selling_price(cost.direct, x, maker.generation)
        demand = _demand(x, FIRST_YEAR + t, price) if demand_limited else np.full(len(price), np.inf)
        suppliers = SUPPLIER_HEADROOM * x["first_output"] * x["supplier_growth"] ** max(t - 1, 0)
        bounds = np.stack([maker.capacity * UTILISATION * (1 - np.minimum(scrap, 0.5)), suppliers, demand])
        maker = _build(maker, x, t, bounds)
        rows.append(
            {
                "output": bounds.min(axis=0) if t else nothing,
                "cumulative": maker.built,
                "direct": cost.direct,
                "direct_no_floor": cost.direct_no_floor,
                "labour": cost.labour,
                "price": price,
                "limit": bounds.argmin(axis=0),
            }
        )
    given = cost_given_million(lines, x, iterations, np.exp(walk[:, YEARS_TO_MILLION]))
    return Production(
        years=np.arange(FIRST_YEAR, FIRST_YEAR + years),
        inputs=x,
        **{name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]},
        given_million=given,
        price_given_million=selling_price(given["above_floor"], x, np.full(len(nothing), float(iterations))),
    )


@dataclass(frozen=True)
class _Maker:
    """A maker at the start of a year, (n,) each: plant `capacity` in robots a year, `experience` in robots that still
    counts, robots `built` in all, design `generation` and the year since 2026 in which it was `redesigned`."""

    capacity: Array
    experience: Array
    built: Array
    generation: Array
    redesigned: Array


def _redesign(maker: _Maker, x: Inputs, t: int, iterations: int) -> _Maker:
    """Finish the design iterations due by year `t`; each keeps only a share of the experience."""
    generation = np.minimum(np.floor(t / x["iteration_years"]), iterations)
    new = generation > maker.generation
    return replace(
        maker,
        experience=np.where(new, maker.experience * x["experience_kept"], maker.experience),
        generation=generation,
        redesigned=np.where(new, t, maker.redesigned),
    )


def _demand(x: Inputs, year: int, price: Array) -> Array:
    """Robots (n,) that the world would buy from this maker in `year` at `price`."""
    response = np.clip(price / 20_000, 0.05, 20) ** -x["demand_elasticity"]
    return x["market_share"] * np.minimum(world_demand(year, x["demand_2035"]) * response, DEMAND_CEILING)


def _build(maker: _Maker, x: Inputs, t: int, bounds: Array) -> _Maker:
    """Build what `bounds` (3, n) of plant, suppliers and demand allow in year `t`, from 2027 on, and add plant.

    Plant grows by the stated factor while there is headroom to suppliers' next year and to demand: an S-curve.
    """
    output = bounds.min(axis=0) if t else np.zeros(bounds.shape[1])
    ceiling = np.minimum(bounds[2], bounds[1] * x["supplier_growth"])
    headroom = np.clip(1 - maker.capacity / (1.5 * ceiling), -0.1, 1)
    return replace(
        maker,
        capacity=maker.capacity * x["output_growth"] ** (np.clip(t - x["slip_years"], 0, 1) * headroom),
        experience=maker.experience + output,
        built=maker.built + output,
    )


def cost_given_million(lines: CostLines, x: Inputs, iterations: int, shock: Array) -> dict[str, Array]:
    """Direct cost (n,) of a maker that builds a million a year, by three models; see `Production`."""
    experience = np.full(len(shock), VOLUME_AT_MILLION)
    step = x["redesign_cost"] ** iterations
    cost = unit_cost(lines, x, experience, YEARS_TO_MILLION, step, shock, x["scrap"])
    estimate = float(lines.at_million.sum()) * x["mass_price"] * (1 + x["scrap"]) + cost.labour
    return {"part_by_part": estimate, "above_floor": cost.direct, "no_floor": cost.direct_no_floor}


def sample(
    bill: Bill,
    samples: int = 10_000,
    seed: int = 0,
    iterations: int = 3,
    years: int = 15,
    overrides: Mapping[str, Prior] | None = None,
    demand_limited: bool = True,
) -> Production:
    """Monte Carlo of `samples` independent paths."""
    if samples < 1:
        raise UserError(f"samples must be at least 1, got {samples}")
    stated = priors(overrides)
    probabilities = np.random.default_rng([seed, 1]).uniform(1e-12, 1 - 1e-12, (samples, len(stated) + 1))
    return simulate(cost_lines(bill), probabilities, stated, iterations, years, seed, demand_limited)
