import json
from pathlib import Path

import pytest

from bunraku.cli import BAD_INPUT, main

pytest.importorskip("onnxruntime")


def test_a_cube_is_turned_and_every_episode_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "new" / "cube.json"
    given = ["evaluate", "cube-rotation", "--episodes", "4", "--timestep", "0.005", "--json", str(kept)]
    assert main(given) == 0
    assert "of 4 without a drop" in capsys.readouterr().out
    record = json.loads(kept.read_text())
    assert len(record["speeds"]) == len(record["dropped"]) == 4
    assert max(record["speeds"]) > 0.1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["evaluate", "cube-rotation", "--side", "0.2"], "--side must lie between 0.03 and 0.07"),
        (["evaluate", "cube-rotation", "--episodes", "0"], "--episodes must be at least 1"),
        (["evaluate", "cube-rotation", "--policy", "nowhere.onnx"], "there is no policy or gait nowhere.onnx"),
        (["evaluate", "cube-rotation", "--policy", "many"], "not a policy that turns a cube"),
        (["learn", "cube-rotation", "--out", "a.onnx", "--cubes", "0"], "--cubes between 1 and --hands"),
        (["learn", "cube-gait", "--out", "a.json", "--hands", "3"], "--hands four times --starts"),
    ],
)
def test_bad_input_is_one_sentence(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == BAD_INPUT
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_a_broken_gait_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gait.json").write_text('{"gait": "none"}')
    assert main(["evaluate", "cube-rotation", "--policy", str(tmp_path / "gait.json")]) == BAD_INPUT
    assert "is not a gait" in capsys.readouterr().err


def test_a_policy_learned_on_various_cubes_is_written_and_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    out = tmp_path / "policy.onnx"
    command = ["learn", "cube-rotation", "--out", str(out), "--hands", "8", "--cubes", "3", "--samples"]
    assert main([*command, "128"]) == 0
    assert main([*command, "256"]) == 0
    assert [json.loads(line)["samples"] for line in out.with_suffix(".jsonl").read_text().splitlines()] == [128, 256]
    assert main(["evaluate", "cube-rotation", "--policy", str(out), "--episodes", "1", "--timestep", "0.005"]) == 0
