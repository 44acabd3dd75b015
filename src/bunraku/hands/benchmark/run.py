"""The runner: every test of every hand as small independent jobs, each result written at once, so that a long
comparison can be interrupted and taken up again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np

from bunraku.errors import UserError
from bunraku.hands.benchmark.fit import Fit, fit_grasp
from bunraku.hands.benchmark.force import ferrari_canny, statics
from bunraku.hands.benchmark.gait import OBJECTS, rotate_in_hand
from bunraku.hands.benchmark.grasps import FINGERS, GRASPS
from bunraku.hands.benchmark.hold import hold_grasp
from bunraku.hands.benchmark.kapandji import kapandji, workspace_overlap
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.peers import PEERS, is_map, load_peer, read_map
from bunraku.hands.benchmark.strength import closing_time, strength, tapping_frequency
from bunraku.hands.benchmark.subject import CONTINUOUS, Subject, subject_from_spec
from bunraku.hands.benchmark.wrist import wrist_crosstalk
from bunraku.hands.spec import hand_to_yaml, load_hand, read_hand_file

VERSIONS = {"K": 2, "W": 1, "G": 3, "S": 5, "V": 1, "M": 2, "X": 2, "C": 1}
"""Raised when a test changes, so that old results are not mixed with new ones."""
TESTS = tuple(VERSIONS)
"""K: K1 and K2; G: G1, G2 and Q. The letters that `--tests` takes."""
SEARCH_STRIDE = 1000
"""Between the seeds of two searches."""
QUICK_GRASPS = (1, 3, 6, 9, 11, 13, 14, 15, 16, 20, 31)


@dataclass(frozen=True)
class Settings:
    """What a comparison spends: `searches` for each grasp, each with `fits` tried, `seeds` holds of each grasp shared
    by its searches, the `grasps`, `gaits` searched for each object to turn, and the base `seed`."""

    seeds: int = 20
    searches: int = 2
    fits: int = 4
    gaits: int = 3
    grasps: tuple[int, ...] = tuple(grasp.number for grasp in GRASPS)
    seed: int = 0


FULL = Settings()
QUICK = Settings(seeds=6, fits=2, grasps=QUICK_GRASPS)


@dataclass(frozen=True)
class Job:
    """One unit of work: a `test` of a `hand`; `item` is the grasp's number for G, and for M the object, after the first
    search with the search's number."""

    hand: str
    test: str
    item: str = ""


def jobs(hands: list[str], tests: tuple[str, ...], settings: Settings) -> Iterator[Job]:
    """All jobs of a comparison, cheap tests first."""
    unknown = set(tests) - set(TESTS)
    if unknown:
        raise UserError(f"There is no test '{min(unknown)}'; known are {', '.join(TESTS)}.")
    for hand in hands:
        single = ("C", "W", "K", "S") if is_map(hand) else ("C", "V", "X", "W", "K", "S")
        yield from (Job(hand, test) for test in single if test in tests)
    if "G" in tests:
        for number in settings.grasps:
            yield from (Job(hand, "G", str(number)) for hand in hands)
    if "M" in tests:
        for item, search in product(OBJECTS, range(settings.gaits)):
            yield from (Job(hand, "M", f"{item} {search}" if search else item) for hand in hands)


