import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bunraku.cli import COMMANDS, command_words, main
from bunraku.errors import UserError

WORDS = st.sampled_from(["hands", "compare", "human", "run", "memory"])
TABLE = {"run": "", "hands compare": "", "hands compare human": "", "memory run": ""}


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_longest_command_wins(arguments: list[str]) -> None:
    joined = " ".join(arguments) + " "
    matching = [name for name in TABLE if joined.startswith(name + " ")]
    if matching:
        assert command_words(arguments, TABLE) == max(matching, key=len)
    elif not any(name.startswith(joined) for name in TABLE):
        with pytest.raises(UserError):
            command_words(arguments, TABLE)


@given(st.lists(st.text(min_size=1), max_size=4))
@example(["memory export", "0"])
def test_no_words_are_guessed_to_be_a_command(arguments: list[str]) -> None:
    try:
        words = command_words(arguments, COMMANDS)
    except UserError:
        return
    assert words is None or " ".join(arguments[: len(words.split())]) == words


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_table_names_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert all(f"bunraku {words}" in printed for words in COMMANDS)


def test_a_misspelt_command_gets_one_sentence_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evalute", "pick-place"]) == 2
    error = capsys.readouterr().err
    assert "`bunraku evaluate`" in error
    assert error.count("\n") == 1


def test_a_user_error_is_one_sentence_and_a_bug_keeps_its_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "complain", "tests.cli.commands:complain")
    monkeypatch.setitem(COMMANDS, "crash", "tests.cli.commands:crash")
    monkeypatch.setitem(COMMANDS, "interrupt", "tests.cli.commands:interrupt")
    assert main(["complain", "--about", "the tea"]) == 2
    assert capsys.readouterr().err == "bunraku: the tea is wrong.\n"
    assert main(["interrupt"]) == 130
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        main(["crash"])


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m bunraku | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=os.environ)
    assert "Traceback" not in done.stderr
