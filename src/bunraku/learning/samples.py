"""From a data set to what a network is trained on: tokens once, then arrays that are mapped from disk.

Decoding seven videos for every sample would take a laptop days, so the pictures are looked at once; what was seen in
them is kept beside the data set, by the frame's global index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from bunraku.errors import UserError
from bunraku.learning.episodes import room_on_disk
from bunraku.learning.frames import difference
from bunraku.learning.lerobot import DataSet, Entry
from bunraku.learning.tokens import (
    COLOUR_NAMES,
    ENCODER,
    KIND_NAMES,
    LOOK_PERIOD,
    MOST,
    TOKEN,
    Tokens,
    features,
)
from bunraku.robot import CAMERAS, JOINTS, SIDES, CameraFrame, HandReading, RobotSpec
from bunraku.skills import Eyes
from bunraku.skills.body import Pose
from bunraku.skills.perception import LOOKING, BodyState
from bunraku.tasks.manipulations import manipulation

CHUNK = 16
"""Frames that a policy plans ahead."""
STILL = 1e-4
"""A palm whose wanted place changes less than this (m) from frame to frame rests."""
SIDECAR = "tokens"
UNSEEN_ROOMS = range(1_000_000, 1_000_600)
"""Seeds of rooms whose words alone are learned from: to draw them costs no simulation."""


@dataclass(frozen=True)
class Samples:
    """What a network learns from. `inputs` (n, FEATURES) of the thing that was asked for, `chunks` (n, CHUNK,
    SIDE_ACTION): relative palm pose, synergies and tension of the next frames; `instructions`, of the episodes and of
    rooms of the same tasks that were only drawn, with the (kind, colour) indices that they meant; `source`, a digest of
    all of it."""

    inputs: np.ndarray
    chunks: np.ndarray
    instructions: list[str]
    meant: np.ndarray
    side: str
    hand: str
    rate: int
    tasks: tuple[str, ...]
    episodes: int
    source: str


def load_samples(data: Path, side: str, report: Callable[[int, int], None] = lambda done, total: None) -> Samples:
    """Read every successful episode of the data set `data` in which the hand on `side` did what was asked.

    `report` is told how many episodes of how many have been read. Raises `UserError` when the data set is not of this
    robot, has actions that are not finite, or holds nothing to learn from.
    """
    dataset = DataSet(data)
    spec = RobotSpec()
    if dataset.robot != spec.name or dataset.hand != spec.hand:
        raise UserError(
            f"{data} is of the robot {dataset.robot} with hand {dataset.hand}, "
            f"{spec.name} with {spec.hand} is expected: collect episodes with this robot."
        )
    _require_finite(dataset)
    inputs, chunks, instructions, meant, tasks = [], [], [], [], set()
    digest = hashlib.sha256(ENCODER.encode())
    for count, (entry, tokens) in enumerate(zip(dataset.entries(), tokenise(dataset), strict=True)):
        report(count + 1, len(dataset.rows))
        row, action = entry.row, entry.vectors["action"]
        digest.update(action.tobytes() + tokens.tobytes() + row["tasks"][0].encode())
        colour, _, kind = row["object"].partition(" ")
        if not row["success"] or colour not in COLOUR_NAMES or kind not in KIND_NAMES:
            continue
        wanted = (KIND_NAMES.index(kind), COLOUR_NAMES.index(colour))
        more = _samples(entry, tokens, wanted, side, spec.hand)
        if more is None:
            continue
        inputs.append(more[0])
        chunks.append(more[1])
        instructions.append(row["tasks"][0])
        meant.append(wanted)
        tasks.add(row["task_name"])
    for words, (kind, colour) in sorted(_more_words(tasks)):
        instructions.append(words)
        meant.append((kind, colour))
        digest.update(f"{words}{kind},{colour}".encode())
    if not inputs:
        raise UserError(f"{data} has no successful episode of the {side} hand to learn from: collect more.")
    arrays = np.concatenate(inputs), np.concatenate(chunks)
    return Samples(
        *arrays,
        instructions,
        np.array(meant),
        side,
        spec.hand,
        dataset.rate,
        tuple(sorted(tasks)),
        len(inputs),
        digest.hexdigest(),
    )


def _more_words(tasks: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Instructions of rooms that were never simulated, with the kind and the colour that they mean."""
    for task in tasks:
        for given in map(manipulation(task).draw, UNSEEN_ROOMS):
            if given.object:
                thing = given.scene.find(given.object)
                yield given.instruction, (KIND_NAMES.index(thing.kind), COLOUR_NAMES.index(thing.colour))


def _require_finite(dataset: DataSet) -> None:
    for entry in dataset.entries():
        if not all(np.isfinite(values).all() for values in entry.vectors.values()):
            index = entry.row["episode_index"]
            raise UserError(
                f"{dataset.root}: episode {index} holds numbers that are not finite: delete its folder, collect again."
            )


