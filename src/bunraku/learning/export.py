"""A trained policy as one ONNX file that says of itself for which robot it is and how it is to be run."""

from __future__ import annotations

from pathlib import Path

import torch

from bunraku.learning.acting import FORMAT
from bunraku.learning.onnx_file import write_onnx
from bunraku.learning.samples import CHUNK
from bunraku.learning.tokens import ENCODER, FEATURES, MOST
from bunraku.learning.training import Trainer
from bunraku.learning.words import LONGEST


def export(trainer: Trainer, path: Path) -> None:
    """Write the policy of `trainer` to `path` in one step."""
    arguments = (
        torch.zeros(3, FEATURES),
        torch.zeros(3, 4, dtype=torch.long),
        torch.zeros(LONGEST, dtype=torch.long),
    )
    count, samples = torch.export.Dim("options", min=1, max=MOST**2), trainer.samples
    about = trainer.card() | {
        "format": FORMAT,
        "hand": samples.hand,
        "side": samples.side,
        "rate": samples.rate,
        "chunk": CHUNK,
        "encoder": ENCODER,
        "synergies": samples.synergies.table(),
    }
    inputs, outputs = ["inputs", "meant", "words"], ["chunk", "logits"]
    write_onnx(trainer.policy, arguments, ({0: count}, {0: count}, None), inputs, outputs, about, path)
