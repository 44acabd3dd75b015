"""Training on one processor or GPU, or on many: resumable at any moment with the same result.

The samples of step n depend on the seed and n alone, so a checkpoint needs no state of a data loader, several processes
agree on who takes which, and the next ones can be got ready while a GPU computes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bunraku import __version__
from bunraku.errors import UserError
from bunraku.learning.checkpoints import follow, read_checkpoint, warm_cosine, write_checkpoint
from bunraku.learning.frames import Synergies
from bunraku.learning.policies.grounded import GroundedPolicy, NetworkConfig, distances
from bunraku.learning.prefetch import Prefetch
from bunraku.learning.ranks import Ranks
from bunraku.learning.samples import CHUNK, PLANNED, Samples
from bunraku.learning.steps import CHOICES, COLOUR_NAMES, FIXED, KIND_NAMES, OVER, STEPS, VERB_NAMES
from bunraku.learning.tokens import (
    FEATURES,
    FINGERS,
    GRIP,
    GRIPPED,
    HAND,
    NEAREST,
    REACH,
    TAKEN,
    TENSION,
    THING,
)
from bunraku.learning.words import EMPTY, buckets


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. `jitter` (m): noise on where a thing is seen; `strayed` (m): noise on where the palm is, for which
    the way to the same place is the right answer; `loose`: share of free hands that are put in another posture, for
    which the same posture next is the right answer; `forgetful`: share of samples that know nothing of what was before;
    `dropped`: share of words that are not heard. `batch` is that of all processes together; with `bfloat16` products
    are computed in that precision, `compiled` by `torch.compile`."""

    steps: int = 6000
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: int = 100
    average: float = 0.995
    jitter: float = 0.002
    strayed: float = 0.02
    loose: float = 0.3
    forgetful: float = 0.1
    dropped: float = 0.15
    seed: int = 0
    bfloat16: bool = False
    compiled: bool = False
    network: NetworkConfig = field(default_factory=NetworkConfig)


NEAR, FAR = 0.15, 0.30
"""Distance (m) of a palm from where it goes at which it may hardly stray, and at which it may as far as it will."""
LEAST = 0.1
TO_TARGET, FROM_THING, EXISTS = slice(THING, THING + 3), slice(THING + 6, THING + 9), slice(THING + 9, THING + 10)
"""Where among the features it is said where the target is from the palm and from the thing, and that there is one."""


def freedom(inputs: torch.Tensor) -> torch.Tensor:
    """How far (n, 1) the palms of `inputs` (n, FEATURES) may be put elsewhere, as a share: hardly where they close on a
    thing or let it go."""
    distance = torch.where(holding(inputs), inputs[:, TO_TARGET], inputs[:, :3]).norm(dim=1, keepdim=True)
    return LEAST + (1 - LEAST) * ((distance - NEAR) / (FAR - NEAR)).clamp(0, 1)


def holding(inputs: torch.Tensor) -> torch.Tensor:
    """Which (n, 1) of the hands of `inputs` (n, FEATURES) hold their thing."""
    grip = torch.from_numpy(GRIP).to(inputs)
    within = (inputs[:, 3:6] - grip).norm(dim=1, keepdim=True) < REACH
    fixed = inputs[:, THING - len(FIXED) : THING].any(dim=1, keepdim=True)
    return within & (inputs[:, TENSION, None] > TAKEN / GRIPPED) & ~fixed


def shift_things(inputs: torch.Tensor, shift: torch.Tensor) -> None:
    """See the things of `inputs` (n, FEATURES) displaced by `shift` (n, 3) m, in place."""
    _shift_way(inputs, 0, shift)
    inputs[:, FROM_THING] -= shift * inputs[:, EXISTS]


def _shift_way(inputs: torch.Tensor, first: int, shift: torch.Tensor) -> None:
    """Displace the end of the way from the palm that begins at the feature `first`."""
    inputs[:, first : first + 3] += shift
    # The palm's own view of the same shift: its axes are the columns of the rotation that the inputs hold.
    x, y = inputs[:, 6:9], inputs[:, 9:12]
    axes = torch.stack([x, y, torch.linalg.cross(x, y)], dim=1)
    inputs[:, first + 3 : first + 6] += (axes @ shift[:, :, None])[..., 0]


