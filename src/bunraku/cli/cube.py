"""`bunraku evaluate cube-rotation`, `learn cube-rotation` and `learn cube-gait`: a cube turned in the hand by feel."""

from __future__ import annotations

import json as json_
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bunraku.cli.learning import require, require_learning, require_model
from bunraku.cli.records import make_folder, require_seed, write_json
from bunraku.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from bunraku.learning.ppo import Update
    from bunraku.tasks.cube_rotation import CubeRotation, Gait

SHIPPED = Path("cube-rotation")
"""Name of the policy and of the gait that come with the package."""
SIDES, MASSES, FRICTIONS = (0.03, 0.07), (0.01, 0.5), (0.1, 1.0)
TIMESTEPS = 1e-4, 0.005
"""What a cube may be: m, kg, and friction with the skin; and the simulator's steps, s."""


def evaluate(
    policy: Path = SHIPPED,
    episodes: int = 100,
    seed: int = 50_000,
    side: float = 0.048,
    mass: float = 0.060,
    friction: float = 0.9,
    timestep: float = 0.002,
    json: Path | None = None,
    film: Path | None = None,
) -> int:
    """Turn a cube in the hand for 10 s, palm up, by feel alone: how fast, and how often it is dropped.

    Args:
        policy: one that `bunraku learn cube-rotation` made, or a gait (.json) to be played blindly.
        episodes: how many; all are simulated at once.
        seed: of the places where the cubes lie at first.
        side: of the cube, m.
        mass: of the cube, kg.
        friction: between the cube and the skin.
        timestep: of the simulator, s.
        json: file that keeps the speed and the fate of every episode.
        film: picture (.png) of one episode as a strip.
    """
    if episodes < 1:
        raise UserError(f"--episodes must be at least 1, got {episodes}.")
    require_seed(seed)
    given = {"side": (side, SIDES), "mass": (mass, MASSES), "friction": (friction, FRICTIONS)}
    for name, (value, (least, most)) in (given | {"timestep": (timestep, TIMESTEPS)}).items():
        if not least <= value <= most:
            raise UserError(f"--{name} must lie between {least:g} and {most:g}, got {value:g}.")
    from bunraku.sim.in_hand import Cube
    from bunraku.tasks.cube_rotation import CubeRotation, play

    rhythm, direction, act = _load(policy)
    cubes = (Cube(side, mass, friction),)
    environment = CubeRotation(episodes, seed, timestep, gait=rhythm, direction=direction, cubes=cubes)
    speeds, lost = play(environment, act=act)
    Console(highlight=False).print(told(policy.stem, speeds, lost), soft_wrap=True)
    if json is not None:
        about = {"policy": str(policy), "seed": seed, "side": side, "mass": mass, "friction": friction}
        make_folder(json.parent)
        write_json(json, about | {"speeds": speeds.tolist(), "dropped": lost.tolist()})
    if film is not None:
        make_folder(film.parent)
        one = CubeRotation(1, seed + 1, timestep, gait=rhythm, direction=direction, cubes=cubes)
        _strip(one, act, film)
    return 0


def learn(
    out: Path,
    gait: Path = SHIPPED,
    samples: int = 220_000,
    cubes: int = 1,
    hands: int = 128,
    seed: int = 0,
    threads: int = 1,
) -> int:
    """Learn by feel what to change of a gait so that the cube turns faster (PPO); it can be interrupted and goes on.

    Args:
        out: the policy, an ONNX file; its checkpoint lies beside it, with the ending .pt, and its curve (.jsonl).
        gait: one that `bunraku learn cube-gait` found.
        samples: commands to learn from, of all hands together.
        cubes: how many different ones, of 42 to 55 mm, 40 to 120 g, friction 0.6 to 0.9; 1 is that of 48 mm and 60 g.
        hands: simulated at once.
        seed: of first weights, first places, and of what is tried.
        threads: of the simulator.
    """
    if samples < 1 or not 1 <= cubes <= hands:
        raise UserError(f"--samples must be at least 1 and --cubes between 1 and --hands, got {samples} and {cubes}.")
    require_seed(seed)
    require_model(out)
    require_learning()
    from dataclasses import asdict

    import torch

    from bunraku.learning.episodes import room_on_disk
    from bunraku.learning.ppo import Config, Learner
    from bunraku.learning.rotation_policy import export
    from bunraku.sim.in_hand import Cube
    from bunraku.tasks.cube_rotation import RATE, CubeRotation, various

    torch.set_num_threads(1)
    rhythm, direction, _ = _load(gait.with_suffix(".json") if gait == SHIPPED else gait)
    make_folder(out.parent)
    drawn = various(cubes, seed) if cubes > 1 else [Cube()]
    environment = CubeRotation(hands, seed, threads=threads, direction=direction, gait=rhythm, cubes=drawn)
    learner = Learner(environment, Config(seed=seed))
    checkpoint, log, console = out.with_suffix(".pt"), out.with_suffix(".jsonl"), Console(highlight=False)
    if checkpoint.exists():
        learner.load(checkpoint)

    def report(update: Update) -> None:
        with room_on_disk(out), log.open("a") as file:
            file.write(json_.dumps(asdict(update)) + "\n")
        console.print(
            f"{update.samples / 1e3:.0f} k samples: {update.turn * RATE:.3f} rad/s, reward {update.reward:.3f}, "
            f"{update.drops * RATE:.3f} drops/s, {update.cpu_s:.0f} s of CPU"
        )
        learner.save(checkpoint)

    learner.learn(samples, report)
    card = {"samples": learner.samples, "cubes": cubes, "seed": seed, "cpu_s": round(learner.cpu_s)}
    export(learner.actor, rhythm, direction, card, out)
    console.print(Text(f"Policy in {out}; try it with `bunraku evaluate cube-rotation --policy {out}`."))
    return 0


