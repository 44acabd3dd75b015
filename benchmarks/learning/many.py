"""The rate of one policy in every task: `python benchmarks/learning/many.py [EPISODES] [SEED] [TASK…|POLICY.onnx]`.

Every episode is kept in `runs/many/` as it ends; the same command again goes on. Seeds come round over the tasks, so
that a run that is cut off says something about each. The policy is the one that comes with the package, if no file is
named; the episodes of another one are kept beside it.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from experts import asked, measure

from bunraku.cli.evaluation import run_seed
from bunraku.learning.acting import Policy
from bunraku.learning.evaluation import run_with_policy
from bunraku.robot import RobotSpec

SHIPPED = Path("many")


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if word.endswith(".onnx")]
    policy = Path(named[0]) if named else SHIPPED
    folder = policy.with_suffix("") if named else Path("runs/many")
    tasks = [*Policy(policy, RobotSpec().hand).about.tasks, "sort"]
    given = [word for word in sys.argv[1:] if word not in named]
    measure(folder, *asked(given, tasks), partial(run_seed, run=partial(run_with_policy, policy=policy)))
