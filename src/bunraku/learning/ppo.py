"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), with a critic that knows more than the actor.

Generalised advantages (arXiv 1506.02438); the learning rate follows the divergence of the policy from the one that
acted, as in rsl_rl (arXiv 2509.10771). What it needs of an environment is `Environment`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from bunraku.errors import UserError
from bunraku.learning.checkpoints import read_checkpoint, write_checkpoint


class Outcome(Protocol):
    """What an action led to, (n,) each; `dropped` ends an episode as a failure."""

    @property
    def reward(self) -> np.ndarray: ...  # noqa: D102
    @property
    def dropped(self) -> np.ndarray: ...  # noqa: D102
    @property
    def turned(self) -> np.ndarray: ...  # noqa: D102


class Environment(Protocol):
    """`count` episodes at once. `observe` is what the actor feels, `privileged` what the critic knows besides."""

    count: int
    actions: int
    time: np.ndarray

    def observe(self) -> np.ndarray: ...  # noqa: D102
    def privileged(self) -> np.ndarray: ...  # noqa: D102
    def step(self, action: np.ndarray) -> Outcome: ...  # noqa: D102
    def reset(self, ids: np.ndarray) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Config:
    """How to learn. `horizon`: commands between two updates; `seconds`: length of an episode."""

    horizon: int = 16
    epochs: int = 5
    minibatches: int = 4
    discount: float = 0.99
    trace: float = 0.95
    clip: float = 0.2
    entropy: float = 0.0
    value: float = 1.0
    learning_rate: float = 5e-4
    divergence: float = 0.012
    spread: float = 0.5
    seconds: float = 10.0
    widths: tuple[int, ...] = (256, 128)
    seed: int = 0


@dataclass(frozen=True)
class Update:
    """How learning stands after so many `samples`: means for each command of the reward, of the turn (rad) and of the
    drops; the policy's spread, its divergence in this update, the learning rate, and the seconds of CPU so far."""

    samples: int
    reward: float
    turn: float
    drops: float
    spread: float
    divergence: float
    learning_rate: float
    cpu_s: float


