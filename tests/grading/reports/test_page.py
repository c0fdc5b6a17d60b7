import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.escaping import printable
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports.page import details, listed, marked, page, paragraphs, sign, wide
from tests.grading.pages import EVIL, read


def test_a_page_has_a_policy_a_language_a_title_and_no_referrer():
    found = read(page("Grades", "<h1>Grades</h1>"))
    assert {"name": "referrer", "content": "no-referrer"} in found.metas
    assert {"charset": "utf-8"} in found.metas
    assert '<html lang="en">' in page("Grades", "") and "<title>Grades</title>" in page("Grades", "")


def test_a_narrow_page_says_so():
    assert '<main class="narrow">' in page("t", "", narrow=True) and "<main>" in page("t", "")


@pytest.mark.parametrize("text", EVIL)
def test_75_no_text_becomes_markup(text):
    body = (
        paragraphs([text])
        + listed([marked(text)])
        + details(text, text)
        + wide(text, f"<tr><td>{marked(text)}</td></tr>")
    )
    found = read(page(text, body))
    assert printable(text) in found.text


@given(st.text(st.characters(codec=None) | st.sampled_from("<>&'\"`/")))
def test_75_nor_any_other(text):
    assert printable(text, lines=True) in read(page(text, details(text, text))).text


def test_what_stands_between_backticks_is_code_where_they_come_in_pairs():
    assert marked("take `x < y` here") == "take <code>x &lt; y</code> here"
    assert marked("one ` alone <") == "one ` alone &lt;"


@pytest.mark.parametrize("outcome", [*OUTCOMES, "<b>", None, 3])
def test_a_sign_is_for_the_eye_and_its_label_for_everybody(outcome):
    for small in (False, True):
        found = sign(outcome, small=small)
        assert 'aria-hidden="true"' in found and read(page("t", found)).text.strip()
    assert 'class="away"' in sign(outcome, small=True) and 'class="away"' not in sign(outcome)


def test_a_wide_table_scrolls_in_a_box_that_has_a_name_and_can_be_reached_by_the_keyboard():
    found = wide('All "questions"', "<tr><td>1</td></tr>")
    assert 'role="region"' in found and 'tabindex="0"' in found and 'aria-label="All &quot;questions&quot;"' in found
    assert "<caption" in found
