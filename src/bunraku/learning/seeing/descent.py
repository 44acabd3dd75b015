"""Gradient descent of the small networks: AdamW on a one-cycle schedule, with the loss told as it falls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class DescentConfig:
    """How to train: `steps` of `batch` examples; `bfloat16` as in `SeeingConfig`."""

    steps: int
    batch: int
    learning_rate: float = 3e-3
    seed: int = 0
    bfloat16: bool = False


def descend(
    network: nn.Module,
    config: DescentConfig,
    draw: Callable[[], tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]],
    name: str,
    report: Callable[[str], None],
) -> None:
    """Train the `network`, which is told of as `name`, and leave it ready to be used.

    `draw` gives a batch of images (n, 3, height, width) float and the loss of what the network says of them.
    """
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, config.steps)
    began, recent = time.process_time(), []
    for step in range(1, config.steps + 1):
        images, loss_of = draw()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.bfloat16):
            said = network(images.contiguous(memory_format=torch.channels_last))
        loss = loss_of(said.float())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        recent.append(float(loss.detach()))
        if step % 100 == 0 or step == config.steps:
            spent = time.process_time() - began
            report(f"{name} {step}/{config.steps}  loss {np.mean(recent):.3f}  {spent:.0f} s of CPU")
            recent = []
    network.eval()
