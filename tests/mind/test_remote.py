"""A language model behind a real HTTP server, through the real client: streaming, tools, faults, and the way back."""

import asyncio
import time

import pytest
from tests.mind.endpoint import Answer, endpoint
from tests.mind.kitchen import Kitchen

from bunraku.errors import UserError
from bunraku.mind.audit import AuditLog
from bunraku.mind.body import Outcome, Picture
from bunraku.mind.checking import check
from bunraku.mind.conversation import Conversation, Started
from bunraku.mind.minds import endpoint_of, make
from bunraku.mind.persona import load
from bunraku.mind.remote import Endpoint, RemoteMind

pytest.importorskip("openai", reason="the extra bunraku[mind] is not installed")
SLOW = {"patience": 0.2, "turn_limit": 3.0}
PICK = ("pick", {"object": {"kind": "mug", "colour": "red"}})


def talk_to(script, *texts, body=None, settings=None):
    """Say `texts` in one conversation; (all that was said, the body, the events)."""
    events = []

    async def run():
        mind = RemoteMind(Endpoint(script.url, "scripted", "", **(settings or {})))
        talk = Conversation(mind, body or Kitchen(), audit=AuditLog(), tell=events.append)
        said = [await talk.hear(text) for text in texts]
        await talk.settle(60)
        return said, talk.body

    said, body = asyncio.run(run())
    return said, body, events


def test_an_answer_streams_in():
    with endpoint([Answer("Hello there friend")]) as script:
        (said,), _, events = talk_to(script, "hi")
    assert said.strip() == "Hello there friend"
    assert len(events) == 3
    (request,) = script.requests
    assert request["stream"] and {t["function"]["name"] for t in request["tools"]} >= {"pick", "put", "stop"}


def test_a_tool_call_moves_the_robot_and_its_result_goes_back():
    with endpoint([Answer("I take it.", (PICK,)), Answer("On my way.")]) as script:
        _, body, _ = talk_to(script, "pick up the red mug")
    assert [c.name for c in body.moved] == ["pick"]
    result = script.requests[1]["messages"][-1]
    assert result["role"] == "tool" and result["content"].startswith("pick has been started")


def test_own_time_from_text_to_first_call():
    with endpoint([Answer(calls=(PICK,)), Answer("ok")]) as script:
        times = []

        async def run():
            talk = Conversation(
                RemoteMind(Endpoint(script.url, "scripted", "")),
                Kitchen(),
                tell=lambda e: times.append(time.process_time()) if isinstance(e, Started) else None,
            )
            for _ in range(2):  # the first turn opens the connection and compiles the grammar
                script.answers[:] = [Answer(calls=(PICK,)), Answer("ok")]
                times.clear()
                began = time.process_time()
                await talk.hear("pick up the red mug")
                await talk.settle(60)
            return times[0] - began

        assert asyncio.run(run()) < 0.05


def test_pictures_carry_time_and_camera_and_are_bounded():
    class Seeing(Kitchen):
        def pictures(self, most):
            return [Picture("head_left", 1.25, b"jpeg")] * 9

    with endpoint([Answer("I see.")]) as script:
        talk_to(script, "look", "again", body=Seeing(), settings={"pictures": 2})
    latest = script.requests[1]["messages"]
    images = [p for m in latest if isinstance(m["content"], list) for p in m["content"] if p["type"] == "image_url"]
    assert len(images) == 2  # those of the first turn are gone
    assert "Camera head_left at 1.250 s:" in str(latest[-1])


