import json
from pathlib import Path

import pytest

from bunraku.cli import BAD_INPUT, improving, main

pytest.importorskip("torch")


@pytest.fixture
def rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """A folder in which the shipped policy is improved, everything that takes long played, and what was done there."""
    done: list[str] = []

    def correct(console, task, policy, folder, seeds, workers):
        done.append(f"corrected {policy.name} on {seeds[0]} to {seeds[-1]}")
        return len(seeds), 2, 3.0

    def train(console, data, out, steps):
        done.append(f"trained {out.name}")
        out.write_bytes(out.name.encode())

    monkeypatch.setattr(improving, "_correct", correct)
    monkeypatch.setattr(improving, "_train", train)
    monkeypatch.setattr(improving, "_try", lambda task, policy, trials, workers: trials - 1)
    (tmp_path / "data/episodes").mkdir(parents=True)
    return tmp_path, done


def command(folder: Path, *more: str) -> list[str]:
    out = str(folder / "better.onnx")
    given = ["--policy", "many", "--data", str(folder / "data"), "--out", out, "--episodes", "5", "--trials", "4"]
    return ["improve", "pick-up", *given, *more]


def test_every_round_begins_with_the_policy_of_the_last_one(rounds):
    folder, done = rounds
    assert main(command(folder, "--rounds", "2")) == 0
    assert done == [
        "corrected many on 100000 to 100004",
        "trained better.1.onnx",
        "corrected better.1.onnx on 100005 to 100009",
        "trained better.2.onnx",
    ]
    assert (folder / "better.onnx").read_bytes() == b"better.2.onnx"
    curve = json.loads((folder / "better.curve.json").read_text())
    assert [(row["round"], row["successes"], row["trials"], row["taken_over"]) for row in curve] == [
        (0, 3, 4, 0),
        (1, 3, 4, 2),
        (2, 3, 4, 2),
    ]


def test_an_improvement_goes_on_where_it_was_interrupted(rounds):
    folder, done = rounds
    main(command(folder, "--rounds", "1"))
    done.clear()
    assert main(command(folder, "--rounds", "2")) == 0
    assert done == ["corrected better.1.onnx on 100005 to 100009", "trained better.2.onnx"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["--rounds", "0"], "--rounds"),
        (["--data", "/nowhere"], "no recorded episodes"),
        (["--policy", "/nowhere.onnx"], "there is no policy"),
    ],
)
def test_bad_input_is_one_sentence(rounds, changed, words, capsys):
    assert main(command(rounds[0], *changed)) == BAD_INPUT
    assert words in capsys.readouterr().err


def test_another_task_and_an_empty_list_of_tasks_are_refused(rounds, capsys):
    other = command(rounds[0])
    other[1] = "hand-over"
    assert main(other) == BAD_INPUT
    assert "was trained on pick-up" in capsys.readouterr().err
    assert main(["collect", "--out", str(rounds[0])]) == BAD_INPUT
    assert "no task was named" in capsys.readouterr().err


def test_an_improvement_that_began_otherwise_is_not_continued(rounds, capsys):
    folder, done = rounds
    main(command(folder, "--rounds", "1"))
    done.clear()
    assert main(command(folder, "--rounds", "2", "--episodes", "6")) == BAD_INPUT
    assert "other --episodes" in capsys.readouterr().err
    assert not done


def test_a_broken_curve_is_refused(rounds, capsys):
    (rounds[0] / "better.curve.json").write_text("[{}]")
    assert main(command(rounds[0])) == BAD_INPUT
    assert "is not the curve" in capsys.readouterr().err
