"""A trained policy as one ONNX file that says of itself for which robot it is and how it is to be run."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import torch

from bunraku.learning.acting import FORMAT
from bunraku.learning.episodes import room_on_disk
from bunraku.learning.samples import CHUNK
from bunraku.learning.tokens import ENCODER, FEATURES, MOST
from bunraku.learning.training import Trainer
from bunraku.learning.words import LONGEST


def export(trainer: Trainer, path: Path) -> None:
    """Write the policy of `trainer` to `path` in one step."""
    import onnx

    policy = trainer.policy.cpu().eval()
    arguments = (
        torch.zeros(3, FEATURES),
        torch.zeros(3, 4, dtype=torch.long),
        torch.zeros(LONGEST, dtype=torch.long),
    )
    count = torch.export.Dim("options", min=1, max=MOST**2)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that nobody here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            policy,
            arguments,
            dynamo=True,
            opset_version=20,
            input_names=["inputs", "meant", "words"],
            output_names=["chunk", "logits"],
            dynamic_shapes=({0: count}, {0: count}, None),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    samples = trainer.samples
    about = trainer.card() | {
        "format": FORMAT,
        "hand": samples.hand,
        "side": samples.side,
        "rate": samples.rate,
        "chunk": CHUNK,
        "encoder": ENCODER,
        "synergies": samples.synergies.table(),
    }
    onnx.helper.set_model_props(model, {"bunraku": json.dumps(about)})
    part = path.with_name(path.name + ".part")
    with room_on_disk(path):
        part.write_bytes(model.SerializeToString())
        part.replace(path)
