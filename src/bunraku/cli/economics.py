"""`bunraku cost`, `bunraku production`, `bunraku economy`: what the robot costs, how many get built, and what then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from bunraku.economics import calibration, figures, page, tables
from bunraku.economics import economy as economics
from bunraku.economics import production as produced
from bunraku.economics.bill import Bill, bill_of_materials
from bunraku.economics.parts import load_price_list
from bunraku.economics.sensitivity import Sensitivity
from bunraku.errors import UserError
from bunraku.robot.spec import RobotSpec


@dataclass(frozen=True)
class Output:
    """Files to write, besides what is printed.

    Attributes:
        csv: the table.
        json: the table, the sums and the seed.
        html: one self-contained page with charts and sliders.
        figure: a figure for papers, .png or .svg.
    """

    csv: Path | None = None
    json: Path | None = None
    html: Path | None = None
    figure: Path | None = None

    def write(
        self,
        rows: Sequence[tables.Row],
        result: dict[str, Any],
        draw: Callable[[Path], object] | None = None,
        write_page: Callable[[Path], object] | None = None,
    ) -> None:
        """Write what was asked for: `rows` as CSV, `result` as JSON, what `draw` and `write_page` make of a path.

        Raises `UserError` for a figure or a page where there is none.
        """
        if self.csv:
            tables.write_csv(self.csv, rows)
        if self.json:
            tables.write_json(self.json, result)
        for path, write, what in ((self.figure, draw, "figure"), (self.html, write_page, "page")):
            if path and write is None:
                raise UserError(f"there is no {what} of this: leave --{'html' if what == 'page' else what} away.")
            if path and write:
                write(path)


Files = Annotated[Output, tyro.conf.arg(name="")]
MODELS = {
    "part_by_part": "part-by-part estimate",
    "above_floor": "learning above a floor",
    "no_floor": "learning without a floor",
}


def cost(hand: str = "h22", volume: float = 1e6, prices: Path | None = None, files: Files = Output()) -> int:
    """Print the bill of materials of the robot at a cumulative volume, and where the money is.

    Args:
        hand: hand on both arms: h22, h11, … or a YAML file.
        volume: robots built so far by this maker; 1,000 is about today.
        prices: price list in place of the package's own, in the same form.
        files: what else to write.
    """
    bill = bill_of_materials(RobotSpec(hand=hand), load_price_list(prices))
    rows, summary = tables.bill_rows(bill, volume), tables.bill_summary(bill, volume)
    _print_bill(Console(highlight=False), bill, rows, summary, f"{hand} hands, {volume:,.0f} robots built")
    result = {"hand": hand, "volume": volume, "mass_kg": bill.mass, "summary": summary, "lines": rows}
    files.write(
        rows,
        result,
        lambda path: figures.draw_cost(path, rows, volume),
        lambda path: page.write_cost_page(path, hand, volume, bill.prices),
    )
    return 0


def production(
    iterations: int = 3,
    samples: int = 10_000,
    seed: int = 0,
    years: int = 20,
    hand: str = "h22",
    sensitivity: bool = True,
    calibrate: tuple[Path, ...] = (),
    train_fraction: float = 0.5,
    files: Files = Output(),
) -> int:
    """Simulate one maker's output, unit cost and price year by year, with bands and the inputs that decide.

    Args:
        iterations: major design iterations before the design stays.
        samples: Monte Carlo samples.
        seed: of every random number.
        years: from 2026 on.
        hand: hand on both arms.
        sensitivity: print Sobol indices (about 5 s; needs the extra `economics`).
        calibrate: instead, fit learning on the first part of these cost series and predict the rest; each a CSV with
            the columns year, cumulative_volume, cost.
        train_fraction: share of the points to fit on.
        files: what else to write.
    """
    console = Console(highlight=False)
    if calibrate:
        return _calibrate(console, calibrate, train_fraction, files)
    bill = bill_of_materials(RobotSpec(hand=hand))
    run = produced.sample(bill, samples, seed, iterations, years)
    unlimited = produced.sample(bill, samples, seed, iterations, years, demand_limited=False)
    rows, summary = tables.production_rows(run), tables.production_summary(run)
    summary["if_all_were_bought"] = tables.million_summary(unlimited)
    _print_production(console, rows, summary, f"{iterations} design iterations, {samples:,} samples, seed {seed}")
    result = {"seed": seed, "iterations": iterations, "summary": summary, "years": rows}
    if sensitivity:
        from bunraku.economics.sensitivity import production_sensitivity

        try:
            result["sensitivity"] = _print_sensitivity(console, production_sensitivity(bill, iterations, seed=seed))
        except UserError as error:
            console.print(f"\n{error}.")
    files.write(
        rows,
        result,
        lambda path: figures.draw_production(path, rows),
        lambda path: page.write_production_page(path, bill, rows, iterations),
    )
    return 0


def economy(
    scenario: str = "base",
    samples: int = 10_000,
    seed: int = 0,
    years: int = 30,
    hand: str = "h22",
    sensitivity: bool = False,
    files: Files = Output(),
) -> int:
    """Simulate people, robots and capital: robots per person, output, wages, prices, and futures that end badly.

    Args:
        scenario: base, slow, fast, abundant or magnet_free.
        samples: Monte Carlo samples.
        seed: of every random number.
        years: from 2026 on.
        hand: hand on both arms.
        sensitivity: print Sobol indices (about 10 s; needs the extra `economics`).
        files: what else to write.
    """
    bill = bill_of_materials(RobotSpec(hand=hand))
    run = economics.sample(bill, samples, seed, scenario, years)
    rows, summary = tables.economy_rows(run), tables.economy_summary(run)
    console = Console(highlight=False)
    _print_economy(console, rows, summary, f"Scenario {scenario}, {samples:,} samples, seed {seed}")
    result = {"scenario": scenario, "seed": seed, "summary": summary, "years": rows}
    if sensitivity:
        from bunraku.economics.sensitivity import economy_sensitivity

        result["sensitivity"] = _print_sensitivity(console, economy_sensitivity(bill, scenario, years, seed=seed))
    files.write(
        rows,
        result,
        lambda path: figures.draw_economy(path, rows),
        lambda path: page.write_economy_page(path, bill, rows, scenario),
    )
    return 0


def _print_bill(
    console: Console, bill: Bill, rows: Sequence[tables.Row], summary: dict[str, Any], setting: str
) -> None:
    columns = ("part", "quantity", "kg", "each", "USD", "share", "at 1,000", "floor", "raw")
    table = _table(f"One robot of {bill.mass:.1f} kg, USD: {setting}", columns)
    parts = summary["parts"]
    for row in rows:
        measured = row["unit"] != "piece"
        table.add_row(
            row["part"],
            f"{row['quantity']:,.2f} {row['unit']}" if measured else f"{row['quantity']:,.0f}",
            f"{row['mass_kg']:.2f}",
            f"{row['price_each']:,}",
            f"{row['total']:,}",
            f"{row['total'] / parts:.1%}",
            *(f"{row[f'{name}_total']:,.0f}" for name in ("small_volume", "floor", "raw_material")),
        )
    console.print(table)
    for name, amount in summary.items():
        console.print(f"{name:>50}  {amount:>12,}", style="bold" if name == "labour and material" else "")
    shares = ", ".join(f"{name} {total / parts:.0%}" for name, total in tables.group_totals(rows).items())
    licences = sum(row["licences"] for row in rows)
    console.print(f"\nWhere the money is: {shares}; licences in all of these ${licences:,.0f}.")
    estimate, raw = (sum(row[f"{name}_total"] for row in rows) for name in ("million_estimate", "raw_material"))
    bare, magnet = sum(row["no_floor_total"] for row in rows), bill.material_mass("magnet")
    console.print(f"Parts without any floor ${bare:,.0f}; part-by-part estimate at a million a year ${estimate:,.0f}.")
    console.print(f"Raw material ${raw:,.0f}, with {magnet:.2f} kg of NdFeB magnet.")


def _print_production(console: Console, rows: Sequence[tables.Row], summary: dict[str, Any], setting: str) -> None:
    columns = ("year", "robots a year", "labour + material", "same, no floor", "price", "P(1M/a)", "P(≤10k)", "P(≤20k)")
    table = _table(f"One maker, USD, median (5–95 %): {setting}", columns)
    for row in rows[1:]:
        table.add_row(
            str(row["year"]),
            *(_range(row, name) for name in ("output", "direct", "direct_no_floor", "price")),
            *(f"{row[name]:.2f}" for name in ("p_million_reached", "p_direct_at_most_10000", "p_price_at_most_20000")),
        )
    console.print(table)
    console.print("\nGiven a million a year, labour and material:")
    for name, values in summary["direct_cost_given_a_million_a_year"].items():
        chance = values["p_at_most_10000"]
        console.print(f"  {MODELS[name]:<26} ${_range(values, 'direct')}   P(≤ $10,000) = {chance:.2f}")
    price = summary["p_price_at_most_20000_given_a_million_a_year"]
    console.print(f"  {'price, above a floor':<26} P(≤ $20,000) = {price:.2f}")
    for lead, found in (("A million a year", summary), ("If all were bought", summary["if_all_were_bought"])):
        by = {2032: found["p_million_by_2032"], 2035: found["p_million_by_2035"], found["until"]: found["p_million"]}
        median = found["median_year_of_million"]
        when = f"median {median:.0f}" if median else f"median after {found['until']}"
        chances = ", ".join(f"P = {chance:.3f} by {year}" for year, chance in by.items())
        console.print(f"{lead}: {when}; {chances}.")


def _print_economy(console: Console, rows: Sequence[tables.Row], summary: dict[str, Any], setting: str) -> None:
    columns = ("year", "robots", "price", "output per head", "heads × work", "wage", "labour share")
    table = _table(f"{setting}; median (5–95 %), 2026 = 1", columns)
    last = rows[-1]
    for row in [row for row in rows if row["year"] % 5 == 0 or row is last]:
        table.add_row(
            str(row["year"]),
            _range(row, "robots"),
            _range(row, "robot_price"),
            *(_range(row, name) for name in ("output_per_head", "output_per_head_linear", "wage", "labour_share")),
        )
    console.print(table)
    for name, found in summary["robots_per_person"].items():
        when = f", median year {found['median_year_if_reached']:.0f}" if found["median_year_if_reached"] else ""
        console.print(f"Robots to people {name} by {last['year']}: P = {found['p']:.3f}{when}.")
    limits = sorted(economics.LIMITS, key=lambda name: -last[f"limited_by_{name}"])
    shares = ", ".join(f"{name} {last[f'limited_by_{name}']:.0%}" for name in limits)
    console.print(f"What limits building in {last['year']}: {shares}.")
    income, wages = last["cheap_share_in_income"], last["cheap_share_in_wages"]
    console.print(f"Spending whose cost fell by 90 %: {income:.1%} against income, {wages:.1%} against the wage.")
    costs = sorted(summary["goods_in_income"].items(), key=lambda item: item[1])
    listed = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in costs)
    console.print(f"Cost in hours of average income, 2026 = 1: {listed}.")
    failed = ", ".join(f"{name} {value:.2f}" for name, value in summary["p_failure"].items())
    console.print(f"No failure: P = {summary['p_no_failure']:.2f}, which restates its assumptions ({failed}).")


def _print_sensitivity(console: Console, results: Sequence[Sensitivity]) -> dict[str, Any]:
    console.print("\nWhich inputs decide (total Sobol index: share of variance with interactions):")
    for found in results:
        leading = ", ".join(f"{name} {total:.2f}" for name, _, total in found.ranked()[:6])
        console.print(f"  {found.result}: {leading} (± {found.total_half_width.max():.2f})")
    return {
        found.result: [{"input": name, "first": first, "total": total} for name, first, total in found.ranked()]
        for found in results
    }


def _calibrate(console: Console, series: Sequence[Path], train_fraction: float, files: Output) -> int:
    forecasts = [calibration.forecast(calibration.read_series(file), train_fraction) for file in series]
    rows = [tables.forecast_row(found) for found in forecasts]
    columns = ("series", "fitted", "held out", "rate, whole", "rate, used", "rms ln error", "last year", "in 80 % band")
    table = _table(f"Fitted on the first {train_fraction:.0%}, predicting the rest at its actual volumes", columns)
    for row in rows:
        table.add_row(
            row["series"],
            str(row["points_fitted"]),
            str(row["points_held_out"]),
            f"{row['learning_rate_whole']:.1%}",
            f"{row['learning_rate_used']:.1%}",
            f"{row['rms_error_ln']:.2f}",
            f"{row['error_in_last_year']:+.0%}",
            f"{row['within_80_band']}/{row['points_held_out']}",
        )
    console.print(table)
    inside, held = (sum(row[key] for row in rows) for key in ("within_80_band", "points_held_out"))
    console.print(f"\n{inside} of {held} held-out points lie within their 80 % band ({inside / held:.0%}).")
    files.write(rows, {"train_fraction": train_fraction, "series": rows})
    return 0


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _range(row: dict[str, Any], name: str) -> str:
    low, middle, high = (_short(row[f"{name}_{point}"]) for point in ("p05", "p50", "p95"))
    return f"{middle} ({low}–{high})"


def _short(number: float) -> str:
    """Three figures with k, M or G, as in 37.2k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= 0.9995 * size:
            return f"{number / size:.{max(0, 2 - int(math.log10(abs(number) / size * 1.0005)))}f}{letter}"
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.2f}"
