"""Names of a package that are imported when they are first used: only who builds a model waits for MuJoCo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def lazy(package: str, module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """A `__getattr__` for `package` that takes any of `names` from its `module`."""
    lazily = frozenset(names)

    def __getattr__(name: str) -> Any:
        if name in lazily:
            return getattr(import_module(f"{package}.{module}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
