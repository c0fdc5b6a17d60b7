import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.escaping import normalized, printable, safe_name


@pytest.mark.parametrize(
    "given, expected",
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\0b", "a\\x00b"),
        ("\ud800", "\\ud800"),
        ("\u200b\ufeff\u00ad", "\\u200b\\ufeff\\xad"),
        ("\U000e0041", "\\U000e0041"),
        ("two\nlines\tand a tab", "two\\x0alines\\x09and a tab"),
        ("café 日本 λ ²", "café 日本 λ ²"),
    ],
)
def test_77_signs_that_cannot_be_seen_are_spelled_out(given, expected):
    assert printable(given) == expected


def test_77_line_breaks_are_kept_where_lines_are_wanted_but_no_other_sign():
    assert printable("a\r\nb\tc\x07\rd\u2028e", lines=True) == "a\nb\tc\\x07\\x0dd\\u2028e"


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_77_nothing_unseen_is_left_of_any_text(text):
    assert not {unicodedata.category(each) for each in printable(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    printable(text).encode("utf-8")  # no half of a pair is left


def test_long_text_is_cut_and_says_so():
    assert printable("x" * 12, most=10) == "xxxxxxxxxx … (2 more characters)"
    assert printable("x" * 10, most=10) == "x" * 10


@pytest.mark.parametrize("plain", ["anna", "12345", "anna.b-c_d", "s01"])
def test_a_plain_id_is_its_own_file_name(plain):
    assert safe_name(plain) == plain


AWKWARD = ["Anna", "ANNA", "../etc/passwd", "..", ".", "", "con", "nul.txt", "a/b", "a\\b", "a\0b", "é", "e\u0301"]
AWKWARD += [".hidden", "-rf", "anna.", "a" * 300, "日本", "\ud800", "lpt1", "a:b", "~", "anna\n", "x-0123456789ab"]


def test_awkward_ids_get_names_that_are_safe_and_never_shared():
    names = [safe_name(each) for each in [*AWKWARD, "anna"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", name) and ".." not in name for name in names)
    assert safe_name(safe_name("Anna")) != safe_name("Anna")  # no id can ask for another's name


@given(st.text(), st.text())
def test_different_ids_never_share_a_file_name(one, other):
    assert one == other or safe_name(one) != safe_name(other)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", safe_name(one))


def test_two_spellings_of_a_name_are_the_same():
    assert normalized(" Jos\u0065\u0301 ") == normalized("JOSÉ")