def compare(
    hands: list[str],
    tests: tuple[str, ...] = TESTS,
    settings: Settings = FULL,
    store: Path | None = None,
    processes: int = 1,
    progress: Callable[[int, int, Job], None] = lambda done, total, job: None,
) -> dict[str, dict]:
    """Run what `store` does not hold yet; returns all results, keyed by `hand/test/item`."""
    todo = list(jobs(hands, tests, settings))
    results = _load(store)
    if store:
        _save(store, results)
    wanted = {_key(job, settings): job for job in todo}
    missing = {key: job for key, job in wanted.items() if key not in results}
    done = len(wanted) - len(missing)

    def keep(key: str, result: dict) -> None:
        nonlocal done
        results[key] = result
        done += 1
        if store:
            _save(store, results)
        progress(done, len(wanted), wanted[key])

    if processes == 1:
        for key, job in missing.items():
            keep(key, run_job(job, settings))
    elif missing:
        with ProcessPoolExecutor(processes) as pool:
            futures = {pool.submit(run_job, job, settings): key for key, job in missing.items()}
            try:
                for future in as_completed(futures):
                    keep(futures[future], future.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return {f"{job.hand}/{job.test}/{job.item}": results[key] for key, job in wanted.items()}


def run_job(job: Job, settings: Settings) -> dict:
    """The result of one job as plain data, with the CPU time it took, `cpu_s`."""
    start = time.process_time()
    result = _measure(job, settings)
    return {**result, "cpu_s": round(time.process_time() - start, 2)}


def _measure(job: Job, settings: Settings) -> dict:
    kinematics = load_kinematics(job.hand)
    subject = kinematics.subject
    if job.test == "C":
        return {
            "mass": subject.mass,
            "dof": subject.dof,
            "dof_with_wrist": subject.dof_with_wrist,
            "actuators": subject.model.nu,
            "unsure": subject.unsure,
            "description": subject.description,
        }
    if job.test == "V":
        return {"closing_time": closing_time(kinematics), "tapping": tapping_frequency(kinematics)}
    if job.test == "W":
        return workspace_overlap(kinematics, settings.seed)
    if job.test == "K":
        return asdict(kapandji(kinematics, settings.seed))
    if job.test == "S":
        return strength(kinematics, settings.seed)
    if job.test == "X":
        return wrist_crosstalk(load_hand(job.hand))
    if job.test == "M":
        item, _, search = job.item.partition(" ")
        seed = settings.seed + SEARCH_STRIDE * int(search or 0)
        return asdict(rotate_in_hand(kinematics, item, settings.seeds, seed))
    if job.test == "G":
        return _grasp(kinematics, int(job.item), settings)
    raise ValueError(f"no test {job.test}")


def _grasp(kinematics: Kinematics, number: int, settings: Settings) -> dict:
    whole = next(g for g in GRASPS if g.number == number)
    grasp = whole.with_digits(kinematics.subject.digits)
    lacks = [contact for contact in whole.contacts if contact not in grasp.contacts]
    limits = kinematics.subject.forces[CONTINUOUS]
    found, holds = [], []
    for search, seeds in enumerate(_shares(settings.seeds, settings.searches)):
        seed = settings.seed + SEARCH_STRIDE * search
        fits = fit_grasp(kinematics, grasp, seed, settings.fits)
        holds.append(hold_grasp(kinematics, fits, seeds, seed))
        found.append(fits[0])
    best = min(found, key=lambda fit: (not fit.feasible, fit.cost))
    slips = [hold.slip for hold in holds if hold.held]
    return {
        "feasible": best.feasible and not lacks,
        "formed": sum(fit.feasible and not lacks for fit in found),
        "error": best.error or (f"has no {lacks[0].split('.')[0]}" if lacks else ""),
        "held": sum(hold.held for hold in holds),
        "trials": sum(hold.trials for hold in holds),
        "searches": [[hold.held, hold.trials] for hold in holds],
        "slip": float(np.median(slips)) if slips else None,
        "epsilon": ferrari_canny(statics(kinematics, best), limits) if best.feasible else 0.0,
        "fit": _fit_data(best),
    }


def _shares(total: int, parts: int) -> list[int]:
    """`total` in at most `parts` shares as equal as can be, none empty."""
    parts = min(parts, total)
    return [total // parts + (part < total % parts) for part in range(parts)]


def _fit_data(fit: Fit) -> dict:
    return {
        "posture": np.round(fit.posture, 4).tolist(),
        "position": np.round(fit.position, 5).tolist(),
        "rotation": np.round(fit.rotation, 5).tolist(),
    }


@lru_cache(maxsize=16)
def load_kinematics(name: str) -> Kinematics:
    """The kinematics of a hand by its name, its file, or a peer's name."""
    return Kinematics(load_subject(name))


def load_subject(name: str) -> Subject:
    """A hand under test by its name: ours, a peer, or a YAML file that specifies or maps one."""
    subject = load_peer(name) if is_map(name) else subject_from_spec(load_hand(name))
    digits = set(subject.digits)
    if "thumb" not in digits or digits - {"thumb", *FINGERS}:
        raise UserError(
            f"The hand '{name}' has the digits {', '.join(subject.digits)}; the tests need a thumb and call the others "
            f"{', '.join(FINGERS)}."
        )
    return subject


def _key(job: Job, settings: Settings) -> str:
    """Names a result by everything it depends on."""
    spent = {"seed": settings.seed}
    if job.test in "GM":
        spent |= {"seeds": settings.seeds}
    if job.test == "G":
        spent |= {"searches": settings.searches, "fits": settings.fits}
    text = json.dumps([VERSIONS[job.test], job.hand, job.test, job.item, spent, _content(job.hand)])
    return f"{job.hand}/{job.test}/{job.item}#{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@lru_cache(maxsize=64)
def _content(name: str) -> str:
    if not is_map(name):
        return hand_to_yaml(load_hand(name))
    text = PEERS[name].read_text() if name in PEERS else read_hand_file(name)
    model = read_map(text, None if name in PEERS else Path(name).parent).file
    return text + (hashlib.sha256(model.read_bytes()).hexdigest() if model and model.is_file() else "")


def _load(store: Path | None) -> dict[str, dict]:
    if store is None or not store.exists():
        return {}
    try:
        results = json.loads(store.read_text())
    except (ValueError, OSError):
        results = None
    if not isinstance(results, dict):
        raise UserError(f"{store} is not a result file of this benchmark; give another one or delete it.")
    return results


def _save(store: Path, results: dict[str, dict]) -> None:
    partial = store.with_suffix(f".{os.getpid()}.part")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(results))
        partial.replace(store)
    except OSError as error:
        raise UserError(f"The results cannot be written to {store} ({error.strerror}).") from None
