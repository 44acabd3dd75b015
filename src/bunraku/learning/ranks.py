"""Several processes that train one network: `torchrun … -m bunraku learn …` starts them, and they join here.

Each takes its share of every batch; PyTorch's DistributedDataParallel averages the gradients. The first one alone tells
what is going on, and writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from bunraku.errors import UserError

Made = TypeVar("Made")
PATIENCE = timedelta(days=1)
"""How long processes wait for one that looks at a large data set; one that dies is noticed at once."""


@dataclass(frozen=True)
class Ranks:
    """This process is number `rank` of `world`."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that tells and writes."""
        return self.rank == 0

    def share(self, values: torch.Tensor) -> torch.Tensor:
        """What of the rows of `values` is this process's to do."""
        return values[self.rank :: self.world]

    def from_first(self, make: Callable[[], Made]) -> Made:
        """What `make` gives in the first process, in all of them.

        After a `UserError` there the others end as well, without a word.
        """
        made: list = [None, None]
        if self.first:
            try:
                made[0] = make()
            except UserError as error:
                made[1] = error
        if self.world > 1:
            distributed.broadcast_object_list(made, device=torch.device("cpu"))
        if made[1] is not None:
            raise made[1] if self.first else SystemExit(2)
        return made[0]

    def after_first(self, make: Callable[[], Made]) -> Made:
        """What `make` gives in every process, in the first one first: what it leaves on disk the others find there."""
        made: list[Made] = []
        self.from_first(lambda: made.append(make()))
        error = None
        if not self.first:
            try:
                made.append(make())
            except UserError as raised:
                error = raised
        if self.any(error is not None):
            raise error or SystemExit(2)
        return made[0]

    def require_same(self, value: str, sentence: str) -> None:
        """Raise `UserError` with `sentence` in all processes when `value` is not the same in all of them."""
        if self.any(value != self.from_first(lambda: value)):
            raise UserError(sentence)

    def any(self, here: bool) -> bool:
        """Whether it is so in any of the processes."""
        if self.world == 1:
            return here
        said = torch.tensor(int(here))
        distributed.all_reduce(said, distributed.ReduceOp.MAX)
        return bool(said)


@contextmanager
def joined(device: str) -> Iterator[tuple[Ranks, str]]:
    """This process among those that `torchrun` started, alone without it; and its own `device`, as PyTorch names it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("gloo" if device == "cpu" else "cpu:gloo,cuda:nccl", timeout=PATIENCE)
    yield Ranks(distributed.get_rank(), world), device
    # Not after an error: whoever waits here for a lost one is ended by torchrun before it has said what happened.
    distributed.destroy_process_group()
