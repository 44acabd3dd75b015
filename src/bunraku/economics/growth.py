"""Closed forms of the growth literature on automation, each with the paper that it reproduces.

Korinek & Suh 2024 ("Scenarios for the Transition to AGI", NBER 32255) is the core: output is a CES over unit tasks of
which a share Φ can be done by capital as well as by people, each task's output being the capital plus labour on it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Factors(NamedTuple):
    """Output and the marginal product of each factor, in units of output: arrays of one shape."""

    output: NDArray[np.float64]
    wage: NDArray[np.float64]
    robot_rent: NDArray[np.float64]
    capital_rent: NDArray[np.float64]
    labour_share: NDArray[np.float64]


def task_output(
    capital: ArrayLike,
    robots: ArrayLike,
    labour: ArrayLike,
    machine_share: ArrayLike,
    robot_share: ArrayLike,
    productivity: ArrayLike = 1.0,
    substitution: ArrayLike = 0.5,
) -> Factors:
    """Output of an economy whose tasks fall into three classes, of size `machine_share`, `robot_share` and the rest.

    Capital does machine tasks; robots (in worker-equivalents) do robot and machine tasks; people do any. Each factor is
    used where it is worth most, so intensity (factor per unit of tasks) i never falls from a class to one that the same
    factor could do. Y = A (Σ Φₖ iₖ^((σ−1)/σ))^(σ/(σ−1)), marginal product of class k = A^((σ−1)/σ) (Y/iₖ)^(1/σ).
    With `robot_share` 0 this is Korinek & Suh's equation, including its region 2 where Y = A(K + L). σ ≠ 1, σ > 0.
    """
    phi_machine, phi_robot = np.asarray(machine_share, float), np.asarray(robot_share, float)
    phi_human = 1 - phi_machine - phi_robot
    *stock, phi_machine, phi_robot, phi_human = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (capital, robots, labour)), phi_machine, phi_robot, phi_human
    )
    phi = [phi_machine, phi_robot, phi_human]
    intensity = _level(stock, phi)
    power = 1 - 1 / np.asarray(substitution, float)
    scale = np.asarray(productivity, float)
    total = sum(p * np.where(p > 0, i, 1.0) ** power for p, i in zip(phi, intensity, strict=True))
    output = scale * total ** (1 / power)
    rents = [scale**power * (output / np.where(i > 0, i, np.inf)) ** (1 - power) for i in intensity]
    return Factors(output, rents[2], rents[1], rents[0], rents[2] * stock[2] / output)


def _level(stock: list[NDArray], size: list[NDArray]) -> list[NDArray]:
    """Intensity of each class once every factor has flowed to where it is worth most.

    A factor may flow to any earlier class, so the levels are the antitonic regression of stock/size with weights
    `size`: gₖ = min over s ≤ k of max over t ≥ k of the pooled mean of classes s…t (Barlow et al. 1972).
    """

    def mean(first: int, last: int) -> NDArray:
        amount, width = np.sum(stock[first : last + 1], axis=0), np.sum(size[first : last + 1], axis=0)
        return np.divide(amount, width, out=np.full(amount.shape, np.inf), where=width > 0)

    classes = range(len(stock))
    pooled = {(s, t): mean(s, t) for s in classes for t in classes if s <= t}
    return [
        np.minimum.reduce([np.maximum.reduce([pooled[s, t] for t in classes if t >= k]) for s in classes if s <= k])
        for k in classes
    ]


def scarcity_threshold(capital: float, labour: float) -> float:
    """Automated share Φ̂ = K/(K + L) above which labour is no longer scarce and the wage equals the rent of capital."""
    return capital / (capital + labour)


def abundant_growth(productivity: float, impatience: float, depreciation: float, aversion: float) -> float:
    """Growth rate (A − ρ − δ)/η once labour is not scarce: an AK economy (Korinek & Suh 2024, region 2)."""
    return (productivity - impatience - depreciation) / aversion


def automation_growth(automation_rate: float, substitution: float) -> float:
    """Balanced growth θ/(1 − σ) when the human share of tasks shrinks at rate θ (Aghion, Jones & Jones 2017)."""
    return automation_rate / (1 - substitution)


def best_automation_rate(
    productivity: float, impatience: float, depreciation: float, aversion: float, substitution: float
) -> float:
    """Speed of automation at which wages grow fastest, (1 − σ)(A − ρ − δ)/η (Korinek & Suh 2024, Proposition 12)."""
    return (1 - substitution) * abundant_growth(productivity, impatience, depreciation, aversion)


def hulten_gain(exposed_share: float, cost_saving: float, labour_share: float) -> float:
    """Gain in total factor productivity by Hulten's theorem, as Acemoglu 2024 ("The Simple Macroeconomics of AI")."""
    return exposed_share * cost_saving * labour_share


def doubling_months(growth_rate: float) -> float:
    """Months in which an economy of continuous `growth_rate` (1/a) doubles (Hanson 2001 states 45 %/a as 18 months)."""
    return 12 * np.log(2) / growth_rate
