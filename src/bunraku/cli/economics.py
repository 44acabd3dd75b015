"""`bunraku cost`, `bunraku production`, `bunraku economy`: what the robot costs, how many get built, and what then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bunraku.economics import calibration, economy as economics, production as produced, tables
from bunraku.economics.bill import bill_of_materials
from bunraku.economics.parts import load_price_list
from bunraku.economics.scenarios import scenario_priors
from bunraku.errors import UserError
from bunraku.robot.spec import RobotSpec

MODELS = {
    "part_by_part": "part-by-part estimate",
    "above_floor": "learning above a floor",
    "no_floor": "learning without a floor",
}


def cost(
    hand: str = "h22",
    volume: float = 1_000_000.0,
    prices: Path | None = None,
    csv: Path | None = None,
    json: Path | None = None,
    html: Path | None = None,
    figure: Path | None = None,
) -> int:
    """Print the bill of materials of the robot at a cumulative volume, and where the money is.

    Args:
        hand: hand on both arms: h22, h11, … or a YAML file.
        volume: robots built so far by this maker; 1,000 is about today.
        prices: price list in place of the package's own, in the same form.
        csv: file for the table.
        json: file for the table and the sums.
        html: file for one self-contained page with sliders.
        figure: file for a figure, .png or .svg.
    """
    spec = RobotSpec(hand=hand)
    bill = bill_of_materials(spec, load_price_list(prices))
    rows, summary = tables.bill_rows(bill, volume), tables.bill_summary(bill, volume)
    console = Console(highlight=False)
    table = Table(title=f"One robot with {hand} hands, {bill.mass:.1f} kg, at {volume:,.0f} robots built", box=None)
    for name, justify in (("part", "left"), ("quantity", "right"), ("kg", "right"), ("each", "right"), ("USD", "right")):
        table.add_column(name, justify=justify)
    for name, justify in (("%", "right"), ("at 1,000", "right"), ("floor", "right"), ("raw", "right")):
        table.add_column(name, justify=justify, style="dim")
    parts = summary["parts"]
    for row in rows:
        quantity = f"{row['quantity']:,.2f} {row['unit']}" if row["unit"] != "piece" else f"{row['quantity']:,.0f}"
        numbers = (f"{row['mass_kg']:.2f}", f"{row['price_each']:,}", f"{row['total']:,}", f"{row['total'] / parts:.1%}")
        extra = (f"{row[key]:,.0f}" for key in ("small_volume_total", "floor_total", "raw_material_total"))
        table.add_row(row["part"], quantity, *numbers, *extra)
    console.print(table)
    for name, amount in summary.items():
        style = "bold" if name in ("parts", "labour and material", "factory cost") else ""
        console.print(f"{name:>56}  {amount:>12,}", style=style)
    groups = tables.group_totals(rows)
    shares = ", ".join(f"{name} {total / parts:.0%}" for name, total in groups.items())
    console.print(f"\nWhere the money is: {shares}.")
    quantity = bill.column(lambda line: line.quantity)
    bare = float(quantity @ bill.unit_prices(volume, floors=False))
    estimate = float(quantity @ bill.column(lambda line: line.price_at_million))
    raw = float(quantity @ bill.column(lambda line: line.raw))
    console.print(
        f"Parts without any floor ${bare:,.0f}; part-by-part estimate at a million a year ${estimate:,.0f}; "
        f"raw material ${raw:,.0f}, of it {bill.material_mass('magnet'):.2f} kg of NdFeB magnet."
    )
    if csv:
        tables.write_csv(csv, rows)
    if json:
        result = {"hand": hand, "volume": volume, "mass_kg": bill.mass, "summary": summary, "lines": rows}
        tables.write_json(json, result)
    if figure:
        from bunraku.economics.figures import draw_cost

        draw_cost(figure, rows, volume)
    if html:
        from bunraku.economics.page import write_cost_page

        write_cost_page(html, spec.hand, volume, load_price_list(prices))
    return 0


def production(
    iterations: int = 3,
    samples: int = 10_000,
    seed: int = 0,
    years: int = 20,
    hand: str = "h22",
    demand_limited: bool = True,
    sensitivity: bool = True,
    calibrate: tuple[Path, ...] = (),
    train_fraction: float = 0.5,
    csv: Path | None = None,
    json: Path | None = None,
    html: Path | None = None,
    figure: Path | None = None,
) -> int:
    """Simulate one maker's output, unit cost and price year by year, with bands and the inputs that decide.

    Args:
        iterations: major design iterations before the design stays.
        samples: Monte Carlo samples.
        seed: of every random number.
        years: from 2026 on.
        hand: hand on both arms.
        demand_limited: let the world's demand limit output; without it only plant and suppliers do.
        sensitivity: print Sobol indices (about 5 s; needs the extra `economics`).
        calibrate: instead, fit learning on the first part of these cost series and predict the rest; each a CSV with the
            columns year, cumulative_volume, cost.
        train_fraction: share of the points to fit on.
        csv: file for the table.
        json: file for the table, the sums and the seed.
        html: file for one self-contained page with sliders.
        figure: file for a figure, .png or .svg.
    """
    console = Console(highlight=False)
    if calibrate:
        return _calibrate(console, calibrate, train_fraction, csv, json)
    bill = bill_of_materials(RobotSpec(hand=hand))
    run = produced.sample(bill, samples, seed, iterations, years, demand_limited=demand_limited)
    rows, summary = tables.production_rows(run), tables.production_summary(run)
    table = _table(
        f"One maker, {iterations} design iterations, {samples:,} samples, seed {seed}; median (5–95 %)",
        ("year", "robots a year", "labour + material", "the same, no floor", "price", "P(1 M/a)", "P(≤$10k)", "P(≤$20k)"),
    )
    for row in rows[1:]:
        table.add_row(
            str(row["year"]),
            *(_range(row, name) for name in ("output", "direct", "direct_no_floor", "price")),
            *(f"{row[name]:.2f}" for name in ("p_million_reached", "p_direct_at_most_10000", "p_price_at_most_20000")),
        )
    console.print(table)
    console.print("\nGiven a million a year, labour and material:")
    for name, values in summary["direct_cost_given_a_million_a_year"].items():
        console.print(f"  {MODELS[name]:<26} ${_range(values, 'direct')}   P(≤ $10,000) = {values['p_at_most_10000']:.2f}")
    price = summary["p_price_at_most_20000_given_a_million_a_year"]
    console.print(f"  {'price above a floor':<26} P(≤ $20,000) = {price:.2f}")
    _print_million(console, summary, "A million a year")
    if demand_limited:
        unlimited = produced.sample(bill, samples, seed, iterations, years, demand_limited=False)
        _print_million(console, tables.production_summary(unlimited), "If the world bought all of them")
    result: dict[str, Any] = {"seed": seed, "iterations": iterations, "summary": summary, "years": rows}
    if sensitivity:
        result["sensitivity"] = _print_sensitivity(console, bill, iterations, seed)
    if csv:
        tables.write_csv(csv, rows)
    if json:
        tables.write_json(json, result)
    if figure:
        from bunraku.economics.figures import draw_production

        draw_production(figure, rows)
    if html:
        from bunraku.economics.page import write_production_page

        write_production_page(html, bill, rows, iterations, years)
    return 0


def economy(
    scenario: str = "base",
    samples: int = 10_000,
    seed: int = 0,
    years: int = 30,
    hand: str = "h22",
    csv: Path | None = None,
    json: Path | None = None,
    html: Path | None = None,
    figure: Path | None = None,
) -> int:
    """Simulate people, robots and capital: robots per person, output per head, wages, prices, and futures that end badly.

    Args:
        scenario: base, slow, fast, abundant or magnet_free.
        samples: Monte Carlo samples.
        seed: of every random number.
        years: from 2026 on.
        hand: hand on both arms.
        csv: file for the table.
        json: file for the table, the sums and the seed.
        html: file for one self-contained page with sliders.
        figure: file for a figure, .png or .svg.
    """
    scenario_priors(scenario)
    bill = bill_of_materials(RobotSpec(hand=hand))
    run = economics.sample(bill, samples, seed, scenario, years)
    rows, summary = tables.economy_rows(run), tables.economy_summary(run)
    console = Console(highlight=False)
    table = _table(
        f"Scenario {scenario}, {samples:,} samples, seed {seed}; median (5–95 %), 2026 = 1",
        ("year", "robots, millions", "robot price", "output per head", "productivity × heads", "wage", "labour share"),
    )
    for row in [row for row in rows if row["year"] % 5 == 0 or row is rows[-1]]:
        millions = {key: value / 1e6 for key, value in row.items() if key.startswith("robots_p")}
        table.add_row(
            str(row["year"]),
            _range(millions, "robots"),
            _range(row, "robot_price"),
            *(_range(row, name, 2) for name in ("output_per_head", "output_per_head_linear", "wage", "labour_share")),
        )
    console.print(table)
    last = rows[-1]
    for name, found in summary["robots_per_person"].items():
        when = f", median year {found['median_year_if_reached']:.0f}" if found["median_year_if_reached"] else ""
        console.print(f"Robots to people {name} by {last['year']}: P = {found['p']:.3f}{when}.")
    binding = sorted(economics.LIMITS, key=lambda name: -last[f"limited_by_{name}"])
    console.print(
        f"What limits building in {last['year']}: "
        + ", ".join(f"{name} {last[f'limited_by_{name}']:.0%}" for name in binding)
    )
    console.print(
        f"Share of spending whose cost fell by 90 % against income: {last['cheap_share_in_income']:.1%}; against the wage: "
        f"{last['cheap_share_in_wages']:.1%}."
    )
    failed = ", ".join(f"{name} {value:.2f}" for name, value in summary["p_failure"].items())
    console.print(f"No failure: P = {summary['p_no_failure']:.2f}, which follows from stated assumptions ({failed}).")
    if csv:
        tables.write_csv(csv, rows)
    if json:
        tables.write_json(json, {"scenario": scenario, "seed": seed, "summary": summary, "years": rows})
    if figure:
        from bunraku.economics.figures import draw_economy

        draw_economy(figure, rows)
    if html:
        from bunraku.economics.page import write_economy_page

        write_economy_page(html, bill, rows, scenario, years)
    return 0


def _print_million(console: Console, summary: dict[str, Any], lead: str) -> None:
    by = {2032: summary["p_million_by_2032"], 2035: summary["p_million_by_2035"], summary["until"]: summary["p_million"]}
    console.print(f"{lead}: " + ", ".join(f"P = {p:.3f} by {year}" for year, p in by.items()) + ".")


def _print_sensitivity(console: Console, bill: Any, iterations: int, seed: int) -> dict[str, Any]:
    from bunraku.economics.sensitivity import production_sensitivity

    try:
        results = production_sensitivity(bill, iterations, seed=seed)
    except UserError as error:
        console.print(f"No sensitivity: {error}.")
        return {}
    console.print("\nWhich inputs decide (total Sobol index, share of variance with interactions):")
    for result in results:
        leading = ", ".join(f"{name} {total:.2f}" for name, _, total in result.ranked()[:5])
        console.print(f"  {result.result}: {leading} (± {result.total_half_width.max():.2f})")
    return {
        result.result: [{"input": n, "first": first, "total": total} for n, first, total in result.ranked()]
        for result in results
    }


def _calibrate(
    console: Console, files: Sequence[Path], train_fraction: float, csv: Path | None, json: Path | None
) -> int:
    forecasts = [calibration.forecast(calibration.read_series(file), train_fraction) for file in files]
    rows = [
        {
            "series": found.series.name,
            "points_fitted": found.trained,
            "points_held_out": len(found.actual),
            "learning_rate_whole": found.fitted_rate,
            "learning_rate_used": found.rate,
            "rms_error_ln": found.log_error,
            "error_in_last_year": found.final_error,
            "within_80_band": found.covered,
        }
        for found in forecasts
    ]
    title = f"Fitted on the first {train_fraction:.0%}, predicting the rest at its actual volumes"
    columns = ("series", "fitted", "held out", "rate, whole", "rate, used", "rms ln error", "last year", "in 80 % band")
    table = _table(title, columns)
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
    if csv:
        tables.write_csv(csv, rows)
    if json:
        tables.write_json(json, {"train_fraction": train_fraction, "series": rows})
    return 0


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
    return table


def _range(row: dict[str, Any], name: str, digits: int = 0) -> str:
    low, middle, high = (row[f"{name}_{point}"] for point in ("p05", "p50", "p95"))
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"
