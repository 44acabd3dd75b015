"""The command line: a table of commands, and nothing loaded until one of them is chosen."""

from __future__ import annotations

import ast
import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from bunraku import __version__
from bunraku.errors import UserError

COMMANDS: dict[str, str] = {
    "cost": "bunraku.cli.economics:cost",
    "production": "bunraku.cli.economics:production",
    "economy": "bunraku.cli.economics:economy",
    "run": "bunraku.cli.run:run",
    "scene": "bunraku.cli.scene:scene",
    "evaluate": "bunraku.cli.evaluate:evaluate",
    "evaluate walk": "bunraku.cli.legs:walk",
    "evaluate push": "bunraku.cli.legs:push",
    "evaluate climb": "bunraku.cli.legs:climb",
    "evaluate stand_up": "bunraku.cli.legs:stand_up",
    "evaluate cube-rotation": "bunraku.cli.cube:evaluate",
    "benchmark legs": "bunraku.cli.legs:benchmark",
    "collect": "bunraku.cli.learning:collect",
    "learn": "bunraku.cli.learning:learn",
    "improve": "bunraku.cli.improving:improve",
    "detector train": "bunraku.cli.detector:train",
    "learn plan": "bunraku.cli.learning:plan",
    "learn cube-gait": "bunraku.cli.cube:search",
    "learn cube-rotation": "bunraku.cli.cube:learn",
    "episodes export": "bunraku.cli.learning:export_episode",
    "tasks": "bunraku.cli.tasks:tasks",
    "doctor": "bunraku.cli.doctor:doctor",
    "watch": "bunraku.cli.vision:watch",
    "recall": "bunraku.cli.vision:recall",
    "memory report": "bunraku.cli.vision:report",
    "memory export": "bunraku.cli.vision:export",
    "chat": "bunraku.cli.mind:chat",
    "say": "bunraku.cli.mind:say",
    "mcp": "bunraku.cli.mind:mcp",
    "mind check": "bunraku.cli.mind:check",
    "persona list": "bunraku.cli.mind:persona_list",
    "persona show": "bunraku.cli.mind:persona_show",
    "persona new": "bunraku.cli.mind:persona_new",
    "hands list": "bunraku.cli.hands:list_",
    "hands compare": "bunraku.cli.hands:compare",
    "hands show": "bunraku.cli.hands:show",
    "hands why": "bunraku.cli.hands:why",
    "hands retarget": "bunraku.cli.hands:retarget",
}
"""Words of a command → "module:function". The function's typed arguments and docstring are its help; it returns an
exit code or None."""

INTERRUPTED = 130
BAD_INPUT = 2
CLOSED_PIPE = 141
HELP = ("-h", "--help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 2 for bad input, 130 when interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments == ["--version"]:
        print(f"bunraku {__version__}")
        return 0
    try:
        words = command_words(arguments, COMMANDS)
        if words is None:
            print_commands(_commands_under(arguments))
            return 0
        return _call(words, arguments[len(words.split()) :])
    except UserError as error:
        print(f"bunraku: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("bunraku: interrupted; what was recorded so far is kept.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE


def command_words(arguments: Sequence[str], commands: Mapping[str, str]) -> str | None:
    """The longest command with which `arguments` begin; None when they ask for the table of commands.

    Raises `UserError`, naming the nearest command, when they begin with no command.
    """
    for count in range(len(arguments), 0, -1):
        words = " ".join(arguments[:count])
        if words in commands and len(words.split()) == count:
            return words
    if not arguments or arguments[0] in HELP or _commands_under(arguments, commands):
        return None
    length = max(len(name.split()) for name in commands)
    asked = " ".join(arguments[:length])
    likeness, nearest = max(
        (difflib.SequenceMatcher(None, " ".join(arguments[: len(name.split())]), name).ratio(), name)
        for name in commands
    )
    hint = f"did you mean `bunraku {nearest}`? " if likeness > 0.6 else ""
    raise UserError(f"there is no command “{asked}”: {hint}`bunraku --help` lists all commands.")


def summary(target: str) -> str:
    """First line of the docstring of the function at "module:function", read from the source without importing it."""
    module, function = target.split(":")
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


def print_commands(commands: Mapping[str, str]) -> None:
    """Print the table of commands."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column()
    for words, target in sorted(commands.items()):
        table.add_row(f"bunraku {words}", summary(target))
    console = Console()
    console.print("[bold]Bunraku[/]: a general-purpose humanoid that runs on a laptop.\n")
    console.print(table)
    console.print("\nEach command explains its arguments with --help.")


def _commands_under(arguments: Sequence[str], commands: Mapping[str, str] = COMMANDS) -> dict[str, str]:
    prefix = " ".join(word for word in arguments if word not in HELP)
    return {words: target for words, target in commands.items() if not prefix or words.startswith(prefix + " ")}


def _call(words: str, arguments: Sequence[str]) -> int:
    import tyro

    module, function = COMMANDS[words].split(":")
    code = tyro.cli(getattr(import_module(module), function), prog=f"bunraku {words}", args=arguments)
    return code if isinstance(code, int) else 0
