"""A trained policy at work: ONNX Runtime on one core, no PyTorch. It sees the body's observation and the words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.learning.frames import MIRROR, Synergies, difference, moved
from bunraku.learning.steps import CHOICES, COLOUR_NAMES, FIXED, KIND_NAMES, NOTHING, VERB_NAMES, Meant, fixed_kinds
from bunraku.learning.tokens import ENCODER, FEATURES, LOOK_PERIOD, Tokens, features, feel, look, nearest
from bunraku.learning.words import LONGEST, buckets
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Body, Outcome
from bunraku.skills.body import IK_PERIOD, Pose
from bunraku.skills.looking import look_around
from bunraku.skills.picking import go_home
from bunraku.skills.props import look_for_props

FORMAT = "bunraku-policy-4"
MODELS = Path(__file__).parent / "models"
"""Policies that come with the package, each with its model card; the name of one stands for its file."""
EXECUTED = 3
"""Frames of a chunk that are carried out at least before the next one is asked for."""
MOVED, MOVED_HAND = 0.03, 0.25
"""How much of a motion of the palm (m) or of the hand (rad, in its synergies) is carried out at least. Where it is
unsure a policy plans to start late; were only the beginning of each plan carried out, it would never start."""
COMMITTED, RESOLUTE = frozenset({"wipe", "unscrew", "stack", "pour"}), 8
"""What is done with more resolution, and how many frames of a plan are carried out at least: the place of a hand on its
way forth says nothing else than that of one on its way back, and fingers that let go are where those are that close;
but a plan knows where it is going."""
LARGEST_STEP, LARGEST_TURN = 0.06, 0.30
"""Furthest that one frame may lead the palm, m and rad."""
DONE = 0.0
"""Logit above which a step is taken to be done."""


@dataclass(frozen=True)
class About:
    """What a policy says of itself; `synergies` are those in which it was trained to move the fingers."""

    hand: str
    rate: int
    tasks: tuple[str, ...]
    synergies: Synergies
    card: dict[str, Any]


@dataclass(frozen=True)
class Meaning:
    """What a step may be: log-probabilities of each verb, and of each kind and colour of its thing and its target."""

    verb: np.ndarray
    kind: np.ndarray
    colour: np.ndarray
    target_kind: np.ndarray
    target_colour: np.ndarray

    @property
    def over(self) -> bool:
        """Whether there is no such step."""
        return int(self.verb.argmax()) == len(VERB_NAMES)

    @property
    def likeliest(self) -> Meant:
        """The likeliest step, if there is one."""
        target = int(self.target_kind.argmax()), int(self.target_colour.argmax())
        return int(self.verb[:-1].argmax()), int(self.kind.argmax()), int(self.colour.argmax()), *target

    def likely(self, thing: tuple[int, int], target: tuple[int, int]) -> float:
        """Log-probability of a thing and a target of this kind and colour each."""
        said = self.kind[thing[0]] + self.colour[thing[1]]
        return float(said + self.target_kind[target[0]] + self.target_colour[target[1]])


def named(path: Path) -> Path:
    """The file at `path`, or if there is none the one of that name that comes with the package, if there is one."""
    shipped = MODELS / (path if path.suffix else f"{path}.onnx")
    return shipped if shipped.is_file() and not path.is_file() else path


class Policy:
    """A trained policy from a file, or the one of that name that comes with the package.

    Raises `UserError` when the file is no policy, or one for another format, encoder or hand.
    """

    def __init__(self, path: Path, hand: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UserError(
                "acting needs ONNX Runtime: install it with `pip install 'bunraku[run-policy]'`."
            ) from error
        path = named(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
            card = json.loads(self._session.get_modelmeta().custom_metadata_map["bunraku"])
            about = (card["format"], FORMAT), (card["encoder"], ENCODER), (card["hand"], hand)
        except FileNotFoundError as error:
            raise UserError(f"there is no policy {path}: train one with `bunraku learn DATA --out {path}`.") from error
        except Exception as error:  # onnxruntime raises types of its own for every kind of broken file
            raise UserError(f"{path} is not a policy of Bunraku: {error}") from error
        for what, (found, wanted) in zip(("format", "encoder", "hand"), about, strict=True):
            if found != wanted:
                raise UserError(f"{path} is a policy for the {what} {found}, {wanted} is expected: train it anew.")

        if (card["verbs"], card["kinds"], card["colours"]) != (list(VERB_NAMES), list(KIND_NAMES), list(COLOUR_NAMES)):
            raise UserError(f"{path} knows other verbs, kinds of things or colours than this version: train it anew.")
        tasks, basis = tuple(card["tasks"]), Synergies.read(card["synergies"])
        self.about = About(card["hand"], int(card["rate"]), tasks, basis, card)

    def meaning(self, instruction: str) -> list[Meaning]:
        """The steps that an `instruction` means, the first of them whatever it is."""
        asked = {"inputs": np.zeros((1, FEATURES), np.float32), "words": buckets(instruction)}
        (table,) = (np.asarray(answer) for answer in self._session.run(["meant"], asked))
        steps = [Meaning(*np.split(row, np.cumsum(CHOICES)[:-1])) for row in table]
        return [step for number, step in enumerate(steps) if not (number and step.over)]

    def think(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For `inputs` (m, FEATURES): chunks (m, CHUNK, PLANNED), logits (m,) of this hand doing that, and of it being
        done. Raises `UserError` when they are not finite."""
        asked = {"inputs": inputs.astype(np.float32), "words": np.zeros(LONGEST, np.int64)}
        chunks, hand, done = (np.asarray(answer) for answer in self._session.run(["chunks", "hand", "done"], asked))
        if not np.isfinite(chunks).all():
            raise UserError("the policy's actions are not finite numbers: the robot stays where it is; train it anew.")
        return chunks, hand, done


