"""The comparison as one self-contained HTML page: verdict, table, radars, strength bars, the 2×2 and the 33 grasps."""

from __future__ import annotations

import base64
from html import escape
from importlib import resources
from math import cos, pi, sin
from pathlib import Path

import cv2
import mujoco
import numpy as np

from bunraku.errors import UserError
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.run import load_subject
from bunraku.hands.benchmark.subject import Subject
from bunraku.hands.benchmark.summary import PUBLISHED_STRENGTH, PUBLISHED_TAPPING, Row, judge, rows, two_by_two
from bunraku.hands.picture import add_studio, photograph, renderer

WIDTH, HEIGHT = 112, 96
STYLE = (resources.files("bunraku.hands.benchmark") / "page.css").read_text()
LEGEND = (
    "K1, K2: of Kapandji's ten positions, those that the thumb reaches, and those where it presses with 5 N. W: space"
    " that thumb and fingers share. G1: grasps formed; G2: grasps held while shaken, with the 95 % interval. ε: least"
    " force that breaks a grasp. Close, tap: time of a fist, rate of the index finger. Ball, cube: turned in the hand."
    " Wrist: what 1 rad of it moves the finger joints."
)
AXES = ("G2 held", "G1 formed", "K1", "K2", "strength", "speed")


def write_page(path: Path, results: dict[str, dict]) -> None:
    """Write the page for `results` of `bunraku.hands.benchmark.run.compare`."""
    table = rows(results)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Hands compared</title><style>{STYLE}</style>",
        "<h1>Hands compared</h1><p class=soft>One runner, one search budget, the same seeds, friction and objects for"
        " every hand. Grasps are held under sustained actuator limits; forces are quoted at stall.</p>",
        _verdict(table),
        "<h2>Scores</h2>" + _table(table),
        "<h2>Profiles</h2>" + _radars(table),
        _strength([row for row in table if row.stall]),
        _square(table),
    ]
    grasps = {key: value for key, value in results.items() if "/G/" in key}
    if grasps:
        parts.append(
            "<h2>The 33 grasps of the GRASP taxonomy</h2><p class=soft>Frames: green held in at least 90 % of the"
            " seeds, yellow in some, red in none, grey not formed. The pictures show the fitted contact postures.</p>"
        )
        for row in table:
            mine = {int(k.rsplit("/", 1)[1]): v for k, v in grasps.items() if k.startswith(f"{row.hand}/G/")}
            if mine:
                pictures = _grasps(load_subject(row.hand), mine)
                parts.append(f"<h3>{escape(row.name)}</h3><div class=grasps>{pictures}</div>")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(parts) + "</html>")
    except OSError as error:
        raise UserError(f"The page cannot be written to {path} ({error.strerror}).") from None


def _verdict(table: list[Row]) -> str:
    findings = judge(table)
    if not findings:
        return ""
    items = "".join(
        f"<li><span class={'yes' if f.holds else 'no'}>{'Holds' if f.holds else 'Fails'}</span>: {escape(f.claim)}. "
        f"Measured: {escape(f.measured)}.</li>"
        for f in findings
    )
    return f"<h2>The claim</h2><ul class=verdict>{items}</ul>"


