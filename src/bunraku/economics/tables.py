"""Results as plain rows and summaries, which the terminal, CSV, JSON, figures and pages all show."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunraku.economics.bill import Bill, cents
from bunraku.economics.calibration import Forecast
from bunraku.economics.economy import LIMITS as BUILD_LIMITS
from bunraku.economics.economy import Economy
from bunraku.economics.failures import FAILURES
from bunraku.economics.goods import load_goods
from bunraku.economics.production import LIMITS, PLANT_LIFE, UTILISATION, Production, priors
from bunraku.errors import UserError

Row = dict[str, Any]

BAND = (5, 50, 95)
DIRECT_TARGET, PRICE_TARGET = 10_000.0, 20_000.0
"""Labour and material, and price, of the statement about cost, USD."""


def bill_rows(bill: Bill, volume: float) -> list[Row]:
    """One row per line of the bill at cumulative `volume`; `total` is in USD, exact to the cent."""
    return [
        {
            "part": line.name,
            "group": line.part.group,
            "quantity": round(line.quantity, 3),
            "unit": line.part.unit,
            "mass_kg": round(line.total_mass, 4),
            "price_each": cents(price),
            "total": cents(line.quantity * price),
            "small_volume_total": cents(line.quantity * line.price),
            "million_estimate_total": cents(line.quantity * line.price_at_million),
            "floor_total": cents(line.quantity * line.floor),
            "raw_material_total": cents(line.quantity * line.raw),
            "no_floor_total": cents(line.quantity * bare),
            "licences": cents(line.quantity * price * line.part.licence_share),
            "learning_rate": line.part.learning_rate,
            "source": line.part.source,
        }
        for line, price, bare in zip(
            bill.lines, bill.unit_prices(volume), bill.unit_prices(volume, floors=False), strict=True
        )
    ]


def bill_summary(bill: Bill, volume: float) -> dict[str, Decimal]:
    """Cost of one robot in USD at cumulative `volume`, item by item; `labour and material` is their exact sum."""
    stated = priors()
    material = sum((row["total"] for row in bill_rows(bill, volume)), Decimal(0))
    scrap = cents(float(material) * stated["scrap"].median)
    labour = cents(bill.hours_at(volume) * stated["wage"].median)
    plant = cents(stated["capex"].median / (PLANT_LIFE * UTILISATION))
    return {
        "parts": material,
        "scrap and rework": scrap,
        "assembly and test": labour,
        "labour and material": material + scrap + labour,
        "plant": plant,
        "factory cost": material + scrap + labour + plant,
    }


def group_totals(rows: Sequence[Row]) -> dict[str, Decimal]:
    """Sum of `total` by group, largest first."""
    totals: dict[str, Decimal] = {}
    for row in rows:
        totals[row["group"]] = totals.get(row["group"], Decimal(0)) + row["total"]
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _band(name: str, values: NDArray) -> Row:
    low, middle, high = np.percentile(values, BAND)
    return {f"{name}_p05": float(low), f"{name}_p50": float(middle), f"{name}_p95": float(high)}


def production_rows(run: Production) -> list[Row]:
    """One row per year: bands of output, cost and price, probabilities, and what limits output."""
    million = run.million_year()
    rows = []
    for column, year in enumerate(run.years.tolist()):
        share = np.bincount(run.limit[:, column], minlength=len(LIMITS)) / len(run.limit)
        rows.append(
            {
                "year": year,
                **_band("output", run.output[:, column]),
                **_band("cumulative", run.cumulative[:, column]),
                **_band("direct", run.direct[:, column]),
                **_band("direct_no_floor", run.direct_no_floor[:, column]),
                **_band("price", run.price[:, column]),
                "p_million_reached": float(np.mean(million <= year)),
                "p_direct_at_most_10000": float(np.mean(run.direct[:, column] <= DIRECT_TARGET)),
                "p_price_at_most_20000": float(np.mean(run.price[:, column] <= PRICE_TARGET)),
                **{f"limited_by_{name}": float(part) for name, part in zip(LIMITS, share, strict=True)},
            }
        )
    return rows


def production_summary(run: Production) -> dict[str, Any]:
    """The statement about cost, with probabilities."""
    given = {
        name: {**_band("direct", values), "p_at_most_10000": float(np.mean(values <= DIRECT_TARGET))}
        for name, values in run.given_million.items()
    }
    return {
        "samples": len(run.output),
        **million_summary(run),
        "direct_cost_given_a_million_a_year": given,
        "p_price_at_most_20000_given_a_million_a_year": float(np.mean(run.price_given_million <= PRICE_TARGET)),
    }


def million_summary(run: Production) -> dict[str, Any]:
    """When the maker builds a million a year."""
    million = run.million_year()
    reached = np.isfinite(million)
    return {
        "p_million_by_2032": float(np.mean(million <= 2032)),
        "p_million_by_2035": float(np.mean(million <= 2035)),
        "p_million": float(np.mean(reached)),
        "until": int(run.years[-1]),
        "median_year_of_million": float(np.median(million)) if np.mean(reached) > 0.5 else None,
    }


def forecast_row(found: Forecast) -> Row:
    """How well a learning curve fitted on the first part of a series predicted the rest."""
    return {
        "series": found.series.name,
        "points_fitted": found.trained,
        "points_held_out": len(found.actual),
        "learning_rate_whole": found.fitted_rate,
        "learning_rate_used": found.rate,
        "rms_error_ln": found.log_error,
        "error_in_last_year": found.final_error,
        "within_80_band": found.covered,
    }


def economy_rows(run: Economy) -> list[Row]:
    """One row per year: bands of stocks, output, wage and prices, and what limits building."""
    rows = []
    for column, year in enumerate(run.years.tolist()):
        share = np.bincount(run.limit[:, column].astype(int), minlength=len(BUILD_LIMITS)) / len(run.limit)
        rows.append(
            {
                "year": year,
                "population": float(run.population[column]),
                **_band("robots", run.robots[:, column]),
                **_band("built", run.built[:, column]),
                **_band("robots_per_person", run.robots[:, column] / run.population[column]),
                **_band("robot_price", run.price[:, column]),
                **_band("output_per_head", run.per_head[:, column]),
                **_band("output_per_head_linear", run.per_head_linear[:, column]),
                **_band("wage", run.wage[:, column]),
                **_band("labour_share", run.labour_share[:, column]),
                "cheap_share_in_income": float(np.mean(run.cheap_in_income[:, column])),
                "cheap_share_in_wages": float(np.mean(run.cheap_in_wages[:, column])),
                **{f"limited_by_{name}": float(part) for name, part in zip(BUILD_LIMITS, share, strict=True)},
            }
        )
    return rows


def economy_summary(run: Economy) -> dict[str, Any]:
    """The statements about numbers, output and outcome, with probabilities."""
    last = int(run.years[-1])
    ratios = {}
    for ratio in (1, 2, 3):
        year = run.year_of_ratio(ratio)
        reached = np.isfinite(year)
        ratios[f"{ratio}:1"] = {
            "p": float(np.mean(reached)),
            "median_year_if_reached": float(np.median(year[reached])) if reached.any() else None,
        }
    failed = np.isfinite(run.failed_in).mean(axis=0)
    return {
        "samples": len(run.good),
        "until": last,
        "robots_per_person": ratios,
        "output_per_head": _band("index", run.per_head[:, -1]),
        "output_per_head_linear": _band("index", run.per_head_linear[:, -1]),
        "wage": _band("index", run.wage[:, -1]),
        "cheap_share_of_spending": float(np.mean(run.cheap_in_income[:, -1])),
        "p_any_good_90_percent_cheaper": float(np.mean(run.cheap_in_income[:, -1] > 0)),
        "goods_in_income": _medians(run.goods_in_income),
        "goods_in_wages": _medians(run.goods_in_wages),
        "p_no_failure": float(np.mean(run.good)),
        "p_failure": {name: float(p) for name, p in zip(FAILURES, failed, strict=True)},
    }


def _medians(costs: NDArray) -> dict[str, float]:
    middle = np.median(costs, axis=0)
    return {name: float(cost) for name, cost in zip(load_goods().names, middle, strict=True)}


def write_csv(file: Path, rows: Sequence[Row]) -> None:
    """Write `rows` with the keys of the first as header."""
    with _open(file) as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_json(file: Path, result: Mapping[str, Any]) -> None:
    """Write `result`, money as numbers."""
    with _open(file) as stream:
        json.dump(result, stream, indent=1, default=float)


def _open(file: Path):
    try:
        return file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
