import json

import numpy as np
import pytest
from tests.learning.conftest import frame, header, images

from bunraku.errors import UserError
from bunraku.learning.frames import fields, synergies
from bunraku.learning.lerobot import DataSet, Entry, finalise, recast
from bunraku.learning.samples import _samples, load_samples, palms
from bunraku.learning.tokens import NOWHERE

pytest.importorskip("pyarrow")


def test_a_data_set_of_another_robot_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"robot_type": "so100"}))
    with pytest.raises(UserError, match="so100"):
        load_samples(root, "right")


def test_a_data_set_of_another_hand_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"bunraku": {"hand": "h11"}}))
    with pytest.raises(UserError, match="h11"):
        load_samples(root, "right")


def test_actions_that_are_not_finite_are_refused_and_named(recorded):
    from bunraku.learning.episodes import Ending, Recorder

    root, _ = recorded
    recorder = Recorder(root / "episodes/pick-up", header(5))
    rng = np.random.default_rng(0)
    for index in range(4):
        broken = frame(index, rng)
        broken["action"][3] = np.nan
        recorder.write(broken, images(index))
    recorder.end(Ending(True, "success"))
    finalise(root)
    with pytest.raises(UserError, match="episode 3 holds numbers that are not finite"):
        load_samples(root, "right")


def test_the_measured_palm_is_where_the_action_starts(recorded):
    from bunraku.learning.frames import difference

    root, _ = recorded
    finalise(root)
    entry = next(DataSet(root).entries())
    for side, part in (("left", slice(0, 6)), ("right", slice(13, 19))):
        for measured, wanted, action in zip(*palms(entry, side), entry.vectors["action"][:, part], strict=True):
            np.testing.assert_allclose(difference(measured, wanted)[:3], action[:3], atol=1e-5)
            if np.linalg.norm(action[3:]) < np.pi:
                np.testing.assert_allclose(difference(measured, wanted)[3:], action[3:], atol=1e-4)


def test_words_of_rooms_that_were_only_drawn_mean_what_they_name():
    from bunraku.acting import understand
    from bunraku.learning.samples import _more_words
    from bunraku.learning.tokens import COLOUR_NAMES, KIND_NAMES

    drawn = set(_more_words(["pick-up"]))
    assert len({words for words, _ in drawn}) > 100
    for words, (kind, colour, *target) in sorted(drawn)[::20]:
        assert understand(words).thing == (KIND_NAMES[kind], COLOUR_NAMES[colour])
        assert tuple(target) == NOWHERE


def entry(places: list[float], hands: list[float], shown_from: int = 0) -> Entry:
    """An episode in which the right palm is wanted at `places` (m, along x) and the first synergy at `hands`."""
    from bunraku.learning.frames import SIDE_ACTION

    count = len(places)
    vectors = {name: np.zeros((count, length), np.float32) for name, length in fields(22, 22).items()}
    vectors["action"][:, SIDE_ACTION + 6] = hands
    vectors["action.palm"][:, 7] = places
    vectors["action.palm"][:, [3, 10]] = 1.0
    return Entry({"shown_from": shown_from}, vectors)


def planned(episode: Entry) -> tuple[np.ndarray, np.ndarray]:
    tokens = np.tile(np.array([[0, 0, 0.4, 0.0, 0.9, 0.0]]), (len(episode.vectors["action"]), 1, 1))
    found = _samples(episode, tokens, (0, 0, *NOWHERE), "right", synergies("h22"))
    assert found is not None
    return found


def test_waiting_is_not_planned():
    inputs, chunks = planned(entry([0.0, 0.1, 0.2] + [0.2] * 6, [0.0] * 7 + [0.5, 1.0]))
    assert len(inputs) == 8
    # From where the palm has arrived, the hand closes at once, however long the expert stood there.
    for sample in range(2, 7):
        np.testing.assert_allclose(chunks[sample, :2, 6], [0.5, 1.0])


def test_what_came_before_the_expert_took_over_is_not_learned():
    places = [0.01 * step for step in range(12)]
    everything, _ = planned(entry(places, [0.0] * 12))
    corrected, _ = planned(entry(places, [0.0] * 12, shown_from=7))
    assert (len(everything), len(corrected)) == (11, 4)
    tokens = np.zeros((12, 1, 6))
    assert (
        _samples(entry(places, [0.0] * 12, shown_from=12), tokens, (0, 0, *NOWHERE), "right", synergies("h22")) is None
    )


def test_actions_in_other_synergies_move_the_fingers_as_they_did(recorded):
    from bunraku.learning.frames import SIDE_ACTION, SYNERGIES, Synergies

    rng = np.random.default_rng(0)
    old = synergies("h22")
    mixed = np.linalg.qr(rng.standard_normal((SYNERGIES, SYNERGIES)))[0]
    new = Synergies(old.mean, mixed @ old.basis)
    action = rng.standard_normal((5, 2 * SIDE_ACTION))
    again = recast(action, old, new)
    for side in range(2):
        hand = slice(side * SIDE_ACTION + 6, side * SIDE_ACTION + 6 + SYNERGIES)
        np.testing.assert_allclose(new.posture(again[:, hand]), old.posture(action[:, hand]), atol=1e-9)
        np.testing.assert_array_equal(again[:, side * SIDE_ACTION], action[:, side * SIDE_ACTION])


def test_a_data_set_keeps_the_synergies_of_its_actions(recorded, monkeypatch):
    root, _ = recorded
    finalise(root)
    before = DataSet(root).synergies
    monkeypatch.setattr("bunraku.learning.lerobot.synergies", lambda hand: None)
    np.testing.assert_array_equal(DataSet(root).synergies.basis, before.basis)
