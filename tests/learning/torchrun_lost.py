"""What `test_ranks.py` lets `torchrun` start: `bunraku learn` on little samples, of which the last process dies.

Usage: torchrun --nproc-per-node N torchrun_lost.py MODEL STEP
"""

import os
import signal
import sys

from tests.learning.test_training import samples

from bunraku.cli import main
from bunraku.learning import samples as loading
from bunraku.learning.training import Trainer

loading.load_samples = lambda data, report: samples()
batch, model, step = Trainer._batch, sys.argv[1], int(sys.argv[2])


def dying(trainer: Trainer, now: int):
    """Die at `step`."""
    if now == step and trainer.ranks.rank == trainer.ranks.world - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch(trainer, now)


Trainer._batch = dying
size = ["--steps", "60", "--batch", "32", "--width", "32", "--depth", "1"]
sys.exit(main(["learn", "data", "--out", model, *size]))
