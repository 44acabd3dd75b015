"""What becomes of the prices of goods, class by class of household spending."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.distributions import read_data

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Goods:
    """Classes of spending (g,): `weight`, and shares of cost for `labour`, `energy`, `material`, `land`; `physical` is
    the share of the labour that is hands and legs. What is left of cost is machines."""

    names: tuple[str, ...]
    weight: Array
    labour: Array
    physical: Array
    energy: Array
    material: Array
    land: Array

    @property
    def physical_mean(self) -> float:
        """Share of all labour that is physical."""
        labour = self.weight * self.labour
        return float(np.sum(labour * self.physical) / np.sum(labour))

    def robot_share(self, robot_tasks: Array) -> Array:
        """Share (n, g) of each class's labour that robots can do when they can do `robot_tasks` (n,) of all labour.

        Physical tasks come first, the others only when all physical ones are done.
        """
        mean = self.physical_mean
        hands = np.minimum(robot_tasks / mean, 1.0)[:, None]
        heads = np.clip((robot_tasks - mean) / (1 - mean), 0.0, 1.0)[:, None]
        return hands * self.physical + heads * (1 - self.physical)


def load_goods() -> Goods:
    """The stated classes of spending; weights add up to 1."""
    table = read_data("goods.toml")
    columns = {key: np.array([row[key] for row in table.values()]) for key in next(iter(table.values()))}
    return Goods(names=tuple(table), **columns)


def real_prices(
    goods: Goods, robot_tasks: Array, wage: Array, robot_price: Array, rent: Array, per_head: Array, substitution: Array
) -> Array:
    """Real price (n, g) of each class against 2026, all arguments (n,) indices of 1 in 2026.

    `robot_price` is the price of a task that robots do against the wage of 2026. Energy and material keep their real
    price, land follows income per head. Inputs substitute with the elasticity of the whole economy.
    """
    power = (1 - substitution)[:, None]
    by_robot = goods.labour * goods.robot_share(robot_tasks)
    task_price = np.minimum(robot_price, wage)[:, None]
    machine = 1 - goods.labour - goods.energy - goods.material - goods.land
    parts = (
        ((goods.labour - by_robot), wage[:, None]),
        (by_robot, task_price),
        (machine, rent[:, None]),
        (goods.energy + goods.material, np.ones((1, 1))),
        (goods.land, per_head[:, None]),
    )
    return sum(share * price**power for share, price in parts) ** (1 / power)
