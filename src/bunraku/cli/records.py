"""Files that hold what was measured: whole at every moment, also when a run is killed while one is written."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bunraku.errors import UserError


def make_folder(path: Path) -> Path:
    """Create the folder `path`; `UserError` when nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {path}: {error.strerror}; name another folder.") from error
    if not os.access(path, os.W_OK):
        raise UserError(f"cannot write to {path}: permission denied; name another folder.")
    return path


def require_seed(seed: int) -> None:
    """Raise `UserError` for a seed that no generator takes."""
    if seed < 0:
        raise UserError(f"--seed must be 0 or more, got {seed}.")


def require_counts(episodes: int, workers: int | None) -> None:
    """Raise `UserError` when there is nothing to do, or nobody to do it."""
    if episodes < 1 or (workers is not None and workers < 1):
        told = "" if workers is None else f" and {workers}"
        raise UserError(f"--episodes and --workers must be at least 1, got {episodes}{told}.")


def require_ray(address: str | None) -> None:
    """Raise `UserError` when a cluster is asked for and Ray is not installed."""
    if address is not None and find_spec("ray") is None:
        raise UserError("--ray needs Ray: install it with `pip install 'bunraku[scale]'`.")


def write_json(path: Path, content: Any) -> None:
    """Replace the file at `path` in one step, so that a reader sees the old content or the new, never a part.

    Raises `UserError` when it cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; name another file.") from error


def save_page(path: Path, html: str) -> None:
    """Write a page that needs no other file to `path`. Raises `UserError` when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UserError(f"the page {path} cannot be written: {error.strerror or error}.") from None
