import numpy as np
import pytest

from bunraku.cli import main


def test_list_names_every_hand(capsys):
    assert main(["hands", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("human", "h22", "shadow", "orca", "bunraku[peers]"))


def test_compare_prints_a_table_and_keeps_results(tmp_path, capsys):
    store = tmp_path / "r.json"
    assert main(["hands", "compare", "h22", "--tests", "C,V", "--json", str(store)]) == 0
    assert store.exists() and "0.36" in capsys.readouterr().out


def test_retarget_writes_angles(tmp_path):
    points = np.zeros((3, 21, 3))
    for digit in range(5):
        for bone in range(4):
            points[:, 1 + 4 * digit + bone] = [0.06 + 0.03 * bone, 0.04 - 0.02 * digit, -0.002 * bone]
    file = tmp_path / "person.npz"
    np.savez(file, landmarks=points)
    assert main(["hands", "retarget", str(file), "--hand", "h11"]) == 0
    result = np.load(tmp_path / "person_h11.npz")
    assert result["angles"].shape == (3, 11) and result["joints"][0] == "right_thumb_cmc_rotation"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "h23"], "no hand 'h23'"),
        (["compare", "h22", "--tests", "Z"], "no test 'Z'"),
        (["compare", "h22", "--seeds", "0"], "at least 1"),
        (["retarget", "none.npz"], "no landmark file"),
        (["show", "h22", "--side", "up"], "left or right"),
        (["show", "h22", "--port", "70000"], "from 1 to 65535"),
        (["why", "h22", "--seeds", "0"], "at least 1"),
        (["why", "h11"], "no joint 'mcp_abduction' to take away"),
    ],
)
def test_bad_input_is_one_sentence(arguments, words, capsys):
    assert main(["hands", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_a_file_that_is_no_array_is_refused(tmp_path, capsys):
    file = tmp_path / "text.npz"
    file.write_text("not an array")
    assert main(["hands", "retarget", str(file)]) == 2
    assert "not a NumPy file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not a text file"),
        (b"- 1", "expected a mapping"),
        (b"a: [1", "not valid YAML"),
    ],
)
def test_a_hand_file_that_cannot_be_read_is_one_sentence(tmp_path, content, words, capsys):
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    assert main(["hands", "compare", str(file), "--tests", "C", "--json", str(tmp_path / "r.json")]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_results_are_refused_before_anything_is_measured(tmp_path, capsys):
    wrong = tmp_path / "r.json"
    wrong.write_text("[1, 2]")
    assert main(["hands", "compare", "h22", "--tests", "C", "--json", str(wrong)]) == 2
    assert "not a result file" in capsys.readouterr().err and wrong.read_text() == "[1, 2]"
    (tmp_path / "file").write_text("")
    assert main(["hands", "compare", "h22", "--tests", "C", "--json", str(tmp_path / "file" / "r.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err
