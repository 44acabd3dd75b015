"""A sherpa-onnx model that says one word to any sound: real to sherpa-onnx, and of no use to anybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FEATURES = 80
WORDS = ("hello", "stop", "<blk>")


def write(folder: Path, word: str = "hello") -> Path:
    """The network (a CTC model as NeMo exports them) and its words; needs the package onnx."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info
    inputs = [
        value("audio_signal", TensorProto.FLOAT, ["N", FEATURES, "T"]),
        value("length", TensorProto.INT64, ["N"]),
    ]
    weights = numpy_helper.from_array(np.zeros((FEATURES, len(WORDS)), np.float32), "weights")
    bias = numpy_helper.from_array(np.array([5.0 * (w == word) for w in WORDS], np.float32), "bias")
    nodes = [
        helper.make_node("Transpose", ["audio_signal"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["frames", "weights"], ["scores"]),
        helper.make_node("Add", ["scores", "bias"], ["biased"]),
        helper.make_node("LogSoftmax", ["biased"], ["logprobs"], axis=-1),
    ]
    outputs = [value("logprobs", TensorProto.FLOAT, ["N", "T", len(WORDS)])]
    model = helper.make_model(
        helper.make_graph(nodes, "word", inputs, outputs, [weights, bias]),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    facts = {"vocab_size": len(WORDS) - 1, "subsampling_factor": 1, "normalize_type": "per_feature", "model_type": "x"}
    for key, fact in facts.items():
        model.metadata_props.add(key=key, value=str(fact))
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    lines = (f"{'▁' if w != '<blk>' else ''}{w} {index}\n" for index, w in enumerate(WORDS))
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")
    return folder
