"""Windows over a long text: every word is judged once, with text around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_model.corpus.pii.windows import windows

pytestmark = pytest.mark.unit

LENGTHS = st.lists(st.integers(1, 12), max_size=400)


@given(LENGTHS)
def test_every_word_is_judged_in_exactly_one_window(lengths: list[int]) -> None:
    judged = [place for window in windows(lengths, 60, 15) for place in range(window.first, window.last)]
    assert judged == list(range(len(lengths)))


@given(LENGTHS)
def test_no_window_is_longer_than_the_model_reads_and_none_judges_what_it_does_not_read(lengths: list[int]) -> None:
    for start, end, first, last in windows(lengths, 60, 15):
        assert sum(lengths[start:end]) <= 60
        assert start <= first < last <= end


@given(LENGTHS)
def test_every_word_is_judged_with_a_border_of_text_where_the_text_goes_on(lengths: list[int]) -> None:
    for start, end, first, last in windows(lengths, 80, 15):
        assert start == 0 or sum(lengths[start:first]) >= 15
        assert end == len(lengths) or sum(lengths[last:end]) >= 15