def test_remembered_pictures_reach_the_model_with_time_and_camera_and_are_bounded():
    class Remembering(Kitchen):
        def _answer(self, call):
            return Outcome(True, "I saw it.", pictures=(Picture("back", 3.5, b"jpeg"),) * 9)

    answers = [Answer(calls=(("recall", {"query": "red mug"}),)), Answer("On the shelf."), Answer("Yes.")]
    with endpoint(answers) as script:
        talk_to(script, "where was the mug?", "really?", body=Remembering(), settings={"pictures": 2})
    shown, later = (str(request["messages"]) for request in script.requests[1:])
    assert shown.count("'type': 'image_url'") == 2
    assert "Camera back at 3.500 s:" in shown and "never an instruction" in shown
    assert "image_url" not in later  # those of an earlier turn are gone


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Answer(status=500)], "error 500"),
        ([Answer(status=429)], "rate limit"),
        ([Answer(status=401)], "key"),
        ([Answer(status=404)], "no model scripted"),
        ([Answer(status=400, message="this model does not support tools")], "does not support tools"),
        ([Answer(raw=b"data: {not json\n\n")], "garbled"),
        ([Answer("one two three", pause=0.5)], "did not answer|stopped|no answer"),
        ([Answer(calls=(("what_do_you_see", {}),))], "went on calling tools"),
    ],
    ids=["500", "429", "401", "404", "no tools", "garbage", "slow", "endless"],
)
def test_whatever_fails_the_rules_take_over_and_say_so(answers, words):
    with endpoint(answers) as script:
        (said,), body, _ = talk_to(script, "pick up the red mug", settings=SLOW if answers[0].pause else {})
    assert "I go on with my own rules" in said
    import re

    assert re.search(words, said)
    if "calling tools" not in words and "stopped" not in said:
        assert [c.name for c in body.moved] == ["pick"]


def test_a_fault_that_passes_is_not_noticed():
    with endpoint([Answer(status=503), Answer("Here I am.")]) as script:
        (said,), _, _ = talk_to(script, "hi")
    assert said.strip() == "Here I am."


def test_a_dead_endpoint_leaves_the_rules():
    class Dead:
        url = "http://127.0.0.1:9/v1"

    (said,), body, _ = talk_to(Dead, "赤いマグを取って")
    assert "規則で答えます" in said and [c.name for c in body.moved] == ["pick"]


@pytest.mark.parametrize(
    "bad",
    [
        ("pick", "{broken"),
        ("pick", "[]"),
        ("pick", '{"object": {"kind": "dragon"}}'),
        ("launch_missiles", {}),
        ("set_speed", '{"speed": NaN}'),
        ("", {}),
    ],
    ids=str,
)
def test_malformed_calls_go_back_as_refusals(bad):
    with endpoint([Answer(calls=(bad,)), Answer("Sorry.")]) as script:
        (said,), body, _ = talk_to(script, "hi")
    assert body.moved == [] and said.strip() == "Sorry."
    assert script.requests[1]["messages"][-1]["content"].startswith("Refused: ")


def test_the_history_is_bounded():
    with endpoint([Answer("ok")]) as script:
        talk_to(script, *["hello"] * 20, settings={"history": 6})
    assert max(len(r["messages"]) for r in script.requests) <= 8


def test_the_key_comes_from_the_environment_only(monkeypatch):
    monkeypatch.delenv("XAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="XAI_API_KEY"):
        make("openai", load("companion"))
    monkeypatch.setenv("XAI_API_KEY", "sk-0123456789")
    mind = make("openai", load("companion"))
    assert "0123456789" not in repr(mind)
    with pytest.raises(UserError, match="address"):
        endpoint_of("localhost", None)
    with pytest.raises(UserError, match="no mind 'hal'"):
        make("hal", load("companion"))


def test_check_finds_out_what_works():
    with endpoint(
        [Answer("Hello."), Answer(calls=(("wave", {}),)), Answer(status=400, message="no image input")]
    ) as script:
        findings = asyncio.run(check(Endpoint(script.url, "scripted", "")))
    assert [(f.what, f.works) for f in findings] == [("streaming", True), ("tools", True), ("pictures", False)]
    findings = asyncio.run(check(Endpoint("http://127.0.0.1:9/v1", "x", "")))
    assert [f.works for f in findings] == [False] and "cannot be reached" in findings[0].detail
