import numpy as np
import pytest
from hypothesis import given, settings
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
    pieces = 16 * np.arange(20)

    def hidden(time: float) -> list[float]:
        since = gaps.since(pieces, time)
        return sorted(since[~np.isnan(since)].tolist())

    assert hidden(199.5) == [195, 196, 197, 198, 199]
    assert hidden(10.5) == []
    assert hidden(195.0) == [191, 192, 193, 194]
    assert np.isnan(gaps.since(pieces + 1, 199.5)).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 3)), max_size=60), st.data())
def test_the_gap_of_a_piece_is_found_whenever_it_was_added(steps, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absence, "MOST_UNSETTLED", data.draw(st.integers(1, 20)))
        gaps, last, every = Gaps(), [0.0] * 5, []
        for piece, shown, gone in steps:
            since, until = last[piece] + shown, last[piece] + shown + gone
            last[piece] = until
            gaps.add(absences(np.array([piece]), since, until))
            every.append((piece, since, until))
            time = data.draw(st.integers(0, int(until) + 2)) + 0.5
            found = gaps.since(np.arange(6), time)
            for other in range(6):
                inside = [a for p, a, b in every if p == other and a < time < b]
                assert inside == ([] if np.isnan(found[other]) else [found[other]])
