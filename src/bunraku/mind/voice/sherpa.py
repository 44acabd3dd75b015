"""Speech recognition by an ONNX model with sherpa-onnx: free speech in the model's languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.tools import Registry
from bunraku.mind.voice.audio import SAMPLE_RATE
from bunraku.mind.voice.recognition import Heard
from bunraku.mind.voice.transcriber import Transcriber, second_opinion


def is_model(folder: Path) -> bool:
    """Whether the folder holds the files of a sherpa-onnx model."""
    return bool(_file(folder, "tokens.txt")) and bool(_file(folder, ".onnx"))


def recogniser(folder: Path, registry: Registry) -> Transcriber:
    """The recogniser with the model in `folder`. Raises `UserError` when the package is missing or the model broken.

    A model that is broken badly ends the process: sherpa-onnx does so itself.
    """
    try:
        from sherpa_onnx import OfflineRecognizer
    except ImportError as error:
        raise UserError("sherpa-onnx is not installed: install bunraku[sherpa], or leave the model out.") from error
    make, files = _kind(folder, OfflineRecognizer)
    try:
        model = make(tokens=_file(folder, "tokens.txt"), num_threads=2, **files)
    except Exception as error:
        raise UserError(f"{folder} is no model that sherpa-onnx can load.") from error

    def transcribe(sound: np.ndarray) -> Heard:
        stream = model.create_stream()
        stream.accept_waveform(SAMPLE_RATE, sound)
        model.decode_stream(stream)
        text = stream.result.text.strip()
        return Heard(text, bool(text))

    return Transcriber(transcribe, second_opinion(registry))


def _kind(folder: Path, api: Any) -> tuple[Callable[..., Any], dict[str, str]]:
    """How to load what is in the folder: by the networks that are there, and by its name where there is only one."""
    networks = {part: file for part in ("encoder", "decoder", "joiner") if (file := _file(folder, ".onnx", part))}
    if len(networks) == 3:
        transducer = "nemo_transducer" if "nemo" in folder.name or "parakeet" in folder.name else "transducer"
        return api.from_transducer, {**networks, "model_type": transducer}
    if len(networks) == 2:
        return api.from_whisper, networks
    network = _file(folder, ".onnx", "model")
    if not network:
        raise UserError(f"{folder} has neither encoder and decoder nor a model.onnx.")
    name = folder.name.lower()
    if "sense-voice" in name:
        return api.from_sense_voice, {"model": network}
    if "paraformer" in name:
        return api.from_paraformer, {"paraformer": network}
    if "zipformer" in name:
        return api.from_zipformer_ctc, {"model": network}
    return api.from_nemo_ctc, {"model": network}


def _file(folder: Path, ending: str, part: str = "") -> str:
    """The file whose name has the part and the ending, 8-bit weights first; empty where there is none."""
    found = sorted(
        folder.glob(f"*{part}*{ending}" if part else f"*{ending}"),
        key=lambda path: ("int8" not in path.name, path.name),
    )
    return str(found[0]) if found else ""