@dataclass
class Timing:
    """CPU seconds that thinking took: `looks` and `plans` one by one."""

    looks: list[float]
    plans: list[float]


@dataclass
class Work:
    """A step at work: for the hand on `side`, "" as long as none was chosen, and how near (2,) m it has been by now to
    the thing and its target."""

    side: str = ""
    memory: np.ndarray = field(default_factory=lambda: np.full(2, np.inf))

    def note(self, palm: Pose, table: np.ndarray, pair: tuple[int, int]) -> None:
        """Remember how near the `palm` is to the `pair` of the tokens `table` (n, TOKEN)."""
        thing, target = table[pair[0]], table[pair[1]] if pair[1] >= 0 else None
        self.memory = np.minimum(self.memory, nearest(thing, target, palm))


def act(
    policy: Policy,
    timing: Timing | None = None,
    heard: Callable[[str], str] = lambda words: words,
    seen: Callable[[np.ndarray], np.ndarray] = lambda table: table,
    remembering: bool = True,
) -> Callable[[Body, str], Generator[None, None, Outcome]]:
    """The policy as something that can have the robot; for controls, `heard` and `seen` say what it hears of the words
    and what it sees of the tokens (n, TOKEN), and unless it is `remembering` there is nothing but what the last look
    showed."""
    timing = timing or Timing([], [])

    def skill(body: Body, instruction: str) -> Generator[None, None, Outcome]:
        steps = policy.meaning(heard(instruction))
        fixed = fixed_kinds(step.likeliest for step in steps)
        tokens = Tokens()
        found = [] if KIND_NAMES[steps[0].likeliest[1]] in FIXED else (yield from look_around(body))
        for kind in fixed:
            found = [*found, *(yield from look_for_props(body, kind))]
        tokens.update(found, [body.measured_palm(side).position for side in SIDES])
        if not tokens.names:
            return Outcome("policy", False, "I see nothing")
        looked, finished, side = body.time, set(), ""
        assert body.observation is not None
        rest = {one: (body.measured_palm(one), body.observation.hand(one)) for one in SIDES}
        for number, meaning in enumerate(steps):
            work = Work()
            while True:
                if body.time - looked >= LOOK_PERIOD:
                    looked, start = body.time, time.thread_time()
                    if not remembering:
                        tokens = Tokens()
                    look(body, tokens, fixed)
                    timing.looks.append(time.thread_time() - start)
                if not tokens.names:
                    yield
                    continue
                start = time.thread_time()
                table = seen(tokens.table())
                pair = choose(meaning, table, finished)
                if not work.side:
                    told = [_told(policy, meaning, table, pair, one, *rest[one], Work()) for one in SIDES]
                    work.side = SIDES[int(policy.think(np.array(told))[1].argmax())]
                    if side and side != work.side:
                        yield from go_home(body, (side,))
                    side = work.side
                    continue
                told = _told(
                    policy, meaning, table, pair, side, body.measured_palm(side), body.observation.hand(side), work
                )
                chunks, _, done = policy.think(told[None])
                timing.plans.append(time.thread_time() - start)
                if done[0] > DONE and number + 1 < len(steps):
                    finished.add(pair)
                    break
                onward = f", to the {tokens.names[pair[1]]}" if pair[1] >= 0 else ""
                body.say("policy", f"{VERB_NAMES[meaning.likeliest[0]]}: at the {tokens.names[pair[0]]}{onward}")
                felt = body.time
                least = RESOLUTE if VERB_NAMES[meaning.likeliest[0]] in COMMITTED else EXECUTED
                for _ in follow(body, policy.about, side, chunks[0], least):
                    yield
                    if body.time - felt >= 1 / policy.about.rate - 1e-6:
                        felt = body.time
                        feel(body, tokens)
                        work.note(body.measured_palm(side), table, pair)
        raise AssertionError("the last step ends with the episode")

    return skill


