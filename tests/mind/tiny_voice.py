"""A Piper voice that hums one tone for each phoneme: real to Piper, and of no use to anybody."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RATE, HOP = 22050, 256
SYMBOLS = "_^$ abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔɕɖəɘɚɛɜɟɡɣɪɫɬɹɾʀʁʂʃʈʊʌʍʎʒʔʲːˈˌ̩θᵻ.,!?"


def write(path: Path) -> Path:
    """The network and its settings; needs the package onnx."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info
    inputs = [
        value("input", TensorProto.INT64, [1, "phonemes"]),
        value("input_lengths", TensorProto.INT64, [1]),
        value("scales", TensorProto.FLOAT, [3]),
    ]
    ramp = numpy_helper.from_array(np.arange(HOP, dtype=np.float32)[None, None] * 0.1, "ramp")
    last = numpy_helper.from_array(np.array([2], np.int64), "last")
    flat = numpy_helper.from_array(np.array([1, 1, 1, -1], np.int64), "flat")
    nodes = [
        helper.make_node("Cast", ["input"], ["pitch"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["pitch", "last"], ["column"]),
        helper.make_node("Mul", ["column", "ramp"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["hum"]),
        helper.make_node("Reshape", ["hum", "flat"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes, "hum", inputs, [value("output", TensorProto.FLOAT, [1, 1, 1, "samples"])], [ramp, last, flat]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    settings = {
        "num_symbols": len(SYMBOLS),
        "num_speakers": 1,
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(SYMBOLS)},
    }
    Path(f"{path}.json").write_text(json.dumps(settings), encoding="utf-8")
    return path
