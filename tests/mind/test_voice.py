"""From sound to tool call: real speech of espeak-ng with noise, the real detector and the real recogniser."""

import asyncio
import os
import shutil
import signal
import threading
import time
import types

import numpy as np
import pytest
from tests.mind.kitchen import Kitchen, seen

from bunraku.errors import UserError
from bunraku.mind.conversation import Conversation, RuleResponder, Said, Started
from bunraku.mind.robot_tools import robot_registry

pytest.importorskip("pocketsphinx", reason="the extra bunraku[voice] is not installed")
if shutil.which("espeak-ng") is None:
    pytest.skip("espeak-ng is not installed", allow_module_level=True)

from bunraku.mind.voice.activity import Segmenter, WebRtcDetector, detector
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE, pcm16, read_wav, resampled
from bunraku.mind.voice.ears import Ears
from bunraku.mind.voice.loop import VoiceLoop, frames_of
from bunraku.mind.voice.recognition import Heard, recipe
from bunraku.mind.voice.speech import Speaker, piper, synthesise, tones
from bunraku.mind.voice.sphinx import IN_VIEW, grammar

VOICE = {"espeak": "en-us+f2", "speed": 150}


class NearEars:
    """The real recogniser in this process, so that the many tests need not load it again and again."""

    def __init__(self, recogniser):
        self._recogniser, self.start = recogniser, recogniser.start
        self.on_words = self.on_heard = self.on_lost = lambda *_: None

    def push(self, sound):
        self.on_words(self._recogniser.push(sound))

    def end(self):
        self.on_heard(self._recogniser.end())

    def check(self):
        pass

    async def quiet(self):
        pass


@pytest.fixture(scope="module")
def recogniser():
    return NearEars(recipe(robot_registry())())


def noisy(text, before=0.4, after=0.7, noise=0.002, voice=VOICE):
    """The text as sound between silences, with noise all over; also the time (s) at which the speech ends."""
    speech = synthesise(text, voice)
    loud = np.flatnonzero(np.abs(speech) > 0.01)
    sound = np.concatenate([np.zeros(int(before * SAMPLE_RATE)), speech, np.zeros(int(after * SAMPLE_RATE))])
    chance = np.random.default_rng(0)
    return (sound + chance.normal(0, noise, len(sound))).astype(np.float32), before + loud[-1] / SAMPLE_RATE


def speak(recogniser, *sounds, body=None):
    events = []

    async def run():
        talk = Conversation(RuleResponder(), body or Kitchen(), tell=events.append)
        voice = VoiceLoop(talk, recogniser, detector())
        await voice.listen(frames_of(np.concatenate(sounds)))
        await talk.settle(60)
        return talk.body

    return asyncio.run(run()), events


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("what do you see", "what_do_you_see"),
        ("where is the banana", "where_is"),
        ("find the pink cube", "look_for"),
    ],
)
def test_a_spoken_command_becomes_its_call(recogniser, text, tool):
    _, events = speak(recogniser, noisy(text)[0])
    assert [e.call.name for e in events if isinstance(e, Started)] == [tool]


def test_stop_is_heard_while_speaking_and_before_the_mind(recogniser):
    body, _ = speak(recogniser, noisy("stop")[0])
    assert body.stops >= 1


