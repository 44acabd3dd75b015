"""Write the figures of docs/hands.md from the results kept beside this file, so that each is one that was measured.

bunraku hands compare --json benchmarks/hands/results.json
bunraku hands why --seeds 10; cp runs/hands/why/results.json benchmarks/hands/why.json
bunraku hands compare shadow adroit orca fourier inspire myohand benchmarks/hands/bidexhand.yaml --tests C,K,W,S,G \\
    --json benchmarks/hands/peers.json
python benchmarks/hands/report.py
"""

from __future__ import annotations

import json
from pathlib import Path

from bunraku.cli.hands import OURS
from bunraku.hands import load_hand
from bunraku.hands.benchmark.ablation import variants
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.summary import Finding, Row, judge, rows, two_by_two

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/hands.md"
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
                row.name + (" *" if row.unsure else ""),
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
                row.name + (" *" if row.unsure else ""),
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


def ablation(kept: dict[str, dict]) -> str:
    """What h22 loses without each feature."""
    questions = {name: question for name, (question, _) in variants(load_hand("h22")).items()}
    lines = []
    for row in rows(kept):
        lines.append(
            [
                questions[row.name],
                cell(row.k1),
                cell(row.k2),
                cell(row.workspace),
                f"{row.formed}/{row.grasps}",
                held(row),
                *(cell(row.stall.get(gauge)) for gauge in ("tip", "palmar", "grip")),
            ]
        )
    return table("h22 | K1 | K2 | W cm³ | G1 | G2 held (95 %) | tip N | palmar N | grip N", lines)


def ours(kept: dict[str, dict]) -> str:
    """The seven hands that ship."""
    table_rows = sorted(rows(kept), key=lambda row: OURS.index(row.hand))
    grasps = [row.grasps for row in table_rows if row.grasps]
    spent = sum(value["cpu_s"] for value in kept.values()) / 60
    parts = [
        f"`bunraku hands compare`, seed 0, {min(grasps)} grasps, 20 holds each from two independent searches, "
        f"turning by the median of three searches (least and most); {spent:.0f} min of one core's time:",
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
    return "\n\n".join(parts)


def peers(kept: dict[str, dict]) -> str:
    """Hands that others made."""
    table_rows = rows(kept)
    stars = "\n".join(f"- {row.name}: {row.unsure}." for row in table_rows if row.unsure)
    parts = [
        "`bunraku hands compare shadow adroit orca fourier inspire myohand benchmarks/hands/bidexhand.yaml "
        "--tests C,K,W,S,G`, with the settings of the tables above:",
        dexterity(table_rows),
        forces(table_rows),
        f"\\* Force limits that are arbitrary, or unlike the hand's:\n\n{stars}",
    ]
    return "\n\n".join(parts)


def put(page: str, name: str, text: str) -> str:
    """`page` with `text` between the comments `name` and `end name`."""
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    before, rest = page.split(start)
    return f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Put what is kept into the page."""
    page = PAGE.read_text()
    for name, part in {"results": ours, "why": ablation, "peers": peers}.items():
        page = put(page, name, part(results(HERE / f"{name}.json")))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
