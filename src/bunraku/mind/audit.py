"""The audit log: every turn, tool call, change and outcome as one JSON line, appended and never rewritten.

Each line carries the SHA-256 of the line before it, so that a missing or edited line shows.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bunraku.errors import UserError

_START = "0" * 64
_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class AuditLog:
    """Appends to `path`; without a path it only keeps the lines in memory. Safe from any thread.

    Raises `UserError` where the file cannot be opened.
    """

    def __init__(self, path: Path | None = None):
        self._lock = threading.Lock()
        self._previous = _START
        self._file: int | None = None
        self.lines: list[str] = []
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and (lines := path.read_text(encoding="utf-8").splitlines()):
                self._previous = _digest(lines[-1])
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise UserError(f"cannot write the audit log {path}: {error.strerror}; choose another folder.") from error

    def write(self, kind: str, **fields: Any) -> None:
        """Append one record of `kind`. Values of secret environment variables are blotted out."""
        with self._lock:
            record = {"time": round(time.time(), 3), "kind": kind, **fields, "previous": self._previous}
            line = without_secrets(json.dumps(record, ensure_ascii=False, default=str))
            self._previous = _digest(line)
            if self._file is None:
                self.lines.append(line)
            else:
                os.write(self._file, line.encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def without_secrets(text: str) -> str:
    """The text with the value of every environment variable that is named like a secret replaced by [secret]."""
    for name, value in os.environ.items():
        if len(value) >= 8 and any(part in name.upper() for part in _SECRET_NAMES):
            text = text.replace(value, "[secret]")
    return text


def broken_links(lines: list[str]) -> Iterator[int]:
    """Numbers (from 0) of the lines whose predecessor is not the line that they name."""
    previous = _START
    for number, line in enumerate(lines):
        if json.loads(line)["previous"] != previous:
            yield number
        previous = _digest(line)


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
