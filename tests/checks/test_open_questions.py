"""Questions that a person marks: with those of the checks they make a hundred points, beside a bonus of ten."""

import dataclasses

import pytest

from nstlib import checks
from nstlib.checks import ex04, progress
from nstlib.checks.open_questions import OPEN
from nstlib.grading.bundle import bundle, rubric
from nstlib.grading.csv_files import TableError


def test_all_questions_together_have_a_hundred_points():
    judged = sum(question.points for question in checks.all_questions().values() if not question.bonus)
    assert judged + sum(question.points for question in OPEN.values()) == 100


def test_ten_bonus_points_come_on_top_all_of_one_exercise():
    extra = [question for question in checks.all_questions().values() if question.bonus]
    assert sum(question.points for question in extra) == 10
    assert {question.id[:4] for question in extra} == {"ex09"}


def test_the_notebook_says_that_it_is_marked_by_hand_and_by_what():
    assert str(ex04.claim.criteria()).startswith("ex04.claim — marked by hand, up to 6 points")
    assert len(ex04.claim.criteria().sentences) == len(ex04.claim.by) == 4
    assert "○ ex04.claim: marked by hand, up to 6 points" in str(ex04.progress())
    one = dataclasses.replace(ex04.claim, by=ex04.claim.by[:1])
    assert str(progress.table("Exercise 04", [], [one])).endswith("marked by hand, up to 1 point")


def test_the_table_of_criteria_is_one_that_the_grader_reads(tmp_path):
    (tmp_path / "rubric.csv").write_text(rubric.text(OPEN.values()), encoding="utf-8")
    tested = dict.fromkeys(checks.all_questions())
    with pytest.raises(TableError, match="expected a new name"):
        rubric.read_rubric(tmp_path / "rubric.csv", tested | dict.fromkeys(OPEN))


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_new_bundle_has_them_unless_told_otherwise(tmp_path, by_hand, monkeypatch):
    few = {"ex04.balance": checks.all_questions()["ex04.balance"]}
    monkeypatch.setattr(checks, "all_questions", lambda: few)
    made = bundle.new(tmp_path / "bundle", by_hand=by_hand)
    assert list(made.questions) == ["ex04.balance", *(OPEN if by_hand else [])]
    if by_hand:
        assert [one.points for one in made.questions["ex04.claim"].criteria] == [1, 2, 2, 1]
        assert made.points["ex04.claim"] == 6
