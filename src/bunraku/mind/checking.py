"""`bunraku mind check`: reaches an endpoint and finds out what works there."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bunraku.mind.remote import Endpoint, client_of, explain


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: whether it works, in words why not, and the seconds it took."""

    what: str
    works: bool
    detail: str
    seconds: float


_TOOL = {
    "type": "function",
    "function": {
        "name": "wave",
        "description": "Wave the hand.",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    },
}


async def check(endpoint: Endpoint) -> list[Finding]:
    """Try an answer, streaming, tools and pictures in turn. Stops after the first when nothing answers."""
    client = client_of(endpoint)
    findings: list[Finding] = []

    async def attempt(what: str, **request: Any) -> None:
        began = time.monotonic()
        first = None
        text, called = "", False
        try:
            stream = await client.chat.completions.create(model=endpoint.model, stream=True, **request)
            async for chunk in stream:
                first = first or time.monotonic() - began
                if chunk.choices:
                    text += chunk.choices[0].delta.content or ""
                    called = called or bool(chunk.choices[0].delta.tool_calls)
        except Exception as error:
            findings.append(Finding(what, False, explain(error, endpoint), time.monotonic() - began))
            return
        took = time.monotonic() - began
        works = called if what == "tools" else bool(text or called)
        detail = f"first piece after {1000 * (first or took):.0f} ms" if works else _silence(what)
        findings.append(Finding(what, works, detail, took))

    await attempt("streaming", messages=[{"role": "user", "content": "Say hello."}])
    if findings[0].works:
        await attempt("tools", messages=[{"role": "user", "content": "Please wave your hand."}], tools=[_TOOL])
        await attempt("pictures", messages=[{"role": "user", "content": _red_picture()}])
    await client.close()
    return findings


def _silence(what: str) -> str:
    return "the model answered without calling the tool" if what == "tools" else "the answer was empty"


def _red_picture() -> list[dict[str, Any]]:
    import cv2

    picture = np.full((32, 32, 3), (0, 0, 255), np.uint8)
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return [{"type": "text", "text": "Which colour is this?"}, {"type": "image_url", "image_url": {"url": url}}]
