"""From a data set to what a network is trained on: tokens once, then arrays that are mapped from disk.

Decoding seven videos for every sample would take a laptop days, so the pictures are looked at once; what was seen in
them is kept beside the data set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.learning.episodes import room_on_disk
from bunraku.learning.frames import MIRROR, RATE, SIDE_ACTION, Synergies, difference, fields
from bunraku.learning.lerobot import DataSet, Entry
from bunraku.learning.steps import (
    COLOUR_NAMES,
    KIND_NAMES,
    NOTHING,
    OVER,
    STEPS,
    VERB_NAMES,
    VERBS,
    Meant,
    Segment,
    fixed_kinds,
    segments,
    steps_of,
)
from bunraku.learning.tokens import ENCODER, FEATURES, FINGERS, LOOK_PERIOD, MOST, TOKEN, Tokens, features, nearest
from bunraku.robot import CAMERAS, JOINTS, SIDES, CameraFrame, HandReading, RobotSpec
from bunraku.skills import Eyes, Seen
from bunraku.skills.body import Pose
from bunraku.skills.perception import LOOKING, BodyState
from bunraku.skills.props import find_props
from bunraku.tasks.manipulations import manipulation
from bunraku.tasks.referee import HOLD

CHUNK = 16
"""Frames that a policy plans ahead."""
PLANNED = 6 + FINGERS + 1
"""Numbers in a frame of a plan: relative palm pose, synergies of the fingers, tension."""
STILL, STILL_HAND, STILL_GRIP = 5e-4, 3e-3, 1e-2
"""What is wanted rests when palm (m), hand (rad) and grip change less than this from frame to frame."""
SIDECAR = "sightings-2"
"""Folder beside a data set with what the eyes found in its pictures, whatever is then made of it."""
WITH_PAUSES = frozenset({"press"})
"""What is planned as it was done, its short rests too: at its lowest point a hand that presses turns back at once, and
plans that are unsure of the moment would turn back above it."""
AFTERWARDS = 8
"""Frames after a step in which it is seen that it is done."""
BEGINNING = 3
"""Frames at the beginning of a step from which it is learned which hand does it."""
NO_MORE = {"pour": round(HOLD * RATE)}
"""Frames at the end of an episode that are not learned, by task: what is done once it is good enough."""
SETTLED, SETTLING = 10, 0.3
"""Frames in which the head still turns to the work, and seconds between two looks meanwhile."""
UNSEEN_ROOMS = range(1_000_000, 1_000_600)
"""Seeds of rooms whose words alone are learned from: to draw them costs no simulation."""


@dataclass(frozen=True)
class Samples:
    """What a network learns from, in which every hand is a right one.

    `inputs` (n, FEATURES) of the step at work, `chunks` (n, CHUNK, PLANNED): relative palm pose, `synergies` and
    tension of the next frames, NaN where somebody does something else; `over` (n,) whether nothing is left to do, and
    `share` (n,) of each sample, the same sum for each task.
    `choices` (c, 2, FEATURES) at the beginnings of steps: inputs for the hand that did it and for the other one, if
    both were where they were at first.
    `instructions`, of the episodes and of rooms that were only drawn, of all tasks that have the same verbs, with
    the steps that they `meant` (k, STEPS, 5). `source`, a digest of all of it.
    """

    inputs: np.ndarray
    chunks: np.ndarray
    over: np.ndarray
    share: np.ndarray
    choices: np.ndarray
    instructions: list[str]
    meant: np.ndarray
    hand: str
    synergies: Synergies
    rate: int
    tasks: tuple[str, ...]
    episodes: int
    source: str


def load_samples(folders: Sequence[Path], report: Callable[[int, int], None] = lambda done, total: None) -> Samples:
    """Read every successful episode of the data sets in `folders` whose words mean steps.

    `report` is told how many episodes of how many have been read. Raises `UserError` when a data set is not of this
    robot, has actions that are not finite, or when there is nothing to learn from.
    """
    spec, sets = RobotSpec(), [DataSet(folder) for folder in folders]
    for dataset in sets:
        if dataset.robot != spec.name or dataset.hand != spec.hand:
            raise UserError(
                f"{dataset.root} is of the robot {dataset.robot} with hand {dataset.hand}, "
                f"{spec.name} with {spec.hand} is expected: collect episodes with this robot."
            )
        dataset.require(fields(len(spec.hand_spec.joint_names), len(spec.hand_spec.cable_names)))
        _require_finite(dataset)
    total, basis = sum(len(dataset.rows) for dataset in sets), _synergies(sets)
    inputs, chunks, overs, choices, tasks, words = [], [], [], [], [], set()
    digest, count, used = hashlib.sha256(ENCODER.encode()), 0, 0
    for dataset in sets:
        for entry, tokens in zip(dataset.entries(), tokenise(dataset), strict=True):
            count += 1
            report(count, total)
            row = entry.row
            digest.update(entry.vectors["action"].tobytes() + tokens.tobytes() + row["tasks"][0].encode())
            if not row["success"] or not (orders := orders_of(row)):
                continue
            words |= {(row["tasks"][0], order) for order in orders}
            used += 1
            for segment in _segments(entry, orders):
                found, planned, over, chosen = _samples(entry, tokens, segment, basis)
                inputs.append(found)
                chunks.append(planned)
                overs.append(over)
                choices.append(chosen)
                tasks.append(row["task_name"])
    if not inputs:
        raise UserError(f"{folders[0]} has no successful episode to learn from: collect more.")
    names = tuple(dict.fromkeys(tasks))
    words |= set(_more_words(task for task in VERBS if VERBS[task] in {VERBS[name] for name in names}))
    said = sorted(words)
    digest.update(repr(said).encode())
    frames = {name: sum(len(one) for one, task in zip(inputs, tasks, strict=True) if task == name) for name in names}
    return Samples(
        np.concatenate(inputs),
        np.concatenate(chunks),
        np.concatenate(overs),
        np.concatenate([np.full(len(one), 1 / frames[name]) for one, name in zip(inputs, tasks, strict=True)]),
        np.concatenate(choices),
        [instruction for instruction, _ in said],
        np.array([(*order, *[OVER] * (STEPS - len(order))) for _, order in said]),
        spec.hand,
        basis,
        sets[0].rate,
        names,
        used,
        digest.hexdigest(),
    )


def _more_words(tasks: Iterable[str]) -> Iterator[tuple[str, tuple[Meant, ...]]]:
    """Instructions of rooms that were never simulated, with the orders of steps that they mean."""
    for task in tasks:
        for given in map(manipulation(task).draw, UNSEEN_ROOMS):
            for order in steps_of(task, given):
                yield given.instruction, order


def orders_of(row: Mapping[str, Any]) -> list[tuple[Meant, ...]]:
    """The orders of steps that the instruction of an episode means; none if its room is drawn otherwise now."""
    given = manipulation(row["task_name"]).draw(row["seed"])
    return steps_of(row["task_name"], given) if given.instruction == row["tasks"][0] else []


def _synergies(sets: Sequence[DataSet]) -> Synergies:
    """The synergies of all postures that were commanded to the hands."""
    joints = len(RobotSpec().hand_spec.joints)
    of_hands = slice(5 * len(JOINTS), 5 * len(JOINTS) + 2 * joints)
    postures = [
        entry.vectors["action.command"][::4, of_hands].reshape(-1, joints) for each in sets for entry in each.entries()
    ]
    return Synergies.of(np.concatenate(postures).astype(float), FINGERS)


def _require_finite(dataset: DataSet) -> None:
    for entry in dataset.entries():
        if not all(np.isfinite(values).all() for values in entry.vectors.values()):
            index = entry.row["episode_index"]
            raise UserError(
                f"{dataset.root}: episode {index} holds numbers that are not finite: delete its folder, collect again."
            )


def _segments(entry: Entry, orders: Sequence[tuple[Meant, ...]]) -> list[Segment]:
    row, count = entry.row, len(entry.vectors["action"])
    said = json.loads(row.get("said") or "[]")
    last = count - NO_MORE.get(row["task_name"], 0)
    found = segments(said, orders, int(row.get("shown_from") or 0), last)
    return [segment for segment in found if segment.last > segment.first + 1]


def _samples(entry: Entry, tokens: np.ndarray, segment: Segment, basis: Synergies) -> tuple[np.ndarray, ...]:
    """Inputs, chunks, whether nothing is left to do, and choices, of one `segment` of an episode."""
    poses = {side: palms(entry, side) for side in SIDES}
    side = segment.side or max(SIDES, key=lambda one: _travelled(poses[one][1][segment.first : segment.last]))
    measured, wanted = poses[side]
    joints, loops = _hands(entry)
    action, postures = np.split(entry.vectors["action"], len(SIDES), axis=1), _commanded(entry)
    which = SIDES.index(side)
    grip, fingers = action[which][:, SIDE_ACTION - 1 :], basis.project(postures[which])
    steps = going_on(np.array([pose.position for pose in wanted]), np.hstack([fingers, grip]))
    steps[: segment.first + 1] = steps[segment.last :] = False
    frames = np.flatnonzero(steps)
    if len(frames) and VERB_NAMES[segment.meant[0]] in WITH_PAUSES:
        frames = np.arange(frames[0], frames[-1] + 1)
    if not len(frames):
        return _arrays([], [], [], [])
    first = max(int(frames[0]) - 1, segment.first)
    rest = int(frames[-1]) + 1
    frames = np.concatenate([frames, np.arange(rest, segment.last)])
    found, chunks, over, choices = [], [], [], []
    memory: dict[str, np.ndarray] = dict.fromkeys(SIDES, np.full(2, np.inf))

    def told(side: str, t: int, thing: np.ndarray, target: np.ndarray | None) -> np.ndarray:
        palm, which = poses[side][0][t], SIDES.index(side)
        memory[side] = np.minimum(memory[side], nearest(thing, target, palm))
        reading = HandReading(0.0, joints[which][t], joints[which][t], loops[which][t])
        return features(segment.meant[0], thing, target, side, palm, reading, memory[side], basis)

    def at_rest(side: str, thing: np.ndarray, target: np.ndarray | None) -> np.ndarray:
        palm, which = poses[side][0][0], SIDES.index(side)
        reading = HandReading(0.0, joints[which][0], joints[which][0], loops[which][0])
        return features(segment.meant[0], thing, target, side, palm, reading, nearest(thing, target, palm), basis)

    for t in range(first, min(segment.last + AFTERWARDS, len(wanted))):
        thing, target = _token(tokens[t], *segment.meant[1:3]), _token(tokens[t], *segment.meant[3:])
        if thing is None or (target is None and segment.meant[3:] != NOTHING):
            continue
        found.append(told(side, t, thing, target))
        if len(choices) < BEGINNING:
            choices.append([at_rest(one, thing, target) for one in (side, _other(side))])
        over.append(t >= rest)
        ahead = frames[np.searchsorted(frames, t, side="right") :][:CHUNK]
        if t >= segment.last or not len(ahead):
            chunks.append(np.full((CHUNK, PLANNED), np.nan))
            continue
        ahead = np.pad(ahead, (0, CHUNK - len(ahead)), mode="edge")
        ways = np.array([difference(measured[t], wanted[k]) for k in ahead])
        if side == "left":
            ways *= np.concatenate([MIRROR, -MIRROR])
        chunks.append(np.hstack([ways, fingers[ahead], grip[ahead]]))
    return _arrays(found, chunks, over, choices)


def _arrays(found: list, chunks: list, over: list, choices: list) -> tuple[np.ndarray, ...]:
    return (
        np.array(found, np.float32).reshape(-1, FEATURES),
        np.array(chunks, np.float32).reshape(-1, CHUNK, PLANNED),
        np.array(over, bool),
        np.array(choices, np.float32).reshape(-1, 2, FEATURES),
    )


def _other(side: str) -> str:
    return SIDES[1 - SIDES.index(side)]


def _travelled(poses: Sequence[Pose]) -> float:
    places = np.array([pose.position for pose in poses])
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _commanded(entry: Entry) -> list[np.ndarray]:
    """The postures (frames, n) rad to which each hand was told to go."""
    command = entry.vectors["action.command"][:, 5 * len(JOINTS) :]
    return np.split(command, 2 * len(SIDES), axis=1)[: len(SIDES)]


def _token(table: np.ndarray, kind: int, colour: int) -> np.ndarray | None:
    """The first token (TOKEN,) of that kind and colour in a `table` (n, TOKEN); None when there is none."""
    found = table[(table[:, 0] == kind) & (table[:, 1] == colour)]
    return found[0] if len(found) else None


def going_on(places: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """Which frames (n,) ask for something else than the frame before them, by the wanted `places` (n, 3) of the palm
    and the synergies and tension (n, FINGERS + 1) of the `hand`.

    The others are left out of what is planned: a policy that has learned to wait waits for ever, since nothing that it
    sees changes meanwhile.
    """
    palm = np.linalg.norm(np.diff(places, axis=0), axis=1) > STILL
    fingers = np.abs(np.diff(hand[:, :-1], axis=0)).max(axis=1) > STILL_HAND
    grip = np.abs(np.diff(hand[:, -1])) > STILL_GRIP
    return np.concatenate([[False], palm | fingers | grip])


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
            meant = {meant for order in orders_of(entry.row) for meant in order}
            table = _see(dataset, entry, eyes, fixed_kinds(meant))
            with room_on_disk(folder):
                folder.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part.npy")
                np.save(part, table)
                part.replace(path)
        yield np.load(path)


def _see(dataset: DataSet, entry: Entry, eyes: Eyes, fixed: Sequence[str]) -> np.ndarray:
    vectors = entry.vectors
    times = vectors["observation.time"][:, 0]
    joints, loops = _hands(entry)
    rows, due = [], -np.inf
    films = [dataset.pictures(entry.row, name) for name in LOOKING]
    for t, pictures in enumerate(zip_longest(*films)):
        if times[t] < due - 1e-6:
            continue
        due = times[t] + (LOOK_PERIOD if t > SETTLED else SETTLING)
        views = []
        for name, image in zip(LOOKING, pictures, strict=True):
            taken = float(vectors["observation.frame_time"][t, CAMERAS.index(name)])
            hands = [HandReading(taken, joints[i][t], joints[i][t], loops[i][t]) for i in range(len(SIDES))]
            state = BodyState(taken, _at(vectors["observation.configuration"], times, taken), np.zeros(36), np.ones(2))
            views.append(eyes.view(CameraFrame(name, taken, image), state, dict(zip(SIDES, hands, strict=True))))
        rows += [
            [t, KIND_NAMES.index(s.kind), COLOUR_NAMES.index(s.colour), *s.position, s.yaw, s.deviation, s.confidence]
            for s in (*eyes.find(views), *(one for kind in fixed for one in find_props(views, kind)))
        ]
    return np.array(rows, np.float32).reshape(-1, 9)


def _at(configurations: np.ndarray, times: np.ndarray, time: float) -> np.ndarray:
    """The configuration (37,) at `time`, between two frames."""
    found = np.array([np.interp(time, times, column) for column in configurations.T])
    found[3:7] /= np.linalg.norm(found[3:7])
    return found
