"""`bunraku hands`: list, compare, explain, look at and retarget to hands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bunraku.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from bunraku.hands.benchmark.run import Job
    from bunraku.hands.benchmark.summary import Row

OURS = ("human", "h22", "h22-n1", "h22-palm", "h11-forearm", "h11", "h11-coupled")


def list_() -> None:
    """List the hands that ship with the package, and the peers, with their degrees of freedom and actuators."""
    from bunraku.hands import cable_motor, load_hand
    from bunraku.hands.benchmark.peers import PEERS

    table = Table("hand", "DoF", "+ wrist", "cables", "motors in", "stall N", "lasting N", "mass g")
    descriptions = []
    for name in OURS:
        hand = load_hand(name)
        motor = cable_motor(hand.actuation, len(hand.cables))
        muscles = bool(hand.actuation.muscle_force)
        table.add_row(
            name,
            str(hand.dof),
            str(hand.dof_with_wrist),
            str(len(hand.cables)),
            "muscles" if muscles else hand.actuation.place,
            "–" if muscles else f"{motor.stall:.0f}",
            "–" if muscles else f"{motor.continuous:.0f}",
            f"{1000 * hand.mass:.0f}",
        )
        descriptions.append(f"{name}: {hand.description}")
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print("\n".join(descriptions))
    console.print("Peers (pip install 'bunraku[peers]'): " + ", ".join(sorted(PEERS)))


def compare(
    names: tyro.conf.Positional[tuple[str, ...]] = OURS,
    tests: str = "",
    quick: bool = False,
    seeds: int = 20,
    seed: int = 0,
    processes: int = 0,
    json: Path = Path("runs/hands/compare.json"),
    html: Path | None = None,
) -> int:
    """Score hands by one dexterity benchmark: one table, and one page with `--html`.

    Results are kept one by one, so an interrupted comparison goes on where it stopped.

    Args:
        names: hands that `bunraku hands list` names, peers, or YAML files.
        tests: K thumb opposition, W workspace, G the 33 grasps (formed, held, Ferrari–Canny), S strength, V speed,
            M in-hand rotation, X wrist crosstalk, C mass; all of them by default, such as K,G.
        quick: 11 grasps and 6 seeds instead of 33 and 20, and no M.
        seeds: holds of each grasp, shared by two independent searches.
        seed: of the searches and of the disturbances.
        processes: that share the work; 0 is one for each core.
        json: file that keeps every result.
        html: page to write.
    """
    _one_thread_for_algebra()
    import time
    from dataclasses import replace

    from bunraku.hands.benchmark.run import FULL, QUICK, TESTS
    from bunraku.hands.benchmark.run import compare as run
    from bunraku.hands.benchmark.summary import judge, rows

    if seeds < 1 or processes < 0:
        raise UserError(f"--seeds must be at least 1 and --processes at least 0, got {seeds} and {processes}.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = processes or cores
    settings = replace(QUICK, seed=seed) if quick else replace(FULL, seeds=seeds, seed=seed)
    console = Console(highlight=False)
    everything = tuple(test for test in TESTS if not (quick and test == "M"))
    chosen = tuple(test.strip() for test in tests.split(",")) if tests else everything
    start = time.perf_counter()
    with _progress(console) as bar:
        results = run(list(names), chosen, settings, json, processes, _report(bar))
    minutes = (time.perf_counter() - start) / 60
    table = rows(results)
    for part in score_tables(table):
        console.print(part)
    for finding in judge(table):
        word = "[green]holds[/]" if finding.holds else "[red]fails[/]"
        console.print(f"{word} {finding.claim}: {finding.measured}.")
    spent = sum(result.get("cpu_s", 0.0) for result in results.values()) / 60
    console.print(f"{minutes:.1f} min now; all results together took {spent:.1f} min of one core's time.")
    console.print(f"Results: {json}")
    if html:
        from bunraku.hands.benchmark.page import write_page

        write_page(html, results)
        console.print(f"Page: {html}")
    return 0


def _one_thread_for_algebra() -> None:
    """Many small matrices: threads of the linear algebra library would only get in each other's way."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _progress(console: Console) -> Progress:
    text = TextColumn("{task.description}")
    return Progress(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


def _report(bar: Progress) -> Callable[[int, int, Job], None]:
    """Show a bar from the first result on, so that a refusal stands alone."""

    def report(done: int, total: int, job: Job) -> None:
        task = bar.task_ids[0] if bar.task_ids else bar.add_task("")
        bar.update(task, completed=done, total=total, description=f"{job.hand} {job.test}{job.item}")

    return report


def score_tables(table: list[Row]) -> tuple[Table, ...]:
    """The terminal's tables: dexterity, force, and what else was measured."""

    def number(value: float | None, pattern: str = "{:.0f}") -> str:
        return "–" if value is None else pattern.format(value)

    def turning(row: Row, item: str) -> str:
        if (turn := row.turns.get(item)) is None:
            return "–"
        return f"{turn}, {turn.drops}/{turn.trials} dropped" if turn.drops else str(turn)

    reach = Table("hand", "DoF", "motors", "K1", "K2", "W cm³", "G1", "G2 held (95 %)", "ε N", "turn ball; cube °/s")
    force = Table(
        "hand", "tip N", "key N", "palmar N", "hook N", "grip N", "of a man", title="Force at stall (lasting)"
    )
    rest = Table("hand", "fist s", "tap Hz", "wrist moves fingers °", "kg", title="Speed, crosstalk, mass")
    reach.title, reach.columns[0].no_wrap = "Dexterity", True
    for column in reach.columns[1:]:
        column.overflow = "fold"
    for row in table:
        name = row.name + (" *" if row.unsure else "")
        held = "–"
        if row.held_rate is not None:
            low, high = row.held_interval
            held = f"{row.held_rate:.0%} ({low:.0%}–{high:.0%})"
        reach.add_row(
            name,
            "–" if row.dof is None else f"{row.dof}+{(row.dof_with_wrist or row.dof) - row.dof}",
            number(row.actuators),
            number(row.k1),
            number(row.k2),
            number(row.workspace),
            "–" if row.formed is None else f"{row.formed}/{row.grasps}",
            held,
            number(row.epsilon, "{:.2f}"),
            "; ".join(turning(row, item) for item in ("sphere", "cube")),
        )
        gauges = ("tip", "key", "palmar", "hook", "grip")
        force.add_row(
            name,
            *(f"{row.stall[g]:.0f} ({row.continuous[g]:.0f})" if g in row.stall else "–" for g in gauges),
            number(row.strength, "{:.0%}"),
        )
        rest.add_row(
            name,
            number(row.closing_time, "{:.2f}"),
            number(row.tapping, "{:.1f}"),
            number(row.crosstalk),
            number(row.mass, "{:.2f}"),
        )
    if any(row.unsure for row in table):
        force.caption = "* " + "; ".join(f"{row.name}: {row.unsure}" for row in table if row.unsure)
    return reach, force, rest


def why(
    hand: tyro.conf.Positional[str] = "h22",
    seeds: int = 4,
    full: bool = False,
    folder: Path = Path("runs/hands/why"),
) -> int:
    """Remove or change one feature of a hand at a time and print what the scores lose.

    Args:
        hand: the hand to take apart; it needs the joints of h22.
        seeds: holds of each grasp.
        full: all 33 grasps instead of 11.
        folder: keeps the changed hands as YAML files, and the results.
    """
    _one_thread_for_algebra()
    from dataclasses import replace

    from bunraku.hands import load_hand
    from bunraku.hands.benchmark.ablation import variants
    from bunraku.hands.benchmark.run import FULL, QUICK
    from bunraku.hands.benchmark.run import compare as run
    from bunraku.hands.benchmark.summary import rows
    from bunraku.hands.spec import hand_to_yaml

    if seeds < 1:
        raise UserError(f"--seeds must be at least 1, got {seeds}.")
    changed = variants(load_hand(hand))
    folder.mkdir(parents=True, exist_ok=True)
    questions = {}
    for name, (question, variant) in changed.items():
        file = folder / f"{name}.yaml"
        file.write_text(hand_to_yaml(variant))
        questions[str(file)] = question
    settings = replace(FULL if full else QUICK, seeds=seeds)
    console = Console(highlight=False)
    with _progress(console) as bar:
        tests = ("K", "W", "S", "G")
        results = run(list(questions), tests, settings, folder / "results.json", 1, _report(bar))
    table = rows(results)
    whole = table[0]
    scores = ("K1", "K2", "W cm³", "G1", "G2 held", "tip N", "palmar N", "grip N")
    out = Table("question", *scores, title=f"What {hand} loses")
    for row in table:
        loss = "" if row is whole else f" ({(row.held_rate or 0) - (whole.held_rate or 0):+.0%})"
        out.add_row(
            questions[row.hand],
            str(row.k1),
            str(row.k2),
            f"{row.workspace:.0f}",
            f"{row.formed}/{row.grasps}",
            f"{row.held_rate or 0:.0%}{loss}",
            *(f"{row.stall[gauge]:.0f}" for gauge in ("tip", "palmar", "grip")),
        )
    console.print(out)
    return 0


def retarget(
    landmarks: tyro.conf.Positional[Path],
    hand: str = "h22",
    side: str = "right",
    output: Path | None = None,
    model: Path = Path("hand_landmarker.task"),
) -> int:
    """Turn landmarks of a person's hand (21 points per frame) into joint angles of a hand.

    Args:
        landmarks: .npz or .npy file with an array (frames, 21, 3) in m, in the order of MediaPipe's hand landmarks; or
            a film, whose landmarks MediaPipe finds (pip install mediapipe).
        hand: name or YAML file.
        side: left or right.
        output: .npz with `angles` (frames, n) rad and `joints`; beside the input by default.
        model: MediaPipe's model file, for a film.
    """
    _one_thread_for_algebra()
    import time

    import numpy as np

    from bunraku.hands import load_hand
    from bunraku.hands.retarget import retarget as follow

    if side not in ("left", "right"):
        raise UserError(f"--side must be left or right, got '{side}'.")
    if not landmarks.is_file():
        raise UserError(f"There is no landmark file {landmarks}.")
    spec = load_hand(hand)
    if landmarks.suffix in (".npz", ".npy"):
        points = _array(landmarks)
    else:
        from bunraku.hands.landmarks import landmarks_from_film

        points = landmarks_from_film(landmarks, model)
    start = time.perf_counter()
    angles = follow(np.asarray(points, float), spec, side)
    seconds = time.perf_counter() - start
    output = output or landmarks.with_name(f"{landmarks.stem}_{spec.name}.npz")
    np.savez(output, angles=angles, joints=np.array([f"{side}_{name}" for name in spec.joint_names]))
    print(f"{len(angles)} frames in {seconds:.2f} s ({len(angles) / max(seconds, 1e-9):.0f} per second) → {output}")
    return 0


def _array(file: Path) -> np.ndarray:
    """The first array of a NumPy file."""
    import numpy as np

    try:
        loaded = np.load(file, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else loaded[loaded.files[0]] if loaded.files else np.zeros(0)
    except (ValueError, OSError):
        raise UserError(f"{file} is not a NumPy file (.npz or .npy).") from None


def show(name: tyro.conf.Positional[str] = "h22", port: int = 8080, side: str = "right") -> int:
    """Open a hand in the browser: move each joint, see its cables and read their tensions.

    Args:
        name: hand or YAML file.
        port: of the page.
        side: left or right.
    """
    from bunraku.hands import load_hand
    from bunraku.hands.viewer import show_hand

    if side not in ("left", "right"):
        raise UserError(f"--side must be left or right, got '{side}'.")
    if not 0 < port < 65536:
        raise UserError(f"--port must be from 1 to 65535, got {port}.")
    show_hand(load_hand(name), side, port)
    return 0
