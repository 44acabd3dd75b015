"""`bunraku chat`, `say`, `mcp`, `mind check` and `persona`: talking with the robot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import tyro

from bunraku.errors import UserError

if TYPE_CHECKING:
    from bunraku.mind.body import RobotBody
    from bunraku.mind.conversation import Conversation, Event, Mind
    from bunraku.mind.persona import Persona
    from bunraku.mind.tools import Registry

AUDIT = Path("runs") / "audit.jsonl"


def chat(
    persona: str = "companion",
    mind: str | None = None,
    url: str | None = None,
    model: str | None = None,
    voice: bool = False,
    audio: Path | None = None,
    voice_file: Path | None = None,
    speech_model: Path | None = None,
    seed: int = 0,
    house: bool = False,
    robot: bool = True,
    web: bool = False,
    port: int = 8080,
    audit: Path = AUDIT,
) -> int:
    """Talk with the robot while it acts in the simulator, in the terminal or in a browser. "stop" stops it at once.

    Args:
        persona: name of a persona, or the folder of one.
        mind: rules, openai or llama; the configuration file's, else rules.
        url: address of an OpenAI-compatible endpoint.
        model: the endpoint's model, or a GGUF file for llama.
        voice: listen to the microphone and speak; begin to speak and the robot falls silent.
        audio: a WAV file to listen to instead of the microphone.
        voice_file: a Piper voice (.onnx) to speak with instead of espeak-ng.
        speech_model: the folder of a faster-whisper or sherpa-onnx model to hear with instead of pocketsphinx.
        seed: which room, objects and poses.
        house: the whole house, with stairs, a garden and somebody who walks, instead of the kitchen.
        robot: attach the simulated robot; --no-robot only talks.
        web: talk in a browser, beside the scene and the cameras.
        port: where the browser finds it.
        audit: where every turn and call is written, one JSON line each.
    """
    if web and (voice or audio or not robot):
        raise UserError(
            "the browser shows the simulated robot and takes text: leave out --voice, --audio and --no-robot."
        )
    talker = _talker(persona, mind, url, model)
    if web:
        return _chat_in_browser(talker, seed, house, port, audit)
    talk = _chat
    if voice or audio:
        from bunraku.mind.voice.session import converse, prepare

        talk = partial(converse, prepare(talker.persona, talker.registry, audio, voice_file, speech_model))
    with _body(seed, house, robot) as body:
        asyncio.run(talk(_conversation(talker, body, audit)))
    return 0


def say(
    text: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TEXT")],
    persona: str = "companion",
    mind: str | None = None,
    url: str | None = None,
    model: str | None = None,
    seed: int = 0,
    house: bool = False,
    robot: bool = True,
    audit: Path = AUDIT,
) -> int:
    """Say one thing to the robot, and wait until it has answered and done it.

    Args:
        text: what to say, in English or Japanese.
        persona: name of a persona, or the folder of one.
        mind: rules, openai or llama; the configuration file's, else rules.
        url: address of an OpenAI-compatible endpoint.
        model: the endpoint's model, or a GGUF file for llama.
        seed: which room, objects and poses.
        house: the whole house, with stairs, a garden and somebody who walks, instead of the kitchen.
        robot: attach the simulated robot; --no-robot only talks.
        audit: where every turn and call is written, one JSON line each.
    """
    if not text.strip():
        raise UserError('there is nothing to say: give a sentence, as in bunraku say "what do you see?".')

    async def once(conversation: Conversation) -> None:
        await conversation.hear(text)
        await conversation.settle()

    talker = _talker(persona, mind, url, model)
    with _body(seed, house, robot) as body:
        asyncio.run(once(_conversation(talker, body, audit)))
    return 0


def mcp(seed: int = 0, house: bool = False, robot: bool = True, audit: Path = AUDIT) -> int:
    """Serve the robot's tools as a Model Context Protocol server over standard input and output.

    Args:
        seed: which room, objects and poses.
        house: the whole house, with stairs, a garden and somebody who walks, instead of the kitchen.
        robot: attach the simulated robot; --no-robot only lists and checks.
        audit: where every call is written, one JSON line each.
    """
    from bunraku.mind.audit import AuditLog
    from bunraku.mind.mcp_server import serve
    from bunraku.mind.robot_tools import robot_registry
    from bunraku.mind.rules import prepare

    prepare()
    with _body(seed, house, robot) as body:
        asyncio.run(serve(body, robot_registry(), AuditLog(audit)))
    return 0


def check(url: str | None = None, model: str | None = None) -> int:
    """Reach the language model's endpoint and list what works: streaming, tools, pictures, latency.

    Args:
        url: address of an OpenAI-compatible endpoint; xAI by default.
        model: the model to ask for.
    """
    from rich.console import Console

    from bunraku.mind.checking import check as check_endpoint
    from bunraku.mind.minds import endpoint_of

    endpoint = endpoint_of(url, model)
    console = Console(highlight=False)
    console.print(f"{endpoint.url}, model {endpoint.model}")
    findings = asyncio.run(check_endpoint(endpoint))
    for finding in findings:
        mark = "[green]works[/]" if finding.works else "[red]fails[/]"
        console.print(f"  {finding.what:10} {mark}  {finding.detail} ({finding.seconds:.2f} s)")
    return 0 if all(finding.works for finding in findings) else 1


def persona_list() -> int:
    """List the personas."""
    from rich.console import Console

    from bunraku.mind.persona import shipped

    for name, persona in shipped().items():
        Console(highlight=False).print(f"[bold]{name:12}[/] {persona.summary}")
    return 0


def persona_show(name: Annotated[str, tyro.conf.Positional]) -> int:
    """Show one persona: its tools, voice and prompt.

    Args:
        name: name of a persona, or the folder of one.
    """
    from bunraku.mind.persona import load

    persona = load(name)
    print(f"{persona.name}: {persona.summary}")
    print(f"languages: {', '.join(persona.languages)}; speaks in {persona.speaks}; voice {dict(persona.voice)}")
    print(f"tools: {', '.join(persona.tools)}\n\n{persona.prompt}")
    return 0


def persona_new(name: Annotated[str, tyro.conf.Positional], folder: Path = Path("personas")) -> int:
    """Make the folder of a new persona to edit.

    Args:
        name: its name: lower-case letters, digits and hyphens.
        folder: where to put it.
    """
    from bunraku.mind.persona import create

    path = create(name, folder)
    print(f"Edit {path / 'persona.md'}, then: bunraku chat --persona {path}")
    return 0


class _Talker(NamedTuple):
    """Who talks: a persona, through a mind, with the tools that it may use."""

    persona: Persona
    mind: Mind
    registry: Registry


def _talker(persona_name: str, mind_name: str | None, url: str | None, model: str | None) -> _Talker:
    """Whatever is wrong is said, and what takes computing is done, before a robot begins to move."""
    from bunraku.mind.minds import default_name, make
    from bunraku.mind.persona import load
    from bunraku.mind.robot_tools import robot_registry
    from bunraku.mind.rules import prepare

    persona = load(persona_name)
    mind = make(mind_name or default_name(), persona, url, model)
    prepare()
    return _Talker(persona, mind, robot_registry().narrowed(persona.tools))


def _conversation(talker: _Talker, body: RobotBody, audit: Path) -> Conversation:
    from bunraku.mind.audit import AuditLog
    from bunraku.mind.conversation import Conversation

    return Conversation(talker.mind, body, talker.registry, AuditLog(audit), _printer(talker.persona))


def _chat_in_browser(talker: _Talker, seed: int, house: bool, port: int, audit: Path) -> int:
    from bunraku.live import simulated_body
    from bunraku.web import run_in_browser

    with simulated_body(seed, house=house) as body, suppress(KeyboardInterrupt):
        run_in_browser(body, "", port, audit, print, talker.mind, talker.registry, _written(talker.persona))
    return 0


def _written(persona: Persona) -> Callable[[str], str]:
    """How what a persona says is shown: the beeper's tones by their names."""
    from bunraku.mind.tones import meanings_of, written

    return (lambda text: written(meanings_of(text))) if persona.speaks == "tones" else str


