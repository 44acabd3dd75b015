"""Episodes on disk as they happen: one folder each, readable up to the last whole frame whatever ends the process.

A folder holds `episode.json` (what it is about), `frames.bin` (float32 records, one per frame), one video per camera
and, once it has ended, `outcome.json`. Memory does not grow with its length.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.error import FFmpegError

from bunraku import __version__
from bunraku.errors import UserError
from bunraku.learning.frames import RATE, Frame, fields, make_frame, synergies
from bunraku.learning.video import CameraVideo, count_frames
from bunraku.robot import CAMERAS, Command, Observation, RobotSpec
from bunraku.skills import Body

RECORDING = ".recording"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Header:
    """What an episode is about. `fields` are the lengths of a frame's vectors, `cameras` (width, height) px,
    `synergies` those in which the actions name a hand's posture: the present ones if an old episode does not say."""

    task: str
    seed: int
    instruction: str
    object: str
    target: str
    disturbed: bool
    robot: str
    hand: str
    rate: int
    fields: dict[str, int]
    cameras: dict[str, tuple[int, int]]
    bunraku: str = __version__
    synergies: list[list[float]] | None = None

    @classmethod
    def of(cls, spec: RobotSpec, task: str, seed: int, instruction: str, thing: str, target: str, disturbed: bool):
        """The header of an episode with the robot `spec`."""
        hand = spec.hand_spec
        lengths = fields(len(hand.joint_names), len(hand.cable_names))
        cameras = {name: spec.camera(name).resolution for name in CAMERAS}
        about = (task, seed, instruction, thing, target, disturbed, spec.name, spec.hand)
        return cls(*about, RATE, lengths, cameras, synergies=synergies(spec.hand).table())


Said = tuple[int, str, str]
"""From a frame on, what whoever had the robot was at: the frame, the skill, and its words."""


@dataclass(frozen=True)
class Ending:
    """How an episode ended: the referee's verdict, how it failed in few words, and why. What shall be learned is shown
    from the frame `shown_from` on; before, somebody else had the robot. `cpu_s`: what it took. `said` tells the steps
    in which it was done."""

    success: bool
    outcome: str
    reason: str = ""
    shown_from: int = 0
    cpu_s: float = 0.0
    said: Sequence[Said] = ()


