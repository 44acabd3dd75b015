import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from tests.learning.test_training import SMALL, samples, trained  # noqa: E402

from bunraku.errors import UserError  # noqa: E402
from bunraku.learning.ranks import Ranks, joined  # noqa: E402
from bunraku.learning.training import Trainer  # noqa: E402

HERE = Path(__file__).parent


def torchrun(*command: object) -> subprocess.CompletedProcess[str]:
    """Let `torchrun` start two processes."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    place = os.pathsep.join([str(HERE.parents[1]), *sys.path])
    about = {"env": os.environ | {"PYTHONPATH": place}, "timeout": 500, "text": True}
    return subprocess.run([*start, *map(str, command)], capture_output=True, **about)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes that `torchrun` started left what came of their training."""
    folder = tmp_path_factory.mktemp("two")
    ran = torchrun(HERE / "torchrun_job.py", folder)
    assert ran.returncode == 0, ran.stderr
    return folder


def test_two_processes_learn_what_one_does(two):
    alone = trained(SMALL.steps)
    state = torch.load(two / "whole.pt", weights_only=True)
    assert state["step"] == SMALL.steps
    begun = Trainer(samples(), SMALL).policy.state_dict()
    for name, weights in alone.policy.state_dict().items():
        moved = (weights - begun[name]).abs().max()
        assert (state["policy"][name] - weights).abs().max() <= 1e-3 * moved + 1e-6, name


def test_two_processes_agree_and_go_on_to_the_same_weights(two):
    told = json.loads((two / "told.json").read_text())
    assert told["world"] == 2 and told["all same"] and told["refused"] == "not the same"
    assert not told["went"] and 0 < told["stopped"] < SMALL.steps
    assert told["again"] == told["whole"]


def test_shares_are_the_whole():
    values = torch.arange(10)
    parts = torch.cat([Ranks(rank, 3).share(values) for rank in range(3)])
    assert sorted(parts.tolist()) == values.tolist()


def test_one_process_needs_no_others():
    with joined("cpu") as (ranks, device):
        assert (ranks, device) == (Ranks(), "cpu")
        assert ranks.any(True) and not ranks.any(False)
        assert ranks.after_first(lambda: 3) == 3
        with pytest.raises(UserError, match="none"):
            ranks.from_first(_fail)


def _fail() -> None:
    raise UserError("there is none")


def test_a_batch_too_small_to_be_shared_is_refused():
    with pytest.raises(UserError, match="33 processes cannot share a batch of 32"):
        Trainer(samples(), SMALL, ranks=Ranks(0, 33))


@pytest.mark.slow
def test_what_was_learned_before_a_process_was_lost_is_kept(tmp_path):
    model = tmp_path / "a.onnx"
    ran = torchrun(HERE / "torchrun_lost.py", model, 35)
    assert ran.returncode != 0
    # It may be ended by torchrun before it has said what happened, but not before it has kept what it learned.
    told = [line for line in ran.stderr.splitlines() if line.startswith("bunraku:")]
    assert told in ([], ["bunraku: another process was lost at step 35; the same command goes on from there."])
    again = Trainer(samples(), SMALL)
    again.load(model.with_suffix(".pt"))
    assert again.step == 35
    assert again.train(SMALL.steps)
