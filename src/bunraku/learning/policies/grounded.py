"""The grounded chunk policy: what to do about a step, which hand does it, whether it is done; and what words mean.

For a step, its thing and its target the network plans a chunk of actions; the words only choose the step. Networks that
mix words into the plan aim between the things (measured: they reach for the midpoint); this one cannot. Steps are
options (Sutton, Precup & Singh 1999): each is left when the network takes it to be done.
The plan is a regression by absolute error: on deterministic experts it does as well as flow matching (MIP, arXiv
2512.01809), in one step, which suits a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bunraku.learning.samples import CHUNK, PLANNED
from bunraku.learning.steps import CHOICES, STEPS
from bunraku.learning.tokens import FEATURES, NEAREST, THING
from bunraku.learning.words import BUCKETS, EMPTY


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the network: `width` of its layers, `depth` in residual blocks, `words`: numbers for a word."""

    width: int = 192
    depth: int = 3
    words: int = 64


AWAY = 0.02
"""How far (m) a palm that was nearer before has clearly come away again: on its way up it is where it was on its way
down."""


def distances(inputs: Tensor) -> Tensor:
    """How far (..., 2) m the palms of `inputs` (..., FEATURES) are from their things and from their targets."""
    return torch.stack([inputs[..., :3].norm(dim=-1), inputs[..., THING : THING + 3].norm(dim=-1)], dim=-1)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """`x` (..., width) and what the block adds to it."""
        return x + self.outer(nn.functional.gelu(self.inner(self.norm(x))))


class GroundedPolicy(nn.Module):
    """Network of the grounded chunk policy; the scales of its inputs and outputs are part of it."""

    input_mean: Tensor
    input_scale: Tensor
    output_mean: Tensor
    output_scale: Tensor

    def __init__(self, config: NetworkConfig, inputs: Tensor, chunks: Tensor) -> None:
        """With scales from training `inputs` (n, FEATURES) and `chunks` (n, CHUNK, PLANNED)."""
        super().__init__()
        self.register_buffer("input_mean", inputs.mean(0))
        self.register_buffer("input_scale", inputs.std(0).clamp(min=1e-2))
        self.register_buffer("output_mean", chunks.mean(0))
        self.register_buffer("output_scale", chunks.std((0, 1)).clamp(min=1e-3))
        self.entry = nn.Linear(FEATURES + 2, config.width)
        self.blocks = nn.Sequential(*(Block(config.width) for _ in range(config.depth)))
        self.norm = nn.LayerNorm(config.width)
        self.plan_head = nn.Linear(config.width, CHUNK * PLANNED)
        self.hand_head, self.done_head = nn.Linear(config.width, 1), nn.Linear(config.width, 1)
        self.words = nn.Embedding(BUCKETS, config.words, padding_idx=EMPTY)
        self.reader = nn.GRU(config.words, config.words, batch_first=True)
        self.attention = nn.Linear(config.words, STEPS * len(CHOICES), bias=False)
        self.meanings = nn.ModuleList(nn.Linear(config.words, count) for _ in range(STEPS) for count in CHOICES)

    def think(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For inputs (..., FEATURES): chunks (..., CHUNK, PLANNED) in units of their spread, logits (...) of this hand
        doing it, and logits (...) of it being done."""
        scaled = ((inputs - self.input_mean) / self.input_scale).clamp(-5, 5)
        away = torch.tanh((distances(inputs) - inputs[..., NEAREST:]) / AWAY)
        hidden = self.norm(self.blocks(self.entry(torch.cat([scaled, away], dim=-1))))
        chunks = self.plan_head(hidden).unflatten(-1, (CHUNK, PLANNED))
        return chunks, self.hand_head(hidden)[..., 0], self.done_head(hidden)[..., 0]

    def scaled(self, chunks: Tensor) -> Tensor:
        """Chunks in units of their spread."""
        return (chunks - self.output_mean) / self.output_scale

    def meaning(self, words: Tensor) -> list[Tensor]:
        """Logits (n, ...) of every part of every step, in this order, that the `words` (n, ...) mean. Each part
        attends to where it has been said."""
        read, _ = self.reader(self.words(words))
        silent = (words == EMPTY)[..., None]
        heed = torch.softmax(self.attention(read).masked_fill(silent, -30.0), dim=1)
        found = heed.transpose(1, 2) @ read
        return [head(found[:, i]) for i, head in enumerate(self.meanings)]

    def forward(self, inputs: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        """Chunks (m, CHUNK, PLANNED) for `inputs` (m, FEATURES), logits (m,) of the hand and of being done; and the
        log-probabilities (STEPS, sum of CHOICES) of what the `words` (LONGEST,) mean."""
        chunks, hand, done = self.think(inputs)
        meant = torch.cat([torch.log_softmax(of[0], -1) for of in self.meaning(words[None])])
        return chunks * self.output_scale + self.output_mean, hand, done, meant.unflatten(0, (STEPS, sum(CHOICES)))
