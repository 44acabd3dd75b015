"""The voice path on speech of espeak-ng with noise: what is heard, how soon it answers, how soon it falls silent.

    python benchmarks/mind/voice.py

Prints the figures and writes `out`/voice.json and voice.html. Times are what the sound itself takes (silence that ends
an utterance, frames that make a beginning certain) plus the processor time of this program and of espeak-ng; so a busy
machine does not change them. A loudspeaker's own buffer comes on top: 10 to 30 ms where it is set to low latency.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).parent))

from pages import page, table
from run import NotingBody

from bunraku.mind.conversation import Conversation, RuleResponder, Said
from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.rules import Reply, RuleMind
from bunraku.mind.voice.activity import detector
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE
from bunraku.mind.voice.ears import Ears
from bunraku.mind.voice.loop import VoiceLoop, frames_of
from bunraku.mind.voice.recognition import Heard, recipe
from bunraku.mind.voice.speech import PIECE, Speaker, synthesise
from bunraku.statistics import wilson_interval

VOICES = ("en-us", "en-us+f2", "en-us+m3")
COMMANDS, OTHER = (
    part.splitlines()
    for part in (Path(__file__).parent / "phrases" / "spoken.txt").read_text(encoding="utf-8").split("\n\n")
)
RULES = RuleMind()
BEFORE, AFTER = 0.4, 0.8
"""Seconds of noise around the speech."""


@dataclass(frozen=True)
class Hearing:
    """One utterance: the text, the voice, what was heard, wrong words by edit distance, and whether it was certain."""

    text: str
    voice: str
    heard: str
    wrong: int
    sure: bool


def main(
    noise: float = 0.002,
    seed: int = 0,
    answers: int = 12,
    speech_model: Path | None = None,
    out: Path = Path("runs/mind"),
) -> None:
    """Measure the voice path. What was heard already is kept in `out`/voice.jsonl, and not heard again.

    Args:
        noise: standard deviation of white noise; full scale is 1.
        seed: of the noise.
        answers: how many commands are timed to the first sound of the answer.
        speech_model: the folder of a faster-whisper or sherpa-onnx model to hear with instead of pocketsphinx.
        out: folder of the results.
    """
    asyncio.run(_measure(noise, seed, answers, speech_model, out))


async def _measure(noise: float, seed: int, answers: int, speech_model: Path | None, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "voice.jsonl"
    conditions = [noise, seed, str(speech_model or "pocketsphinx")]
    known = {}
    if kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            *before, hearing = json.loads(line)
            if before == conditions:
                known[hearing["text"], hearing["voice"]] = Hearing(**hearing)
    async with Ears(recipe(robot_registry(), speech_model)) as ears:
        for index, (text, voice) in enumerate((text, voice) for voice in VOICES for text in (*COMMANDS, *OTHER)):
            if (text, voice) in known:
                continue
            sound, _, _ = spoken(text, voice, noise, np.random.default_rng([seed, index]))
            heard = await hear(ears, sound)
            wrong = word_errors(text.split(), _plain(heard.text).split())
            known[text, voice] = Hearing(text, voice, heard.text, wrong, heard.sure)
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([*conditions, asdict(known[text, voice])]) + "\n")
            print(f"{text} | {voice} | {heard.text} | {'certain' if heard.sure else ''}", flush=True)
        timed = [(text, VOICES[index % len(VOICES)]) for index, text in enumerate(COMMANDS[:answers])]
        chance = np.random.default_rng(seed)
        first = [await _first_sound(ears, *spoken(text, voice, noise, chance)) for text, voice in timed]
        barge = [await _barge_in(ears, *spoken(text, voice, noise, chance)) for text, voice in timed]
    commands = [known[text, voice] for voice in VOICES for text in COMMANDS]
    others = [known[text, voice] for voice in VOICES for text in OTHER]
    words = sum(len(h.text.split()) for h in commands)
    right = max(0, words - sum(h.wrong for h in commands))
    exact, certain = sum(not h.wrong for h in commands), sum(h.sure for h in commands)
    result = {
        "noise": noise,
        "seed": seed,
        "model": conditions[2],
        "words": words,
        "words_right": right,
        "word_accuracy": right / words,
        "word_accuracy_interval": wilson_interval(right, words),
        "sentences": len(commands),
        "sentences_exact": exact,
        "sentences_certain": certain,
        "wrong_moves_certain": sum(h.sure and wrong_move(h) for h in commands),
        "other_speech": len(others),
        "other_ignored": sum(not h.heard for h in others),
        "other_certain": sum(h.sure and bool(h.heard) for h in others),
        "first_sound_ms": _spread([answer[0] for answer in first if answer]),
        "first_sound_wall_ms": _spread([answer[1] for answer in first if answer]),
        "barge_in_ms": _spread(barge),
        "hearings": [asdict(h) for h in (*commands, *others)],
    }
    (out / "voice.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (out / "voice.html").write_text(_page(result, commands, others), encoding="utf-8")
    low, high = result["word_accuracy_interval"]
    print(f"command words: {right}/{words} = {right / words:.1%} [{low:.1%}, {high:.1%}] right")
    print(f"command sentences: {exact}/{len(commands)} exact, {certain} certain")
    print(f"certain, and a wrong move: {result['wrong_moves_certain']} of {len(commands)}")
    print(f"other speech: {result['other_ignored']}/{len(others)} ignored, {result['other_certain']} taken for certain")
    for name, key in (
        ("end of speech to first sound", "first_sound_ms"),
        ("the same by the clock on the wall", "first_sound_wall_ms"),
        ("barge-in to silence", "barge_in_ms"),
    ):
        spread = result[key]
        print(f"{name}: median {spread['median']:.0f} ms, worst of {spread['of']} {spread['worst']:.0f} ms")
    print(f"wrote {out / 'voice.json'} and .html")


def spoken(text: str, voice: str, noise: float, chance: np.random.Generator) -> tuple[np.ndarray, float, float]:
    """The text as noisy sound, and when (s) its speech begins and ends."""
    speech = synthesise(text, {"espeak": voice, "speed": 150})
    loud = np.flatnonzero(np.abs(speech) > 0.01)
    sound = np.concatenate([np.zeros(int(BEFORE * SAMPLE_RATE)), speech, np.zeros(int(AFTER * SAMPLE_RATE))])
    noisy = (sound + chance.normal(0, noise, len(sound))).astype(np.float32)
    return noisy, BEFORE + loud[0] / SAMPLE_RATE, BEFORE + loud[-1] / SAMPLE_RATE


async def hear(ears: Ears, sound: np.ndarray) -> Heard:
    """What is heard in the sound by the whole path: activity, utterances, recognition."""
    parts: list[Heard] = []
    loop = VoiceLoop(Conversation(RuleResponder(), NotingBody()), ears, detector())
    ears.on_heard = parts.append
    await loop.listen(frames_of(sound))
    text = " ".join(part.text for part in parts if part.text)
    return Heard(text, bool(text) and all(part.sure for part in parts if part.text))


def wrong_move(hearing: Hearing) -> bool:
    """Whether what was heard moves the robot, and what was said asks for something else."""
    said, heard = (RULES.plan(text) for text in (hearing.text, hearing.heard))
    moves = not isinstance(heard, Reply) and any(robot_registry().tools[call.name].moves for call in heard)
    return moves and heard != said


def _plain(text: str) -> str:
    """The text as a person would spell the commands: without capitals and punctuation."""
    return re.sub(r"[^a-z' ]", "", text.lower().replace("止まれ", "tomare").replace("-", " "))


async def _first_sound(ears: Ears, sound: np.ndarray, begins: float, ends: float) -> tuple[float, float] | None:
    """From the end of speech to the first piece of the spoken answer, in s: sound and processor time, and by the clock.

    None where nothing was answered.
    """
    sounded = threading.Event()
    at: list[tuple[float, float]] = []

    def play(piece: np.ndarray) -> None:
        if not at:
            at.append((_processor_time(ears.pid), time.monotonic()))
            sounded.set()

    speaker = Speaker(play)
    talk = Conversation(
        RuleResponder(), NotingBody(), tell=lambda e: speaker.say(e.text) if isinstance(e, Said) else None
    )
    heard = asyncio.Event()
    loop = VoiceLoop(talk, ears, detector(), on_heard=lambda _: heard.set())
    position, began = 0.0, (0.0, 0.0)
    async for frame in frames_of(sound, real_time=True):
        before, speaking = (_processor_time(ears.pid), time.monotonic()), loop.speaking
        loop.push(frame)
        position += FRAME / SAMPLE_RATE
        if speaking and not loop.speaking:
            began = before
            break
    await ears.quiet()
    for _ in range(5000):
        if sounded.is_set():
            return position - ends + at[0][0] - began[0], position - ends + at[0][1] - began[1]
        await asyncio.sleep(0.002)
    return None


async def _barge_in(ears: Ears, sound: np.ndarray, begins: float, ends: float) -> float:
    """From the beginning of a person's speech until the robot, which was talking, is silent, in s."""
    hushed: list[float] = []
    speaker = Speaker(lambda piece: time.sleep(0.001), lambda text: np.zeros(1000 * SAMPLE_RATE, np.float32))
    speaker.say("a long story")

    def hush() -> None:
        speaker.hush()
        hushed.append(time.thread_time())

    loop = VoiceLoop(Conversation(RuleResponder(), NotingBody()), ears, detector(), hush=hush)
    for start in range(0, len(sound) - FRAME, FRAME):
        before = time.thread_time()
        loop.push(sound[start : start + FRAME])
        if hushed:
            ears.end()
            await ears.quiet()
            return (start + FRAME) / SAMPLE_RATE - begins + hushed[0] - before + PIECE / SAMPLE_RATE
    return float("inf")


