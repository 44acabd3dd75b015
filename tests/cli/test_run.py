import json
from pathlib import Path

import pytest

from bunraku.cli import main

pytestmark = pytest.mark.usefixtures("engine")


def report(folder: Path) -> dict[str, object]:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_success_is_what_the_task_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "put the red mug away well", "--seed", "7", "--out", str(tmp_path / "new")]) == 0
    kept = report(tmp_path / "new")
    assert (kept["success"], kept["outcome"], kept["seed"]) == (True, "success", 7)
    assert kept["instruction"] == "put the red mug away well"
    assert (tmp_path / "new" / "video.mp4").exists()
    printed = capsys.readouterr().out
    assert "2.00× real time" in printed
    assert "[seen]" in printed, "text in square brackets is printed as it is, not taken for markup"
    assert "grasp: step [2]" in printed


def test_failure_has_its_own_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "put the red mug away badly", "--no-video", "--out", str(tmp_path)]) == 1
    assert report(tmp_path)["outcome"] == "dropped"
    assert not (tmp_path / "video.mp4").exists()
    assert "Not done (dropped)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ending", "code", "outcome"), [("stop", 130, "interrupted"), ("unicorn", 2, "refused"), ("crash", None, "error")]
)
def test_however_it_ends_the_record_is_readable(tmp_path: Path, ending: str, code: int | None, outcome: str) -> None:
    arguments = ["run", f"put the red mug away {ending}", "--out", str(tmp_path)]
    if code is None:
        with pytest.raises(ZeroDivisionError):
            main(arguments)
    else:
        assert main(arguments) == code
    kept = report(tmp_path)
    assert (kept["success"], kept["outcome"]) == (False, outcome)
    assert [step["skill"] for step in kept["steps"]] == ["look_for", "grasp", "grasp"]


@pytest.mark.parametrize("instruction", ["", "  "])
def test_an_empty_instruction_is_one_sentence(
    tmp_path: Path, instruction: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", instruction, "--out", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", [["run", "put the red mug away well"], ["evaluate", "pick-place"]])
def test_a_detector_that_is_not_there_is_one_sentence(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--detector", str(tmp_path / "none.onnx")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "there is no detector" in said


def test_an_impossible_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["run", "put the red mug away well", "--out", str(tmp_path / "file" / "below")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