def _samples(
    entry: Entry, tokens: np.ndarray, wanted: tuple[int, int], side: str, hand: str
) -> tuple[np.ndarray, np.ndarray] | None:
    measured, target = palms(entry, side)
    moves = np.linalg.norm(np.diff([pose.position for pose in target], axis=0), axis=1) > STILL
    if not moves.any():
        return None
    action = np.split(entry.vectors["action"], len(SIDES), axis=1)[SIDES.index(side)]
    first, last = int(np.flatnonzero(moves)[0]), len(target) - 1
    joints, loops = _hands(entry)
    found, labels = [], []
    for t in range(first, last):
        table = tokens[t]
        match = (table[:, 0] == wanted[0]) & (table[:, 1] == wanted[1])
        if not match.any():
            continue
        which = SIDES.index(side)
        reading = HandReading(0.0, joints[which][t], joints[which][t], loops[which][t])
        found.append(features(table[match][:1], measured[t], reading, hand)[0])
        ahead = np.minimum(np.arange(t + 1, t + 1 + CHUNK), last)
        ways = [difference(measured[t], target[k]) for k in ahead]
        labels.append(np.concatenate([ways, action[ahead, 6:]], axis=1))
    if not found:
        return None
    return np.array(found, np.float32), np.array(labels, np.float32)


def palms(entry: Entry, side: str) -> tuple[list[Pose], list[Pose]]:
    """The measured and the wanted palm poses of every frame."""
    from scipy.spatial.transform import Rotation

    index = SIDES.index(side)
    wanted = np.split(entry.vectors["action.palm"], len(SIDES), axis=1)[index]
    way = np.split(entry.vectors["action"], len(SIDES), axis=1)[index]
    turned = Rotation.from_quat(wanted[:, 3:], scalar_first=True)
    before = Rotation.from_rotvec(way[:, 3:6]).inv() * turned
    measured = [Pose(w[:3] - a[:3], r) for w, a, r in zip(wanted, way, before.as_matrix(), strict=True)]
    return measured, [Pose(w[:3], r) for w, r in zip(wanted, turned.as_matrix(), strict=True)]


def _hands(entry: Entry) -> tuple[list[np.ndarray], list[np.ndarray]]:
    state = entry.vectors["observation.state"][:, len(JOINTS) :]
    return np.split(state, len(SIDES), axis=1), np.split(entry.vectors["observation.tension"], len(SIDES), axis=1)


def tokenise(dataset: DataSet) -> Iterator[np.ndarray]:
    """The tokens (frames, MOST, TOKEN) of each episode, NaN where there is none: read from beside the data set, or seen
    in its videos and kept there."""
    folder = dataset.root / SIDECAR / ENCODER
    eyes: Eyes | None = None
    for entry in dataset.entries():
        stamp = hashlib.sha256(entry.vectors["observation.configuration"].tobytes()).hexdigest()[:16]
        path = folder / f"{stamp}.npy"
        if not path.exists():
            # One pair of eyes serves every episode, but it must forget where the body was in the last.
            eyes = eyes or Eyes(RobotSpec())
            table = _see(dataset, entry, eyes)
            with room_on_disk(folder):
                folder.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part.npy")
                np.save(part, table)
                part.replace(path)
        yield np.load(path, mmap_mode="r")


def _see(dataset: DataSet, entry: Entry, eyes: Eyes) -> np.ndarray:
    vectors, frames = entry.vectors, len(entry.vectors["action"])
    times = vectors["observation.time"][:, 0]
    measured = {side: palms(entry, side)[0] for side in SIDES}
    joints, loops = _hands(entry)
    tokens, table, due = Tokens(), np.full((frames, MOST, TOKEN), np.nan, np.float32), -np.inf
    films = [dataset.pictures(entry.row, name) for name in LOOKING]
    for t, pictures in enumerate(zip_longest(*films)):
        if times[t] >= due - 1e-6:
            due = times[t] + LOOK_PERIOD
            views = []
            for name, image in zip(LOOKING, pictures, strict=True):
                taken = float(vectors["observation.frame_time"][t, CAMERAS.index(name)])
                hands = [HandReading(taken, joints[i][t], joints[i][t], loops[i][t]) for i in range(len(SIDES))]
                state = BodyState(
                    taken, _at(vectors["observation.configuration"], times, taken), np.zeros(36), np.ones(2)
                )
                views.append(eyes.view(CameraFrame(name, taken, image), state, dict(zip(SIDES, hands, strict=True))))
            tokens.update(eyes.find(views), [measured[side][t].position for side in SIDES])
        now = tokens.table()
        table[t, : len(now)] = now
    return table


def _at(configurations: np.ndarray, times: np.ndarray, time: float) -> np.ndarray:
    """The configuration (37,) at `time`, between two frames."""
    found = np.array([np.interp(time, times, column) for column in configurations.T])
    found[3:7] /= np.linalg.norm(found[3:7])
    return found
