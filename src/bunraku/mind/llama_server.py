"""llama.cpp's server from the package xllamacpp, as a process of its own: python -m bunraku.mind.llama_server.

For machines without the program `llama-server`; it takes the same options, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any


def main() -> None:
    """Load the model, serve it, and wait."""
    xllamacpp: Any = importlib.import_module("xllamacpp")
    options = argparse.ArgumentParser()
    options.add_argument("--model", required=True)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--jinja", action="store_true")
    given = options.parse_args()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = given.model
    parameters.hostnames, parameters.port, parameters.use_jinja = [given.host], given.port, given.jinja
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main()
