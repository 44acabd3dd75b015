"""The grounded chunk policy: what to do about every thing that is seen, and which of them was meant.

For each token the network plans a chunk of actions as if that thing were meant; the words then choose one of them.
Networks that mix words into the plan aim between the things (measured: they reach for the midpoint); this one cannot.
The plan is a regression by absolute error: on deterministic experts it does as well as flow matching (MIP, arXiv
2512.01809), in one step, which suits a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bunraku.learning.frames import SIDE_ACTION
from bunraku.learning.samples import CHUNK
from bunraku.learning.tokens import COLOUR_NAMES, FEATURES, KIND_NAMES
from bunraku.learning.words import BUCKETS, EMPTY


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the network: `width` of its layers, `depth` in residual blocks, `words`: numbers for a word."""

    width: int = 256
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
        self.kinds = nn.Linear(config.words, len(KIND_NAMES))
        self.colours = nn.Linear(config.words, len(COLOUR_NAMES))

    def plan(self, inputs: Tensor) -> Tensor:
        """Chunks (..., CHUNK, SIDE_ACTION), in units of their spread, for inputs (..., FEATURES)."""
        scaled = ((inputs - self.input_mean) / self.input_scale).clamp(-5, 5)
        hidden = self.blocks(self.entry(scaled))
        return self.plan_head(hidden).unflatten(-1, (CHUNK, SIDE_ACTION))

    def scaled(self, chunks: Tensor) -> Tensor:
        """Chunks in units of their spread."""
        return (chunks - self.output_mean) / self.output_scale

    def meaning(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the kind (..., kinds) and of the colour (..., colours) that words (..., LONGEST) mean."""
        heard = (words != EMPTY).sum(-1, keepdim=True).clamp(min=1)
        sentence = self.words(words).sum(-2) / heard
        return self.kinds(sentence), self.colours(sentence)

    def forward(self, inputs: Tensor, kinds: Tensor, colours: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """The chunk (CHUNK, SIDE_ACTION) for the thing that is meant, and each thing's logit (n,).

        `inputs` (n, FEATURES) of the things that are seen, their `kinds` and `colours` (n,), `words` (LONGEST,).
        """
        chunks = self.plan(inputs) * self.output_scale + self.output_mean
        kind, colour = self.meaning(words)
        logits = kind[kinds] + colour[colours]
        return chunks[logits.argmax()], logits
