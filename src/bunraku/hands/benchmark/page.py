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
from bunraku.hands.benchmark.summary import PUBLISHED_STRENGTH, Row, judge, rows, two_by_two
from bunraku.hands.picture import add_studio, photograph, renderer

WIDTH, HEIGHT = 112, 96
STYLE = (resources.files("bunraku.hands.benchmark") / "page.css").read_text()
AXES = ("G2 held", "G1 formed", "K1", "K2", "strength", "speed")


def write_page(path: Path, results: dict[str, dict], names: tuple[str, ...]) -> None:
    """Write the page for `results` of `bunraku.hands.benchmark.run.compare`."""
    table = rows(results)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Hands compared</title><style>{STYLE}</style>",
        "<h1>Hands compared</h1><p class=soft>One runner, one search budget, the same seeds, friction and objects for"
        " every hand. Grasps are held under sustained actuator limits; forces are quoted at stall.</p>",
        _verdict(table),
        "<h2>Scores</h2>" + _table(table),
        "<h2>Profiles</h2><div class=cards>" + "".join(_radar(row) for row in table) + "</div>",
        "<h2>Strength at stall</h2>" + _strength(table),
        _square(table),
    ]
    grasps = {key: value for key, value in results.items() if "/G/" in key}
    if grasps:
        parts.append(
            "<h2>The 33 grasps of the GRASP taxonomy</h2><p class=soft>Frames: green held in at least 90 % of the"
            " seeds, yellow in some, red in none, grey not formed. The pictures show the fitted contact postures.</p>"
        )
        for name in names:
            mine = {int(k.rsplit("/", 1)[1]): v for k, v in grasps.items() if k.startswith(f"{name}/G/")}
            if mine:
                parts.append(f"<h3>{escape(name)}</h3><div class=grasps>{_grasps(load_subject(name), mine)}</div>")
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
    head = ("hand", "DoF", "actuators", "kg", "K1", "K2", "W cm³", "G1", "G2 (95 %)", "ε N", "close s", "tap Hz")
    head += ("sphere °/s", "cube °/s", "X °")

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
            f"<b>{escape(row.hand)}</b>{' *' if row.unsure else ''}<br><small>{escape(row.description)}</small>",
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
    unsure = "".join(f"<br>* {escape(row.hand)}: {escape(row.unsure)}" for row in table if row.unsure)
    return f"<div class=scroll><table><tr>{header}</tr>{''.join(lines)}</table></div><small>{unsure}</small>"


def _radar(row: Row) -> str:
    values = (
        row.held_rate,
        None if not row.grasps else (row.formed or 0) / row.grasps,
        None if row.k1 is None else row.k1 / 10,
        None if row.k2 is None else row.k2 / 10,
        row.strength,
        None if row.tapping is None else row.tapping / 6.0,
    )
    size, radius = 226, 70

    def at(i: int, share: float) -> tuple[float, float]:
        angle = 2 * pi * i / len(AXES) - pi / 2
        return size / 2 + radius * share * cos(angle), size / 2 + radius * share * sin(angle)

    def ring(share: float) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(i, share) for i in range(len(AXES))))

    shape = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(i, min(1.0, v or 0.0)) for i, v in enumerate(values)))
    labels = "".join(
        f"<text x='{at(i, 1.28)[0]:.0f}' y='{at(i, 1.28)[1] + 3:.0f}' font-size='9' fill='#68707a'"
        f" text-anchor='middle'>{name}</text>"
        for i, name in enumerate(AXES)
    )
    rings = "".join(f"<polygon points='{ring(s)}' fill='none' stroke='#dfe3e8'/>" for s in (0.25, 0.5, 0.75, 1.0))
    return (
        f"<div class=card><b>{escape(row.hand)}</b><br><svg width={size} height={size}>{rings}<polygon points='{shape}'"
        f" fill='#f2451a33' stroke='#f2451a' stroke-width='2'/>{labels}</svg></div>"
    )


def _strength(table: list[Row]) -> str:
    bars = []
    for gauge, published in PUBLISHED_STRENGTH.items():
        lines = []
        for row in table:
            force = row.stall.get(gauge)
            if force is None:
                continue
            width = 100 * min(1.0, force / published)
            held = 100 * min(1.0, row.continuous[gauge] / published)
            lines.append(
                f"<div style='display:flex;align-items:center;font-size:12px;gap:6px'><span style='width:90px'>"
                f"{escape(row.hand)}</span><span style='position:relative;width:240px;height:10px;background:#eef1f4'>"
                f"<i style='position:absolute;height:10px;width:{width:.0f}%;background:#f2451a66'></i>"
                f"<i style='position:absolute;height:10px;width:{held:.0f}%;background:#f2451a'></i></span>"
                f"{force:.0f} N</div>"
            )
        bars.append(
            f"<div class=card><b>{gauge}</b> <small>full bar: a man's {published:.0f} N</small>{''.join(lines)}</div>"
        )
    note = "<p class=soft>Dark: sustained. Human reference: Mathiowetz 1985, men of 25–39; women about 65 % of it.</p>"
    return f"<div class=cards>{''.join(bars)}</div>{note}"


def _square(table: list[Row]) -> str:
    corners = two_by_two(table)
    if len(corners) < 4:
        return ""
    cells = ["<div></div><div><b>motors in the palm</b></div><div><b>motors in the forearm</b></div>"]
    for dof in ("11 DoF", "22 DoF"):
        cells.append(f"<div><b>{dof}</b></div>")
        for place in ("palm", "forearm"):
            row = corners[(dof, place)]
            rate = row.held_rate or 0.0
            strength = "" if row.strength is None else f"<br>strength {row.strength:.0%} of a man's"
            cells.append(
                f"<div style='background:rgba(47,158,98,{0.1 + 0.5 * rate:.2f})'><b>{row.hand}</b><br>"
                f"G2 {rate:.0%}, K1 {row.k1}{strength}</div>"
            )
    return f"<h2>Joints or place of the motors?</h2><div class=square>{''.join(cells)}</div>"


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
            picture = photograph(view, data, (0.085, 0.01, -0.02), 0.34, -122, -14)
            model.geom_rgba[number, 3] = 0
            ok, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
            if ok:
                pictures[grasp.number] = base64.b64encode(jpeg.tobytes()).decode()
    return pictures
