"""Words as numbers: every word of an instruction, in any language, falls into one of a fixed set of buckets."""

from __future__ import annotations

import re
import zlib

import numpy as np

BUCKETS = 1024
LONGEST = 32
"""Words that are looked at; the rest of a longer instruction is not."""
EMPTY = 0
"""The bucket of a place without a word."""
_WORD = re.compile(r"[a-z]+|[0-9]+|[^\x00-\x7f]")


def buckets(instruction: str) -> np.ndarray:
    """Buckets (LONGEST,) int64 of the words in `instruction`; scripts without spaces go in by pairs of characters."""
    found = []
    for word in _WORD.findall(instruction.lower()):
        if not word.isascii() and found and not found[-1][-1:].isascii():
            found.append(found[-1][-1] + word)
        else:
            found.append(word)
    numbers = [1 + zlib.crc32(word.encode()) % (BUCKETS - 1) for word in found[:LONGEST]]
    return np.array(numbers + [EMPTY] * (LONGEST - len(numbers)), np.int64)