class Recorder:
    """Records one episode into a folder of its own. Use it as a context; `note` every tick, then `end`.

    Left without an `end`, the folder stays marked as being recorded, and `salvage` makes an interrupted episode of it.
    """

    def __init__(self, root: Path, header: Header) -> None:
        """Begin the episode of `header` in `root`; an unfinished one of the same name is replaced."""
        self.header = header
        self._final = root / f"{header.seed:06d}"
        self.folder = self._final.with_name(self._final.name + RECORDING)
        self.frames = 0
        self._first = self._due = 0.0
        self._videos: dict[str, CameraVideo] = {}
        with room_on_disk(root):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            write_whole(self.folder / "episode.json", asdict(header))
            self._file = (self.folder / "frames.bin").open("wb", buffering=0)
            for name, (width, height) in header.cameras.items():
                self._videos[name] = CameraVideo(self.folder / f"{name}.mp4", width, height, header.rate)

    def note(self, observation: Observation, command: Command, body: Body) -> None:
        """Record the frame of this tick, if one is due and every camera has taken a picture."""
        if observation.time < self._due - 1e-6 or len(observation.frames) < len(self._videos):
            return
        if not self.frames:
            self._first = observation.time
        # The grid of frames, not the last one taken, says when the next is due: else the rate would drift.
        self._due = self._first + (self.frames + 1) / self.header.rate
        images = {name: observation.frames[name].image for name in self._videos}
        self.write(make_frame(observation, command, body), images)

    def frame_at(self, time: float) -> int:
        """The number of frames that were due before `time` (s)."""
        return max(0, math.ceil((time - self._first) * self.header.rate - 1e-6)) if self.frames else 0

    def write(self, frame: Frame, images: Mapping[str, np.ndarray]) -> None:
        """Append one frame: its vectors by name, and an image (h, w, 3) uint8 RGB of every camera."""
        with room_on_disk(self.folder):
            for name, video in self._videos.items():
                video.write(images[name])
            self._file.write(np.concatenate([frame[name] for name in self.header.fields]).tobytes())
        self.frames += 1

    def end(self, ending: Ending) -> Path:
        """Finish the episode; returns its folder."""
        self.close()
        with room_on_disk(self.folder):
            write_whole(self.folder / "outcome.json", asdict(ending))
            shutil.rmtree(self._final, ignore_errors=True)
            os.replace(self.folder, self._final)
        return self._final

    def close(self) -> None:
        """Close every file; closing twice is harmless."""
        videos, self._videos = self._videos, {}
        self._file.close()
        with room_on_disk(self.folder):
            for video in videos.values():
                video.close()

    def __enter__(self) -> Recorder:
        """This recorder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self.close()


@dataclass(frozen=True)
class Episode:
    """A recorded episode: its `folder`, what it is about and how it ended; `frames` that are whole everywhere."""

    folder: Path
    header: Header
    ending: Ending
    frames: int

    def video(self, camera: str) -> Path:
        """The video of `camera`."""
        return self.folder / f"{camera}.mp4"

    def vectors(self) -> Frame:
        """Every vector by name, (frames, n) float32, mapped from disk."""
        lengths = self.header.fields
        records = np.fromfile(self.folder / "frames.bin", np.float32)
        width = sum(lengths.values())
        table = records[: self.frames * width].reshape(self.frames, width)
        ends = np.cumsum(list(lengths.values()))[:-1]
        return dict(zip(lengths, np.split(table, ends, axis=1), strict=True))


def read_episode(folder: Path) -> Episode:
    """The episode in `folder`, ended or not. Raises `UserError` when it is none."""
    try:
        header = Header(**json.loads((folder / "episode.json").read_text(encoding="utf-8")))
        ending = folder / "outcome.json"
        ended = Ending(**json.loads(ending.read_text(encoding="utf-8"))) if ending.exists() else None
        whole = (folder / "frames.bin").stat().st_size // (4 * sum(header.fields.values()))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{folder} does not hold an episode: {error}") from error
    frames = min([whole, *(count_frames(folder / f"{name}.mp4") for name in header.cameras)])
    if ended is not None and frames < whole:
        raise UserError(f"{folder}: a video has {frames} frames of {whole}; delete that folder and collect again.")
    return Episode(folder, header, ended or Ending(False, INTERRUPTED, "the recording was cut off"), frames)


def read_episodes(root: Path) -> Iterator[Episode]:
    """Every episode under `root`, task by task, in the order of their seeds, those that were cut off among them."""
    for header in sorted(root.glob("*/*/episode.json")):
        episode = read_episode(header.parent)
        if episode.frames:
            yield episode


def salvage(root: Path) -> list[Path]:
    """Keep what killed processes left under `root` as interrupted episodes, so that their seeds can run again."""
    kept = []
    for folder in sorted(root.glob(f"*/*{RECORDING}")):
        name = folder.with_name(folder.name.removesuffix(RECORDING) + f"-{INTERRUPTED}")
        shutil.rmtree(name, ignore_errors=True)
        os.replace(folder, name)
        kept.append(name)
    return kept


def write_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON in one step: a reader finds all of it or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(part, path)


@contextmanager
def room_on_disk(path: Path) -> Iterator[None]:
    """Turns a full or unwritable disk into one sentence."""
    try:
        yield
    except (OSError, FFmpegError) as error:
        if error.errno == errno.ENOSPC:
            raise UserError(f"the disk of {path} is full: what was recorded up to here is kept; make room.") from error
        raise UserError(f"{path} cannot be written: {error.strerror or error}.") from error
