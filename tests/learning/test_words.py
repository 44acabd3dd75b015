import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunraku.learning.words import BUCKETS, EMPTY, LONGEST, buckets


@given(st.text())
def test_any_text_becomes_a_fixed_number_of_buckets(text):
    found = buckets(text)
    assert found.shape == (LONGEST,)
    assert ((found >= 0) & (found < BUCKETS)).all()


def test_the_same_words_fall_into_the_same_buckets_whatever_their_case_and_marks():
    np.testing.assert_array_equal(buckets("Pick up the RED cube!"), buckets("pick up the red cube"))


def test_nothing_is_heard_of_silence():
    assert (buckets("") == EMPTY).all()


def test_japanese_is_heard_by_pairs():
    assert len(set(buckets("赤い立方体を取って")) - {EMPTY}) == 9
    assert set(buckets("赤い立方体")) & set(buckets("赤いボール")) - {EMPTY}
