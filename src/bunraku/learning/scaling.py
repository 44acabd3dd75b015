"""How training grows with the processes of this machine: a step that several share, against one that does all of it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from statistics import median

import torch
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import spawn

from bunraku.learning.policies.grounded import NetworkConfig
from bunraku.learning.ranks import joined
from bunraku.learning.training import stepper


@dataclass(frozen=True)
class Scaling:
    """How many times as fast `processes` train together as one alone, `by_clock`, and by the CPU time of the one that
    needs most, exchange included: what the clock would show if nothing else ran on this machine."""

    processes: int
    by_clock: float
    by_cpu: float


def measured_scaling(
    network: NetworkConfig, processes: int, batch: int, device: str = "cpu", repeats: int = 9
) -> Scaling:
    """Train on steps of `batch` with one process and with `processes`."""
    alone, together = (_seconds(network, world, batch, device, repeats) for world in (1, processes))
    return Scaling(processes, *(one / shared for one, shared in zip(alone, together, strict=True)))


def _seconds(network: NetworkConfig, world: int, batch: int, device: str, repeats: int) -> tuple[float, float]:
    """What a step takes `world` processes, by the clock and by CPU time."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    taken = get_context("spawn").SimpleQueue()
    spawn(_train, (world, port, network, batch, device, repeats, taken), world)
    clock, cpu = zip(*(taken.get() for _ in range(world)), strict=True)
    return max(clock), max(cpu)


def _train(
    rank: int, world: int, port: int, network: NetworkConfig, batch: int, device: str, repeats: int, taken
) -> None:
    about = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in about.items()})
    torch.set_num_threads(1)
    with joined(device) as (ranks, own):
        step, _ = stepper(network, own, ranks)
        step(batch)
        seconds = []
        for _ in range(repeats):
            clock, cpu = time.perf_counter(), time.process_time()
            step(batch)
            seconds.append((time.perf_counter() - clock, time.process_time() - cpu))
        taken.put(tuple(median(of) for of in zip(*seconds, strict=True)))
