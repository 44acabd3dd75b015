"""Films of an episode: the room, the seven camera pictures and a caption, streamed to an MP4 file.

The file is fragmented MP4: whatever was written before an interruption plays. Each picture is shown at its simulated
time, and memory stays the same however long the film gets.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from types import TracebackType

import av
import cv2
import mujoco
import numpy as np

from bunraku.errors import UserError
from bunraku.robot.interface import CameraFrame, Observation
from bunraku.sim.darkroom import develop
from bunraku.sim.render import Quality, Viewpoint, ViewRenderer
from bunraku.sim.snapshot import Snapshot
from bunraku.sim.world import World

FILM_QUALITY = Quality(samples=0, slices=16, stacks=10, quads=2, shadow=1024, textures=True)
"""A sixth of the cost of `VIEW_QUALITY`."""

WIDTH, HEIGHT = 1280, 720
VIEW_SIZE = (960, 600)
_TIME_BASE = Fraction(1, 90_000)
_INK, _PAPER, _FAINT = (40, 38, 36), (244, 242, 238), (130, 125, 118)

_TILES = {
    "head_left": (960, 0, 320, 240),
    "head_right": (960, 240, 320, 240),
    "chest": (960, 480, 320, 240),
    "palm_left": (320, 600, 160, 120),
    "palm_right": (480, 600, 160, 120),
    "ground": (640, 600, 160, 120),
    "back": (800, 600, 160, 120),
}
"""Where each camera's picture lies: x, y, width, height in px."""


class VideoWriter:
    """Writes pictures to an H.264 MP4 file as they come."""

    def __init__(self, path: Path | str, width: int = WIDTH, height: int = HEIGHT) -> None:
        """Open `path` for a film of `width` × `height` px, both even. Raises `UserError` if it cannot be written."""
        self.path = Path(path)
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self.path), "w", format="mp4", options=options)
        except OSError as error:
            raise UserError(f"the video {self.path} cannot be written: {error.strerror or error}") from error
        # No look-ahead: a picture is in the file once the next fragment begins, every ten pictures.
        coding = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "g": "10"}
        stream = self._container.add_stream("libx264", rate=30, options=coding)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = _TIME_BASE
        stream.codec_context.max_b_frames = 0
        self._stream = stream
        self._last = -1
        self._open = True

    def write(self, image: np.ndarray, time: float) -> None:
        """Show `image` (h, w, 3) uint8 RGB from `time` (s) on; times increase."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.time_base = _TIME_BASE
        frame.pts = self._last = max(round(time / _TIME_BASE), self._last + 1)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is left and close the file; closing twice is harmless."""
        if self._open:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._open = False

    def __enter__(self) -> VideoWriter:
        """This writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, whatever happened."""
        self.close()


@dataclass(frozen=True)
class _Moment:
    """What one picture of a film shows."""

    time: float
    state: Snapshot
    viewpoint: Viewpoint
    frames: Mapping[str, CameraFrame]
    title: str
    caption: str


