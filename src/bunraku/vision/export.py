"""The memory for other programs: a chat message for a vision-language model, Arrow, NumPy, Rerun."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.vision.table import Token

if TYPE_CHECKING:
    from bunraku.vision.memory import VisualMemory

Form = Literal["openai", "arrow", "numpy", "rerun"]


@dataclass(frozen=True)
class Sheet:
    """Patches of one camera and one time, side by side as they were in the picture: `image` (h, w, 3) uint8 RGB whose
    upper left corner lies at `corner` (x, y) px; grey where nothing was kept."""

    camera: str
    start: float
    end: float
    corner: tuple[int, int]
    image: np.ndarray


def sheets(memory: VisualMemory, tokens: Sequence[Token]) -> list[Sheet]:
    """Tokens put together by the group in which they were kept, in order of time."""
    images = list(memory.images(tokens))
    groups: dict[int, list[int]] = {}
    for at, token in enumerate(tokens):
        groups.setdefault(token.group, []).append(at)
    found = []
    for members in groups.values():
        mine = [tokens[at] for at in members]
        left, top = min(t.x for t in mine), min(t.y for t in mine)
        right, bottom = max(t.x + t.scale for t in mine), max(t.y + t.scale for t in mine)
        image = np.full((bottom - top, right - left, 3), 128, np.uint8)
        for at, token in zip(members, mine, strict=True):
            patch = cv2.resize(images[at], (token.scale, token.scale), interpolation=cv2.INTER_LINEAR)
            image[token.y - top : token.y - top + token.scale, token.x - left : token.x - left + token.scale] = patch
        first = mine[0]
        found.append(Sheet(first.camera, first.start, max(t.end for t in mine), (left, top), image))
    return sorted(found, key=lambda sheet: sheet.start)


def openai_message(memory: VisualMemory, tokens: Sequence[Token], question: str) -> dict[str, Any]:
    """A user message in the form of OpenAI's chat completions API, which most servers of open models share.

    Every picture follows a line that says which camera took it, when, and where in its view it lies.
    """
    sizes = {channel.camera: (channel.width, channel.height) for channel in memory.store.channels.values()}
    intro = "Patches from the memory of " + ", ".join(f"camera {c} ({w}x{h} px)" for c, (w, h) in sizes.items())
    content: list[dict[str, Any]] = [{"type": "text", "text": f"{intro}. Grey was not kept. Times are in seconds."}]
    for sheet in sheets(memory, tokens):
        (x, y), (height, width) = sheet.corner, sheet.image.shape[:2]
        where = f"x {x}–{x + width}, y {y}–{y + height} px"
        text = f"camera {sheet.camera}, taken at {sheet.start:.2f}, held until {sheet.end:.2f}, {where}:"
        content.append({"type": "text", "text": text})
        content.append({"type": "image_url", "image_url": {"url": data_url(sheet.image)}})
    content.append({"type": "text", "text": question})
    return {"role": "user", "content": content}


def arrays(memory: VisualMemory, tokens: Sequence[Token]) -> dict[str, np.ndarray]:
    """Tokens as arrays (n, …): `patch` (n, 32, 32, 3) uint8, and for each its camera, time interval, position and
    scale in px, and `position_ids` (n, 3): picture number, row and column in patches of its own scale."""
    images = [cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA) for image in memory.images(tokens)]
    times = sorted({(token.start, token.camera) for token in tokens})
    number = {key: at for at, key in enumerate(times)}
    positions = [(number[(t.start, t.camera)], t.y // t.scale, t.x // t.scale) for t in tokens]
    return {
        "id": np.array([t.id for t in tokens], np.int64),
        "camera": np.array([t.camera for t in tokens], str),
        "start": np.array([t.start for t in tokens], float),
        "end": np.array([t.end for t in tokens], float),
        "x": np.array([t.x for t in tokens], np.int32),
        "y": np.array([t.y for t in tokens], np.int32),
        "scale": np.array([t.scale for t in tokens], np.int32),
        "group": np.array([t.group for t in tokens], np.int64),
        "source_file": np.array([t.source.file if t.source else "" for t in tokens], str),
        "source_pts": np.array([t.source.pts if t.source else -1 for t in tokens], np.int64),
        "position_ids": np.array(positions, np.int32).reshape(-1, 3),
        "patch": np.array(images, np.uint8).reshape(-1, 32, 32, 3),
    }


def write_export(memory: VisualMemory, out: Path, form: Form, budget: int, question: str) -> int:
    """Write at most `budget` tokens to `out`; returns how many."""
    tokens = memory.tokens(budget)
    out.parent.mkdir(parents=True, exist_ok=True)
    if form == "openai":
        out.write_text(json.dumps(openai_message(memory, tokens, question), ensure_ascii=False), encoding="utf-8")
    elif form == "numpy":
        np.savez_compressed(out, **arrays(memory, tokens))  # type: ignore[arg-type]
    elif form == "arrow":
        _write_arrow(arrays(memory, tokens), out)
    else:
        _write_rerun(memory, tokens, out)
    return len(tokens)


def data_url(image: np.ndarray, quality: int = 85) -> str:
    """An RGB image as a data: URL."""
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _write_arrow(columns: dict[str, np.ndarray], out: Path) -> None:
    try:
        import pyarrow as pa  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError("Arrow files need pyarrow: `pip install bunraku[data]`, or choose --form numpy.") from error
    fields = {
        name: pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(array)) if array.ndim > 1 else array
        for name, array in columns.items()
    }
    table = pa.table(fields)
    with pa.OSFile(str(out), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _write_rerun(memory: VisualMemory, tokens: Sequence[Token], out: Path) -> None:
    try:
        import rerun as rr  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError("Rerun files need rerun-sdk: `pip install bunraku[rerun]`.") from error
    rr.init("bunraku memory", spawn=False)
    rr.save(str(out))
    for sheet in sheets(memory, tokens):
        rr.set_time("capture", duration=sheet.start)
        view = memory.reconstruct(sheet.camera, sheet.start)
        rr.log(sheet.camera, rr.Image(view.image).compress())
        (x, y), (height, width) = sheet.corner, sheet.image.shape[:2]
        rr.log(f"{sheet.camera}/kept", rr.Boxes2D(mins=[[x, y]], sizes=[[width, height]]))
