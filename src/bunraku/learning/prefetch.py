"""Batches got ready while a GPU computes: one step ahead, in page-locked memory from which it copies by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch

Batch = tuple[torch.Tensor, ...]


class Prefetch:
    """Gives what `make` makes of a step, on `device`; what it makes of the next one is begun meanwhile.

    What is copied to a GPU is pinned, and the copy is not waited for.
    """

    def __init__(self, make: Callable[[int], Batch], device: str) -> None:
        self._make, self._device, self._pinned = make, torch.device(device), device != "cpu"
        self._thread = ThreadPoolExecutor(1, "batches")
        self._next: tuple[int, Future[Batch]] | None = None

    def __call__(self, step: int) -> Batch:
        """The batch of `step`."""
        ready = self._next[1] if self._next and self._next[0] == step else self._thread.submit(self._ready, step)
        batch = ready.result()
        self._next = step + 1, self._thread.submit(self._ready, step + 1)
        return tuple(values.to(self._device, non_blocking=self._pinned) for values in batch)

    def _ready(self, step: int) -> Batch:
        batch = self._make(step)
        return tuple(values.pin_memory() for values in batch) if self._pinned else batch
