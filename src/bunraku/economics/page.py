"""Self-contained HTML pages whose sliders recompute the models in the page; nothing is loaded from anywhere."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.economics import economy, failures, production
from bunraku.economics.bill import Bill, bill_of_materials
from bunraku.economics.distributions import Prior
from bunraku.economics.parts import PriceList
from bunraku.economics.production import cost_lines, unit_cost
from bunraku.economics.scenarios import scenario_priors
from bunraku.errors import UserError
from bunraku.hands import hand_names
from bunraku.robot.spec import RobotSpec

_STILL = Prior("noise", 1e-12, 1e-12, 1e-12)


@dataclass(frozen=True)
class Chart:
    """A place for a chart: the `name` by which the script finds it, its title and the sentence under it."""

    name: str
    title: str
    caption: str
    wide: bool = False


def write_cost_page(file: Path, hand: str, volume: float, prices: PriceList) -> None:
    """The bill of materials with a choice of hands and sliders for volume, learning, floor and wage."""
    stated = production.priors()
    robots = {}
    for name in dict.fromkeys((hand, *hand_names())):
        try:
            robots[name] = _robot(bill_of_materials(RobotSpec(hand=name), prices))
        except UserError:
            continue
    x = {name: np.array([prior.median]) for name, prior in stated.items()}
    one = np.ones(1)
    lines = cost_lines(bill_of_materials(RobotSpec(hand=hand), prices))
    expected = unit_cost(lines, x, volume * one, 0.0, one, one, x["scrap"]).direct[0]
    data = {"hand": hand, "volume": volume, "hands": robots, "priors": _plain(stated), "expected": expected}
    charts = (
        Chart(
            "bars",
            "Where the money is",
            "One robot; the upright stroke is the price below which own volume cannot push.",
            True,
        ),
        Chart(
            "curve",
            "Labour and material against robots built",
            "Both models of learning; the world market stands still.",
        ),
        Chart(
            "groups",
            "Share of parts, %",
            "McKinsey 2026: actuators 40–60, sensing 10–20, compute 10–15, structure 5–10.",
        ),
    )
    lead = "Every line is counted and weighed from the robot's own specification; every price has its source."
    _write(file, "What one robot costs", lead, "cost", charts, data)


def write_production_page(file: Path, bill: Bill, rows: list[dict[str, Any]], iterations: int) -> None:
    """Output, cost and price by year, recomputed with 400 samples whenever a slider moves."""
    stated = production.priors()
    years = [row["year"] for row in rows]
    still = {**stated, "noise": _STILL}
    run = production.simulate(cost_lines(bill), np.full((1, len(still) + 1), 0.5), still, iterations, len(years))
    expected = {"output": run.output[0], "direct": run.direct[0], "price": run.price[0]}
    data = {
        "years": years,
        "iterations": iterations,
        "lines": _arrays(bill),
        "priors": _plain(stated),
        "expected": expected,
    }
    charts = (
        Chart("output", "Robots a year", "Median and 5–95 % band, limited by plant, suppliers and demand."),
        Chart("cost", "Labour and material, USD", "Two models of learning; the truth needs not lie between."),
        Chart("price", "Price, USD", "Cost with plant, warranty, royalties and margin."),
        Chart("given", "If it comes to a million a year", "Share of samples whose labour and material cost at most x."),
    )
    lead = (
        "One maker from 2026 on. Move an input's median and its uncertainty moves along; hover an input for its source."
    )
    _write(file, "How many get built, and at what cost", lead, "production", charts, data)


def write_economy_page(file: Path, bill: Bill, rows: list[dict[str, Any]], scenario: str) -> None:
    """Robots per person, output, wage and price by year, recomputed with 300 samples whenever a slider moves."""
    stated, made = scenario_priors(scenario)
    years = [row["year"] for row in rows]
    still = {**made, "noise": _STILL}
    run = economy.simulate(bill, np.full((1, len(stated) + len(made) + 2), 0.5), stated, still, len(years))
    expected = {"robots": run.robots[0], "perHead": run.per_head[0], "wage": run.wage[0], "price": run.price[0]}
    data = {
        "years": years,
        "lines": _arrays(bill),
        "priors": _plain(stated),
        "production_priors": _plain(made),
        "expected": expected,
    }
    charts = (
        Chart("robots", "Robots per person", "Median and 5–95 % band."),
        Chart("output", "Output per head, 2026 = 1", "What tasks allow, and what “productivity times heads” claims."),
        Chart("wage", "Real wage, 2026 = 1, and labour's share", "Before any transfer."),
        Chart("limits", "What limits building", "Share of samples in which each limit binds."),
        Chart(
            "failures",
            "Futures that end badly",
            "Probability by the last year; each restates its assumption, none is a forecast.",
        ),
        Chart("price", "Price of a robot, USD", "From the bill of materials at the world's volume."),
    )
    lead = (
        f"Scenario “{scenario}”. Move an input's median and its uncertainty moves along; hover an input for its source."
    )
    _write(file, "People, robots and output", lead, "economy", charts, data)


def _arrays(bill: Bill) -> dict[str, Any]:
    return {
        **dataclasses.asdict(cost_lines(bill)),
        "magnet": bill.material_mass("magnet"),
        "cells": economy.cells_per_robot(bill),
    }


def _robot(bill: Bill) -> dict[str, Any]:
    return {
        "names": [line.name for line in bill.lines],
        "groups": [line.part.group for line in bill.lines],
        "mass": bill.mass,
        "raw": float(np.sum(bill.column(lambda line: line.quantity * line.raw))),
        "lines": _arrays(bill),
    }


def _plain(stated: Mapping[str, Prior]) -> dict[str, Any]:
    bound = {math.inf: 1e300, -math.inf: -1e300}
    rows = {name: dataclasses.asdict(prior) for name, prior in stated.items()}
    return {
        name: {
            **row,
            "minimum": bound.get(row["minimum"], row["minimum"]),
            "maximum": bound.get(row["maximum"], row["maximum"]),
        }
        for name, row in rows.items()
    }


def _json_value(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else float(value)


def _write(file: Path, title: str, lead: str, script: str, charts: tuple[Chart, ...], data: dict[str, Any]) -> None:
    folder = resources.files("bunraku.economics").joinpath("pages")
    modules = (production, failures, economy)
    constants = {name: value for module in modules for name, value in vars(module).items() if name.isupper()}
    text = json.dumps({**data, "constants": constants}, default=_json_value).replace("</", "<\\/")
    sections = "\n".join(
        f"<section{' class=wide' if chart.wide else ''}><h2>{escape(chart.title)}</h2>"
        f'<svg id="{chart.name}" role="img" aria-label="{escape(chart.title)}"></svg>'
        f"<p>{escape(chart.caption)}</p></section>"
        for chart in charts
    )
    scripts = "\n".join(folder.joinpath(name).read_text("utf-8") for name in ("model.js", "charts.js", f"{script}.js"))
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)} · Bunraku</title><style>{folder.joinpath("style.css").read_text("utf-8")}</style></head>
<body><header><h1>{escape(title)}</h1><p>{escape(lead)}</p></header>
<main><aside id="panel"><h2>Inputs</h2></aside><div><div class="tiles" id="tiles"></div><div class="charts">
{sections}
</div></div></main>
<footer><p>USD of 2026. Bands are 5–95 %. Sources, equations and what is judgement: docs/economics.md.
<span id="check"></span></p></footer>
<script type="application/json" id="data">{text}</script>
<script>{scripts}</script></body></html>
"""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
