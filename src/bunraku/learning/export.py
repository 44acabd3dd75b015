"""A trained policy as one ONNX file that says of itself for which robot it is and how it is to be run."""

from __future__ import annotations

from pathlib import Path

import torch

from bunraku.learning.acting import FORMAT
from bunraku.learning.onnx_file import write_onnx
from bunraku.learning.samples import CHUNK
from bunraku.learning.tokens import ENCODER, FEATURES
from bunraku.learning.training import Trainer
from bunraku.learning.words import LONGEST


def export(trainer: Trainer, path: Path) -> None:
    """Write the policy of `trainer` to `path` in one step."""
    arguments = torch.zeros(3, FEATURES), torch.zeros(LONGEST, dtype=torch.long)
    count, samples = torch.export.Dim("options", min=1, max=64), trainer.samples
    about = trainer.card() | {
        "format": FORMAT,
        "hand": samples.hand,
        "rate": samples.rate,
        "chunk": CHUNK,
        "encoder": ENCODER,
        "synergies": samples.synergies.table(),
    }
    inputs, outputs = ["inputs", "words"], ["chunks", "hand", "done", "meant"]
    write_onnx(trainer.policy, arguments, ({0: count}, None), inputs, outputs, about, path)