def _table(table: list[Row]) -> str:
    head = ("hand", "DoF", "motors", "kg", "K1", "K2", "W cm³", "G1", "G2 (95 %)", "ε N", "close s", "tap Hz")
    head += ("ball °/s", "cube °/s", "wrist °")

    def number(value: float | None, pattern: str = "{:.0f}") -> str:
        return "–" if value is None else pattern.format(value)

    def turning(row: Row, item: str) -> str:
        if (turn := row.turns.get(item)) is None:
            return "–"
        dropped = f" <small>{turn.drops}/{turn.trials} dropped</small>" if turn.drops else ""
        return f"{turn}{dropped}"

    lines = []
    for row in table:
        low, high = row.held_interval
        held = "–" if row.held_rate is None else f"{row.held_rate:.0%} <small>({low:.0%}–{high:.0%})</small>"
        cells = (
            f"<b>{escape(row.name)}</b>{' *' if row.unsure else ''}<br><small>{escape(row.description)}</small>",
            f"{number(row.dof)} <small>({number(row.dof_with_wrist)} with wrist)</small>",
            number(row.actuators),
            number(row.mass, "{:.2f}"),
            number(row.k1),
            number(row.k2),
            number(row.workspace),
            "–" if row.formed is None else f"{row.formed}/{row.grasps}",
            held,
            number(row.epsilon, "{:.2f}"),
            number(row.closing_time, "{:.2f}"),
            number(row.tapping, "{:.1f}"),
            turning(row, "sphere"),
            turning(row, "cube"),
            number(row.crosstalk),
        )
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    header = "".join(f"<th>{name}</th>" for name in head)
    unsure = "".join(f"<br>* {escape(row.name)}: {escape(row.unsure)}" for row in table if row.unsure)
    return (
        f"<div class=scroll><table><tr>{header}</tr>{''.join(lines)}</table></div><p class=legend>{LEGEND}{unsure}</p>"
    )


def _radars(table: list[Row]) -> str:
    human = next((row for row in table if row.hand == "human"), None)
    note = "" if human is None else "<p class=soft>Dashed: the human reference.</p>"
    return f"<div class=cards>{''.join(_radar(row, human) for row in table)}</div>{note}"


def _shares(row: Row) -> list[float]:
    values = (
        row.held_rate,
        None if not row.grasps else (row.formed or 0) / row.grasps,
        None if row.k1 is None else row.k1 / 10,
        None if row.k2 is None else row.k2 / 10,
        row.strength,
        None if row.tapping is None else row.tapping / PUBLISHED_TAPPING,
    )
    return [min(1.0, value or 0.0) for value in values]


def _radar(row: Row, human: Row | None) -> str:
    size, high, radius = 236, 200, 74

    def at(i: int, share: float) -> tuple[float, float]:
        angle = 2 * pi * i / len(AXES) - pi / 2
        return size / 2 + radius * share * cos(angle), high / 2 + radius * share * sin(angle)

    def ring(share: float) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(i, share) for i in range(len(AXES))))

    def outline(row: Row) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(i, share) for i, share in enumerate(_shares(row))))

    reference = ""
    if human and human is not row:
        reference = f"<polygon points='{outline(human)}' fill='none' stroke='#68707a' stroke-dasharray='3 3'/>"
    labels = "".join(
        f"<text x='{at(i, 1.36)[0]:.0f}' y='{at(i, 1.2)[1] + 3:.0f}' font-size='9' fill='#68707a'"
        f" text-anchor='middle'>{name}</text>"
        for i, name in enumerate(AXES)
    )
    rings = "".join(f"<polygon points='{ring(s)}' fill='none' stroke='#dfe3e8'/>" for s in (0.25, 0.5, 0.75, 1.0))
    return (
        f"<div class=card><b>{escape(row.name)}</b><br><svg width={size} height={high}>{rings}<polygon"
        f" points='{outline(row)}' fill='#f2451a33' stroke='#f2451a' stroke-width='2'/>{reference}{labels}</svg></div>"
    )


def _strength(table: list[Row]) -> str:
    if not table:
        return ""
    bars = []
    for gauge, published in PUBLISHED_STRENGTH.items():
        lines = [
            _bar(
                row.name, (row.stall[gauge] / published, row.continuous[gauge] / published), f"{row.stall[gauge]:.0f} N"
            )
            for row in table
        ]
        bars.append(
            f"<div class=card><b>{gauge}</b> <small>full bar: a man's {published:.0f} N</small>{''.join(lines)}</div>"
        )
    note = "<p class=soft>Dark: sustained. Human reference: Mathiowetz 1985, men of 25–39; women about 65 % of it.</p>"
    return f"<h2>Strength at stall</h2><div class='cards gauges'>{''.join(bars)}</div>{note}"


