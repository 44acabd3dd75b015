import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.learning.conftest import record

from bunraku.cli import BAD_INPUT, main
from bunraku.learning.lerobot import finalise

pytest.importorskip("torch")
pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of two episodes and two cameras."""
    root = tmp_path_factory.mktemp("data") / "good"
    for seed in (0, 1):
        record(root / "episodes", seed, 6)
    finalise(root)
    return root


def _info(change: Callable[[dict], object]) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        info = root / "meta/info.json"
        content = json.loads(info.read_text())
        change(content)
        info.write_text(json.dumps(content))

    return spoil


def _halve(pattern: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        for file in root.glob(pattern):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return spoil


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_info(lambda info: info.update(codebase_version="v2.1")), "is a data set of version v2.1, v3.0 is expected"),
        (_info(lambda info: info.update(robot_type="so100")), "is of the robot so100"),
        (_info(lambda info: info.update(fps=None)), "does not hold a LeRobot data set"),
        (_info(lambda info: info.pop("features")), "does not hold a LeRobot data set"),
        (_info(lambda info: info["features"].pop("observation.tension")), "has no observation.tension of 44 numbers"),
        (_halve("meta/episodes/*/*.parquet"), "does not hold a LeRobot data set"),
        (_halve("data/*/*.parquet"), "cannot be read"),
        (lambda root: shutil.rmtree(root / "data"), "cannot be read"),
        (_halve("videos/*/*/*.mp4"), "cannot be read"),
        (lambda root: None, "has no pictures of the camera"),
    ],
)
def test_a_bad_data_set_is_one_sentence(good, spoil, words, tmp_path, capsys):
    data = tmp_path / "data"
    shutil.copytree(good, data)
    spoil(data)
    assert main(["learn", str(data), "--out", str(tmp_path / "a.onnx")]) == BAD_INPUT
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and error.count(str(data)) <= 2
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["learn", "DATA", "--out", "a.onnx", "--width", "0"], "--width must be at least 1"),
        (["learn", "DATA", "--out", "a.onnx", "--threads", "0"], "--threads must be at least 1"),
        (["learn", "DATA", "--out", "a.onnx", "--seed", "-1"], "--seed must be 0 or more"),
        (["learn", "DATA", "--out", "a.onnx", "--device", "abacus"], "there is no device abacus here"),
        (["learn", "DATA", "--out", "."], "--out must name an ONNX file"),
        (["learn", "DATA", "--out", "a.pt"], "--out must name an ONNX file"),
        (["learn", "--out", "a.onnx"], "no data set was named"),
        (["learn", "plan", "--depth", "0"], "--depth must be at least 1"),
        (["learn", "plan", "--processes", "0"], "--processes must be between 1 and --batch"),
        (["collect", "pick-up", "--out", "data", "--seed", "-3"], "--seed must be 0 or more"),
        (["evaluate", "bring", "--policy", "many"], "there is no task of the hands “bring”"),
    ],
)
def test_bad_flags_are_one_sentence(given, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(given) == BAD_INPUT
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
