"""The price list: what each kind of part costs, of what and how it is made, and where each figure comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any

from bunraku.economics.distributions import read_data
from bunraku.errors import UserError


@dataclass(frozen=True)
class Market:
    """A world market that learns on the world's volume: `growth` is that of the cumulative volume, 1/a."""

    learning_rate: float
    growth: float
    source: str


@dataclass(frozen=True)
class Part:
    """A row of the price list; the meaning and units of each field head the data file. Prices in USD per `unit`."""

    name: str
    title: str
    group: str
    unit: str
    price: float
    price_at_million: float
    learning_rate: float
    process: str
    materials: Mapping[str, float]
    assembly_minutes: float
    source: str
    mass: float | None = None
    reference_mass: float | None = None
    mass_exponent: float = 1.0
    market: str | None = None
    licence_share: float = 0.0
    share: float | None = None


@dataclass(frozen=True)
class Labour:
    """Hours of final test at the reference volume, and how all hours fall with volume."""

    test_hours: float
    learning_rate: float
    floor_share: float
    source: str


@dataclass(frozen=True)
class PriceList:
    """All prices. `materials` in USD/kg, `processes` as floor price over raw material."""

    reference_volume: float
    labour: Labour
    markets: Mapping[str, Market]
    materials: Mapping[str, float]
    processes: Mapping[str, float]
    parts: Mapping[str, Part] = field(repr=False)

    def part(self, name: str) -> Part:
        """The row called `name`; raises UserError when there is no price for it."""
        if name not in self.parts:
            raise UserError(f"the price list has no row [parts.{name}]; add one with price, learning_rate and source")
        return self.parts[name]

    def raw_material(self, part: Part) -> float:
        """Commodity value of a kilogram of `part`, USD/kg."""
        return sum(share * self.materials[material] for material, share in part.materials.items())


def load_price_list(file: Path | None = None) -> PriceList:
    """The package's price list, or the one in `file` of the same form. Raises UserError naming the row at fault."""
    if file is None:
        return price_list_from(read_data("parts.toml"))
    try:
        return price_list_from(tomllib.loads(file.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"price list {file}: {error}") from None


def price_list_from(data: Mapping[str, Any]) -> PriceList:
    """Build and check a price list from parsed TOML."""
    prices = PriceList(
        reference_volume=float(_get(data, "reference_volume", "the price list")),
        labour=_build(Labour, "labour", _get(data, "labour", "the price list")),
        markets={name: _build(Market, f"markets.{name}", row) for name, row in data.get("markets", {}).items()},
        materials={name: _get(row, "price", f"materials.{name}") for name, row in data.get("materials", {}).items()},
        processes={name: _get(row, "factor", f"processes.{name}") for name, row in data.get("processes", {}).items()},
        parts={
            name: _build(Part, f"parts.{name}", {"name": name, **row})
            for name, row in _get(data, "parts", "the price list").items()
        },
    )
    _check(prices)
    return prices


def _check(prices: PriceList) -> None:
    if prices.reference_volume <= 0:
        raise UserError(f"reference_volume must be positive, got {prices.reference_volume}")
    for kind, table in (("materials", prices.materials), ("processes", prices.processes)):
        for name, value in table.items():
            if not _is_number(value) or value < 0:
                raise UserError(f"[{kind}.{name}] must not be negative, got {value!r}")
    rates = [("labour", prices.labour), *((f"markets.{n}", m) for n, m in prices.markets.items())]
    for row, entry in [*rates, *((f"parts.{n}", p) for n, p in prices.parts.items())]:
        if not _is_number(entry.learning_rate) or not 0 <= entry.learning_rate < 1:
            raise UserError(f"[{row}] learning_rate must be at least 0 and below 1, got {entry.learning_rate}")
    for name, part in prices.parts.items():
        for column in ("price", "price_at_million", "assembly_minutes", "licence_share"):
            if not _is_number(getattr(part, column)) or getattr(part, column) < 0:
                raise UserError(f"[parts.{name}] {column} must not be negative, got {getattr(part, column)!r}")
        if part.price_at_million > part.price:
            raise UserError(f"[parts.{name}] price_at_million {part.price_at_million} exceeds price {part.price}")
        for material in part.materials:
            if material not in prices.materials:
                raise UserError(f"[parts.{name}] material {material!r} has no price in [materials]")
        if abs(sum(part.materials.values()) - 1) > 1e-6:
            raise UserError(f"[parts.{name}] material shares add up to {sum(part.materials.values()):g}, not to 1")
        if part.process not in prices.processes:
            raise UserError(f"[parts.{name}] process {part.process!r} has no factor in [processes]")
        if part.market is not None and part.market not in prices.markets:
            raise UserError(f"[parts.{name}] market {part.market!r} is not in [markets]")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def _build(kind: type, row: str, values: Mapping[str, Any]) -> Any:
    if not isinstance(values, Mapping):
        raise UserError(f"[{row}] must be a table of fields, got {values!r}")
    known = {f.name for f in fields(kind)}
    for name in values:
        if name not in known:
            raise UserError(f"[{row}] unknown field {name!r}; known are {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as error:
        missing = str(error).partition("argument")[2].strip(" s:")
        raise UserError(f"[{row}] misses {missing}") from None


def _get(row: Mapping[str, Any], field_name: str, where: str) -> Any:
    if field_name not in row:
        raise UserError(f"{where}: {field_name!r} is missing")
    return row[field_name]
