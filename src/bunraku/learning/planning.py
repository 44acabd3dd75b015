"""What training would take on many devices: from a measured step on one, data sheets, and a ring all-reduce.

A step of data-parallel training takes as long as its slowest device, and what of the exchange of gradients is not
hidden behind the backward pass: t = t₁(b) + max(0, 2 (n − 1)/n · bytes/bandwidth + 2 (n − 1) · latency − hidden · t₁).
Ring all-reduce: Patarasuk & Yuan, J. Parallel Distrib. Comput. 69 (2009).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Device:
    """One kind of device: dense bf16 `flops` 1/s, memory `bandwidth` B/s, `link` B/s (one direction of what joins it to
    its neighbours), `power` W, and what an hour of it costs to rent, USD."""

    name: str
    flops: float
    bandwidth: float
    link: float
    power: float
    price: float


DEVICES = {
    device.name: device
    for device in (
        # NVIDIA's data sheets of the SXM boards: dense bf16, HBM, NVLink (half of the sum of both directions), TDP.
        # Prices are round numbers of 2025's rental market: give your own.
        Device("a100", 312e12, 2.04e12, 300e9, 400, 1.5),
        Device("h100", 989e12, 3.35e12, 450e9, 700, 2.5),
        Device("h200", 989e12, 4.8e12, 450e9, 700, 3.5),
        Device("b200", 2250e12, 8.0e12, 900e9, 1000, 5.0),
        # Two desktop cores over gigabit Ethernet.
        Device("cpu", 100e9, 20e9, 0.117e9, 40, 0.05),
    )
}
NODE = 8
"""GPUs that are joined by the fast link; more than that exchange over the network."""
NETWORK = 50e9
"""B/s of one 400 Gbit/s port, one for each GPU."""
LATENCY = 10e-6
"""Seconds for one hop of the ring."""
HIDDEN = 0.5
"""Share of a step, its backward pass, behind which the exchange can hide."""
UTILISATION, KERNELS, LAUNCH = 0.35, 150, 5e-6
"""Of a device that is not here: the share of its peak that training reaches, and the kernels of a step with the time
(s) to launch each: what a small network waits for."""
COOLING = 1.25
"""Power of a data centre for each watt of its devices."""
STEP_FLOPS = 6
"""Floating-point operations of training for each parameter and sample: two forward, four backward."""


@dataclass(frozen=True)
class Pace:
    """Seconds that a step takes on one device: `fixed` + `per_sample` · samples. `error`: the largest relative error of
    that line on steps that were measured but not fitted; None if nothing was measured."""

    fixed: float
    per_sample: float
    error: float | None = None

    def step(self, samples: float) -> float:
        """Seconds for a step of `samples`."""
        return self.fixed + self.per_sample * samples


@dataclass(frozen=True)
class Plan:
    """What training takes: `seconds`, `energy` J, `cost` USD, samples/s, the share of time in which devices compute,
    and what limits it."""

    devices: int
    seconds: float
    energy: float
    cost: float
    samples_per_second: float
    efficiency: float
    bottleneck: str


def measured(
    step: Callable[[int], None],
    batches: Sequence[int] = (32, 64, 128, 256, 512),
    repeats: int = 5,
    clock: Callable[[], float] = time.thread_time,
) -> Pace:
    """The pace of `step` (which trains on that many samples), fitted to every other of `batches`, tried on the rest.

    The median of `repeats` by the `clock`: the CPU time of this thread does not count what else the machine does.
    """
    seconds = {}
    for batch in batches:
        step(batch)
        taken = []
        for _ in range(repeats):
            start = clock()
            step(batch)
            taken.append(clock() - start)
        seconds[batch] = float(np.median(taken))
    fitted = list(batches[::2])
    slope, fixed = np.polyfit(fitted, [seconds[b] for b in fitted], 1)
    pace = Pace(max(float(fixed), 0.0), float(slope))
    return replace(pace, error=max(abs(pace.step(b) / seconds[b] - 1) for b in batches[1::2]))


def expected(device: Device, parameters: int) -> Pace:
    """The pace of a device that is not here, from its data sheet: an estimate, with no error to state."""
    return Pace(KERNELS * LAUNCH, STEP_FLOPS * parameters / (UTILISATION * device.flops))


def plan(device: Device, pace: Pace, devices: int, samples: float, batch: int, parameters: int) -> Plan:
    """Training on `samples` in all, in steps of `batch` shared by `devices`, of a network of `parameters` numbers."""
    alone = pace.step(batch / devices)
    link = device.link if devices <= NODE else min(device.link, NETWORK)
    exchange = 2 * (devices - 1) / devices * 4 * parameters / link + 2 * (devices - 1) * LATENCY if devices > 1 else 0.0
    waiting = max(0.0, exchange - HIDDEN * alone)
    seconds = (alone + waiting) * samples / batch
    work, fixed = pace.per_sample * batch / devices, pace.fixed
    shares = {
        "computing": work,
        "starting steps": fixed,
        "gradients": waiting,
    }
    return Plan(
        devices,
        seconds,
        devices * device.power * COOLING * seconds,
        devices * device.price * seconds / 3600,
        batch / (alone + waiting),
        work / (alone + waiting),
        max(shares, key=lambda name: shares[name]),
    )
