import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunraku.vision import absence
from bunraku.vision.absence import ABSENCE, Gaps, absences, last_of_each, pack, unpack


def histories(draw):
    """Random ends and resumptions of pieces, as they are written, and which pieces hold at the end."""
    written, since = [], {}
    for time in range(1, draw(st.integers(1, 12))):
        for piece in draw(st.sets(st.integers(0, 40), max_size=8)):
            if piece in since:
                written.append((piece, since.pop(piece), float(time)))
            else:
                since[piece] = float(time)
                written.append((piece, float(time), np.inf))
    return np.array(written, ABSENCE), since


@given(st.data())
def test_the_present_state_follows_from_the_records_in_any_order(data):
    written, since = histories(data.draw)
    order = data.draw(st.permutations(range(len(written))))
    last = last_of_each(unpack(pack(written[list(order)])))
    assert {int(a["piece"]): float(a["since"]) for a in last if np.isinf(a["until"])} == since


@given(st.data())
def test_packing_loses_nothing(data):
    written, _ = histories(data.draw)
    packed = pack(written)
    assert len(packed) <= len(written)
    assert set(unpack(packed).tolist()) == set(written.tolist())


def test_gaps_are_bounded_and_found_by_time(monkeypatch):
    monkeypatch.setattr(absence, "MOST_GAPS", 100)
    gaps = Gaps()
    for time in range(200):
        gaps.add(absences(np.array([16 * (time % 20)]), float(time), time + 5.0))
        gaps.forget(np.arange(20))
    assert sorted(gaps.at(199.5)["piece"] // 16) == list(range(15, 20))
    assert len(gaps.at(10.5)) == 0
    assert len(gaps.at(195.0)) == 4