def test_it_hears_in_a_process_of_its_own_and_stops_when_that_dies():
    """Death in the midst of an utterance stops the robot, is said, and the next utterance is heard."""
    events, body = [], Kitchen()
    sound, _ = noisy("where is the banana")

    async def run():
        talk = Conversation(RuleResponder(), body, tell=events.append)
        async with Ears(recipe(robot_registry())) as ears:
            loop = VoiceLoop(talk, ears, detector())
            for start in range(0, len(sound) // 2, FRAME):
                loop.push(sound[start : start + FRAME])
            assert loop.speaking
            os.kill(ears.pid, signal.SIGKILL)
            while body.stops == 0:
                await asyncio.sleep(0.01)
            assert body.pauses[-1] is True
            await loop.listen(frames_of(np.zeros(SAMPLE_RATE, np.float32)))
            assert not loop.speaking and body.pauses[-1] is False
            await loop.listen(frames_of(sound))
        await talk.settle(60)

    asyncio.run(run())
    assert "broke down" in next(event.text for event in events if isinstance(event, Said))
    assert [event.call.name for event in events if isinstance(event, Started)] == ["where_is"]


@pytest.mark.parametrize("text", ["my brother has bought a new car", "do not pick up the mug"])
def test_other_speech_moves_nothing(recogniser, text):
    body, events = speak(recogniser, noisy(text)[0])
    assert body.moved == [] and not any(isinstance(e, Started) and e.call.name == "pick" for e in events)


def test_silence_and_noise_say_nothing(recogniser):
    chance = np.random.default_rng(1)
    body, events = speak(
        recogniser, np.zeros(SAMPLE_RATE, np.float32), chance.normal(0, 0.01, SAMPLE_RATE).astype(np.float32)
    )
    assert body.moved == [] and events == []


def test_end_of_speech_to_first_word_is_short(recogniser):
    """What passes between the last word and the answer: the silence that ends an utterance, and our own computing."""
    sound, ends = noisy("what do you see", after=1.2)
    answered = []
    RuleResponder().rules.plan("what do you see")  # the first turn compiles the grammar

    async def run():
        talk = Conversation(
            RuleResponder(),
            Kitchen(),
            tell=lambda e: answered.append(time.process_time()) if isinstance(e, Said) else None,
        )
        voice = VoiceLoop(talk, recogniser, detector())
        heard_at, began = 0.0, 0.0
        for start in range(0, len(sound) - FRAME, FRAME):
            before, speaking = time.process_time(), voice.speaking
            voice.push(sound[start : start + FRAME])
            if speaking and not voice.speaking:
                heard_at, began = (start + FRAME) / SAMPLE_RATE, before
            await asyncio.sleep(0)
        await talk.settle(60)
        synthesise("I see a mug.")
        return heard_at - ends + answered[0] - began

    assert asyncio.run(run()) < 0.8


def test_barge_in_silences_within_150_ms():
    played, going_on = [], threading.Semaphore(0)

    def play(piece):
        played.append(len(piece) / SAMPLE_RATE)
        going_on.release()
        time.sleep(0.001)

    speaker = Speaker(play, lambda text: np.zeros(1000 * SAMPLE_RATE, np.float32))
    speaker.say("a long story")
    for _ in range(3):
        going_on.acquire()
    speaker.hush()
    before = len(played)
    time.sleep(0.3)
    assert sum(played[before:]) < 0.15 and not speaker.speaking
    count = len(played)
    speaker.say("again")
    for _ in range(3):
        going_on.acquire()
    assert len(played) > count
    speaker.hush()


@pytest.mark.parametrize(
    ("answers", "done"),
    [(["yes"], "marker"), (["no", "yes"], "mug"), (["no", "no"], None), (["what do you see", "yes"], None)],
)
def test_what_sounds_alike_is_asked_about(recogniser, answers, done):
    """A yes takes the first reading, a no goes on to the next, and nothing moves before."""
    events, body = [], Kitchen([seen("mug", "red", 0.5, 0.1), seen("marker", "blue", 0.5, -0.2)])

    async def run():
        talk = Conversation(RuleResponder(), body, tell=events.append)
        loop = VoiceLoop(talk, recogniser, detector())
        recogniser.on_heard(Heard("pick up the marker", False, "pick up the mug"))
        assert "Did you say: pick up the marker?" in events[-1].text
        for answer in answers:
            recogniser.on_heard(Heard(answer, True))
            await loop.listen(frames_of(np.zeros(FRAME, np.float32)))
        await talk.settle(60)

    asyncio.run(run())
    assert [call.arguments["object"].kind for call in body.moved] == ([done] if done else [])


def test_objects_in_view_are_the_likely_ones():
    decoder = types.SimpleNamespace(lookup_word=lambda word: word)
    plain, weighted = (grammar(robot_registry(), decoder, frozenset(view)) for view in ((), ("mug",)))
    assert "/1.00/ mug" in plain and f"/{IN_VIEW:.2f}/ mug" in weighted and "/1.00/ marker" in weighted


def test_speech_start_hushes_the_robot(recogniser):
    hushed = threading.Event()

    async def run():
        talk = Conversation(RuleResponder(), Kitchen())
        await VoiceLoop(talk, recogniser, detector(), hush=hushed.set).listen(frames_of(noisy("stop")[0]))

    asyncio.run(run())
    assert hushed.is_set()


@pytest.mark.parametrize("make", [detector, WebRtcDetector], ids=["installed", "webrtc"])
def test_activity_has_one_start_and_one_end(make):
    segmenter = Segmenter(make())
    sound, _ = noisy("put the red mug on the shelf", noise=0.0003)
    marks = [segmenter.push(sound[i : i + FRAME]) for i in range(0, len(sound) - FRAME, FRAME)]
    assert [m for m in marks if m in ("start", "end")] == ["start", "end"]


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_wav(tmp_path / "none.wav")
    (tmp_path / "bad.wav").write_bytes(b"RIFFnothing")
    with pytest.raises(UserError, match="not a WAV"):
        read_wav(tmp_path / "bad.wav")
    with pytest.raises(UserError, match="leave it out"):
        piper(tmp_path / "none.onnx")


def test_sounds():
    assert len(resampled(np.zeros(44_100), 44_100)) == SAMPLE_RATE
    assert len(pcm16(np.zeros(10))) == 20
    assert len(synthesise("止まれ")) > 1000 and len(tones("All right.")) > 1000
