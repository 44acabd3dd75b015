"""From a data set to what a network is trained on: tokens once, then arrays that are mapped from disk.

Decoding seven videos for every sample would take a laptop days, so the pictures are looked at once; what was seen in
them is kept beside the data set.
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
from bunraku.learning.frames import SYNERGIES, Synergies, difference, fields
from bunraku.learning.lerobot import DataSet, Entry
from bunraku.learning.tokens import (
    COLOUR_NAMES,
    ENCODER,
    KIND_NAMES,
    LOOK_PERIOD,
    MOST,
    NOWHERE,
    TOKEN,
    Tokens,
    features,
    towards,
)
from bunraku.robot import CAMERAS, JOINTS, SIDES, CameraFrame, HandReading, RobotSpec
from bunraku.skills import Eyes, Seen
from bunraku.skills.body import Pose
from bunraku.skills.perception import LOOKING, BodyState
from bunraku.tasks.manipulations import manipulation

CHUNK = 16
"""Frames that a policy plans ahead."""
STILL, STILL_HAND, STILL_GRIP = 5e-4, 3e-3, 1e-2
"""What is wanted rests when palm (m), hand (rad) and grip change less than this from frame to frame."""
SIDECAR = "sightings-1"
"""Folder beside a data set with what the eyes found in its pictures, whatever is then made of it."""
Meant = tuple[int, ...]
"""Kind and colour of a thing and of its target, as indices; `NOWHERE` for no target."""
UNSEEN_ROOMS = range(1_000_000, 1_000_600)
"""Seeds of rooms whose words alone are learned from: to draw them costs no simulation."""


@dataclass(frozen=True)
class Samples:
    """What a network learns from.

    `inputs` (n, FEATURES) of what was asked for, `chunks` (n, CHUNK, SIDE_ACTION): relative palm pose, `synergies` and
    tension of the next frames; `instructions`, of the episodes and of rooms of the same tasks that were only drawn,
    with what they `meant` (k, 4): indices of kind and colour of the thing and of the target; `source`, a digest of all
    of it.
    """

    inputs: np.ndarray
    chunks: np.ndarray
    instructions: list[str]
    meant: np.ndarray
    side: str
    hand: str
    synergies: Synergies
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
    dataset.require(fields(len(spec.hand_spec.joint_names), len(spec.hand_spec.cable_names)))
    _require_finite(dataset)
    inputs, chunks, instructions, meant, tasks = [], [], [], [], set()
    digest = hashlib.sha256(ENCODER.encode())
    for count, (entry, tokens) in enumerate(zip(dataset.entries(), tokenise(dataset), strict=True)):
        report(count + 1, len(dataset.rows))
        row, action = entry.row, entry.vectors["action"]
        digest.update(action.tobytes() + tokens.tobytes() + row["tasks"][0].encode())
        wanted = _indices(row["object"], row["target"])
        if not row["success"] or wanted is None:
            continue
        more = _samples(entry, tokens, wanted, side, dataset.synergies)
        if more is None:
            continue
        inputs.append(more[0])
        chunks.append(more[1])
        instructions.append(row["tasks"][0])
        meant.append(wanted)
        tasks.add(row["task_name"])
    for words, wanted in sorted(_more_words(tasks)):
        instructions.append(words)
        meant.append(wanted)
        digest.update(f"{words}{wanted}".encode())
    if not inputs:
        raise UserError(f"{data} has no successful episode of the {side} hand to learn from: collect more.")
    arrays = np.concatenate(inputs), np.concatenate(chunks)
    return Samples(
        *arrays,
        instructions,
        np.array(meant),
        side,
        spec.hand,
        dataset.synergies,
        dataset.rate,
        tuple(sorted(tasks)),
        len(inputs),
        digest.hexdigest(),
    )


def _more_words(tasks: Iterable[str]) -> Iterator[tuple[str, Meant]]:
    """Instructions of rooms that were never simulated, with what they mean."""
    for task in tasks:
        for given in map(manipulation(task).draw, UNSEEN_ROOMS):
            wanted = _indices(given.object, given.target)
            if wanted is not None:
                yield given.instruction, wanted


def _indices(thing: str, target: str) -> Meant | None:
    """Indices of kind and colour of the things of these names, the second "" for none; None if no token can say one."""
    found = []
    for name in (thing, target):
        colour, _, kind = name.partition(" ")
        if name and (colour not in COLOUR_NAMES or kind not in KIND_NAMES):
            return None
        found += [KIND_NAMES.index(kind), COLOUR_NAMES.index(colour)] if name else NOWHERE
    return tuple(found) if thing else None


def _require_finite(dataset: DataSet) -> None:
    for entry in dataset.entries():
        if not all(np.isfinite(values).all() for values in entry.vectors.values()):
            index = entry.row["episode_index"]
            raise UserError(
                f"{dataset.root}: episode {index} holds numbers that are not finite: delete its folder, collect again."
            )


def _samples(
    entry: Entry, tokens: np.ndarray, wanted: Meant, side: str, basis: Synergies
) -> tuple[np.ndarray, np.ndarray] | None:
    measured, target = palms(entry, side)
    which = SIDES.index(side)
    action = np.split(entry.vectors["action"], len(SIDES), axis=1)[which]
    steps = going_on(np.array([pose.position for pose in target]), action)
    shown = int(entry.row.get("shown_from") or 0)
    if not steps[shown:].any():
        return None
    frames = np.flatnonzero(steps)
    first, last = max(int(frames[0]) - 1, shown), len(target) - 1
    frames = np.concatenate([frames, np.arange(frames[-1] + 1, len(target))])
    joints, loops = _hands(entry)
    found, labels = [], []
    for t in range(first, last):
        thing, goal = _token(tokens[t], *wanted[:2]), _token(tokens[t], *wanted[2:])
        if thing is None or (goal is None and wanted[2:] != NOWHERE):
            continue
        reading = HandReading(0.0, joints[which][t], joints[which][t], loops[which][t])
        about = features(thing[None], measured[t], reading, basis)[0]
        found.append(np.append(about, towards(thing, goal, measured[t])))
        ahead = frames[np.searchsorted(frames, t, side="right") :][:CHUNK]
        ahead = np.pad(ahead, (0, CHUNK - len(ahead)), mode="edge")
        ways = [difference(measured[t], target[k]) for k in ahead]
        labels.append(np.concatenate([ways, action[ahead, 6:]], axis=1))
    if not found:
        return None
    return np.array(found, np.float32), np.array(labels, np.float32)


def _token(table: np.ndarray, kind: int, colour: int) -> np.ndarray | None:
    """The first token (TOKEN,) of that kind and colour in a `table` (n, TOKEN); None when there is none."""
    found = table[(table[:, 0] == kind) & (table[:, 1] == colour)]
    return found[0] if len(found) else None


def going_on(places: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Which frames (n,) ask for something else than the frame before them, by the wanted `places` (n, 3) of the palm
    and the `action` (n, SIDE_ACTION).

    The others are left out of what is planned: a policy that has learned to wait waits for ever, since nothing that it
    sees changes meanwhile.
    """
    palm = np.linalg.norm(np.diff(places, axis=0), axis=1) > STILL
    hand = np.abs(np.diff(action[:, 6 : 6 + SYNERGIES], axis=0)).max(axis=1) > STILL_HAND
    grip = np.abs(np.diff(action[:, -1])) > STILL_GRIP
    return np.concatenate([[False], palm | hand | grip])


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
    """The tokens (frames, MOST, TOKEN) of each episode, NaN where there is none, by what was seen and felt in it."""
    for entry, sightings in zip(dataset.entries(), _sightings(dataset), strict=True):
        yield believed(entry, sightings)