def _bar(name: str, shares: tuple[float, ...], value: str) -> str:
    """A line with a bar for each share, the later ones darker and on top."""
    colours = ("#f2451a66", "#f2451a") if len(shares) == 2 else ("#f2451a",)
    bars = "".join(
        f"<i style='width:{100 * min(1.0, share):.0f}%;background:{colour}'></i>"
        for share, colour in zip(shares, colours, strict=True)
    )
    return f"<div class=bar><span>{escape(name)}</span><span>{bars}</span>{value}</div>"


def _square(table: list[Row]) -> str:
    corners = two_by_two(table)
    if len(corners) < 4:
        return ""
    note = "<p class=soft>K1, K2: share of the ten positions. Strength: share of a measured man's.</p>"
    cells = ["<div></div><div><b>motors in the palm</b></div><div><b>motors in the forearm</b></div>"]
    for dof in ("11 DoF", "22 DoF"):
        cells.append(f"<div><b>{dof}</b></div>")
        for place in ("palm", "forearm"):
            row = corners[(dof, place)]
            values = {"G2 held": row.held_rate, "K1": row.k1 and row.k1 / 10, "K2": row.k2 and row.k2 / 10}
            values["strength"] = row.strength
            bars = [_bar(name, (v,), f"{v:.0%}") for name, v in values.items() if v is not None]
            cells.append(f"<div class=card><b>{row.name}</b>{''.join(bars)}</div>")
    return f"<h2>Joints or place of the motors?</h2><div class=square>{''.join(cells)}</div>{note}"


def _grasps(subject: Subject, results: dict[int, dict]) -> str:
    pictures = grasp_pictures(subject, results)
    figures = []
    for grasp in GRASPS:
        if grasp.number not in results:
            continue
        result = results[grasp.number]
        rate = result["held"] / result["trials"]
        colour = "#aab2bb" if not result["feasible"] else "#2f9e62" if rate >= 0.9 else "#e0a526" if rate else "#d5493b"
        title = result["error"] or f"held {result['held']}/{result['trials']}"
        figures.append(
            f"<figure style='border-color:{colour}' title='{escape(title, quote=True)}'>"
            f"<img alt='' src='data:image/jpeg;base64,{pictures[grasp.number]}'>"
            f"<figcaption>{grasp.number} {grasp.name}</figcaption></figure>"
        )
    return "".join(figures)


def grasp_pictures(subject: Subject, results: dict[int, dict]) -> dict[int, str]:
    """A JPEG of each fitted grasp, base64."""
    shown = [grasp for grasp in GRASPS if grasp.number in results]
    spec = subject.make()
    add_studio(spec, WIDTH, HEIGHT)
    for grasp in shown:
        fit, quat = results[grasp.number]["fit"], np.zeros(4)
        mujoco.mju_mat2Quat(quat, np.array(fit["rotation"]).ravel())
        body = spec.worldbody.add_body(pos=fit["position"], quat=quat)
        body.add_geom(
            name=f"object {grasp.number}",
            rgba=[0.25, 0.52, 0.85, 0],
            contype=0,
            conaffinity=0,
            **grasp.shape.geom(),
        )
    model = spec.compile()
    data = mujoco.MjData(model)
    pictures = {}
    # one context for all: every object is there, and the one that is held is opaque
    with renderer(model, HEIGHT, WIDTH) as view:
        for grasp in shown:
            number = model.geom(f"object {grasp.number}").id
            data.qpos[:] = results[grasp.number]["fit"]["posture"]
            mujoco.mj_forward(model, data)
            model.geom_rgba[number, 3] = 1
            picture = photograph(view, data, (0.085, 0.01, -0.025), 0.29, -122, -14)
            model.geom_rgba[number, 3] = 0
            ok, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
            if ok:
                pictures[grasp.number] = base64.b64encode(jpeg.tobytes()).decode()
    return pictures
