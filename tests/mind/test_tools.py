"""The registry: every call that passes it is known, allowed, typed and within range."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.mind.robot_tools import TOOLS, robot_registry
from bunraku.mind.tools import Denied, ObjectQuery, PlaceQuery, Registry, ToolCall, printable

REGISTRY = robot_registry()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(["object", "target", "relation", "speed", "text", "query"]) | st.text(max_size=6), JSON, max_size=4
)


@given(st.sampled_from([t.name for t in TOOLS]) | st.text(max_size=12), ARGUMENTS)
def test_garbage_is_denied_or_made_safe(name, arguments):
    try:
        checked = REGISTRY.check(name, arguments)
    except Denied as denied:
        assert str(denied).endswith(".") and "\n" not in str(denied)
        return
    assert checked.call.name in REGISTRY.allowed
    speed = checked.call.arguments.get("speed", 1.0)
    assert 0.25 <= speed <= 1.0
    json.dumps(checked.call.to_json())
    assert REGISTRY.check(checked.call.name, checked.call.arguments).call == checked.call


@given(st.floats())
def test_speed_is_clamped_and_reported(speed):
    if math.isnan(speed):
        with pytest.raises(Denied, match="NaN"):
            REGISTRY.check("set_speed", {"speed": speed})
        return
    checked = REGISTRY.check("set_speed", {"speed": speed})
    assert checked.call.arguments["speed"] == min(1.0, max(0.25, speed))
    assert bool(checked.changes) == (not 0.25 <= speed <= 1.0)


def test_nothing_is_allowed_unless_it_is_said():
    with pytest.raises(Denied):
        Registry(TOOLS).check("stop", {})
    assert Registry(TOOLS).schemas() == []


def test_narrowing_never_widens():
    few = robot_registry(["stop", "say"])
    assert few.narrowed(["pick", "say"]).allowed == {"say"}
    with pytest.raises(Denied, match="do not exist"):
        robot_registry(["fly"])


def test_words_become_canonical_names():
    call = REGISTRY.check("pick", {"object": {"kind": "Cup", "colour": "赤い"}}).call
    assert call == ToolCall("pick", {"object": ObjectQuery("mug", "red")})


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("pick", {}, "needs the argument 'object'"),
        ("pick", {"object": {"kind": "unicorn"}}, "do not know 'unicorn'"),
        ("pick", {"object": {"kind": "mug"}, "force": 100}, "no argument 'force'"),
        ("pick", {"object": {"kind": "mug", "weight": 3}}, "no part 'weight'"),
        ("pick", {"object": "mug"}, "must be an object with named values"),
        ("put", {"object": {"kind": "mug"}, "relation": "under", "target": {"place": "shelf"}}, "on or in or beside"),
        ("put", {"object": {"kind": "mug"}, "relation": "on", "target": {}}, "either a place or an object"),
        ("say", {"text": 3}, "must be text"),
        ("set_speed", {"speed": "fast"}, "must be a number"),
        ("set_speed", {"speed": True}, "must be a number"),
        ("__class__", {}, "no tool"),
        ("PICK", {"object": {"kind": "mug"}}, "no tool"),
        ("pick\u200b", {"object": {"kind": "mug"}}, "no tool"),
    ],
)
def test_each_refusal_says_why(name, arguments, reason):
    with pytest.raises(Denied, match=reason):
        REGISTRY.check(name, arguments)


def test_a_target_is_one_thing():
    with pytest.raises(Denied):
        PlaceQuery()
    with pytest.raises(Denied):
        PlaceQuery("shelf", ObjectQuery("mug"))


def test_long_and_hidden_text_is_cut():
    checked = REGISTRY.check("say", {"text": "a\u202eb\x07" + "c" * 400})
    assert len(checked.call.arguments["text"]) == 300 and checked.changes
    assert printable("a\u200b\u202eb\nc") == "ab c"


def test_schemas_are_what_a_model_needs():
    schemas = {s["name"]: s for s in REGISTRY.schemas()}
    put = schemas["put"]["parameters"]
    assert put["required"] == ["object", "relation", "target"]
    assert "mug" in put["properties"]["object"]["properties"]["kind"]["enum"]
    assert put["properties"]["relation"]["enum"] == ["on", "in", "beside"]
    assert schemas["set_speed"]["parameters"]["properties"]["speed"] == {
        "type": "number",
        "minimum": 0.25,
        "maximum": 1.0,
    }
    assert all(s["description"] for s in schemas.values())
