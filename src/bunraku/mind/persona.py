"""Personas: folders of data that give the robot a character, a voice and the tools it uses by default.

A persona can only narrow what is allowed: its tools are taken from those that the registry allows already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from bunraku.errors import UserError
from bunraku.mind.robot_tools import TOOLS

FILE = "persona.md"
LONGEST_PROMPT = 8000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_KEYS = {"name", "summary", "languages", "voice", "speaks", "tools"}


@dataclass(frozen=True)
class Persona:
    """A character: its `prompt`, the `tools` it uses, how it `speaks` ("words" or "tones") and its `voice` settings."""

    name: str
    summary: str
    prompt: str
    tools: tuple[str, ...]
    languages: tuple[str, ...] = ("english", "japanese")
    speaks: str = "words"
    voice: Mapping[str, Any] = field(default_factory=dict)


def shipped() -> dict[str, Persona]:
    """The personas that come with the package, by name."""
    folders = sorted((f for f in _folder().iterdir() if f.is_dir()), key=lambda f: f.name)
    return {f.name: parse((f / FILE).read_text(encoding="utf-8"), f.name) for f in folders if (f / FILE).is_file()}


def load(name_or_folder: str) -> Persona:
    """A shipped persona by name, or one from a folder. Raises `UserError` with what is wrong with it."""
    personas = shipped()
    if name_or_folder in personas:
        return personas[name_or_folder]
    path = Path(name_or_folder)
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"there is no persona '{name_or_folder}': choose {', '.join(personas)}, or give a folder.")
    return parse(file.read_text(encoding="utf-8", errors="replace"), str(file))


def parse(text: str, where: str) -> Persona:
    """A persona from the text of its file: YAML front matter between lines of ---, then the prompt."""
    match = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text.replace("\r\n", "\n"), re.DOTALL)
    if match is None:
        raise UserError(f"{where}: a persona begins with front matter between two lines of ---.")
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise UserError(f"{where}: the front matter is not valid YAML.") from error
    if not isinstance(front, dict) or not {"name", "tools"} <= front.keys():
        raise UserError(f"{where}: the front matter needs at least name and tools.")
    if unknown := front.keys() - _KEYS:
        raise UserError(f"{where}: unknown entry {sorted(map(str, unknown))[0]}; there are {', '.join(sorted(_KEYS))}.")
    if not isinstance(front["name"], str) or not _NAME.fullmatch(front["name"]):
        raise UserError(f"{where}: the name must be lower-case letters, digits and hyphens.")
    tools = front["tools"]
    known = [tool.name for tool in TOOLS]
    if not isinstance(tools, list):
        raise UserError(f"{where}: tools must be a list of names.")
    if unknown := [tool for tool in tools if tool not in known]:
        raise UserError(f"{where}: unknown tool '{unknown[0]}'; there are {', '.join(known)}.")
    speaks = front.get("speaks", "words")
    if speaks not in ("words", "tones"):
        raise UserError(f"{where}: speaks must be words or tones.")
    return Persona(
        name=front["name"],
        summary=str(front.get("summary", "")),
        prompt=match[2].strip()[:LONGEST_PROMPT],
        tools=tuple(dict.fromkeys([*tools, "stop"])),
        languages=tuple(map(str, front.get("languages") or ("english", "japanese"))),
        speaks=speaks,
        voice=front.get("voice") or {},
    )


def create(name: str, parent: Path) -> Path:
    """Write the folder of a new persona, a copy of the companion to be edited, and return it."""
    if not _NAME.fullmatch(name):
        raise UserError(f"'{name}' cannot be a persona's name: use lower-case letters, digits and hyphens.")
    folder = parent / name
    if folder.exists():
        raise UserError(f"{folder} exists already; choose another name.")
    text = (_folder() / "companion" / FILE).read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True)
        (folder / FILE).write_text(text.replace("name: companion", f"name: {name}", 1), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}.") from error
    return folder


def _folder() -> Traversable:
    return files("bunraku.mind") / "personas"
