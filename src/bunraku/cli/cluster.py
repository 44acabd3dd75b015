"""Episodes on a Ray cluster: what processes do here, on any number of machines.

An episode depends on its seed alone, so one whose worker is lost is simply run again somewhere else.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from bunraku import __version__
from bunraku.errors import UserError

Result = TypeVar("Result")

LOCAL = "local"
"""The address of a cluster that is started on this machine, and ends with the command."""
NOBODY = "there is no Ray cluster at {}: start one with `ray start --head`, or say `--ray local`."
TRIES_AGAIN = 3
"""How often an episode is run again when the worker that ran it is lost."""


def run_on_cluster(
    run: Callable[[int], Result], seeds: Sequence[int], address: str, workers: int | None = None
) -> Generator[Result]:
    """Yield what `run` gives of every seed as it finishes, `workers` at once, or as many as the cluster has CPUs.

    `address` is a head node's, "auto" for the cluster of this machine, or "local". Raises `UserError` when there is no
    such cluster, when its machines have another Bunraku, and when an episode loses one worker after the other.
    """
    if not seeds:
        return
    ray = _connect(address, workers)
    try:
        remote = ray.remote(num_cpus=1, max_retries=TRIES_AGAIN)(_call)
        most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        left, running = list(reversed(seeds)), []
        while left or running:
            while left and len(running) < most:
                running.append(remote.remote(__version__, run, left.pop()))
            done, running = ray.wait(running)
            yield _get(ray, done[0])
    finally:
        # Episodes under way are given up: an interrupted command must not keep other machines busy.
        ray.shutdown()


def _call(version: str, run: Callable[[int], Result], seed: int) -> Result:
    """What a worker does."""
    if version != __version__:
        raise UserError(f"a worker of the cluster has Bunraku {__version__}, not {version}: install the same one.")
    return run(seed)


def _connect(address: str, workers: int | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if ":" in address:
        _knock(address)
    import ray
    from ray.exceptions import RayError

    variables = {name: os.environ[name] for name in ("MUJOCO_GL", "PYTHONPATH") if name in os.environ}
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": {"env_vars": variables}}
    if address == LOCAL:
        options |= {"address": "local", "include_dashboard": False, "num_cpus": workers or os.cpu_count() or 1}
    else:
        options["address"] = address
    try:
        ray.init(**options)
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise UserError(NOBODY.format(address)) from error
    return ray


def _knock(address: str) -> None:
    """Find out in a moment whether anybody is there; Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UserError(NOBODY.format(address)) from error


def _get(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ModuleNotFoundError):
            raise UserError(
                f"a worker of the cluster has no {error.cause.name}: install Bunraku {__version__} there."
            ) from error
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise UserError(
            "the cluster lost its workers again and again, perhaps for want of memory: what was finished is kept; "
            "the same command goes on."
        ) from error
