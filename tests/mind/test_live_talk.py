"""Talking with the simulated robot while it really moves: a correction, a question, a pace, a pause and a stop."""

import asyncio

import numpy as np
import pytest

from bunraku.live import SimulatedBody, demonstration_scene
from bunraku.mind.audit import AuditLog
from bunraku.mind.conversation import Conversation, Finished, RuleResponder, Said, Started

pytestmark = pytest.mark.slow


def test_the_conversation_goes_on_while_it_moves():
    body = SimulatedBody(demonstration_scene(0))
    events = []
    talk = Conversation(RuleResponder(), body, audit=AuditLog(), tell=events.append)

    def told():
        return [event.text for event in events if isinstance(event, Said)]

    async def until(condition, seconds=120.0):
        for _ in range(round(seconds / 0.02)):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited {seconds} s; said {told()}")

    def doing():
        return body.state().doing

    async def run():
        await talk.hear("pick up the bottle")
        await until(lambda: "reaching" in doing())
        await talk.hear("how is it going?")
        assert "bottle" in told()[-1]
        await talk.hear("what do you see?")
        assert "bottle" in {thing.kind for thing in body.seen()}
        await talk.hear("slower")
        await until(lambda: talk.context.speed < 0.7)

        talk.pause(True)
        await asyncio.sleep(2.0)
        first = body.state()
        await asyncio.sleep(2.0)
        second = body.state()
        talk.pause(False)
        assert second.time_s > first.time_s
        joints = slice(7, None)
        assert np.abs(second.position[joints] - first.position[joints]).max() < 0.05

        await talk.hear("no, the red mug")
        calls = [event.call for event in events if isinstance(event, Started) and event.call.name == "pick"]
        await until(lambda: len([e for e in events if isinstance(e, Finished) and e.call.name == "pick"]) >= 1)
        await until(lambda: len([e for e in events if isinstance(e, Started) and e.call.name == "pick"]) == 2)
        calls = [event.call for event in events if isinstance(event, Started) and event.call.name == "pick"]
        assert [call.arguments["object"].kind for call in calls] == ["bottle", "mug"]

        await until(lambda: "red mug" in doing())
        await talk.hear("stop")
        assert await talk.settle(60)
        await until(lambda: doing() == "standing")

    try:
        asyncio.run(run())
    finally:
        body.close()
