"""Commands of the visual memory: watch, recall, memory report, memory export."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from bunraku.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from rich.table import Table

    from bunraku.vision.labelling import Labeller
    from bunraku.vision.watch import Watch

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def watch(
    sources: Annotated[list[str], tyro.conf.Positional],
    memory: Path,
    tokens_per_second: float = 600.0,
    max_bytes: str = "64MB",
    max_tokens: int = 200_000,
    video_bytes: str = "2GB",
    analysed_per_second: float = 6.0,
    realtime: bool = False,
    seconds: float | None = None,
    labeller: str | None = None,
) -> int:
    """Watch cameras and remember what matters.

    Args:
        sources: cameras as NAME=SOURCE, the source a video file, an RTSP or HTTP address or /dev/videoN.
        memory: folder of the memory; made if it is not there, continued if it is.
        tokens_per_second: patches that may be kept each second, of all cameras together.
        max_bytes: what the memory may take on disk, as 64MB.
        max_tokens: patches that may be kept in all.
        video_bytes: what the recording of the original streams may take; 0 for none.
        analysed_per_second: pictures of each camera that are looked at each second; all are recorded.
        realtime: play files at their own speed.
        seconds: stop after so long; otherwise at the end of the files or on Ctrl-C.
        labeller: names things: household, the detector that comes with the package; one that `bunraku detector train`
            made; a YOLO-style ONNX file with its class names beside it; or an HTTP address.
    """
    from bunraku.vision.memory import VisualMemory
    from bunraku.vision.recording import BitstreamRing
    from bunraku.vision.watch import Watch, parse_sources

    cameras = parse_sources(sources)
    video = parse_bytes(video_bytes)
    with VisualMemory(memory, tokens_per_second, parse_bytes(max_bytes), max_tokens) as visual_memory:
        ring = BitstreamRing(memory / "video", video) if video else None
        watching = Watch(cameras, visual_memory, ring, realtime, _labeller(labeller), analysed_per_second)
        watching.start()
        try:
            _show(watching, None if seconds is None else time.monotonic() + seconds)
        finally:
            watching.stop()
            watching.join()
        for event in visual_memory.events():
            if event.kind == "truncated":
                print(f"\ncamera {event.camera}: {event.text}.")
        usage = visual_memory.usage
        print(f"{usage.tokens} tokens, {usage.bytes / 1e6:.1f} MB in {memory}")
    return 0


def recall(
    memory: Annotated[Path, tyro.conf.Positional],
    words: Annotated[str, tyro.conf.Positional] = "",
    camera: str | None = None,
    region: tuple[int, int, int, int] | None = None,
    since: float | None = None,
    until: float | None = None,
    example: Path | None = None,
    limit: int = 5,
    crops: Path | None = None,
) -> int:
    """Say where and when something was last seen.

    Args:
        memory: folder of a memory.
        words: what to look for, as in "small red cup".
        camera: only this camera.
        region: only within x0 y0 x1 y1, in pixels of the camera.
        since: only what was still seen at this time (s) or later.
        until: only what was seen at this time (s) or earlier.
        example: a picture of what to look for.
        limit: most sightings to list.
        crops: folder to write a picture of each sighting to.
    """
    from dataclasses import replace

    import cv2

    from bunraku.vision.memory import VisualMemory
    from bunraku.vision.query import Query
    from bunraku.vision.recall import describe

    query = Query.from_words(words) if words else Query()
    query = replace(
        query,
        camera=camera,
        region=region,
        since=-float("inf") if since is None else since,
        until=float("inf") if until is None else until,
        example=None if example is None else _picture(example),
    )
    with VisualMemory(memory, read_only=True) as visual_memory:
        answer = visual_memory.recall(query, limit)
    print(answer.text)
    for number, (sighting, line) in enumerate(zip(answer.sightings, describe(answer.sightings), strict=True)):
        print(f"  {line}")
        if crops is not None:
            crops.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(crops / f"{number}-{sighting.camera}.png"), cv2.cvtColor(sighting.crop, cv2.COLOR_RGB2BGR))
    return 0 if answer.sightings else 1


def report(memory: Annotated[Path, tyro.conf.Positional], html: Path) -> int:
    """Write one page that shows what a memory holds: timeline, kept patches, staleness, events.

    Args:
        memory: folder of a memory.
        html: the file to write; it needs nothing else.
    """
    from bunraku.vision.memory import VisualMemory
    from bunraku.vision.report import write_report

    with VisualMemory(memory, read_only=True) as visual_memory:
        write_report(visual_memory, html)
    print(f"wrote {html}, {html.stat().st_size / 1e6:.1f} MB")
    return 0


def export(
    memory: Annotated[Path, tyro.conf.Positional],
    out: Path,
    form: Literal["openai", "arrow", "numpy", "rerun"] = "openai",
    budget: int = 256,
    question: str = "What happened, and where is everything now?",
) -> int:
    """Export the most telling tokens for other programs.

    Args:
        memory: folder of a memory.
        out: the file to write.
        form: openai (a chat message with pictures and positions), arrow, numpy (.npz) or rerun (.rrd).
        budget: most tokens to export.
        question: what an openai message asks.
    """
    from bunraku.vision.export import write_export
    from bunraku.vision.memory import VisualMemory

    with VisualMemory(memory, read_only=True) as visual_memory:
        count = write_export(visual_memory, out, form, budget, question)
    print(f"wrote {count} tokens to {out}")
    return 0


def parse_bytes(text: str) -> int:
    """Bytes that "64MB", "2GB" or "1000" mean."""
    number = text.strip().rstrip("BKMGTbkmgt ")
    unit = text.strip()[len(number) :].strip().upper()
    try:
        if unit not in _UNITS:
            raise ValueError(unit)
        return int(float(number) * _UNITS[unit])
    except ValueError as error:
        raise UserError(f"“{text}” is no amount of bytes: write it as 64MB or 2GB.") from error


def _picture(path: Path) -> np.ndarray:
    import cv2

    image = cv2.imread(str(path))
    if image is None:
        raise UserError(f"{path} is not a picture that can be read.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _labeller(text: str | None) -> Labeller | None:
    from bunraku.vision.labelling import HouseholdLabeller, HttpLabeller, OnnxLabeller

    if text is None:
        return None
    if "://" in text:
        return HttpLabeller(text)
    if text == "household":
        return HouseholdLabeller()
    path = Path(text)
    return OnnxLabeller(path) if path.with_suffix(".txt").is_file() or not path.is_file() else HouseholdLabeller(path)


def _show(watching: Watch, deadline: float | None) -> None:
    """Live progress until the cameras end or `deadline` (s of the monotonic clock)."""
    from rich.live import Live

    last = {camera: 0 for camera in watching.status}
    wall, busy = time.monotonic(), time.process_time()
    with Live(refresh_per_second=2) as live:
        while watching.running and (deadline is None or time.monotonic() < deadline):
            time.sleep(0.5)
            now, cpu = time.monotonic(), time.process_time()
            rates = {c: (r.decoded - last[c]) / (now - wall) for c, r in watching.readers.items()}
            live.update(_progress(watching, rates, (cpu - busy) / (now - wall)))
            last = {c: r.decoded for c, r in watching.readers.items()}
            wall, busy = now, cpu


def _progress(watching: Watch, rates: dict[str, float], cores: float) -> Table:
    from rich.table import Table

    from bunraku.vision.watch import DEGRADATION

    usage = watching.memory.usage
    title = f"{cores:.2f} cores, {usage.tokens} tokens, {usage.bytes / 1e6:.1f} of {usage.max_bytes / 1e6:.0f} MB"
    if watching.ring is not None:
        title += f", {watching.ring.size / 1e6:.0f} MB recorded"
    table = Table(title=title)
    for heading in ("camera", "fps", "tokens", "lost", "behind", "load"):
        table.add_column(heading, justify="left" if heading in ("camera", "load") else "right")
    for camera, status in watching.status.items():
        load = "ended" if status.ended else DEGRADATION[status.level] if status.level else ""
        table.add_row(
            camera, f"{rates[camera]:.0f}", str(status.tokens), str(status.lost), f"{status.behind:.2f} s", load
        )
    return table
