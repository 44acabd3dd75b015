"""Recorded episodes as a LeRobot data set, format v3.0 (Parquet and MP4), which every LeRobot tool reads.

The data set is made anew from the episodes, aside, and put in place at the end: it can be made again at any time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bunraku import __version__
from bunraku.errors import UserError
from bunraku.learning.episodes import Episode, read_episodes, room_on_disk, salvage, write_whole
from bunraku.learning.frames import SIDE_ACTION, SYNERGIES, Synergies, synergies
from bunraku.learning.video import join_videos, key_pictures

VERSION = "v3.0"
RECORDED = "episodes"
"""Folder of the episodes within a data set's folder."""
IMAGE = "observation.images."
DATA_MB, VIDEO_MB, CHUNK = 100, 200, 1000
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
COUNTERS = {"timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64"}
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
PARTS = ("meta", "data", "videos")

Stats = dict[str, dict[str, np.ndarray]]


def finalise(root: Path) -> int:
    """Make the data set of `root` from the episodes recorded there; returns how many it holds.

    Episodes that were cut off enter it up to their last whole frame. Raises `UserError` when there is no episode, when
    the episodes are of different robots, or when the disk is full; the episodes stay as they are.
    """
    salvage(root / RECORDED)
    episodes = list(read_episodes(root / RECORDED))
    if not episodes:
        raise UserError(f"{root} holds no recorded episode: collect some first, as in `bunraku collect pick-up`.")
    _require_alike(episodes)
    new = root / ".new"
    with room_on_disk(root):
        shutil.rmtree(new, ignore_errors=True)
        _write(new, episodes)
        for part in PARTS:
            shutil.rmtree(root / part, ignore_errors=True)
            os.replace(new / part, root / part)
        new.rmdir()
    return len(episodes)


def _require_alike(episodes: Sequence[Episode]) -> None:
    first = episodes[0].header
    for episode in episodes:
        header = episode.header
        if (header.robot, header.hand, header.rate, header.fields) != (
            first.robot,
            first.hand,
            first.rate,
            first.fields,
        ):
            raise UserError(
                f"{episode.folder} is of the robot {header.robot} with hand {header.hand}, {first.robot} with hand "
                f"{first.hand} is expected: one data set holds one robot; move it elsewhere."
            )


