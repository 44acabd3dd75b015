# MuJoCo's bindings are compiled and ship without type stubs: without this, every name in them is an error.
from typing import Any

def __getattr__(name: str) -> Any: ...
