"""Networks from ONNX files, run on one core without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bunraku.errors import UserError

FORMAT = "bunraku-detector-1"


def open_network(path: Path) -> tuple[Any, dict[str, Any]]:
    """A session of ONNX Runtime, and what the file says of its network. Raises `UserError` when there is none, or one
    of another kind."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError(
            "the learned detector needs ONNX Runtime: install it with `pip install 'bunraku[run-policy]'`."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        about = json.loads(session.get_modelmeta().custom_metadata_map["bunraku"])
        found = about["format"]
    except FileNotFoundError as error:
        raise UserError(
            f"there is no detector {error.filename}: `bunraku detector train --out {path}` makes one."
        ) from error
    except Exception as error:  # onnxruntime raises types of its own for every kind of broken file
        raise UserError(f"{path} is not a detector of Bunraku: train one with `bunraku detector train`.") from error
    if found != FORMAT:
        raise UserError(f"{path} is a detector of the format {found}, {FORMAT} is expected: train it anew.")
    return session, about
