"""A local model: starts llama.cpp's server on a GGUF file, speaks to it, and stops it again."""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from bunraku.errors import UserError
from bunraku.mind.remote import RemoteMind, local_endpoint

_START_LIMIT = 120.0
_LONGEST_ANSWER = 400
"""Tokens: a small model that does not find an end is stopped there."""


def start(model: str | None, prompt: str) -> RemoteMind:
    """A mind on the GGUF file `model`; the server is stopped when the program ends.

    Raises `UserError` when llama.cpp or the file is missing, or the server does not come up.
    """
    server = program()
    if server is None:
        raise UserError(
            "llama.cpp is not installed: put its llama-server on the PATH or install bunraku[llama], "
            "or use --mind rules."
        )
    if model is None or not Path(model).is_file():
        raise UserError(f"the model file {model or '(none)'} does not exist: give a GGUF file with --model.")
    port = _free_port()
    log = subprocess.DEVNULL
    command = [*server, "--model", model, "--host", "127.0.0.1", "--port", str(port), "--jinja"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    atexit.register(process.terminate)
    _wait_until_ready(process, port)
    endpoint = local_endpoint(f"http://127.0.0.1:{port}/v1", Path(model).stem)
    mind = RemoteMind(replace(endpoint, most_tokens=_LONGEST_ANSWER), prompt)
    mind.name = "llama"
    return mind


def program() -> list[str] | None:
    """The command that starts llama.cpp's server: the installed program, else the one in the package xllamacpp."""
    if found := shutil.which("llama-server"):
        return [found]
    if importlib.util.find_spec("xllamacpp"):
        return [sys.executable, "-m", "bunraku.mind.llama_server"]
    return None


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UserError(f"llama-server ended with code {process.returncode}; it cannot load this file.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    process.terminate()
    raise UserError(f"llama-server did not come up within {_START_LIMIT:g} s.")