def _processor_time(ears: int) -> float:
    """What this process, its espeak-ng and the process of the ears have spent, in s."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    tasks = Path(f"/proc/{ears}/task").glob("*/schedstat")
    hearing = sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
    return time.process_time() + children.ru_utime + children.ru_stime + hearing


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"of": len(seconds), "median": 1000 * statistics.median(seconds), "worst": 1000 * max(seconds)}


def _page(result: dict, commands: Sequence[Hearing], others: Sequence[Hearing]) -> str:
    low, high = result["word_accuracy_interval"]
    first, wall, barge = result["first_sound_ms"], result["first_sound_wall_ms"], result["barge_in_ms"]
    sentences = len(commands)
    figures = [
        ("command words right", f"{result['words_right']} / {result['words']}", "≥ 90 %", f"{low:.1%} to {high:.1%}"),
        ("command sentences right", f"{result['sentences_exact']} / {sentences}", "", ""),
        ("certain, and a wrong move", result["wrong_moves_certain"], "0", f"of {sentences}"),
        ("other speech taken for a certain command", result["other_certain"], "0", f"of {result['other_speech']}"),
        ("end of speech to first sound, ms", round(first["worst"]), "≤ 800", f"median {first['median']:.0f}"),
        ("the same by the clock on the wall, ms", round(wall["worst"]), "≤ 800", f"median {wall['median']:.0f}"),
        ("barge-in to silence, ms", round(barge["worst"]), "≤ 150", f"median {barge['median']:.0f}"),
    ]
    wrong = [(h.text, h.voice, h.heard, "yes" if h.sure else "no") for h in commands if h.wrong]
    taken = [(h.text, h.voice, h.heard, "yes" if h.sure else "no") for h in others if h.heard]
    heads = ("said", "voice", "heard", "certain")
    body = (
        f"<p>Speech of espeak-ng, three voices, white noise {result['noise']:g} of full scale, seed {result['seed']}, "
        f"heard by {Path(result['model']).name}. Times are sound plus processor time.</p>"
        + table(("figure", "worst or count", "asked", "more"), figures)
        + f"<h2>Misheard commands</h2>{table(heads, wrong)}<h2>Other speech that was heard as something</h2>"
        + table(heads, taken)
    )
    return page("The voice path", body)


def word_errors(said: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


if __name__ == "__main__":
    tyro.cli(main)
