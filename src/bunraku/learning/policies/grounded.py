"""The grounded chunk policy: what to do about every thing that is seen, and which of them was meant.

For each thing, alone and with every other one as its target, the network plans a chunk of actions as if that were
meant; the words then choose one of them. Networks that mix words into the plan aim between the things (measured: they
reach for the midpoint); this one cannot.
The plan is a regression by absolute error: on deterministic experts it does as well as flow matching (MIP, arXiv
2512.01809), in one step, which suits a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bunraku.learning.frames import SIDE_ACTION
from bunraku.learning.samples import CHUNK
from bunraku.learning.tokens import COLOUR_NAMES, FEATURES, KIND_NAMES
from bunraku.learning.words import BUCKETS, EMPTY

PHRASE = 9
"""Words that a phrase spans; of a colour and its thing in Japanese, pairs of characters."""
MEANINGS = len(KIND_NAMES), len(COLOUR_NAMES), len(KIND_NAMES) + 1, len(COLOUR_NAMES) + 1
"""How many kinds and colours words can mean, of a thing and of its target, which may be none."""


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the network: `width` of its layers, `depth` in residual blocks, `words`: numbers for a word."""

    width: int = 192
    depth: int = 3
    words: int = 32


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
        """With scales from training `inputs` (n, FEATURES) and `chunks` (n, CHUNK, SIDE_ACTION)."""
        super().__init__()
        self.register_buffer("input_mean", inputs.mean(0))
        self.register_buffer("input_scale", inputs.std(0).clamp(min=1e-2))
        self.register_buffer("output_mean", chunks.mean(0))
        self.register_buffer("output_scale", chunks.std((0, 1)).clamp(min=1e-3))
        self.entry = nn.Linear(FEATURES, config.width)
        self.blocks = nn.Sequential(*(Block(config.width) for _ in range(config.depth)))
        self.plan_head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, CHUNK * SIDE_ACTION))
        self.words = nn.Embedding(BUCKETS, config.words, padding_idx=EMPTY)
        self.phrases = nn.Conv1d(config.words, config.words, PHRASE, padding=PHRASE // 2)
        self.meanings = nn.ModuleList(nn.Linear(2 * config.words, count) for count in MEANINGS)

    def plan(self, inputs: Tensor) -> Tensor:
        """Chunks (..., CHUNK, SIDE_ACTION), in units of their spread, for inputs (..., FEATURES)."""
        scaled = ((inputs - self.input_mean) / self.input_scale).clamp(-5, 5)
        hidden = self.blocks(self.entry(scaled))
        return self.plan_head(hidden).unflatten(-1, (CHUNK, SIDE_ACTION))

    def scaled(self, chunks: Tensor) -> Tensor:
        """Chunks in units of their spread."""
        return (chunks - self.output_mean) / self.output_scale

    def meaning(self, words: Tensor) -> list[Tensor]:
        """Logits of kind and colour of the thing, and of kind and colour of its target, (n, ...) each, that the `words`
        (n, LONGEST) mean: by what is said at all, and by what is said close together."""
        heard = (words != EMPTY).sum(-1, keepdim=True).clamp(min=1)
        found = self.words(words)
        near = nn.functional.gelu(self.phrases(found.transpose(1, 2))).amax(-1)
        sentence = torch.cat([found.sum(-2) / heard, near], dim=-1)
        return [head(sentence) for head in self.meanings]

    def forward(self, inputs: Tensor, meant: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """The chunk (CHUNK, SIDE_ACTION) for the option that is meant, and each option's logit (m,).

        `inputs` (m, FEATURES) of the options, what is `meant` by choosing them (m, 4), and the `words` (LONGEST,).
        """
        chunks = self.plan(inputs) * self.output_scale + self.output_mean
        logits = torch.stack([of[0][meant[:, i]] for i, of in enumerate(self.meaning(words[None]))]).sum(0)
        return chunks[logits.argmax()], logits
