"""A trained policy at work: ONNX Runtime on one core, no PyTorch. It sees the body's observation and the words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.learning.frames import SIDE_ACTION, Synergies, difference, moved
from bunraku.learning.tokens import COLOUR_NAMES, ENCODER, KIND_NAMES, LOOK_PERIOD, Options, Tokens, feel, look, options
from bunraku.learning.words import buckets
from bunraku.skills import Body, Outcome
from bunraku.skills.body import IK_PERIOD, Pose
from bunraku.skills.looking import look_around

FORMAT = "bunraku-policy-3"
MODELS = Path(__file__).parent / "models"
"""Policies that come with the package, each with its model card; the name of one stands for its file."""
EXECUTED = 3
"""Frames of a chunk that are carried out at least before the next one is asked for."""
MOVED, MOVED_HAND = 0.03, 0.25
"""How much of a motion of the palm (m) or of the hand (rad, in its synergies) is carried out at least. Where it is
unsure a policy plans to start late; were only the beginning of each plan carried out, it would never start."""
LARGEST_STEP, LARGEST_TURN = 0.06, 0.30
"""Furthest that one frame may lead the palm, m and rad."""


@dataclass(frozen=True)
class About:
    """What a policy says of itself; `synergies` are those in which it was trained to move the fingers."""

    hand: str
    side: str
    rate: int
    tasks: tuple[str, ...]
    synergies: Synergies
    card: dict[str, Any]


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
        shipped = MODELS / f"{path}.onnx"
        path = shipped if shipped.exists() and not path.exists() else path
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

        if (card["kinds"], card["colours"]) != (list(KIND_NAMES), list(COLOUR_NAMES)):
            raise UserError(f"{path} knows other kinds of things or other colours than this version: train it anew.")
        tasks, basis = tuple(card["tasks"]), Synergies.read(card["synergies"])
        self.about = About(card["hand"], card["side"], int(card["rate"]), tasks, basis, card)

    def choose(self, options: Options, words: np.ndarray) -> tuple[np.ndarray, int]:
        """The chunk (CHUNK, SIDE_ACTION) for what is meant by `words`, and which of the `options` that is."""
        asked = {"inputs": options.inputs, "meant": options.meant, "words": words}
        chunk, logits = (np.asarray(answer) for answer in self._session.run(None, asked))
        if not np.isfinite(chunk).all():
            raise UserError("the policy's actions are not finite numbers: the robot stays where it is; train it anew.")
        return chunk, int(logits.argmax())


@dataclass
class Timing:
    """CPU seconds that thinking took: `looks` and `plans` one by one."""

    looks: list[float]
    plans: list[float]


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
        side, words = policy.about.side, buckets(heard(instruction))
        tokens = Tokens()
        tokens.update((yield from look_around(body)), [body.measured_palm(side).position])
        if not tokens.names:
            return Outcome("policy", False, "I see nothing")
        looked = body.time
        while True:
            if body.time - looked >= LOOK_PERIOD:
                looked, start = body.time, time.thread_time()
                if not remembering:
                    tokens = Tokens()
                look(body, tokens)
                timing.looks.append(time.thread_time() - start)
            if not tokens.names:
                yield
                continue
            start = time.thread_time()
            palm, table = body.measured_palm(side), seen(tokens.table())
            assert body.observation is not None
            could = options(table, palm, body.observation.hand(side), policy.about.synergies)
            chunk, which = policy.choose(could, words)
            timing.plans.append(time.thread_time() - start)
            thing, target = could.pairs[which]
            onward = f", to the {tokens.names[target]}" if target >= 0 else ""
            body.say("policy", f"at the {tokens.names[thing]}{onward}")
            felt = body.time
            for _ in follow(body, policy.about, palm, chunk):
                yield
                if body.time - felt >= 1 / policy.about.rate - 1e-6:
                    felt = body.time
                    feel(body, tokens)

    return skill


def follow(body: Body, about: About, palm: Pose, chunk: np.ndarray) -> Generator[None, None, None]:
    """Lead the palm, which was measured at `palm`, and the hand along the beginning of `chunk` (n, SIDE_ACTION)."""
    side, basis, ticks = about.side, about.synergies, round(1 / (about.rate * IK_PERIOD))
    low, high = np.deg2rad([joint.range_deg for joint in body.hand.joints]).T
    target = body.hands[side]
    grip = [target.tension / body.full_tension]
    first = last = np.concatenate([difference(palm, body.palm(side)), basis.project(target.posture), grip])
    for frame, action in enumerate(chunk):
        way = last - first
        moving = np.linalg.norm(way[:3]) > MOVED or np.abs(way[6 : SIDE_ACTION - 1]).max() > MOVED_HAND
        if frame >= EXECUTED and moving:
            return
        step = action - last
        step[:3] *= min(1.0, LARGEST_STEP / max(float(np.linalg.norm(step[:3])), 1e-9))
        step[3:6] *= min(1.0, LARGEST_TURN / max(float(np.linalg.norm(step[3:6])), 1e-9))
        for tick in range(1, ticks + 1):
            now = last + tick / ticks * step
            body.track({side: moved(palm, now)})
            posture = np.clip(basis.posture(now[6 : SIDE_ACTION - 1]), low, high)
            body.set_hand(side, posture, float(np.clip(now[-1], 0.05, 1.0)) * body.full_tension)
            yield
        last = last + step
