"""An OpenAI-compatible server on loopback that answers from a script, with faults when asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One streamed answer: text, tool calls (name, arguments as sent), or a fault.

    `status` other than 200 is sent as an error; `pause` (s) passes before every piece; `cut` ends the stream early;
    `raw` is sent instead of everything else.
    """

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    status: int = 200
    message: str = "error"
    pause: float = 0.0
    raw: bytes | None = None


@dataclass
class Script:
    """What the server has been asked, and the answers still to give; the last one is repeated."""

    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def endpoint(answers: Sequence[Answer]) -> Iterator[Script]:
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.requests.append(json.loads(body))
            script.keys.append(self.headers.get("Authorization", ""))
            answer = script.next()
            try:
                self.respond(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def respond(self, answer: Answer) -> None:
            if answer.status != 200:
                data = json.dumps({"error": {"message": answer.message, "type": "fault"}}).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                return
            for chunk in chunks(answer):
                time.sleep(answer.pause)
                self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def chunks(answer: Answer) -> Iterator[dict[str, Any]]:
    for word in answer.text.split(" ") if answer.text else ():
        yield chunk({"content": word + " "})
    for index, (name, arguments) in enumerate(answer.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        head = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [head]})
        for at in range(0, len(text), 12):  # arguments arrive in pieces
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": text[at : at + 12]}}]})


def chunk(delta: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