def _write(root: Path, episodes: Sequence[Episode]) -> None:
    tasks = list(dict.fromkeys(episode.header.instruction for episode in episodes))
    header = episodes[0].header
    rows: list[dict[str, Any]] = []
    start = 0
    for index, episode in enumerate(episodes):
        rows.append(_row(index, episode, start))
        start += episode.frames
    _write_videos(root, episodes, rows)
    stats = _write_data(root, episodes, rows, tasks)
    _write_episodes(root, rows)
    _write_tasks(root, tasks)
    write_whole(root / "meta/stats.json", {key: _listed(value) for key, value in merge_stats(stats).items()})
    write_whole(
        root / "meta/info.json",
        {
            "codebase_version": VERSION,
            "robot_type": header.robot,
            "total_episodes": len(episodes),
            "total_frames": start,
            "total_tasks": len(tasks),
            "chunks_size": CHUNK,
            "data_files_size_in_mb": DATA_MB,
            "video_files_size_in_mb": VIDEO_MB,
            "fps": header.rate,
            "splits": {"train": f"0:{len(episodes)}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH,
            "features": _features(episodes[0]),
            "bunraku": {"version": __version__, "hand": header.hand, "synergies": basis_of(episodes[0]).table()},
        },
    )


def _row(index: int, episode: Episode, start: int) -> dict[str, Any]:
    header, ending = episode.header, episode.ending
    return {
        "episode_index": index,
        "tasks": [header.instruction],
        "length": episode.frames,
        "dataset_from_index": start,
        "dataset_to_index": start + episode.frames,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
        "task_name": header.task,
        "seed": header.seed,
        "object": header.object,
        "target": header.target,
        "disturbed": header.disturbed,
        "success": ending.success,
        "outcome": ending.outcome,
        "reason": ending.reason,
        "shown_from": ending.shown_from,
        "said": json.dumps(ending.said, ensure_ascii=False),
    }


def _features(episode: Episode) -> dict[str, Any]:
    header = episode.header
    found: dict[str, Any] = {}
    for name, (width, height) in header.cameras.items():
        info = {
            "video.height": height,
            "video.width": width,
            "video.codec": "h264",
            "video.pix_fmt": "yuv420p",
            "video.is_depth_map": False,
            "video.fps": header.rate,
            "video.channels": 3,
            "has_audio": False,
        }
        shape, names = [height, width, 3], ["height", "width", "channels"]
        found[IMAGE + name] = {"dtype": "video", "shape": shape, "names": names, "info": info}
    for name, length in header.fields.items():
        found[name] = {"dtype": "float32", "shape": [length], "names": None}
    for name, dtype in {**COUNTERS, "task_index": "int64"}.items():
        found[name] = {"dtype": dtype, "shape": [1], "names": None}
    return found


def basis_of(episode: Episode) -> Synergies:
    """The synergies in which an episode names the postures of a hand."""
    table = episode.header.synergies
    return synergies(episode.header.hand) if table is None else Synergies.read(table)


def recast(action: np.ndarray, old: Synergies, new: Synergies) -> np.ndarray:
    """Actions (n, 2 · SIDE_ACTION) of the synergies `old`, in the synergies `new`."""
    if np.array_equal(old.mean, new.mean) and np.array_equal(old.basis, new.basis):
        return action
    sides, hand = action.reshape(len(action), -1, SIDE_ACTION).copy(), slice(6, 6 + SYNERGIES)
    sides[..., hand] = new.project(old.posture(sides[..., hand]))
    return sides.reshape(action.shape)


class _Files:
    """Hands out chunk and file numbers, a new file after so many bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._size, self._number = most, 0, 0

    def place(self, size: int) -> tuple[int, int]:
        if self._size and self._size + size > self._most:
            self._number, self._size = self._number + 1, 0
        self._size += size
        return divmod(self._number, CHUNK)


def _write_videos(root: Path, episodes: Sequence[Episode], rows: list[dict[str, Any]]) -> None:
    rate = episodes[0].header.rate
    for name in episodes[0].header.cameras:
        key = IMAGE + name
        files, parts = _Files(VIDEO_MB * 2**20), {}
        for episode, row in zip(episodes, rows, strict=True):
            place = files.place(episode.video(name).stat().st_size)
            inside = parts.setdefault(place, [])
            before = sum(frames for _, frames in inside)
            inside.append((episode.video(name), episode.frames))
            row[f"videos/{key}/chunk_index"], row[f"videos/{key}/file_index"] = place
            # A count of frames divided once: sums of durations drift.
            row[f"videos/{key}/from_timestamp"] = before / rate
            row[f"videos/{key}/to_timestamp"] = (before + episode.frames) / rate
        for (chunk, file), inside in parts.items():
            path = root / VIDEO_PATH.format(video_key=key, chunk_index=chunk, file_index=file)
            path.parent.mkdir(parents=True, exist_ok=True)
            join_videos(inside, path, rate)


def _write_data(
    root: Path, episodes: Sequence[Episode], rows: list[dict[str, Any]], tasks: Sequence[str]
) -> list[Stats]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files, writers, all_stats = _Files(DATA_MB * 2**20), {}, []
    with ExitStack() as stack:
        for episode, row in zip(episodes, rows, strict=True):
            vectors, header = episode.vectors(), episode.header
            vectors["action"] = recast(vectors["action"], basis_of(episode), basis_of(episodes[0]))
            counters = _counters(episode, row, tasks.index(header.instruction))
            table = pa.table({name: _column(value) for name, value in (*vectors.items(), *counters.items())})
            place = row["data/chunk_index"], row["data/file_index"] = files.place(table.nbytes)
            if place not in writers:
                path = root / DATA_PATH.format(chunk_index=place[0], file_index=place[1])
                path.parent.mkdir(parents=True, exist_ok=True)
                writers[place] = stack.enter_context(pq.ParquetWriter(path, table.schema, compression="snappy"))
            writers[place].write_table(table)
            stats = {name: _stats(value.reshape(episode.frames, -1)) for name, value in (vectors | counters).items()}
            stats |= {IMAGE + name: _image_stats(key_pictures(episode.video(name))) for name in header.cameras}
            row |= {f"stats/{key}/{name}": value.tolist() for key, of in stats.items() for name, value in of.items()}
            all_stats.append(stats)
    return all_stats


def _counters(episode: Episode, row: Mapping[str, Any], task: int) -> dict[str, np.ndarray]:
    count = np.arange(episode.frames)
    return {
        "timestamp": (count / episode.header.rate).astype(np.float32),
        "frame_index": count,
        "episode_index": np.full(episode.frames, row["episode_index"]),
        "index": row["dataset_from_index"] + count,
        "task_index": np.full(episode.frames, task),
    }


def _column(values: np.ndarray):
    import pyarrow as pa

    if values.ndim == 1 or values.shape[1] == 1:
        return pa.array(values.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def _stats(values: np.ndarray) -> dict[str, np.ndarray]:
    values = values.astype(float)
    spread = {name: np.quantile(values, q, axis=0) for name, q in QUANTILES.items()}
    plain = {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": values.std(axis=0),
    }
    return plain | {"count": np.array([len(values)])} | spread


def _image_stats(pictures: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    pixels = np.concatenate([picture[::8, ::8].reshape(-1, 3) for picture in pictures]) / 255
    return {name: value if name == "count" else value.reshape(3, 1, 1) for name, value in _stats(pixels).items()}


def merge_stats(all_stats: Sequence[Stats]) -> Stats:
    """Statistics of all episodes together; quantiles are averaged by length, as LeRobot does."""
    merged: Stats = {}
    for key in all_stats[0]:
        of = {name: np.stack([stats[key][name] for stats in all_stats]) for name in all_stats[0][key]}
        count = of["count"].reshape(-1, *[1] * (of["mean"].ndim - 1))
        share = count / count.sum()
        mean = (share * of["mean"]).sum(axis=0)
        variance = (share * (of["std"] ** 2 + (of["mean"] - mean) ** 2)).sum(axis=0)
        merged[key] = {
            "min": of["min"].min(axis=0),
            "max": of["max"].max(axis=0),
            "mean": mean,
            "std": np.sqrt(variance),
            "count": np.array([int(count.sum())]),
            **{name: (share * of[name]).sum(axis=0) for name in QUANTILES},
        }
    return merged


def _listed(stats: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: value.tolist() for name, value in stats.items()}


def _write_episodes(root: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = root / EPISODES_PATH.format(chunk_index=0, file_index=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, compression="snappy")


def _write_tasks(root: Path, tasks: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The reader takes the words from the index that pandas keeps, so the table says which column that is.
    index = "__index_level_0__"
    text = {"name": None, "field_name": index, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
    number = {
        "name": "task_index",
        "field_name": "task_index",
        "pandas_type": "int64",
        "numpy_type": "int64",
        "metadata": None,
    }
    pandas = {"index_columns": [index], "column_indexes": [], "columns": [number, text], "pandas_version": "2.0.0"}
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), index: pa.array(tasks, pa.string())})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), root / "meta/tasks.parquet")


@dataclass(frozen=True)
class Entry:
    """One episode of a data set: its metadata `row` and its vectors by name, (frames, n) float32."""

    row: Mapping[str, Any]
    vectors: dict[str, np.ndarray]


class DataSet:
    """A data set on disk, read one episode at a time.

    Raises `UserError` when `root` holds none, or one of another version.
    """

    def __init__(self, root: Path) -> None:
        import pyarrow.parquet as pq

        self.root = root
        try:
            self.info = json.loads((root / "meta/info.json").read_text(encoding="utf-8"))
            version, self.features, self.rate = (
                self.info["codebase_version"],
                self.info["features"],
                int(self.info["fps"]),
            )
            files = sorted((root / "meta/episodes").glob("*/*.parquet"))
            self.rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{root} does not hold a LeRobot data set: {error}") from error
        if version != VERSION:
            raise UserError(f"{root} is a data set of version {version}, {VERSION} is expected: convert it first.")
        self.robot = self.info.get("robot_type")
        about = self.info.get("bunraku", {})
        self.hand, self._synergies = about.get("hand"), about.get("synergies")

    @property
    def synergies(self) -> Synergies:
        """Those in which its actions name the postures of a hand."""
        return synergies(self.hand) if self._synergies is None else Synergies.read(self._synergies)

    def require(self, lengths: Mapping[str, int]) -> None:
        """Raise `UserError` when a vector of `lengths` is not there, or has another length."""
        for name, length in lengths.items():
            if self.features.get(name, {}).get("shape") != [length]:
                raise UserError(f"{self.root} has no {name} of {length} numbers: collect it with this version anew.")

    def entries(self) -> Iterator[Entry]:
        """Every episode, in order. Raises `UserError` when a file cannot be read."""
        import pyarrow.parquet as pq

        opened: dict[Path, Any] = {}
        group = 0
        for row in self.rows:
            where = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
            path = self.root / DATA_PATH.format(**where)
            vectors = {}
            try:
                if path not in opened:
                    opened = {path: pq.ParquetFile(path)}
                    group = 0
                table = opened[path].read_row_group(group)
                for name, feature in self.features.items():
                    if feature["dtype"] != "video":
                        column = table[name].combine_chunks()
                        flat = column.flatten() if hasattr(column, "flatten") and feature["shape"] != [1] else column
                        vectors[name] = flat.to_numpy(zero_copy_only=False).reshape(row["length"], *feature["shape"])
            except (OSError, ValueError, LookupError) as error:
                raise UserError(f"{path} cannot be read: {error}; collect that data set again.") from error
            group += 1
            yield Entry(row, vectors)

    def pictures(self, row: Mapping[str, Any], camera: str) -> Iterator[np.ndarray]:
        """What `camera` saw in the episode of `row`, frame by frame, (h, w, 3) uint8 RGB."""
        import av
        from av.error import FFmpegError

        key = IMAGE + camera
        if key not in self.features:
            raise UserError(f"{self.root} has no pictures of the camera {camera}: collect it with this robot anew.")
        where = {"chunk_index": row[f"videos/{key}/chunk_index"], "file_index": row[f"videos/{key}/file_index"]}
        path = self.root / VIDEO_PATH.format(video_key=key, **where)
        first = round(row[f"videos/{key}/from_timestamp"] * self.rate)
        try:
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                base = stream.time_base or 1
                container.seek(round(first / self.rate / base), stream=stream)
                count = 0
                for frame in container.decode(stream):
                    if round((frame.pts or 0) * base * self.rate) < first:
                        continue
                    yield frame.to_ndarray(format="rgb24")
                    count += 1
                    if count == row["length"]:
                        return
        except (FFmpegError, IndexError) as error:
            raise UserError(f"the video {path} cannot be read: {error}; collect that data set again.") from error
        raise UserError(
            f"the video {path} is cut off: episode {row['episode_index']} has {count} of {row['length']} frames."
        )
