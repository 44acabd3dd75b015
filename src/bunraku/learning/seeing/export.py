"""The trained detector as ONNX files that say of themselves what they know and how they came to be."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch

from bunraku.learning.episodes import room_on_disk
from bunraku.learning.seeing.naming import NamingNetwork
from bunraku.learning.seeing.network import STRIDE
from bunraku.learning.seeing.training import SeeingTrainer
from bunraku.vision.detect.naming import SIDE, kinds_file
from bunraku.vision.detect.network import FORMAT, OUTPUTS


def export(trainer: SeeingTrainer, naming: NamingNetwork, path: Path) -> None:
    """Write the averaged network of `trainer` to `path`, which takes pictures of any size that 32 divides, and the
    network that names kinds to `kinds_file(path)`; each in one step."""
    height, width = (torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    about = trainer.card() | {"format": FORMAT, "stride": STRIDE}
    shape = {2: 32 * height, 3: 32 * width}
    _write(trainer.averaged.eval(), torch.zeros(1, 3, 256, 320), shape, "image", OUTPUTS, about, path)
    shape = {0: torch.export.Dim("things", min=1, max=1024)}
    squares = torch.zeros(2, 3, SIDE, SIDE)
    about = {"format": FORMAT, "kinds": list(trainer.kinds)}
    _write(naming.eval(), squares, shape, "squares", ("kinds",), about, kinds_file(path))


def _write(
    network: torch.nn.Module,
    example: torch.Tensor,
    shape: dict[int, Any],
    entry: str,
    outputs: tuple[str, ...],
    about: dict[str, Any],
    path: Path,
) -> None:
    import onnx

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that nobody here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=20,
            input_names=[entry],
            output_names=list(outputs),
            dynamic_shapes=(shape,),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {"bunraku": json.dumps(about)})
    part = path.with_name(path.name + ".part")
    with room_on_disk(path):
        part.write_bytes(model.SerializeToString())
        part.replace(path)
