"""`bunraku hands`: list, compare, explain, look at and retarget to hands."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bunraku.errors import UserError

OURS = ("human", "h22", "h22-n1", "h22-palm", "h11-forearm", "h11", "h11-coupled")


def list_() -> None:
    """List the hands that ship with the package, and the peers, with their degrees of freedom and actuators."""
    from bunraku.hands import cable_motor, load_hand
    from bunraku.hands.benchmark.peers import PEERS

    table = Table("hand", "DoF", "with wrist", "cables", "actuators in", "stall N", "sustained N", "mass g", "")
    for name in OURS:
        hand = load_hand(name)
        motor = cable_motor(hand.actuation, len(hand.cables))
        muscles = bool(hand.actuation.muscle_force)
        table.add_row(
            name,
            str(hand.dof),
            str(hand.dof_with_wrist),
            str(len(hand.cables)),
            hand.actuation.place,
            "muscles" if muscles else f"{motor.stall:.0f}",
            "" if muscles else f"{motor.continuous:.0f}",
            f"{1000 * hand.mass:.0f}",
            hand.description,
        )
    console = Console(highlight=False)
    console.print(table)
    console.print("Peers (pip install 'bunraku[peers]'): " + ", ".join(PEERS))


def compare(
    names: tyro.conf.Positional[tuple[str, ...]] = OURS,
    tests: str = "C,V,X,W,K,S,G,M",
    quick: bool = False,
    seeds: int = 20,
    seed: int = 0,
    processes: int = 1,
    json: Path = Path("runs/hands/compare.json"),
    html: Path | None = None,
) -> int:
    """Score hands by one dexterity benchmark: one table, and one page with `--html`.

    Results are kept one by one, so an interrupted comparison goes on where it stopped.

    Args:
        names: hands that `bunraku hands list` names, peers, or YAML files.
        tests: K thumb opposition, W workspace, G the 33 grasps (formed, held, Ferrari–Canny), S strength, V speed,
            M in-hand rotation, X wrist crosstalk, C mass.
        quick: 11 grasps and 5 seeds instead of 33 and 20.
        seeds: holds of each grasp.
        seed: of the search and of the disturbances.
        processes: that share the work.
        json: file that keeps every result.
        html: page to write.
    """
    import os
    from dataclasses import replace

    # many small matrices: threads of the linear algebra library would only get in each other's way
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bunraku.hands.benchmark.run import FULL, QUICK
    from bunraku.hands.benchmark.run import compare as run
    from bunraku.hands.benchmark.summary import judge, rows

    if seeds < 1 or processes < 1:
        raise UserError(f"--seeds and --processes must be at least 1, got {seeds} and {processes}.")
    settings = replace(QUICK, seed=seed) if quick else replace(FULL, seeds=seeds, seed=seed)
    console = Console(highlight=False)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    with bar:
        task = bar.add_task("starting")
        results = run(
            list(names),
            tuple(t.strip() for t in tests.split(",")),
            settings,
            json,
            processes,
            lambda done, total, job: bar.update(
                task, completed=done, total=total, description=f"{job.hand} {job.test}{job.item}"
            ),
        )
    table = rows(results)
    console.print(score_table(table))
    for finding in judge(table):
        console.print(
            f"[{'green' if finding.holds else 'red'}]{'holds' if finding.holds else 'fails'}[/] {finding.claim}: {finding.measured}."
        )
    console.print(f"Results: {json}")
    if html:
        from bunraku.hands.benchmark.page import write_page

        write_page(html, results, names)
        console.print(f"Page: {html}")
    return 0


def score_table(table: list) -> Table:
    """The terminal's table of `Row`s."""

    def number(value: float | None, pattern: str = "{:.0f}") -> str:
        return "–" if value is None else pattern.format(value)

    out = Table(
        "hand", "DoF", "motors", "kg", "K1", "K2", "W cm³", "G1", "G2 held (95 %)", "ε N", "tip", "key", "palmar",
        "hook", "grip N", "close s", "tap Hz", "sphere °/s", "cube °/s", "X °",
        title="Forces at stall; in brackets sustained",
    )  # fmt: skip
    for row in table:
        held = "–"
        if row.held_rate is not None:
            low, high = row.held_interval
            held = f"{row.held_rate:.0%} ({low:.0%}–{high:.0%})"
        forces = [
            f"{row.stall[g]:.0f} ({row.continuous[g]:.0f})" if g in row.stall else "–"
            for g in ("tip", "key", "palmar", "hook", "grip")
        ]
        out.add_row(
            row.hand + (" *" if row.unsure else ""),
            "–" if row.dof is None else f"{row.dof}+{(row.dof_with_wrist or row.dof) - row.dof}",
            number(row.actuators),
            number(row.mass, "{:.2f}"),
            number(row.k1),
            number(row.k2),
            number(row.workspace),
            "–" if row.formed is None else f"{row.formed}/{row.grasps}",
            held,
            number(row.epsilon, "{:.2f}"),
            *forces,
            number(row.closing_time, "{:.2f}"),
            number(row.tapping, "{:.1f}"),
            number(row.rotation.get("sphere")),
            number(row.rotation.get("cube")),
            number(row.crosstalk, "{:.0f}"),
        )
    if any(row.unsure for row in table):
        out.caption = "* " + "; ".join(f"{row.hand}: {row.unsure}" for row in table if row.unsure)
    return out
