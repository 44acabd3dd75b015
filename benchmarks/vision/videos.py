"""Pictures of given videos, thinned to a rate, once or again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av


def pictures(path: Path, rate: float | None = None, again: bool = False) -> Iterator[av.VideoFrame]:
    """Pictures of a video in order: every one, or as many as come nearest to `rate` per second of it.

    With `again` the video begins anew when it ends, and the pictures never do.
    """
    while True:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stride = 1 if rate is None else max(1, round(float(stream.average_rate or rate) / rate))
            for number, picture in enumerate(container.decode(stream)):
                if number % stride == 0:
                    yield picture
        if not again:
            return
