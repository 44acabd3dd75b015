"""A policy that turns a cube as a file: the gait, and the network that corrects it by feel. Acting needs no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bunraku import __version__
from bunraku.errors import UserError
from bunraku.tasks.cube_rotation import RATE, Gait

if TYPE_CHECKING:
    from bunraku.learning.ppo import Actor

FORMAT = "cube-rotation-1"


def export(actor: Actor, gait: Gait, direction: float, card: dict, path: Path) -> None:
    """Write an ONNX file: observation (n, k) to mean action (n, actions); the gait and `card` are its metadata."""
    import torch

    from bunraku.learning.onnx_file import write_onnx

    example, count = torch.zeros(2, actor.normalise.mean.shape[0]), torch.export.Dim("n")
    about = {"format": FORMAT, "encoder": "touch", "hand": "h22", "rate": RATE, "bunraku": __version__}
    about |= {"gait": gait.numbers().tolist(), "direction": direction} | card
    write_onnx(actor, (example,), ({0: count},), ["observation"], ["action"], about, path)


def load(path: Path) -> tuple[Gait, float, Callable[[np.ndarray], np.ndarray]]:
    """The gait, the direction of turn (1 to the left seen from above), and what acts: observations to actions.

    Raises `UserError` when the file is no such policy.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        about = json.loads(session.get_modelmeta().custom_metadata_map["bunraku"])
        if about["format"] != FORMAT:
            raise KeyError(about["format"])
        gait = Gait.of(np.array(about["gait"]))
    except Exception as error:  # a file can be broken in as many ways as there are libraries that read it
        raise UserError(f"{path} is not a policy that turns a cube.") from error
    return (
        gait,
        float(about["direction"]),
        lambda observation: np.asarray(session.run(None, {"observation": observation})[0]),
    )
