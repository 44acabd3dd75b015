"""Stated distributions: an uncertain input by its median and its 5 % and 95 % points, with a source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bunraku.errors import UserError

_Z95 = 1.6448536269514722


@dataclass(frozen=True)
class Prior:
    """Uncertain input: `median` with 5 % and 95 % points `low` and `high`, normal or lognormal on either side.

    The two sides may differ in width (a split distribution), so that all three stated points are met exactly; draws
    are held within `minimum` and `maximum`.
    """

    name: str
    median: float
    low: float
    high: float
    shape: str = "lognormal"
    minimum: float = -np.inf
    maximum: float = np.inf
    unit: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Check the order of the three points."""
        if self.shape not in ("lognormal", "normal"):
            raise UserError(f"prior {self.name}: shape must be lognormal or normal, got {self.shape!r}")
        if not self.low <= self.median <= self.high:
            raise UserError(f"prior {self.name}: need low ≤ median ≤ high, got {self.low}, {self.median}, {self.high}")
        if self.shape == "lognormal" and self.low <= 0:
            raise UserError(f"prior {self.name}: a lognormal input must be positive, got a 5 % point of {self.low}")

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Value at each cumulative `probability` in (0, 1), same shape."""
        to, back = (np.log, np.exp) if self.shape == "lognormal" else (np.asarray, np.asarray)
        middle = to(self.median)
        z = ndtri(probability)
        width = np.where(z < 0, middle - to(self.low), to(self.high) - middle) / _Z95
        return np.clip(back(middle + z * width), self.minimum, self.maximum)


def load_priors(file: str) -> dict[str, Prior]:
    """Priors of the package's data file `file`, by name; every row needs median, low, high and source."""
    return {name: prior_from(name, row) for name, row in read_data(file).items()}


def prior_from(name: str, row: Mapping[str, Any]) -> Prior:
    """One prior from a table row; a missing or unknown field raises UserError naming it."""
    for field in ("median", "low", "high", "source"):
        if field not in row:
            raise UserError(f"prior {name}: field {field!r} is missing")
    try:
        return Prior(name=name, **row)
    except TypeError as error:
        raise UserError(f"prior {name}: {error}") from None


def read_data(file: str) -> dict[str, Any]:
    """Parsed TOML of the package's economics data file `file`."""
    return tomllib.loads(resources.files("bunraku.economics").joinpath("data", file).read_text("utf-8"))


def draw(priors: Mapping[str, Prior], probabilities: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Values (n,) of every prior at the columns of `probabilities` (n, len(priors)), by name."""
    return {name: prior.quantile(column) for (name, prior), column in zip(priors.items(), probabilities.T, strict=True)}
