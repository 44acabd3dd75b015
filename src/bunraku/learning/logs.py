"""One episode of a data set as a log that other tools show: MCAP for Foxglove, or a recording of Rerun."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.learning.episodes import room_on_disk
from bunraku.learning.lerobot import DataSet, Entry
from bunraku.robot import CAMERAS

QUALITY = 90
"""Of JPEG."""
IMAGE_SCHEMA = {
    "type": "object",
    "properties": {
        "timestamp": {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string"},
    },
}
"""Foxglove's own schema of a compressed image, in JSON."""
VECTOR_SCHEMA = {"type": "object", "properties": {"values": {"type": "array", "items": {"type": "number"}}}}


@dataclass(frozen=True)
class Moment:
    """One frame of an episode: `time` s on the robot's clock, its `vectors` by name, and of each camera the picture as
    JPEG with the time (s) at which it was taken."""

    time: float
    vectors: dict[str, np.ndarray]
    pictures: dict[str, tuple[float, bytes]]


def export_log(data: Path, episode: int, out: Path) -> int:
    """Write episode number `episode` of the data set `data` to `out`, as its ending says: .mcap or .rrd.

    Returns how many frames it has. Raises `UserError` for another ending, a missing package, or no such episode.
    """
    writers = {".mcap": _write_mcap, ".rrd": _write_rerun}
    if out.suffix not in writers:
        raise UserError(f"{out} ends neither in .mcap nor in .rrd: say which log it shall be.")
    dataset = DataSet(data)
    entry = next((entry for entry in dataset.entries() if entry.row["episode_index"] == episode), None)
    if entry is None:
        raise UserError(f"{data} has no episode {episode}: it has {len(dataset.rows)}, counted from 0.")
    with room_on_disk(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            writers[out.suffix](out, entry.row, _moments(dataset, entry))
        except ImportError as error:
            raise UserError(f"this needs {error.name}: install it with `pip install 'bunraku[logs]'`.") from error
    return int(entry.row["length"])


def _moments(dataset: DataSet, entry: Entry) -> Iterator[Moment]:
    names = [name for name in entry.vectors if name.startswith(("observation.", "action"))]
    cameras = [name for name in CAMERAS if f"observation.images.{name}" in dataset.info["features"]]
    films = {name: dataset.pictures(entry.row, name) for name in cameras}
    for t in range(entry.row["length"]):
        vectors = {name: entry.vectors[name][t] for name in names}
        taken = vectors["observation.frame_time"]
        pictures = {name: (float(taken[CAMERAS.index(name)]), _jpeg(next(film))) for name, film in films.items()}
        yield Moment(float(vectors["observation.time"][0]), vectors, pictures)


def _jpeg(image: np.ndarray) -> bytes:
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return coded.tobytes()


def _write_mcap(out: Path, row: Any, moments: Iterator[Moment]) -> None:
    from mcap.writer import Writer

    with out.open("wb") as file:
        writer = Writer(file)
        writer.start(library="bunraku")
        schemas = {
            name: writer.register_schema(name=name, encoding="jsonschema", data=json.dumps(schema).encode())
            for name, schema in (("foxglove.CompressedImage", IMAGE_SCHEMA), ("bunraku.Vector", VECTOR_SCHEMA))
        }
        channels: dict[str, int] = {}

        def add(topic: str, schema: str, time: float, message: dict[str, Any]) -> None:
            if topic not in channels:
                channels[topic] = writer.register_channel(
                    topic=topic, message_encoding="json", schema_id=schemas[schema]
                )
            stamp = round(time * 1e9)
            writer.add_message(channels[topic], log_time=stamp, publish_time=stamp, data=json.dumps(message).encode())

        writer.add_metadata("episode", {key: str(row[key]) for key in ("task_name", "seed", "success", "outcome")})
        add("/instruction", "bunraku.Vector", 0.0, {"text": row["tasks"][0]})
        for moment in moments:
            for name, values in moment.vectors.items():
                add(f"/{name.replace('.', '/')}", "bunraku.Vector", moment.time, {"values": values.tolist()})
            for camera, (taken, jpeg) in moment.pictures.items():
                sec, nsec = divmod(round(taken * 1e9), 10**9)
                image = {"timestamp": {"sec": sec, "nsec": nsec}, "frame_id": camera, "format": "jpeg"}
                image["data"] = base64.b64encode(jpeg).decode()
                add(f"/camera/{camera}", "foxglove.CompressedImage", taken, image)
        writer.finish()


def _write_rerun(out: Path, row: Any, moments: Iterator[Moment]) -> None:
    import rerun as rr

    recording = rr.RecordingStream("bunraku", recording_id=f"{row['task_name']}-{row['seed']}")
    recording.save(str(out))
    recording.log("instruction", rr.TextDocument(row["tasks"][0]), static=True)
    recording.log("outcome", rr.TextDocument(f"{row['outcome']} {row['reason']}".strip()), static=True)
    for moment in moments:
        recording.set_time("robot", duration=moment.time)
        for name, values in moment.vectors.items():
            recording.log(name.replace(".", "/"), rr.Scalars(values))
        for camera, (taken, jpeg) in moment.pictures.items():
            recording.set_time("robot", duration=taken)
            recording.log(f"camera/{camera}", rr.EncodedImage(contents=jpeg, media_type="image/jpeg"))
    recording.flush()