SLACK = 0.2
"""Tension (as in the features) below which a hand is free."""


def loosen(inputs: torch.Tensor, other: torch.Tensor, share: torch.Tensor) -> None:
    """Put the hands of `inputs` (n, FEATURES) in the postures of the `other` inputs, in place, where they are free and
    `share` (n, 1), uniform between 0 and 1, is below how far their palms may stray.

    Else the posture of the hand would tell a policy what to do next, and a hand half closed on its way would be taken
    for one that has what it came for.
    """
    free = (inputs[:, TENSION, None].abs() < SLACK) & (share < freedom(inputs))
    inputs[:, HAND] = torch.where(free, other[:, HAND], inputs[:, HAND])


def displace(inputs: torch.Tensor, chunks: torch.Tensor, shift: torch.Tensor) -> None:
    """Put the palms of `inputs` elsewhere by `shift` (n, 3) m, and with them what they hold; `chunks` lead to the same
    places as before, in place."""
    held = holding(inputs)
    _shift_way(inputs, 0, -shift * ~held)
    _shift_way(inputs, THING, -shift * inputs[:, EXISTS])
    inputs[:, FROM_THING] -= shift * held * inputs[:, EXISTS]
    inputs[:, 12:15] += shift
    chunks[:, :, :3] -= shift[:, None]


def forget(inputs: torch.Tensor, which: torch.Tensor) -> None:
    """Let those `inputs` (n, FEATURES) that `which` (n, 1) says remember only where the palm is now, in place."""
    inputs[:, NEAREST:] = torch.where(which, distances(inputs), inputs[:, NEAREST:])


@dataclass(frozen=True)
class Step:
    """How training stands after `step` of `steps`: losses of plan (in units of the actions' spread) and of meaning."""

    step: int
    steps: int
    plan_loss: float
    meaning_loss: float
    steps_per_second: float


ALONE = Ranks()
HANDLESS = Synergies(np.zeros(1), np.zeros((FINGERS, 1)))
"""Synergies of nothing, where only the time is measured that training takes."""


def stepper(network: NetworkConfig, device: str = "cpu", ranks: Ranks = ALONE) -> tuple[Callable[[int], None], int]:
    """What trains a network of that size on random samples, one step of so many at a time; and its parameters."""
    rng = np.random.default_rng(0)
    most = 4096
    inputs = rng.standard_normal((most, FEATURES)).astype(np.float32)
    chunks = rng.standard_normal((most, CHUNK, PLANNED)).astype(np.float32)
    choices, share = inputs.reshape(-1, 2, FEATURES), np.full(most, 1 / most)
    meant, over = np.array([[OVER] * STEPS]), np.zeros(most, bool)
    samples = Samples(inputs, chunks, over, share, choices, ["words"], meant, "", HANDLESS, 0, (), 0, "")
    trainer = Trainer(samples, TrainingConfig(steps=10**9, network=network), device, ranks)

    def step(count: int) -> None:
        trainer.config = replace(trainer.config, batch=count)
        trainer.train(trainer.step + 1)
        if device != "cpu":
            torch.cuda.synchronize()

    return step, sum(parameter.numel() for parameter in trainer.policy.parameters())


WORDS, BEGINNINGS = 48, 16
"""Instructions of which a step learns the meaning, and beginnings of steps of which it learns which hand does it."""
MEANING, HANDS, ENDINGS = 0.2 / STEPS, 0.1, 0.1
"""Weights of the losses of what words mean, of which hand does a step, and of whether it is done, beside the plan's."""


