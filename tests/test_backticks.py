"""Sentences with code in them, as the notebook's checks and the grader's pages split them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.backticks import code_spans


@pytest.mark.parametrize(
    "sentence, code",
    [
        ("take `x < y` here", ["x < y"]),
        ("`a` and `b`", ["a", "b"]),
        ("no code", []),
        ("", []),
        ("one ` alone", []),
        ("`a` and ` alone", []),
        ("``", [""]),
    ],
)
def test_what_stands_between_backticks_is_code_where_they_come_in_pairs(sentence, code):
    assert [piece for piece, is_code in code_spans(sentence) if is_code] == code


def test_an_odd_backtick_is_an_ordinary_character():
    assert code_spans("`a` and ` alone") == [("`a` and ` alone", False)]


@given(st.text(st.sampled_from("`ab <")))
def test_nothing_of_a_sentence_is_lost(sentence):
    assert "".join(f"`{piece}`" if is_code else piece for piece, is_code in code_spans(sentence)) == sentence