class Normaliser(nn.Module):
    """Centres and scales by what it has seen so far (Welford)."""

    mean: torch.Tensor
    variance: torch.Tensor
    seen: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.register_buffer("seen", torch.tensor(1e-4))

    def update(self, batch: torch.Tensor) -> None:
        """See `batch` (n, width)."""
        count, total = len(batch), self.seen + len(batch)
        shift = batch.mean(0) - self.mean
        self.variance += (batch.var(0, unbiased=False) - self.variance + shift**2 * self.seen / total) * count / total
        self.mean += shift * count / total
        self.seen += count

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Centred, scaled, and within ±5."""
        return ((x - self.mean) / (self.variance + 1e-6).sqrt()).clamp(-5, 5)


class Actor(nn.Module):
    """The mean action (n, actions) for an observation (n, k); `log_spread` is what learning adds to explore."""

    def __init__(self, inputs: int, actions: int, config: Config) -> None:
        super().__init__()
        self.normalise = Normaliser(inputs)
        self.body = _layers(inputs, actions, config.widths, last_gain=0.01)
        self.log_spread = nn.Parameter(torch.full((actions,), float(np.log(config.spread))))

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """The mean action."""
        return self.body(self.normalise(observation))

    def distribution(self, observation: torch.Tensor) -> torch.distributions.Normal:
        """What an action is drawn from."""
        mean = self(observation)
        return torch.distributions.Normal(mean, self.log_spread.exp().expand_as(mean))


class Critic(nn.Module):
    """The value (n,) of what the actor feels and the critic knows, (n, k)."""

    def __init__(self, inputs: int, config: Config) -> None:
        super().__init__()
        self.normalise = Normaliser(inputs)
        self.body = _layers(inputs, 1, config.widths, last_gain=1.0)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """The value."""
        return self.body(self.normalise(state))[:, 0]


def _layers(inputs: int, outputs: int, widths: tuple[int, ...], last_gain: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.ELU()]
        inputs = width
    last = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(last.weight, last_gain)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


class Learner:
    """Learns in `environment`; `actor` is the policy."""

    def __init__(self, environment: Environment, config: Config) -> None:
        torch.manual_seed(config.seed)
        self.environment, self.config = environment, config
        feels, knows = environment.observe().shape[1], environment.privileged().shape[1]
        self.actor = Actor(feels, environment.actions, config)
        self.critic = Critic(feels + knows, config)
        self.learning_rate, self.samples, self.cpu_s = config.learning_rate, 0, 0.0
        parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimiser = torch.optim.Adam(parameters, lr=self.learning_rate)
        # Episodes that all began at once would all end at once.
        self.actor.normalise.update(torch.from_numpy(environment.observe()))
        self.critic.normalise.update(self._state()[1])
        environment.time[:] = np.random.default_rng(config.seed).uniform(0, config.seconds, environment.count).round(1)

    def learn(self, samples: int, report: Callable[[Update], None]) -> None:
        """Go on until so many `samples` were seen, telling `report` after every update."""
        while self.samples < samples:
            began = time.process_time()
            batch, reward, turn, drops = self._collect()
            divergence = self._improve(batch)
            # After, not before: the chances of the actions must be those of the policy that took them.
            self.actor.normalise.update(batch["feels"])
            self.critic.normalise.update(batch["state"])
            self.samples += self.config.horizon * self.environment.count
            self.cpu_s += time.process_time() - began
            spread = float(self.actor.log_spread.detach().exp().mean())
            report(Update(self.samples, reward, turn, drops, spread, divergence, self.learning_rate, self.cpu_s))

    def _state(self) -> tuple[torch.Tensor, torch.Tensor]:
        feels = torch.from_numpy(self.environment.observe())
        return feels, torch.cat([feels, torch.from_numpy(self.environment.privileged())], 1)

    @torch.no_grad()
    def _collect(self) -> tuple[dict[str, torch.Tensor], float, float, float]:
        """Act for a horizon; returns samples (horizon · count, …) and the means of reward, turn and drops."""
        config, environment = self.config, self.environment
        rows: dict[str, list[torch.Tensor]] = {name: [] for name in ("feels", "state", "action", "chance", "value")}
        rewards, ends, turns, drops = [], [], [], []
        for _ in range(config.horizon):
            feels, state = self._state()
            chosen = self.actor.distribution(feels)
            action = chosen.sample()
            value = self.critic(state)
            for name, row in zip(rows, (feels, state, action, chosen.log_prob(action).sum(1), value), strict=True):
                rows[name].append(row)
            outcome = environment.step(action.numpy())
            reward, late = outcome.reward.copy(), (environment.time >= config.seconds) & ~outcome.dropped
            if late.any():
                # An episode that is cut off by time would have gone on as well as its last state promises.
                reward[late] += config.discount * self.critic(self._state()[1]).numpy()[late]
            over = late | outcome.dropped
            if over.any():
                environment.reset(np.flatnonzero(over))
            rewards.append(torch.from_numpy(reward.astype(np.float32)))
            ends.append(torch.from_numpy(over.astype(np.float32)))
            turns.append(outcome.turned.mean())
            drops.append(outcome.dropped.mean())
        advantage = self._advantages(rewards, ends, rows["value"])
        batch = {name: torch.cat(row) for name, row in rows.items()}
        batch["goal"] = batch["value"] + advantage
        batch["advantage"] = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        return batch, float(torch.stack(rewards).mean()), float(np.mean(turns)), float(np.mean(drops))

    def _advantages(self, rewards: list, ends: list, values: list) -> torch.Tensor:
        config, following, trace = self.config, self.critic(self._state()[1]), torch.zeros_like(values[0])
        out = []
        for reward, end, value in zip(reversed(rewards), reversed(ends), reversed(values), strict=True):
            error = reward + config.discount * (1 - end) * following - value
            trace = error + config.discount * config.trace * (1 - end) * trace
            out.append(trace)
            following = value
        return torch.cat(out[::-1])

    def _improve(self, batch: dict[str, torch.Tensor]) -> float:
        """Climb the clipped objective on `batch`; returns the mean divergence from the policy that acted."""
        config, divergences = self.config, []
        with torch.no_grad():
            old = self.actor.distribution(batch["feels"])
        for _ in range(config.epochs):
            for part in torch.randperm(len(old.mean)).chunk(config.minibatches):
                new = self.actor.distribution(batch["feels"][part])
                before = torch.distributions.Normal(old.mean[part], old.stddev[part])
                divergence = float(torch.distributions.kl_divergence(before, new).sum(1).mean().detach())
                divergences.append(divergence)
                if divergence > 2 * config.divergence:
                    self.learning_rate = max(1e-5, self.learning_rate / 1.5)
                elif 0 < divergence < config.divergence / 2:
                    self.learning_rate = min(1e-2, self.learning_rate * 1.5)
                for group in self.optimiser.param_groups:
                    group["lr"] = self.learning_rate
                ratio = (new.log_prob(batch["action"][part]).sum(1) - batch["chance"][part]).exp()
                advantage = batch["advantage"][part]
                gain = torch.min(ratio * advantage, ratio.clamp(1 - config.clip, 1 + config.clip) * advantage).mean()
                miss = (self.critic(batch["state"][part]) - batch["goal"][part]).square().mean()
                loss = config.value * miss - gain - config.entropy * new.entropy().sum(1).mean()
                self.optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(self.actor.parameters(), 1.0)
                nn.utils.clip_grad_norm_(self.critic.parameters(), 1.0)
                self.optimiser.step()
        return float(np.mean(divergences))

    def save(self, path: Path) -> None:
        """Write a checkpoint in one step. The episodes under way are not kept: they begin anew."""
        state: dict[str, Any] = {
            "actor": self.actor.state_dict(),
            "critic": self.critic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "config": asdict(self.config),
            "progress": (self.samples, self.learning_rate, self.cpu_s),
        }
        write_checkpoint(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises `UserError` when it is none of this configuration."""
        state = read_checkpoint(path, "PPO", ("config",))
        if state["config"] != asdict(self.config):
            raise UserError(f"{path} was learned with another configuration: name another file.")
        self.actor.load_state_dict(state["actor"])
        self.critic.load_state_dict(state["critic"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.samples, self.learning_rate, self.cpu_s = state["progress"]