class _Losses(torch.nn.Module):
    """What training makes small, as one module: what is shared among processes, and compiled."""

    def __init__(self, network: GroundedPolicy) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        inputs: torch.Tensor,
        chunks: torch.Tensor,
        planned: torch.Tensor,
        over: torch.Tensor,
        choices: torch.Tensor,
        words: torch.Tensor,
        meant: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Sums over the batch of the plans' absolute errors, in units of the actions' spread, and of what is still
        unclear of each instruction (cross-entropy); and what is unclear of hands and of endings, weighted."""
        network, functional = self.network, torch.nn.functional
        found, _, done = network.think(inputs)
        plan = ((found - network.scaled(chunks)).abs().mean((1, 2)) * planned).sum()
        ended = functional.binary_cross_entropy_with_logits(done.float(), over.float(), reduction="sum")
        _, hand, _ = network.think(choices)
        hands = functional.softplus((hand[:, 1] - hand[:, 0]).float()).sum() * len(inputs) / max(len(choices), 1)
        unclear = [
            functional.cross_entropy(of.float(), meant[:, i], reduction="sum")
            for i, of in enumerate(network.meaning(words))
        ]
        return plan, torch.stack(unclear).sum(), HANDS * hands + ENDINGS * ended


AGREED = 10
"""Steps after which several processes ask each other whether to stop."""


class Trainer:
    """Trains one policy; `policy` is the averaged network that acts.

    Raises `UserError` when there are more processes than samples in a batch.
    """

    def __init__(self, samples: Samples, config: TrainingConfig, device: str = "cpu", ranks: Ranks = ALONE) -> None:
        """Begin anew on `samples`, on this `device`, as one of `ranks`."""
        if config.batch < ranks.world:
            raise UserError(f"{ranks.world} processes cannot share a batch of {config.batch}: give a larger --batch.")
        torch.manual_seed(config.seed)
        self.samples, self.config, self.device, self.ranks, self.step = samples, config, device, ranks, 0
        self._inputs = torch.from_numpy(np.asarray(samples.inputs))
        self._chunks = torch.from_numpy(np.asarray(samples.chunks))
        words = np.stack([buckets(text) for text in samples.instructions])
        self._words = torch.from_numpy(words[:, : (words != EMPTY).sum(axis=1).max()])
        self._meant = torch.from_numpy(samples.meant).flatten(1)
        self._choices = torch.from_numpy(np.asarray(samples.choices))
        self._until = np.cumsum(samples.share)
        self._over = torch.from_numpy(np.asarray(samples.over))
        self._planned = ~self._chunks[:, 0, 0].isnan()
        self._network = GroundedPolicy(config.network, self._inputs, self._chunks[self._planned]).to(device)
        self.policy = GroundedPolicy(config.network, self._inputs, self._chunks[self._planned]).to(device)
        self.policy.load_state_dict(self._network.state_dict())
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self._losses: Callable[..., Any] = _Losses(self._network)
        if ranks.world > 1:
            # Buffers are the scales of the data, the same everywhere.
            self._losses = torch.nn.parallel.DistributedDataParallel(self._losses, forward_sync_buffers=False)
        if config.compiled:
            self._losses = torch.compile(self._losses)
        self._batches = Prefetch(self._batch, device) if device != "cpu" else self._batch

    def train(
        self,
        until: int,
        report: Callable[[Step], None] = lambda step: None,
        every: int = 50,
        stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train up to step `until`, telling `report` now and then; False when it was `stopped` between two steps.

        Raises `UserError` when another process was lost; what this one has learned is whole.
        """
        began, first = time.perf_counter(), self.step
        while self.step < min(until, self.config.steps):
            try:
                if self._stopping(stopped):
                    return False
                plan, meaning = self._train_step()
            except RuntimeError as error:
                if self.ranks.world == 1 or "out of memory" in str(error):
                    raise
                raise UserError(
                    f"another process was lost at step {self.step}; the same command goes on from there."
                ) from error
            self.step += 1
            if self.step % every == 0 or self.step == until:
                pace = (self.step - first) / max(time.perf_counter() - began, 1e-9)
                report(Step(self.step, self.config.steps, float(plan), float(meaning), pace))
        return True

    def _stopping(self, stopped: Callable[[], bool]) -> bool:
        """Whether to stop before this step: processes that are several stop before the same one."""
        return self.step % AGREED == 0 and self.ranks.any(stopped()) if self.ranks.world > 1 else stopped()

    def _batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """This process's share of inputs, chunks, which of them are planned and which over, choices of a hand, words,
        and what they mean, for `step`."""
        config, mine = self.config, self.ranks.share
        rng = np.random.default_rng([config.seed, step])
        # As many of each task, however long its episodes are.
        index = torch.from_numpy(np.searchsorted(self._until, self._until[-1] * rng.random(config.batch)))
        noise = torch.from_numpy(rng.standard_normal((2, config.batch, 3)).astype(np.float32))
        other = index[torch.from_numpy(rng.permutation(config.batch))]
        loosened = torch.from_numpy(rng.random((config.batch, 1))) / max(config.loose, 1e-9)
        said = torch.from_numpy(rng.integers(len(self._words), size=min(WORDS, config.batch)))
        heard = torch.from_numpy(rng.random((len(said), self._words.shape[1])) >= config.dropped)
        forgotten = torch.from_numpy(rng.random((config.batch, 1)) < config.forgetful)
        chosen = torch.from_numpy(rng.integers(len(self._choices), size=min(BEGINNINGS, config.batch)))
        inputs, over, choices = self._inputs[mine(index)], self._over[mine(index)], self._choices[mine(chosen)]
        chunks, planned = self._chunks[mine(index)].nan_to_num(), self._planned[mine(index)]
        before = distances(inputs)
        displace(inputs, chunks, config.strayed * freedom(inputs) * mine(noise[0]))
        shift_things(inputs, config.jitter * mine(noise[1]))
        inputs[:, NEAREST:] += distances(inputs) - before
        loosen(inputs, self._inputs[mine(other)], mine(loosened))
        forget(inputs, mine(forgotten) & ~over[:, None])
        return inputs, chunks, planned, over, choices, self._words[mine(said)] * mine(heard), self._meant[mine(said)]

    def _train_step(self) -> tuple[torch.Tensor, torch.Tensor]:
        config, network, world = self.config, self._network, self.ranks.world
        for group in self._optimiser.param_groups:
            group["lr"] = config.learning_rate * warm_cosine(self.step, config.steps, config.warm_up)
        batch = self._batches(self.step)
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=config.bfloat16):
            plan, meaning, others = self._losses(*batch)
        # Gradients are averaged over the processes, which together have so many samples and instructions.
        plan, meaning = world * plan / config.batch, world * meaning / min(WORDS, config.batch)
        self._optimiser.zero_grad(set_to_none=True)
        (plan + MEANING * meaning + world * others / config.batch).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self._optimiser.step()
        follow(self.policy, network, self.step, config.average)
        return plan.detach(), meaning.detach()

    def save(self, path: Path) -> None:
        """Write a checkpoint in one step, if this is the process that writes."""
        if not self.ranks.first:
            return
        state = {
            "step": self.step,
            "network": self._network.state_dict(),
            "policy": self.policy.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "config": asdict(self.config),
            "source": self.samples.source,
        }
        write_checkpoint(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises `UserError` when it is of other data or of another configuration."""
        state = self.ranks.from_first(lambda: read_checkpoint(path, "training", ("config", "source")))
        config, source = state["config"], state["source"]
        if source != self.samples.source:
            raise UserError(f"{path} was trained on other data: name another --out, or delete it to begin anew.")
        if config != asdict(self.config):
            wrong = ", ".join(key for key, value in asdict(self.config).items() if config.get(key) != value)
            raise UserError(f"{path} was trained with another {wrong}: give the same, or another --out.")
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self.policy.load_state_dict(state["policy"])
        self._optimiser.load_state_dict(state["optimiser"])

    def weights_digest(self) -> str:
        """A digest of the policy's weights."""
        digest = hashlib.sha256()
        for tensor in self.policy.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def understood(self) -> float:
        """Share of the training instructions of which the policy understands what is done in each step."""
        with torch.no_grad():
            logits = self.policy.meaning(self._words.to(self.device))
        understood = torch.stack([of.argmax(-1) for of in logits], dim=1).unflatten(1, (STEPS, len(CHOICES)))
        meant = self._meant.to(self.device).unflatten(1, (STEPS, len(CHOICES)))
        return float((understood[..., 0] == meant[..., 0]).all(dim=1).float().mean())

    def card(self) -> dict[str, Any]:
        """What belongs to the trained policy: data, configuration, seed, versions."""
        return {
            "data": self.samples.source,
            "episodes": self.samples.episodes,
            "samples": len(self.samples.inputs),
            "tasks": list(self.samples.tasks),
            "training": json.loads(json.dumps(asdict(self.config))),
            "steps": self.step,
            "verbs": list(VERB_NAMES),
            "kinds": list(KIND_NAMES),
            "colours": list(COLOUR_NAMES),
            "versions": {"bunraku": __version__, "torch": torch.__version__, "python": platform.python_version()},
        }
