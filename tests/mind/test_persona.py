"""Personas are data, and data cannot widen what is allowed."""

import pytest

from bunraku.errors import UserError
from bunraku.mind.persona import FILE, create, load, parse, shipped
from bunraku.mind.robot_tools import TOOLS, robot_registry

GOOD = "---\nname: test\ntools: [say]\n---\nYou are a test.\n"


def test_the_four_are_there_and_can_always_stop():
    personas = shipped()
    assert set(personas) == {"companion", "beeper", "interpreter", "tutor"}
    moving = {tool.name for tool in TOOLS if tool.moves}
    for name, persona in personas.items():
        assert persona.name == name and persona.prompt and persona.summary
        assert "stop" in persona.tools
        robot_registry().narrowed(persona.tools)
    assert not moving & set(personas["interpreter"].tools)
    assert personas["beeper"].speaks == "tones"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("no front matter", "front matter"),
        (GOOD.replace("say", "fly"), "unknown tool 'fly'"),
        (GOOD.replace("[say]", "say"), "must be a list"),
        (GOOD.replace("name: test", "name: ../../etc"), "the name must be"),
        (GOOD.replace("tools", "allow: all\ntools"), "unknown entry allow"),
        (GOOD.replace("name: test", "name: [}"), "not valid YAML"),
        (GOOD.replace("tools: [say]", "summary: x"), "at least name and tools"),
        (GOOD.replace("tools: [say]", "tools: [say]\nspeaks: whale"), "words or tones"),
        ("---\n!!python/object/apply:os.system ['true']\n---\nx", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(text, part):
    with pytest.raises(UserError, match=part) as caught:
        parse(text, "x.md")
    assert "\n" not in str(caught.value)


def test_a_new_persona_loads(tmp_path):
    folder = create("pirate", tmp_path)
    assert load(str(folder)).name == "pirate"
    with pytest.raises(UserError, match="exists already"):
        create("pirate", tmp_path)
    with pytest.raises(UserError, match="cannot be a persona's name"):
        create("../evil", tmp_path)
    (folder / FILE).write_text(GOOD.replace("say", "sudo"))
    with pytest.raises(UserError, match="unknown tool 'sudo'"):
        load(str(folder))
    with pytest.raises(UserError, match="no persona 'nobody'"):
        load("nobody")
