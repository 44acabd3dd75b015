"""Does the mind delay the control loop? How long a tick is held up by a mind that thinks, streams or listens beside it.

    python benchmarks/mind/load.py

The loop's thread steps the simulated robot in each tick, which lets go of the interpreter and asks for it again, as the
real loop does. A tick is held up for as long as its thread neither sleeps, nor runs, nor waits for a processor; but no
longer than the other threads of this process have computed meanwhile: so a busy machine does not change the figure.
Each mind works far harder than a person can make it. Writes `out`/load.json and load.html.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import mujoco
import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).parent))

from pages import page, table
from run import NotingBody

from bunraku.live import SWITCH, demonstration_scene
from bunraku.mind.conversation import Conversation, Mind, RuleResponder, Said
from bunraku.sim.world import create_world

TICK = 0.01
"""Seconds between two ticks of the control loop (100 Hz)."""
REST = 0.002
"""Seconds for which the loop sleeps between two ticks."""
Load = Callable[[threading.Event, threading.Event], None]
"""Works until the second event; sets the first one once grammars are compiled and models are loaded."""
TEXTS = (
    "pick up the blue box and then put it beside the bowl",
    "throw the mug out of the window",
    "what do you see?",
    "青い箱を取って、それからボウルの横に置いてください",
    "マグを取っていると想像して",
)


def main(ticks: int = 1000, switch: float = SWITCH, out: Path = Path("runs/mind")) -> None:
    """Measure how long ticks are held up.

    Args:
        ticks: for each kind of load.
        switch: seconds after which a thread must let others go on; by default as while the robot lives.
        out: folder of the results.
    """
    sys.setswitchinterval(switch)
    loads: dict[str, Load] = {
        "nothing": lambda warm, over: warm.set(),
        "rules, without a pause": _talking(RuleResponder()),
    }
    if shutil.which("espeak-ng"):
        loads["listening and speaking"] = _listening
    result = {name: held_up(load, ticks) for name, load in loads.items()}
    rows = []
    for name, held in result.items():
        p99, worst, late = float(np.quantile(held, 0.99)), float(held.max()), int((held > TICK).sum())
        rows.append((name, 1000 * float(np.median(held)), 1000 * p99, 1000 * worst, late, len(held)))
        print(
            f"{name:24} held up: median {1000 * np.median(held):.2f} ms, p99 {1000 * p99:.2f} ms, "
            f"worst {1000 * worst:.2f} ms; by more than one tick: {late} of {len(held)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "load.json").write_text(json.dumps({name: held.tolist() for name, held in result.items()}), encoding="utf-8")
    heads = ("beside the loop", "median, ms", "p99, ms", "worst, ms", "by more than one tick", "ticks")
    text = f"<p>Ticks of {1000 * TICK:g} ms of the simulated robot; asked: never held up by more than one tick.</p>"
    (out / "load.html").write_text(page("What the mind costs the control loop", text + table(heads, rows)), "utf-8")
    print(f"wrote {out / 'load.json'} and .html")


def held_up(load: Load, ticks: int) -> np.ndarray:
    """Seconds (ticks,) for which the other threads of this process kept the loop from computing."""
    world = create_world(demonstration_scene(0))
    steps = round(TICK / world.model.opt.timestep)
    over, warm = threading.Event(), threading.Event()
    thread = threading.Thread(target=load, args=(warm, over), daemon=True)
    thread.start()
    warm.wait()
    held = []
    for _ in range(ticks):
        before, others = _not_held(), time.process_time() - time.thread_time()
        began = time.monotonic()
        time.sleep(REST)
        for _ in range(steps):
            mujoco.mj_step(world.model, world.data)
        wall, others = time.monotonic() - began, time.process_time() - time.thread_time() - others
        held.append(max(0.0, min(wall - REST - (_not_held() - before), others)))
    over.set()
    thread.join(60)
    return np.array(held)


def _not_held() -> float:
    """Seconds that this thread has run, or waited for a processor that other programs used."""
    schedule = Path("/proc/thread-self/schedstat")
    waited = int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0
    return time.thread_time() + waited


def _talking(mind: Mind) -> Load:
    def talk(warm: threading.Event, over: threading.Event) -> None:
        async def go_on() -> None:
            conversation = Conversation(mind, NotingBody())
            while not over.is_set():
                for text in TEXTS:
                    await conversation.hear(text)
                warm.set()
                await asyncio.sleep(0)

        asyncio.run(go_on())

    return talk


def _listening(warm: threading.Event, over: threading.Event) -> None:
    """Speech without a pause through the whole voice path, at its own pace."""
    from bunraku.mind.robot_tools import robot_registry
    from bunraku.mind.voice.activity import detector
    from bunraku.mind.voice.audio import SAMPLE_RATE
    from bunraku.mind.voice.ears import Ears
    from bunraku.mind.voice.loop import VoiceLoop, frames_of
    from bunraku.mind.voice.recognition import recipe
    from bunraku.mind.voice.speech import Speaker, synthesise

    detect, speaker = detector(), Speaker(lambda piece: time.sleep(0.02))
    sound = np.concatenate([synthesise("put the red mug on the shelf"), np.zeros(SAMPLE_RATE // 2, np.float32)])

    async def go_on() -> None:
        talk = Conversation(
            RuleResponder(), NotingBody(), tell=lambda e: speaker.say(e.text) if isinstance(e, Said) else None
        )
        async with Ears(recipe(robot_registry())) as ears:
            loop = VoiceLoop(talk, ears, detect, speaker.hush)
            while not over.is_set():
                await loop.listen(frames_of(sound, real_time=True))
                warm.set()

    asyncio.run(go_on())


if __name__ == "__main__":
    tyro.cli(main)
