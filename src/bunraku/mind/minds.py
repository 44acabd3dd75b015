"""Choosing a mind: `--mind NAME`, or one line of a configuration file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from bunraku.errors import UserError
from bunraku.mind.conversation import Mind, RuleResponder
from bunraku.mind.persona import Persona
from bunraku.mind.remote import Endpoint, RemoteMind, local_endpoint
from bunraku.mind.rules import RuleMind

NAMES = ("rules", "openai", "llama")
CONFIG = Path("~/.config/bunraku/mind.toml")

_KNOWN = {
    "https://api.x.ai/v1": "XAI_API_KEY",
    "https://api.openai.com/v1": "OPENAI_API_KEY",
}


def default_name() -> str:
    """The mind named by the line `mind = "…"` of the configuration file, else "rules"."""
    path = CONFIG.expanduser()
    if not path.is_file():
        return "rules"
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8")).get("mind", "rules")
    except tomllib.TOMLDecodeError as error:
        raise UserError(f'{path} is not valid TOML; it needs one line like mind = "rules".') from error
    return str(name)


def endpoint_of(url: str | None, model: str | None) -> Endpoint:
    """The endpoint at `url` (xAI by default); the key comes from the environment, where the address needs one."""
    if url is None:
        return Endpoint(model=model or Endpoint.model)
    if not url.startswith(("http://", "https://")):
        raise UserError(f"'{url}' is no address of an endpoint; give one like http://localhost:11434/v1.")
    if url in _KNOWN:
        return Endpoint(url, model or Endpoint.model, _KNOWN[url])
    if os.environ.get("BUNRAKU_API_KEY"):
        return Endpoint(url, model or "local", "BUNRAKU_API_KEY")
    return local_endpoint(url, model or "local")


def make(name: str, persona: Persona, url: str | None = None, model: str | None = None) -> Mind:
    """The mind called `name`. Raises `UserError` that says what to set where something is missing."""
    match name:
        case "rules":
            return RuleResponder(RuleMind())
        case "openai":
            return RemoteMind(endpoint_of(url, model), persona.prompt)
        case "llama":
            from bunraku.mind.llama import start

            return start(model, persona.prompt)
    raise UserError(f"there is no mind '{name}'; choose {', '.join(NAMES)}.")