def believed(entry: Entry, sightings: np.ndarray) -> np.ndarray:
    """The tokens (frames, MOST, TOKEN) of an episode with those `sightings` (n, 9)."""
    frames = len(entry.vectors["action"])
    measured = {side: palms(entry, side)[0] for side in SIDES}
    joints, loops = _hands(entry)
    tokens, table = Tokens(), np.full((frames, MOST, TOKEN), np.nan, np.float32)
    for t in range(frames):
        here = {side: measured[side][t] for side in SIDES}
        hands = {side: HandReading(0.0, joints[i][t], joints[i][t], loops[i][t]) for i, side in enumerate(SIDES)}
        tokens.feel(here, hands)
        seen = [
            Seen(KIND_NAMES[int(kind)], COLOUR_NAMES[int(colour)], np.array(place), yaw, deviation, 0.0, confidence)
            for _, kind, colour, *place, yaw, deviation, confidence in sightings[sightings[:, 0] == t].tolist()
        ]
        tokens.update(seen, [palm.position for palm in here.values()])
        now = tokens.table()
        table[t, : len(now)] = now
    return table


def _sightings(dataset: DataSet) -> Iterator[np.ndarray]:
    """What is seen in each episode (n, 9): the frame, and of each thing kind, colour, position (3) m, yaw rad,
    deviation m and confidence; read from beside the data set, or seen in its videos and kept there."""
    folder = dataset.root / SIDECAR
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
        yield np.load(path)


def _see(dataset: DataSet, entry: Entry, eyes: Eyes) -> np.ndarray:
    vectors = entry.vectors
    times = vectors["observation.time"][:, 0]
    joints, loops = _hands(entry)
    rows, due = [], -np.inf
    films = [dataset.pictures(entry.row, name) for name in LOOKING]
    for t, pictures in enumerate(zip_longest(*films)):
        if times[t] < due - 1e-6:
            continue
        due = times[t] + LOOK_PERIOD
        views = []
        for name, image in zip(LOOKING, pictures, strict=True):
            taken = float(vectors["observation.frame_time"][t, CAMERAS.index(name)])
            hands = [HandReading(taken, joints[i][t], joints[i][t], loops[i][t]) for i in range(len(SIDES))]
            state = BodyState(taken, _at(vectors["observation.configuration"], times, taken), np.zeros(36), np.ones(2))
            views.append(eyes.view(CameraFrame(name, taken, image), state, dict(zip(SIDES, hands, strict=True))))
        rows += [
            [t, KIND_NAMES.index(s.kind), COLOUR_NAMES.index(s.colour), *s.position, s.yaw, s.deviation, s.confidence]
            for s in eyes.find(views)
        ]
    return np.array(rows, np.float32).reshape(-1, 9)


def _at(configurations: np.ndarray, times: np.ndarray, time: float) -> np.ndarray:
    """The configuration (37,) at `time`, between two frames."""
    found = np.array([np.interp(time, times, column) for column in configurations.T])
    found[3:7] /= np.linalg.norm(found[3:7])
    return found
