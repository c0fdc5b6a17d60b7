"""What a check shows, as text and as HTML, and what it keeps: tries and points."""

import dataclasses
import json
import re

import pytest
import torch

from nstlib import checks
from nstlib.checks import ex02, number_messages, progress
from nstlib.checks.results import Result, Text

gram = checks.all_questions()["ex02.gram"]


def right(features):
    return features.flatten(1) @ features.flatten(1).T


def by_m(features):
    return right(features) / features[0].numel()


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.delenv("NST_TEST")
    monkeypatch.setattr(progress, "user_data_path", lambda name: tmp_path / name)
    return tmp_path / "nstlib" / "progress.json"


def test_a_message_has_call_cause_and_next_step():
    text = str(gram.check(by_m))
    lines = text.splitlines()
    assert lines[0].startswith("✗ ex02.gram — not yet") and lines[0].endswith("0 of 4 points")
    assert "We called `gram_matrix(features)` with" in lines[1]
    assert lines[2].split() == ["features", "your", "answer", "expected"]
    assert "times too small" in lines[-2] and "you divided by the positions" in lines[-2]
    assert lines[-1].split("     ") == ["  Hint: ex02.gram.hint()", "Reread: lesson 02, section 1"]


def test_html_says_the_same_words_without_colours_of_its_own():
    result = gram.check(by_m)
    html = result._repr_html_()
    plain = re.sub(r"<[^>]+>", " ", html)
    for word in re.findall(r"[\w²]+", str(result)):
        assert word in plain
    assert "color:" not in html.replace("currentColor", "") and "background" not in html
    assert 'aria-label="ex02.gram: not yet"' in html and "<code>gram_matrix(features)</code>" in html


def test_html_escapes_what_a_learner_wrote():
    def evil(features):
        raise ValueError("<script>alert(1)</script>")

    html = gram.check(evil)._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_require_raises_for_a_wrong_answer_alone():
    assert gram.check(right).require().points == 4
    with pytest.raises(AssertionError, match="you divided by the positions"):
        gram.check(by_m).require()
    with pytest.raises(AssertionError):
        gram.check(lambda features: right(features).detach()).require()


def test_under_nbgrader_a_wrong_answer_raises(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert gram.check(right).outcome == "correct"
    with pytest.raises(AssertionError):
        gram.check(by_m)


def test_part_points_only_for_a_mistake_with_a_stated_credit():
    half = gram.check(lambda features: right(features).detach())
    assert (half.misconception, half.points) == ("detached", 2)
    assert gram.check(by_m).points == 0


def test_what_is_no_function_is_met_with_a_sentence():
    assert "not a function" in gram.check(right(torch.ones(2, 1, 1))).message
    assert "without brackets" in gram.check(None).message
    assert "Expected your function, got nothing. Pass gram_matrix itself" in gram.check().message


def test_a_call_that_depends_on_chance_or_the_call_before_does_not_pass():
    calls = []

    def once(features):
        calls.append(1)
        return right(features) * (1 if len(calls) <= len(gram.public_cases) else 2)

    assert "second call" in gram.check(once).message


def test_tries_points_and_hints_are_kept_and_forgotten(kept):
    assert gram.check(by_m).tries == 1
    assert "try 2" in str(gram.check(right))
    again = gram.check(by_m)
    assert again.tries == 3 and "0 of 4 this time, your best: 4 · try 3" in str(again)
    assert gram.hint().title.startswith("Hint 1") and gram.hint().title.startswith("Hint 2")
    assert gram.hint().title.startswith("Hint 3") and gram.hint().title.startswith("Hint 3")
    gram.solution()
    entry = json.loads(kept.read_text())["ex02.gram"]
    assert entry == {"tries": 3, "points": 4, "outcome": "correct", "hints": 3, "solution": True}
    assert "✓ ex02.gram: correct, 4 of 4 points, tries: 3, solution seen" in str(ex02.progress())
    assert "4 of 20 points" in str(ex02.progress())
    checks.reset()
    assert not kept.exists() and "0 of 20 points" in str(ex02.progress())


def test_bonus_points_are_called_so_and_counted_apart(kept):
    extra = dataclasses.replace(gram, id="ex02.extra", bonus=True)
    assert str(extra.check(right)).splitlines()[0].endswith("4 of 4 bonus points · try 1")
    lines = progress.table("Exercise", [gram, extra]).sentences
    assert lines[1:] == (
        "✓ ex02.extra: correct, 4 of 4 bonus points, tries: 1", "0 of 4 points", "4 of 4 bonus points",
    )  # fmt: skip


def test_a_stub_is_no_try(kept):
    def stub(features):
        raise NotImplementedError

    assert gram.check(stub).tries == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"ex02.gram": 3}', "\x00"])
def test_a_broken_file_counts_as_none(kept, text):
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    assert gram.check(right).tries == 1


def test_a_file_that_cannot_be_written_costs_nothing(kept):
    kept.parent.mkdir(parents=True)
    kept.mkdir()
    assert gram.check(right).outcome == "correct"


def test_in_test_mode_nothing_is_kept():
    gram.check(by_m)
    assert gram.check(by_m).tries is None and not progress.file().exists()


def test_texts_and_results_read_alike_everywhere():
    text = Text("Title", ("one `code`", "two\nlines"), "x = 1")
    assert str(text) == repr(text) == "Title\n  one `code`\n  two\n  lines\n    x = 1"
    assert "<code>code</code>" in text._repr_html_() and "two<br>lines" in text._repr_html_()
    odd = Result("q", "not yet", 0, 1, None, ("an odd ` sign",))
    assert "an odd ` sign" in odd._repr_html_()


def test_where_to_reread_is_a_link_once_the_book_is_published(published):
    shown = gram.check(by_m)._repr_html_()
    assert f'<a href="{published}/notebooks/02_gram_matrix.html#lesson-02-section-1" target="_blank"' in shown
    assert "Reread: lesson 02, <a" in shown and ">section 1</a>" in shown and "ex02.gram.hint()" in shown
    assert "Reread: lesson 02, section 1" in str(gram.check(by_m))


def test_without_a_published_book_where_to_reread_is_plain_words():
    shown = gram.check(by_m)._repr_html_()
    assert "Reread: lesson 02, section 1" in shown and "<a" not in shown
    assert "Reread" not in gram.check(right)._repr_html_()


def test_every_kind_has_a_name_in_words():
    kinds = {kind for question in checks.all_questions().values() for kind in question.kinds}
    assert kinds <= set(number_messages.KINDS)


def test_a_row_of_numbers_is_scrolled_where_it_does_not_fit_and_never_broken():
    (style,) = re.findall(r'<pre style="([^"]*)">', gram.check(by_m)._repr_html_())
    assert "white-space: pre;" in style and "overflow-x: auto" in style


def test_one_point_is_called_a_point():
    one = checks.all_questions()["ex05.total_cost"]
    assert str(one.check(lambda *given: 0)).splitlines()[0].endswith("0 of 1 point")
    assert "0 of 1 point, tries" in str(progress.table("Exercise 05", [one]))


def test_of_a_program_to_repair_the_line_that_stops_it_is_to_be_deleted():
    def stub(*given):
        raise NotImplementedError("ex05.bug_hunt")

    said = checks.all_questions()["ex05.bug_hunt"].check(stub)
    assert said.outcome == "not attempted" and "delete its line `raise NotImplementedError(…)`" in said.message
