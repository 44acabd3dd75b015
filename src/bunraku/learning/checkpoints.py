"""What all training by gradients here shares: checkpoints, a schedule, and the average of the weights."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from bunraku.errors import UserError
from bunraku.learning.episodes import room_on_disk


def write_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write `state` to `path` in one step. Raises `UserError` when the disk is full."""
    part, content = path.with_name(path.name + ".part"), BytesIO()
    torch.save(state, content)  # not to the file: it does not say of a full disk that it is full
    with room_on_disk(path):
        part.write_bytes(content.getbuffer())
        part.replace(path)


def read_checkpoint(path: Path, of: str, keys: Iterable[str]) -> dict[str, Any]:
    """The state in a checkpoint; raises `UserError` when the file is none `of` that training, with these `keys`."""
    try:
        state = torch.load(path, weights_only=True)
        for key in keys:
            state[key]
    except Exception as error:  # torch raises whatever a broken pickle happens to break
        raise UserError(f"{path} is not a checkpoint of {of}: delete it to begin anew.") from error
    return state


@contextmanager
def whole_steps() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C or a termination wait until a step is over: gives what says whether one came, and interrupts at the
    end if one did."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def warm_cosine(step: int, steps: int, warm_up: int) -> float:
    """The share of the learning rate at a step: a linear warm-up, and half a cosine down to nothing."""
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


@torch.no_grad()
def follow(average: torch.nn.Module, network: torch.nn.Module, step: int, most: float) -> None:
    """Let the weights of `average` follow those of `network`, up to `most` of them kept, fewer at the beginning;
    what is counted rather than learned is copied."""
    share = min(most, (1 + step) / (10 + step))
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - share)
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(new)
