"""The commands of the mind, as a person types them, without a robot."""

import json
import sys

import pytest
from tests.mind.endpoint import Answer, endpoint

from bunraku.cli import main
from bunraku.errors import UserError
from bunraku.mind import llama, minds


def test_say_answers_and_logs(tmp_path, capsys):
    log = tmp_path / "audit.jsonl"
    assert main(["say", "pick up the unicorn", "--no-robot", "--audit", str(log)]) == 0
    assert "unicorn" in capsys.readouterr().out
    assert [json.loads(line)["kind"] for line in log.read_text().splitlines()] == ["turn", "said"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["say", " "], "nothing to say"),
        (["say", "hi", "--persona", "nobody"], "no persona 'nobody'"),
        (["say", "hi", "--mind", "hal"], "no mind 'hal'"),
        (["say", "hi", "--mind", "openai"], "XAI_API_KEY"),
        (["say", "hi", "--mind", "openai", "--url", "nonsense"], "no address of an endpoint"),
        (["say", "hi", "--mind", "llama", "--model", "/none.gguf"], "llama.cpp is not installed|does not exist"),
        (["say", "hi", "--audit", "/proc/none/audit.jsonl"], "cannot write the audit log"),
        (["persona", "show", "nobody"], "no persona 'nobody'"),
        (["chat", "--audio", "/none.wav"], "cannot read the audio file"),
    ],
)
def test_bad_input_is_one_sentence(arguments, part, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("XAI_API_KEY", raising=False)
    extra = [] if arguments[0] == "persona" else ["--no-robot"]
    if "--audit" not in arguments and extra:
        extra += ["--audit", str(tmp_path / "audit.jsonl")]
    assert main([*arguments, *extra]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    import re

    assert re.search(part, error)


def test_chat_reads_lines_until_they_end(tmp_path, capsys, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\nwhat can you do?\n"))
    assert main(["chat", "--no-robot", "--audit", str(tmp_path / "a.jsonl")]) == 0
    assert "Hello!" in capsys.readouterr().out


def test_the_beeper_beeps(tmp_path, capsys):
    main(["say", "hello", "--no-robot", "--persona", "beeper", "--audit", str(tmp_path / "a.jsonl")])
    assert "♪hello" in capsys.readouterr().out


def test_personas_are_listed_shown_and_made(tmp_path, capsys):
    assert main(["persona", "list"]) == 0
    assert "tutor" in capsys.readouterr().out
    assert main(["persona", "new", "pirate", "--folder", str(tmp_path)]) == 0
    assert main(["persona", "show", str(tmp_path / "pirate")]) == 0
    assert "pirate" in capsys.readouterr().out


def test_mind_check_tells_what_works(capsys):
    with endpoint([Answer("Hello."), Answer(calls=(("wave", {}),)), Answer("Red.")]) as script:
        assert main(["mind", "check", "--url", script.url]) == 0
    assert capsys.readouterr().out.count("works") == 3
    assert main(["mind", "check", "--url", "http://127.0.0.1:9/v1"]) == 1


def test_the_configuration_file_names_the_mind(tmp_path, monkeypatch):
    file = tmp_path / "mind.toml"
    monkeypatch.setattr(minds, "CONFIG", file)
    assert minds.default_name() == "rules"
    file.write_text('mind = "openai"')
    assert minds.default_name() == "openai"
    file.write_text("mind = ")
    with pytest.raises(UserError, match="not valid TOML"):
        minds.default_name()


@pytest.mark.skipif(llama.program() is None, reason="llama.cpp is not installed")
def test_a_file_that_is_no_model_is_refused(tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF nonsense")
    with pytest.raises(UserError, match="cannot load"):
        llama.start(str(file), "")


def test_the_browser_takes_text_only(capsys):
    assert main(["chat", "--web", "--voice"]) == 2
    assert "leave out --voice" in capsys.readouterr().err
