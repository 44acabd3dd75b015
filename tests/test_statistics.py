import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.statistics import mcnemar, paired_difference

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(pairs)
def test_a_paired_difference_lies_in_its_interval(found):
    difference, low, high = paired_difference(found)
    assert -1 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1


@given(pairs)
def test_who_is_named_first_changes_only_the_sign(found):
    difference, low, high = paired_difference(found)
    turned = paired_difference([(second, first) for first, second in found])
    assert turned == pytest.approx((-difference, -high, -low))
    assert mcnemar(found) == pytest.approx(mcnemar([(second, first) for first, second in found]))


def test_pairs_that_agree_tell_a_difference_better_than_pairs_that_do_not():
    alike = [(True, True)] * 40 + [(True, False)] * 8 + [(False, False)] * 12
    mixed = [(True, True)] * 32 + [(True, False)] * 16 + [(False, True)] * 8 + [(False, False)] * 4
    (same, low, _), (also, wide, _) = paired_difference(alike), paired_difference(mixed)
    assert same == also
    assert low > wide
    assert mcnemar(alike) == pytest.approx(2 * 0.5**8)
    assert mcnemar([(True, True)] * 5) == 1.0


def test_no_pairs_are_refused():
    with pytest.raises(ValueError, match="no pairs"):
        paired_difference([])
