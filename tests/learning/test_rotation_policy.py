from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from bunraku.errors import UserError  # noqa: E402
from bunraku.learning.acting import MODELS, Policy  # noqa: E402
from bunraku.learning.ppo import Actor, Config  # noqa: E402
from bunraku.learning.rotation_policy import export, load  # noqa: E402
from bunraku.tasks.cube_rotation import Gait  # noqa: E402


def test_what_acts_is_what_was_learned(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "policy.onnx"
    actor, gait = Actor(30, 18, Config(widths=(16,))), Gait.of(rng.normal(size=3 * 18 + 1))
    felt = rng.normal(2, 3, (5, 30)).astype(np.float32)
    actor.normalise.update(torch.from_numpy(felt))
    torch.nn.init.normal_(actor.body[-1].weight)
    export(actor, gait, -1.0, {"samples": 7}, path)
    kept, direction, act = load(path)
    assert np.array_equal(kept.numbers(), gait.numbers()) and direction == -1.0
    for count in (1, 5):
        assert act(felt[:count]) == pytest.approx(actor(torch.from_numpy(felt[:count])).detach().numpy(), abs=1e-4)


def test_what_comes_with_the_package_is_read_and_refused_where_another_policy_is_expected() -> None:
    path = MODELS / "cube-rotation.onnx"
    gait, direction, _ = load(path)
    assert gait.numbers().shape == (3 * 18 + 1,) and direction == 1.0
    with pytest.raises(UserError, match="format cube-rotation-1"):
        Policy(path, "h22")
    with pytest.raises(UserError, match="not a policy that turns a cube"):
        load(MODELS / "put.onnx")


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a policy that turns a cube"):
        load(tmp_path / "policy.onnx")
