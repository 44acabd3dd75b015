"""Turn a cube in the hand: `python benchmarks/learning/cube.py gait|learn|evaluate|fingers [--help]`.

`gait` finds a finger gait by evolution, `learn` what to change of it by feel (PPO), `evaluate` plays either to fresh
seeds at the robot's own time step, `fingers` the gait of the hands' benchmark for as long. All can be interrupted.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from bunraku.sim.in_hand import Cube
from bunraku.statistics import wilson_interval
from bunraku.tasks.cube_rotation import RATE, SECONDS, CubeRotation, Gait, play

FOLDER = Path("runs/cube")
POLICY = Path(str(resources.files("bunraku.learning") / "models" / "cube-rotation.onnx"))
GAIT = POLICY.with_suffix(".json")


def gait(
    out: Path = FOLDER / "gait.json", generations: int = 100, hands: int = 120, starts: int = 3, seed: int = 0,
    seconds: float = 8.0, threads: int = 1,
) -> None:  # fmt: skip
    """Find a gait; the same command again goes on from the one that was found."""
    from bunraku.learning.gait import search

    first = read_gait(out) if out.exists() else None
    done = json.loads(out.read_text())["generations"] if out.exists() else 0
    environment, began = CubeRotation(hands, seed + done, threads=threads), time.process_time()
    for found in search(environment, seconds, starts, seed + done, first):
        number = done + found.number
        print(
            f"{number}: {found.speed:.3f} rad/s, best {found.best:.3f}, dropped {100 * found.drops:.0f} %, "
            f"{time.process_time() - began:.0f} s of CPU",
            flush=True,
        )
        write(out, {"gait": found.gait.numbers().tolist(), "generations": number, "seed": seed})
        if number >= generations:
            break


def learn(
    gait: Path = GAIT, out: Path = FOLDER / "cube-rotation.onnx", samples: int = 400_000,
    hands: int = 128, seed: int = 0, threads: int = 1,
) -> None:  # fmt: skip
    """Learn on top of a gait; the same command again goes on from its checkpoint."""
    import torch

    from bunraku.learning.ppo import Config, Learner, Update
    from bunraku.learning.rotation_policy import export

    torch.set_num_threads(1)
    rhythm = read_gait(gait)
    learner = Learner(CubeRotation(hands, seed, threads=threads, gait=rhythm), Config(seed=seed))
    checkpoint, log = out.with_suffix(".pt"), out.with_suffix(".jsonl")
    if checkpoint.exists():
        learner.load(checkpoint)

    def report(update: Update) -> None:
        with log.open("a") as file:
            file.write(json.dumps(asdict(update)) + "\n")
        print(
            f"{update.samples / 1e3:.0f} k samples: {update.turn * RATE:.3f} rad/s, reward {update.reward:.3f}, "
            f"{update.drops * RATE:.3f} drops/s, {update.cpu_s:.0f} s of CPU",
            flush=True,
        )
        learner.save(checkpoint)

    learner.learn(samples, report)
    card = {"samples": learner.samples, "seed": seed, "cpu_s": round(learner.cpu_s)}
    export(learner.actor, rhythm, 1.0, card, out)


def evaluate(
    policy: Path = POLICY, episodes: int = 100, seed: int = 50_000, timestep: float = 0.002,
    side: float = Cube.side, mass: float = Cube.mass, friction: float = Cube.friction, film: Path | None = None,
) -> None:  # fmt: skip
    """Play a gait or a policy to fresh starts for 10 s, with this or another cube, and print its speed and drops."""
    act, cube = None, Cube(side, mass, friction)
    if policy.suffix == ".onnx":
        from bunraku.learning.rotation_policy import load

        rhythm, direction, act = load(policy)
    else:
        rhythm, direction = read_gait(policy), 1.0
    environment = CubeRotation(episodes, seed, timestep, gait=rhythm, direction=direction, cube=cube)
    speeds, lost = play(environment, act=act)
    tell(policy.name, speeds, lost)
    if film is not None:
        strip(CubeRotation(1, seed + 1, timestep, gait=rhythm, direction=direction, cube=cube), act, film)


def fingers(episodes: int = 20, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Play the gaits that the hands' benchmark finds, in as many searches as there are `seeds`, for 10 s."""
    from bunraku.hands import load_hand
    from bunraku.hands.benchmark.gait import rotate_in_hand
    from bunraku.hands.benchmark.kinematics import Kinematics
    from bunraku.hands.benchmark.subject import subject_from_spec

    kinematics = Kinematics(subject_from_spec(load_hand("h22")))
    for seed in seeds:
        found = rotate_in_hand(kinematics, "cube", episodes, seed, seconds=SECONDS)
        speeds = np.radians(found.speeds_deg)
        tell(f"search {seed}", speeds, np.arange(episodes) < found.drops)


def tell(name: str, speeds: np.ndarray, lost: np.ndarray) -> None:
    """Print what came of episodes: speeds (n,) rad/s, and which were dropped."""
    kept, count = int((~lost).sum()), len(lost)
    low, high = wilson_interval(kept, count)
    least, middle, most = np.percentile(speeds, [10, 50, 90])
    error = 1.96 * speeds.std() / np.sqrt(count)
    print(
        f"{name}: {speeds.mean():.3f} ± {error:.3f} rad/s (10, 50, 90 %: {least:.2f}, {middle:.2f}, {most:.2f}); "
        f"{kept} of {count} without a drop = {100 * kept / count:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)",
        flush=True,
    )


def strip(environment: CubeRotation, act: Any, path: Path, frames: int = 12) -> None:
    """Draw one episode as a strip of pictures."""
    import mujoco
    from PIL import Image

    model = environment.world.model
    model.vis.headlight.ambient, model.vis.headlight.diffuse = [0.4] * 3, [0.8] * 3
    renderer, camera, option = mujoco.Renderer(model, 240, 240), mujoco.MjvCamera(), mujoco.MjvOption()
    camera.lookat, camera.distance, camera.elevation, camera.azimuth = [0.09, 0, 0.03], 0.3, -50, 150
    option.geomgroup[3] = 0
    pictures, every = [], round(SECONDS * RATE / frames)

    def watch(observation: np.ndarray) -> np.ndarray:
        if round(float(environment.time[0]) * RATE) % every == 0:
            data = environment.batch.get_data(0)
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera, option)
            pictures.append(renderer.render().copy())
        return np.zeros((1, environment.actions)) if act is None else act(observation)

    play(environment, act=watch)
    half = len(pictures) // 2
    rows = [np.hstack(pictures[:half]), np.hstack(pictures[half : 2 * half])]
    Image.fromarray(np.vstack(rows)).save(path)


def read_gait(path: Path) -> Gait:
    """A gait that `gait` wrote."""
    return Gait.of(np.array(json.loads(path.read_text())["gait"]))


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file at `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content) + "\n")
    part.replace(path)


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"gait": gait, "learn": learn, "evaluate": evaluate, "fingers": fingers})
