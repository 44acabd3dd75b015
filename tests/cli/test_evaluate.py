import json
from pathlib import Path

import pytest

from bunraku.cli import main

pytestmark = pytest.mark.usefixtures("engine")


def test_every_episode_is_counted_also_the_crashed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.json"
    assert main(["evaluate", "pick-place", "--episodes", "6", "--seed", "3", "--json", str(path)]) == 1
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert [row["seed"] for row in kept["rows"]] == [3, 4, 5, 6, 7, 8]
    assert kept["success_rate"] == pytest.approx(2 / 6)
    assert kept["failures"] == {"dropped": 2, "error": 2}
    printed = " ".join(capsys.readouterr().out.split())
    assert "2/6 = 33.3 % 9.7 to 70.0 %" in printed
    assert "ZeroDivisionError: a bug" in printed


def test_an_evaluation_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    arguments = ["evaluate", "pick-place", "--json", str(path)]
    assert main([*arguments, "--episodes", "2"]) == 0
    first = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert main([*arguments, "--episodes", "2"]) == 2, "an existing record is not overwritten"
    assert main([*arguments, "--episodes", "5", "--resume"]) == 1
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert rows[:2] == first
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pick-palce"], "did you mean pick-place?"),
        (["swim"], "`bunraku tasks` lists them"),
        (["pick-place", "--episodes", "0"], "at least 1"),
        (["pick-place", "--workers", "-1"], "at least 1"),
        (["pick-place", "--json", "/proc/nowhere/result.json"], "cannot write to"),
        (["pick-place", "--json", "/proc/result.json"], "cannot write"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_tasks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks"]) == 0
    assert "bunraku/PickPlace-v0" in capsys.readouterr().out
