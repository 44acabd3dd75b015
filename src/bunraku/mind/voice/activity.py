"""Voice activity: which frames hold speech, by silero-vad where it is installed, else by WebRTC's detector."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE, pcm16


class Detector(Protocol):
    """Tells of one frame after another whether it holds speech."""

    onset: int
    """Frames of speech in a row that make a beginning certain."""
    hangover: int
    """Frames without speech that make an end certain. People pause for about 350 ms inside a sentence."""

    def __call__(self, frame: np.ndarray) -> bool:
        """Whether the frame (512,) holds speech."""
        ...


_CONTEXT = 64  # samples of the frame before that silero's network takes along at 16 kHz
_THRESHOLD = 0.5


def detector() -> Detector:
    """The best detector that is installed. Raises `UserError` when there is none."""
    model = silero_model()
    if model is not None and importlib.util.find_spec("onnxruntime"):
        return SileroDetector(model)
    if importlib.util.find_spec("pocketsphinx"):
        return WebRtcDetector()
    raise UserError("no voice activity detector is installed; install bunraku[voice], or type instead.")


def silero_model() -> Path | None:
    """The network file of the package silero-vad, without importing it (its import needs torch)."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "data" / "silero_vad.onnx"
    return path if path.is_file() else None


class SileroDetector:
    """Silero VAD 6 by onnxruntime on one thread; keeps its state from frame to frame.

    Of noise and clatter no frame came near the threshold (0.14 at the most).
    """

    onset = 1
    hangover = 11  # 350 ms

    def __init__(self, model: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._state = np.zeros((2, 1, 128), np.float32)
        self._before = np.zeros(_CONTEXT, np.float32)

    def __call__(self, frame: np.ndarray) -> bool:
        """Whether the frame (512,) holds speech."""
        sound = np.concatenate([self._before, frame]).astype(np.float32)[None]
        self._before = frame[-_CONTEXT:].astype(np.float32)
        inputs = {"input": sound, "state": self._state, "sr": np.array(SAMPLE_RATE, np.int64)}
        outputs: Any = self._session.run(None, inputs)
        probability, self._state = outputs
        return float(np.ravel(probability)[0]) > _THRESHOLD


class WebRtcDetector:
    """The detector of the WebRTC project, as pocketsphinx bundles it."""

    onset = 2
    hangover = 16  # 510 ms, for it takes the quiet ends of words for silence

    def __init__(self) -> None:
        from pocketsphinx import Vad

        self._vad = Vad(mode=3, sample_rate=SAMPLE_RATE, frame_length=0.03)
        self._pending = b""
        self._speech = False

    def __call__(self, frame: np.ndarray) -> bool:
        """Whether the frame (512,) holds speech."""
        self._pending += pcm16(frame)
        while len(self._pending) >= self._vad.frame_bytes:
            self._speech = self._vad.is_speech(self._pending[: self._vad.frame_bytes])
            self._pending = self._pending[self._vad.frame_bytes :]
        return self._speech


@dataclass
class Segmenter:
    """Turns activity into utterances, begun and ended when the detector is certain."""

    detect: Detector
    speaking: bool = False
    _run: int = 0

    def push(self, frame: np.ndarray) -> str:
        """What this frame of 512 samples brings: "start", "speech", "end" or "silence"."""
        assert frame.shape == (FRAME,)
        active = self.detect(frame)
        self._run = self._run + 1 if active != self.speaking else 0
        if not self.speaking and self._run >= self.detect.onset:
            self.speaking, self._run = True, 0
            return "start"
        if self.speaking and self._run >= self.detect.hangover:
            self.speaking, self._run = False, 0
            return "end"
        return "speech" if self.speaking else "silence"