def choose(meaning: Meaning, table: np.ndarray, finished: set[tuple[int, int]]) -> tuple[int, int]:
    """The likeliest pair of a thing and a target among the tokens `table` (n, TOKEN) that is not `finished`, the target
    -1 for none."""
    names = [(int(kind), int(colour)) for kind, colour in table[:, :2]]
    pairs = [(i, j) for j in range(-1, len(names)) for i in range(len(names)) if i != j]
    left = [pair for pair in pairs if pair not in finished] or pairs
    return max(left, key=lambda pair: meaning.likely(names[pair[0]], names[pair[1]] if pair[1] >= 0 else NOTHING))


def _told(
    policy: Policy,
    meaning: Meaning,
    table: np.ndarray,
    pair: tuple[int, int],
    side: str,
    palm: Pose,
    hand: HandReading,
    work: Work,
) -> np.ndarray:
    """What the network is told (FEATURES,) of the step for the `hand` on `side` with its `palm` there."""
    thing, target = table[pair[0]], table[pair[1]] if pair[1] >= 0 else None
    work.note(palm, table, pair)
    return features(meaning.likeliest[0], thing, target, side, palm, hand, work.memory, policy.about.synergies)


def follow(
    body: Body, about: About, side: str, chunk: np.ndarray, least: int = EXECUTED
) -> Generator[None, None, None]:
    """Lead the palm on `side` from where it is measured, and the hand, along `chunk` (n, PLANNED) for a right hand."""
    basis, ticks, palm = about.synergies, round(1 / (about.rate * IK_PERIOD)), body.measured_palm(side)
    if side == "left":
        chunk = chunk * np.concatenate([MIRROR, -MIRROR, np.ones(chunk.shape[1] - 6)])
    low, high = np.deg2rad([joint.range_deg for joint in body.hand.joints]).T
    target = body.hands[side]
    grip = [target.tension / body.full_tension]
    first = last = np.concatenate([difference(palm, body.palm(side)), basis.project(target.posture), grip])
    for frame, action in enumerate(chunk):
        way = last - first
        moving = np.linalg.norm(way[:3]) > MOVED or np.abs(way[6:-1]).max() > MOVED_HAND
        if frame >= least and moving:
            return
        step = action - last
        step[:3] *= min(1.0, LARGEST_STEP / max(float(np.linalg.norm(step[:3])), 1e-9))
        step[3:6] *= min(1.0, LARGEST_TURN / max(float(np.linalg.norm(step[3:6])), 1e-9))
        for tick in range(1, ticks + 1):
            now = last + tick / ticks * step
            body.track({side: moved(palm, now)})
            posture = np.clip(basis.posture(now[6:-1]), low, high)
            body.set_hand(side, posture, float(np.clip(now[-1], 0.05, 1.0)) * body.full_tension)
            yield
        last = last + step
