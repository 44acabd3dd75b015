"""Camera pictures as H.264 at a fixed rate, and back."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError

from bunraku.errors import UserError

KEYFRAMES = 10
"""Frames from one key frame to the next."""


class CameraVideo:
    """Writes one camera's pictures, one per frame, so that a killed process loses at most half a second."""

    def __init__(self, path: Path, width: int, height: int, rate: int) -> None:
        """Open `path` for pictures of `width` × `height` px, both even, at `rate` frames/s."""
        options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000", "flush_packets": "1"}
        self._container = av.open(str(path), "w", format="mp4", options=options)
        # One thread: the recorder may not take more than its share of a core beside the simulation.
        coding = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20", "g": str(KEYFRAMES), "threads": "1"}
        self._stream = self._container.add_stream("libx264", rate=rate, options=coding)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._rate, self._count = rate, 0
        self._image: np.ndarray | None = None
        self._frame: av.VideoFrame | None = None

    def write(self, image: np.ndarray) -> None:
        """Append `image` (h, w, 3) uint8 RGB; the same array again is converted only once."""
        if self._frame is None or image is not self._image:
            self._image = image
            # OpenCV converts four times as fast as FFmpeg does, to the same BT.601 values.
            planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8)
            self._frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._frame.pts, self._frame.time_base = self._count, Fraction(1, self._rate)
        self._container.mux(self._stream.encode(self._frame))
        self._count += 1

    def close(self) -> None:
        """Write what is left."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


def read_video(path: Path) -> Iterator[np.ndarray]:
    """The pictures (h, w, 3) uint8 RGB of a video, in order. Raises `UserError` if it is no video."""
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (FFmpegError, IndexError) as error:
        raise UserError(f"the video {path} cannot be read: {error}") from error


def count_frames(path: Path) -> int:
    """How many whole frames a video has; 0 for one that was cut off before its first."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (FFmpegError, IndexError, OSError):
        return 0


def key_pictures(path: Path, most: int = 4) -> Iterator[np.ndarray]:
    """Up to `most` key frames of a video, from its beginning: enough for statistics of its colours."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        stream.codec_context.thread_count = 1
        for _, frame in zip(range(most), container.decode(stream), strict=False):
            yield frame.to_ndarray(format="rgb24")


def join_videos(parts: list[tuple[Path, int]], path: Path, rate: int) -> None:
    """Put the first `frames` frames of each of `parts` (file, frames) one after the other into `path`, as they are
    coded."""
    with av.open(str(path), "w", format="mp4") as out:
        stream, base = None, Fraction(1, rate)
        start = 0
        for part, frames in parts:
            with av.open(str(part)) as container:
                source = container.streams.video[0]
                if stream is None:
                    stream = out.add_stream_from_template(source)
                    stream.time_base = base
                packets = (packet for packet in container.demux(source) if packet.size)
                for index, packet in zip(range(frames), packets, strict=False):
                    packet.pts = packet.dts = start + index
                    packet.duration, packet.time_base, packet.stream = 1, base, stream
                    out.mux(packet)
            start += frames
