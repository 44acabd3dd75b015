"""Write the result section of docs/hands.md from kept results, so that every figure there is one that was measured.

bunraku hands compare --json runs/hands/compare.json
bunraku hands why --folder runs/hands/why
python benchmarks/hands/report.py runs/hands/compare.json runs/hands/why/results.json docs/hands.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bunraku.cli.hands import OURS
from bunraku.hands import load_hand
from bunraku.hands.benchmark.ablation import variants
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.summary import Finding, Row, judge, rows, two_by_two

START, END = "<!-- result -->", "<!-- end -->"
GAUGES = ("tip", "key", "palmar", "hook", "grip")


def results(path: Path) -> dict[str, dict]:
    """Kept results, keyed by hand/test/item."""
    return {key.split("#")[0]: value for key, value in json.loads(path.read_text()).items()}


def cell(value: float | None, pattern: str = "{:.0f}") -> str:
    """A number, or a dash."""
    return "–" if value is None else pattern.format(value)


def held(row: Row) -> str:
    """G2 as count, rate and interval."""
    if row.held_rate is None:
        return "–"
    low, high = row.held_interval
    return f"{row.held}/{row.trials} = {row.held_rate:.0%} ({low:.0%}–{high:.0%})"


def turning(row: Row) -> str:
    """M for ball and cube, drops behind."""
    parts = []
    for item in ("sphere", "cube"):
        turn = row.turns.get(item)
        dropped = f", {turn.drops}/{turn.trials} dropped" if turn and turn.drops else ""
        parts.append(f"{turn or '–'}{dropped}")
    return "; ".join(parts)


def table(head: str, lines: list[list[str]]) -> str:
    """Markdown."""
    names = head.split(" | ")
    return "\n".join(f"| {' | '.join(each)} |" for each in (names, ["---"] * len(names), *lines))


def dexterity(table_rows: list[Row]) -> str:
    """K, W, G, Q, M, X."""
    head = "hand | DoF (with wrist) | motors | K1 | K2 | W cm³ | G1 | G2 held (95 %) | ε N | ball; cube °/s | wrist °"
    return table(
        head,
        [
            [
                row.hand + (" *" if row.unsure else ""),
                f"{row.dof} ({row.dof_with_wrist})",
                cell(row.actuators),
                cell(row.k1),
                cell(row.k2),
                cell(row.workspace),
                "–" if row.formed is None else f"{row.formed}/{row.grasps}",
                held(row),
                cell(row.epsilon, "{:.2f}"),
                turning(row),
                cell(row.crosstalk),
            ]
            for row in table_rows
        ],
    )


def forces(table_rows: list[Row]) -> str:
    """S, V, C."""
    return table(
        "hand | tip | key | palmar | hook | grip | of a man | close s | tap Hz | kg",
        [
            [
                row.hand + (" *" if row.unsure else ""),
                *(f"{row.stall[g]:.0f} ({row.continuous[g]:.0f})" if g in row.stall else "–" for g in GAUGES),
                cell(row.strength, "{:.0%}"),
                cell(row.closing_time, "{:.2f}"),
                cell(row.tapping, "{:.1f}"),
                cell(row.mass, "{:.2f}"),
            ]
            for row in table_rows
        ],
    )


def verdicts(found: list[Finding]) -> str:
    """The claim, part by part."""
    return "\n".join(f"- **{'Holds' if f.holds else 'Fails'}**: {f.claim}. Measured: {f.measured}." for f in found)


def square(table_rows: list[Row]) -> str:
    """The 2×2 of joints and place."""
    corners = two_by_two(table_rows)
    if len(corners) < 4:
        return ""

    def corner(dof: str, place: str) -> str:
        row = corners[dof, place]
        low, high = row.held_interval
        return (
            f"G2 {cell(row.held_rate, '{:.0%}')} ({low:.0%}–{high:.0%}), K1 {cell(row.k1)}, K2 {cell(row.k2)}, "
            f"strength {cell(row.strength, '{:.0%}')}"
        )

    lines = [[dof, corner(dof, "palm"), corner(dof, "forearm")] for dof in ("11 DoF", "22 DoF")]
    return table(" | motors in the palm | motors in the forearm", lines)


def weakest(kept: dict[str, dict], hand: str, count: int = 5) -> str:
    """The grasps that a hand holds least."""
    mine = {int(key.rsplit("/", 1)[1]): value for key, value in kept.items() if key.startswith(f"{hand}/G/")}
    worst = sorted(mine.items(), key=lambda pair: pair[1]["held"] / pair[1]["trials"])[:count]
    names = {grasp.number: grasp.name for grasp in GRASPS}
    return ", ".join(f"{names[number]} ({value['held']}/{value['trials']})" for number, value in worst)


def ablation(path: Path) -> str:
    """What h22 loses without each feature."""
    questions = {name: question for name, (question, _) in variants(load_hand("h22")).items()}
    lines = []
    for row in rows(results(path)):
        lines.append(
            [
                questions[Path(row.hand).stem],
                cell(row.k1),
                cell(row.k2),
                cell(row.workspace),
                f"{row.formed}/{row.grasps}",
                held(row),
                *(cell(row.stall.get(gauge)) for gauge in ("tip", "palmar", "grip")),
            ]
        )
    return table("h22 | K1 | K2 | W cm³ | G1 | G2 held (95 %) | tip N | palmar N | grip N", lines)


def section(kept: dict[str, dict], why: Path | None) -> str:
    """Everything between the markers."""
    order = (*OURS, *kept)
    table_rows = sorted(rows(kept), key=lambda row: order.index(row.hand) if row.hand in order else len(order))
    grasps = [row.grasps for row in table_rows if row.grasps]
    spent = sum(value["cpu_s"] for value in kept.values()) / 60
    parts = [
        f"`bunraku hands compare`, seed 0, {min(grasps)} grasps, 20 holds each from two independent searches; "
        f"{spent:.0f} min of one core's time (a dash: not run):",
        dexterity(table_rows),
        'Forces in N at stall, in brackets sustained; "of a man" is the mean of tip, key and palmar pinch and grip\n'
        "against measured men of 25–39 (80, 117, 112, 530 N; Mathiowetz 1985):",
        forces(table_rows),
        "The claim, judged by thresholds set before measuring:",
        verdicts(judge(table_rows)),
        f"The grasps which h22 holds least: {weakest(kept, 'h22')}; the human reference: {weakest(kept, 'human')}.",
        "**Joints or the place of the motors?**",
        square(table_rows),
    ]
    if why and why.is_file():
        parts += ["**Why is a hand as it is?** `bunraku hands why`, one feature changed at a time:", ablation(why)]
    return "\n\n".join(part for part in parts if part)


def main(kept: str, *more: str) -> None:
    """Print the section, or put it between the markers of the Markdown file named last."""
    page = next((Path(name) for name in more if name.endswith(".md")), None)
    why = next((Path(name) for name in more if name.endswith(".json")), None)
    text = section(results(Path(kept)), why)
    if page is None:
        print(text)
        return
    before, rest = page.read_text().split(START)
    page.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