def _printer(persona: Persona):
    from rich.console import Console
    from rich.text import Text

    from bunraku.mind.conversation import Finished, Refused, Said, Started

    console, spoken = Console(highlight=False), _written(persona)

    def show(event: Event) -> None:
        match event:
            case Said(text):
                console.print(Text(spoken(text), "bold cyan"))
            case Started(call, changes):
                console.print(Text(f"  … {call.name}{' (' + '; '.join(changes) + ')' if changes else ''}", "dim"))
            case Finished(call, outcome):
                console.print(Text(f"  {'✓' if outcome.ok else '✗'} {call.name}", "dim"))
            case Refused(name, reason):
                console.print(Text(f"  ✗ {name}: {reason}", "yellow"))

    return show


async def _chat(conversation: Conversation) -> None:
    """Read lines until the input ends; the robot goes on moving while the user types."""
    loop = asyncio.get_running_loop()
    if sys.stdin.isatty():
        print('Talk to the robot; "stop" stops it, an empty line or Ctrl-D ends.')
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        await conversation.hear(line)
    if not await conversation.settle(timeout=120):
        conversation.stop()


@contextmanager
def _body(seed: int, house: bool, robot: bool) -> Iterator[RobotBody]:
    """The simulated robot at work, or no robot at all."""
    if not robot:
        from bunraku.mind.body import NoBody

        yield NoBody()
        return
    from bunraku.live import simulated_body

    with simulated_body(seed, house=house) as body:
        yield body
