import os
import time
from functools import partial
from pathlib import Path

import pytest
from tests.cli.episodes import dying_episode, episode, refused_episode, slow_episode, unlucky_episode
from tests.cli.test_evaluation import is_running

from bunraku.cli.evaluation import run_seeds
from bunraku.errors import UserError

pytest.importorskip("ray")

# A cluster of its own takes seconds to start: one test with all that can go right, and one for each way to lose.
pytestmark = pytest.mark.slow


def test_a_cluster_gives_the_rows_of_one_process_also_when_workers_are_lost(tmp_path: Path) -> None:
    run = partial(unlucky_episode, tmp_path)
    rows = sorted(run_seeds(run, range(6), workers=2, ray="local"), key=lambda row: row.seed)
    assert rows == [episode(seed) for seed in range(6)]
    assert len(list(tmp_path.iterdir())) == 2, "no worker was lost"


def test_what_was_finished_before_all_workers_were_lost_is_kept() -> None:
    rows = run_seeds(dying_later, range(3), workers=1, ray="local")
    assert next(rows) == episode(0)
    with pytest.raises(UserError, match="lost its workers"):
        next(rows)


def test_what_a_worker_refuses_is_told_in_its_words() -> None:
    with pytest.raises(UserError, match="the disk is full"):
        list(run_seeds(refused_episode, range(2), workers=1, ray="local"))


def test_stopping_early_leaves_no_worker_behind(tmp_path: Path) -> None:
    rows = run_seeds(partial(noted_episode, tmp_path), range(3), workers=2, ray="local")
    assert next(rows).seed == 0
    rows.close()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert workers
    deadline = time.monotonic() + 60
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlives the evaluation"
        time.sleep(0.1)


def dying_later(seed: int):
    return episode(seed) if seed == 0 else dying_episode(seed)


def noted_episode(folder: Path, seed: int):
    (folder / str(os.getpid())).touch()
    return slow_episode(seed)
