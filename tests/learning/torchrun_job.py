"""What `test_ranks.py` lets `torchrun` start: trains whole and interrupted, and writes what came of it.

Usage: torchrun --nproc-per-node N torchrun_job.py FOLDER
"""

import json
import sys
from pathlib import Path

import torch
from tests.learning.test_training import SMALL, samples

from bunraku.errors import UserError
from bunraku.learning.ranks import joined
from bunraku.learning.training import Trainer


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    told = []
    with joined("cpu") as (ranks, device):
        whole = Trainer(samples(), SMALL, device, ranks)
        whole.train(SMALL.steps)
        whole.save(folder / "whole.pt")
        first = Trainer(samples(), SMALL, device, ranks)
        # The last process alone is told to stop: all must, before the same step.
        calls = iter(range(SMALL.steps))
        went = first.train(SMALL.steps, stopped=lambda: ranks.rank == ranks.world - 1 and next(calls) == 2)
        first.save(folder / "half.pt")
        again = Trainer(samples(), SMALL, device, ranks)
        again.load(folder / "half.pt")
        again.train(SMALL.steps)
        told = {
            "world": ranks.world,
            "went": went,
            "stopped": first.step,
            "whole": whole.weights_digest(),
            "again": again.weights_digest(),
            "all same": not ranks.any(ranks.from_first(whole.weights_digest) != whole.weights_digest()),
        }
        try:
            ranks.require_same(str(ranks.rank), "not the same")
        except UserError as error:
            told["refused"] = str(error)
        if ranks.first:
            (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