def search(
    out: Path, generations: int = 40, hands: int = 120, starts: int = 3, seed: int = 0, seconds: float = 8.0,
    threads: int = 1,
) -> int:  # fmt: skip
    """Search for a gait of the fingers that turns a cube, by evolution; it can be interrupted and goes on.

    Args:
        out: the gait, a JSON file.
        generations: how many in all.
        hands: simulated at once, as many as there are gaits in a generation times `starts`.
        starts: places of the cube from which each gait is played.
        seed: of the first gaits and of the places.
        seconds: for which a gait is played.
        threads: of the simulator.
    """
    if generations < 1 or starts < 1 or hands < 4 * starts:
        raise UserError("--generations and --starts must be at least 1, and --hands four times --starts.")
    require_seed(seed)
    require("cmaes", "the search needs cmaes: install it with `pip install 'bunraku[learn]'`.")
    from bunraku.learning.gait import search as evolve
    from bunraku.tasks.cube_rotation import CubeRotation

    make_folder(out.parent)
    first, done = (_load(out)[0], json_.loads(out.read_text())["generations"]) if out.exists() else (None, 0)
    if done >= generations:
        raise UserError(f"{out} holds {done} generations already: ask for more --generations.")
    environment, began = CubeRotation(hands, seed + done, threads=threads), time.process_time()
    console = Console(highlight=False)
    for found in evolve(environment, seconds, starts, seed + done, first):
        number = done + found.number
        console.print(
            f"{number}: {found.speed:.3f} rad/s, best {found.best:.3f}, dropped {100 * found.drops:.0f} %, "
            f"{time.process_time() - began:.0f} s of CPU"
        )
        write_json(out, {"gait": found.gait.numbers().tolist(), "generations": number, "seed": seed})
        if number >= generations:
            break
    console.print(Text(f"Gait in {out}; go on with `bunraku learn cube-rotation --gait {out} --out …`."))
    return 0


def told(name: str, speeds: np.ndarray, lost: np.ndarray) -> str:
    """What came of episodes in one line: speeds (n,) rad/s, and which were dropped (n,)."""
    import numpy as np

    from bunraku.statistics import wilson_interval

    kept, count = int((~lost).sum()), len(lost)
    low, high = wilson_interval(kept, count)
    least, middle, most = np.percentile(speeds, [10, 50, 90])
    error = 1.96 * speeds.std() / np.sqrt(count)
    return (
        f"{name}: {speeds.mean():.3f} ± {error:.3f} rad/s (10, 50, 90 %: {least:.2f}, {middle:.2f}, {most:.2f}); "
        f"{kept} of {count} without a drop = {100 * kept / count:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)"
    )


def _load(path: Path) -> tuple[Gait, float, Callable[[np.ndarray], np.ndarray] | None]:
    """A gait, its sense of rotation, and the policy that corrects it, if `path` is one."""
    import numpy as np

    from bunraku.learning.acting import named
    from bunraku.tasks.cube_rotation import Gait

    path = named(path)
    if not path.is_file():
        raise UserError(f"there is no policy or gait {path}: make one with `bunraku learn cube-rotation --out {path}`.")
    if path.suffix != ".json":
        require("onnxruntime", "acting needs ONNX Runtime: install it with `pip install 'bunraku[run-policy]'`.")
        from bunraku.learning.rotation_policy import load

        return load(path)
    try:
        return Gait.of(np.array(json_.loads(path.read_text())["gait"], float)), 1.0, None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a gait that `bunraku learn cube-gait` made.") from error


def _strip(environment: CubeRotation, act: Callable[[np.ndarray], np.ndarray] | None, path: Path) -> None:
    """Draw one episode as a strip of twelve pictures."""
    import mujoco
    import numpy as np
    from PIL import Image

    from bunraku.tasks.cube_rotation import RATE, SECONDS, play

    model = environment.world.model
    model.vis.headlight.ambient, model.vis.headlight.diffuse = [0.4] * 3, [0.8] * 3
    renderer, camera, option = mujoco.Renderer(model, 240, 240), mujoco.MjvCamera(), mujoco.MjvOption()
    camera.lookat, camera.distance, camera.elevation, camera.azimuth = [0.09, 0, 0.03], 0.3, -50, 150
    option.geomgroup[3] = 0
    pictures, every = [], round(SECONDS * RATE / 12)

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
