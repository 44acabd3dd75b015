"""Which inputs decide: Sobol indices by Saltelli's scheme (SALib, in the extra `economics`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunraku.economics import economy, production
from bunraku.economics.bill import Bill
from bunraku.economics.distributions import Prior
from bunraku.economics.scenarios import scenario_priors
from bunraku.errors import UserError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sensitivity:
    """Sobol indices of one `result` for each of `names`: `first` alone, `total` with all interactions, and the 95 %
    half-width of each (d,)."""

    result: str
    names: tuple[str, ...]
    first: Array
    first_half_width: Array
    total: Array
    total_half_width: Array

    def ranked(self) -> list[tuple[str, float, float]]:
        """(name, first, total) by falling total index."""
        order = np.argsort(-self.total)
        return [(self.names[i], float(self.first[i]), float(self.total[i])) for i in order]


def sobol(model: Callable[[Array], Mapping[str, Array]], names: list[str], base: int, seed: int) -> list[Sensitivity]:
    """Indices of every output of `model`, which maps uniforms (n, d) to outputs (n,) by name.

    `base` is a power of two; the model runs for base · (d + 2) samples. Raises UserError without SALib.
    """
    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError:
        raise UserError("sensitivity needs SALib; install it with: pip install 'bunraku[economics]'") from None
    if base < 2 or base & (base - 1):
        raise UserError(f"the base of a Sobol sample must be a power of two, got {base}")
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = sampling.sample(problem, base, calc_second_order=False, seed=seed)
    results = []
    for name, values in model(np.clip(points, 1e-9, 1 - 1e-9)).items():
        # SALib 1.6 takes a seed of 0 for none at all.
        found = analysis.analyze(problem, values, calc_second_order=False, seed=seed + 1)
        results.append(Sensitivity(name, tuple(names), found["S1"], found["S1_conf"], found["ST"], found["ST_conf"]))
    return results


def production_sensitivity(
    bill: Bill, iterations: int = 3, base: int = 256, seed: int = 0, overrides: Mapping[str, Prior] | None = None
) -> list[Sensitivity]:
    """Sobol indices of ln direct cost given a million a year, and of ln output and ln price in 2033."""
    lines, stated = production.cost_lines(bill), production.priors(overrides)

    def model(probabilities: Array) -> dict[str, Array]:
        run = production.simulate(lines, probabilities, stated, iterations, years=10, seed=seed)
        column = 2033 - production.FIRST_YEAR
        return {
            "ln labour + material at a million a year": np.log(run.given_million["above_floor"]),
            "ln output in 2033": np.log(run.output[:, column]),
            "ln price in 2033": np.log(run.price[:, column]),
        }

    return sobol(model, [*stated, "noise_path"], base, seed)


def economy_sensitivity(
    bill: Bill, scenario: str = "base", years: int = 30, base: int = 256, seed: int = 0
) -> list[Sensitivity]:
    """Sobol indices of ln robots, ln output per head and ln wage in the last year of `scenario`."""
    stated, made = scenario_priors(scenario)

    def model(probabilities: Array) -> dict[str, Array]:
        run = economy.simulate(bill, probabilities, stated, made, years, seed)
        return {
            f"ln robots in {run.years[-1]}": np.log(run.robots[:, -1]),
            f"ln output per head in {run.years[-1]}": np.log(run.per_head[:, -1]),
            f"ln wage in {run.years[-1]}": np.log(run.wage[:, -1]),
        }

    return sobol(model, [*stated, *made, "noise_path", "luck"], base, seed)
