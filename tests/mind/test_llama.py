"""The real llama.cpp with a real, tiny, meaningless model: it starts, streams, is bounded, moves nothing, and ends."""

import asyncio
from dataclasses import replace

import pytest
from tests.mind.attacks import ATTACKS
from tests.mind.kitchen import Kitchen
from tests.mind.test_attacks import assert_unharmed, suffer
from tests.mind.tiny_model import write

from bunraku.mind import llama
from bunraku.mind.audit import AuditLog
from bunraku.mind.conversation import Conversation, Said

if llama.program() is None:
    pytest.skip("llama.cpp is not installed", allow_module_level=True)
pytest.importorskip("gguf", reason="the package gguf is not installed")
pytest.importorskip("openai", reason="the extra bunraku[mind] is not installed")


@pytest.fixture(scope="module")
def mind(tmp_path_factory):
    return llama.start(str(write(tmp_path_factory.mktemp("model") / "tiny.gguf")), "You are a robot.")


@pytest.mark.slow
def test_attacks_on_a_local_model(mind):
    mind.endpoint = replace(mind.endpoint, most_tokens=8)
    for attack in ATTACKS:
        assert_unharmed(attack, *suffer(attack, mind))


def test_a_local_model_answers_and_moves_nothing(mind):
    events = []

    async def run():
        talk = Conversation(mind, Kitchen(), audit=AuditLog(), tell=events.append)
        said = await talk.hear("hello")
        await talk.settle(60)
        return said, talk.body

    said, body = asyncio.run(run())
    assert mind.name == "llama" and said
    assert any(isinstance(event, Said) for event in events)
    assert body.moved == []
