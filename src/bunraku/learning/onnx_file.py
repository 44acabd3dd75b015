"""A network as one ONNX file that says of itself what it is."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bunraku.learning.episodes import room_on_disk

if TYPE_CHECKING:
    import onnx


def write_onnx(
    network: torch.nn.Module,
    arguments: tuple[torch.Tensor, ...],
    shapes: tuple[Any, ...],
    inputs: list[str],
    outputs: list[str],
    about: dict[str, Any],
    path: Path,
) -> None:
    """Write `network` to `path` in one step, with `about` as metadata under "bunraku".

    `arguments` are examples of its inputs; `shapes` says which of their axes vary, as `torch.export` has it. Raises
    `UserError` when the disk is full.
    """
    import onnx

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that nobody here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.cpu().eval(),
            arguments,
            dynamo=True,
            opset_version=20,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    forget_origin(model)
    onnx.helper.set_model_props(model, {"bunraku": json.dumps(about)})
    part = path.with_name(path.name + ".part")
    with room_on_disk(path):
        part.write_bytes(model.SerializeToString())
        part.replace(path)


def forget_origin(model: onnx.ModelProto) -> None:
    """Take out what the exporter notes of the places in source files, of whoever exported, that a node came from."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