class Film:
    """A film of a world: seen from outside, with what the robot's cameras see.

    Pictures are drawn and coded in a thread of their own, two at most ahead of the file, from copies of the world's
    state: the simulation runs on meanwhile, and is the same with or without a film.
    """

    def __init__(self, world: World, path: Path | str, rate: float = 10.0, viewpoint: Viewpoint | None = None) -> None:
        """Film `world` to `path` at `rate` pictures a simulated second."""
        self.viewpoint = viewpoint or Viewpoint()
        self._world = world
        self._writer = VideoWriter(path)
        self._period = 1 / rate
        self._due = 0.0
        self._latest: np.ndarray | None = None
        self._failure: Exception | None = None
        self._moments: Queue[_Moment | None] = Queue(maxsize=2)
        self._ready = Event()
        self._thread = Thread(target=self._work, name="film", daemon=True)
        self._thread.start()
        self._ready.wait()
        # A thread that still draws while the interpreter is torn down crashes it. What is registered last goes first:
        # by now the worker has loaded EGL, which registers its own end.
        atexit.register(self.close)
        self._raise_failure()

    @property
    def latest(self) -> np.ndarray | None:
        """The last picture (720, 1280, 3) uint8 RGB that was drawn."""
        return self._latest

    def record(self, observation: Observation, title: str = "", caption: str = "") -> None:
        """Take a picture if one is due, with the instruction as `title` and what is being done as `caption`.

        Waits while two pictures are still to be drawn. Raises `UserError` when the file can no longer be written.
        """
        self._raise_failure()
        time = self._world.time
        if time < self._due - 1e-9:
            return
        self._due = max(self._due + self._period, time)
        state = Snapshot.of(self._world.data)
        frames = dict(develop(observation.frames))
        self._moments.put(_Moment(time, state, self.viewpoint, frames, title, caption))

    def close(self) -> None:
        """Draw what is left, finish the file and free the renderer; closing twice is harmless."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            self._moments.put(None)
            self._thread.join()
        self._raise_failure()

    def _work(self) -> None:
        renderer = None
        try:
            model = self._world.model
            data = mujoco.MjData(model)
            renderer = ViewRenderer(model, *VIEW_SIZE, quality=FILM_QUALITY)
            self._ready.set()
            while (moment := self._moments.get()) is not None:
                moment.state.show(model, data)
                view = renderer.render(data, moment.viewpoint)
                picture = compose(view, moment.frames, moment.title, moment.caption, moment.time)
                self._writer.write(picture, moment.time)
                self._latest = picture
        except Exception as error:
            self._failure = error
        finally:
            self._ready.set()
            if renderer is not None:
                renderer.close()
            self._finish()

    def _finish(self) -> None:
        try:
            self._writer.close()
        except Exception as error:
            self._failure = self._failure or error
        # Nobody may wait for room in a queue that is no longer emptied.
        if self._failure is not None:
            with suppress(Empty):
                while True:
                    self._moments.get_nowait()

    def _raise_failure(self) -> None:
        if isinstance(self._failure, UserError):
            raise self._failure
        if self._failure is not None:
            raise UserError(f"the video {self._writer.path} ends early: {self._failure}") from self._failure


def compose(
    view: np.ndarray, frames: Mapping[str, CameraFrame], title: str = "", caption: str = "", time: float = 0.0
) -> np.ndarray:
    """One picture (720, 1280, 3) uint8 RGB: the `view` (600, 960, 3), a tile per camera, and words at bottom left."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = _PAPER
    picture[: VIEW_SIZE[1], : VIEW_SIZE[0]] = view
    for name, (x, y, width, height) in _TILES.items():
        tile = picture[y : y + height, x : x + width]
        if name in frames:
            tile[:] = cv2.resize(frames[name].image, (width, height), interpolation=cv2.INTER_AREA)
        tile[:2], tile[-2:], tile[:, :2], tile[:, -2:] = (_PAPER,) * 4
        _draw_label(tile, name.replace("_", " "))
    words = [(line, 17, _INK) for line in _wrap(title, 17, 296)[:2]]
    words += [(line, 14, _FAINT) for line in _wrap(caption, 14, 296)[:2]]
    y = VIEW_SIZE[1] + 10
    for text, size, colour in words:
        _draw_text(picture, text, (12, y), size, colour)
        y += size + 6
    _draw_text(picture, f"{time:6.2f} s", (12, HEIGHT - 24), 14, _FAINT)
    return picture


def _draw_label(tile: np.ndarray, text: str) -> None:
    mask = _text_mask(text, 12)
    height, width = mask.shape
    strip = tile[4 : 8 + height, 4 : 14 + width]
    strip[:] = strip // 3
    strip[2 : 2 + height, 5 : 5 + width] = np.maximum(strip[2 : 2 + height, 5 : 5 + width], mask[..., None])


def _draw_text(picture: np.ndarray, text: str, corner: tuple[int, int], size: int, colour: Sequence[int]) -> None:
    mask = _text_mask(text, size)
    x, y = corner
    patch = picture[y : y + mask.shape[0], x : x + mask.shape[1]]
    alpha = mask[: patch.shape[0], : patch.shape[1], None] / 255.0
    patch[:] = (1 - alpha) * patch + alpha * np.asarray(colour)


def _wrap(text: str, size: int, width: int) -> list[str]:
    """Lines of `text` no wider than `width` px; broken at spaces, or anywhere in scripts without them."""
    lines, line = [], ""
    words = text.split(" ") if text.isascii() else list(text)
    glue = " " if text.isascii() else ""
    for word in words:
        longer = f"{line}{glue}{word}" if line else word
        if line and _font(size, longer.isascii()).getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines


@lru_cache(maxsize=64)
def _text_mask(text: str, size: int) -> np.ndarray:
    """Coverage (h, w) uint8 of `text` set in one line."""
    from PIL import Image, ImageDraw

    font = _font(size, text.isascii())
    image = Image.new("L", (max(1, int(font.getlength(text)) + 2), int(1.4 * size)))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.asarray(image)


@cache
def _font(size: int, ascii_only: bool):
    """Pillow's own typeface; for other scripts one of the system's, where there is one."""
    from PIL import ImageFont

    if not ascii_only:
        for name in (
            "NotoSansCJK-Regular.ttc",
            "ipag.ttf",
            "fonts-japanese-gothic.ttf",
            "msgothic.ttc",
            "Hiragino.ttc",
        ):
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)
