import csv
import io
import os
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.lateness import Extension, Policy
from nstlib.grading.records import gradebook
from nstlib.grading.records.gradebook import build, format_points, gradebook_csv, score
from tests.grading.made_up import DUE, POINTS, override, question, record, students

TEN = Policy({"": DUE}, per_day=Decimal(10), cap=Decimal(50))


def rows(records, roster=(), overrides=(), policy=TEN):
    return build(records, roster, overrides, policy, POINTS)


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def only(records, **more):
    (row,) = rows(records, **more)
    return row


def test_a_row_a_student_a_column_a_question_sorted():
    lines = table(gradebook_csv(rows([record("ben"), record("anna", hours=30)], students("ben", "anna")), POINTS))
    heading = "student ex01.unroll ex01.content_cost ex02.gram raw days_late penalty override total max status flags"
    assert list(lines[0]) == heading.split()
    assert [row["student"] for row in lines] == ["anna", "ben"]
    assert list(lines[0].values()) == ["anna", "4", "6", "8", "18", "2", "3.6", "", "14.4", "18", "graded", "late"]
    assert list(lines[1].values()) == ["ben", "4", "6", "8", "18", "0", "0", "", "18", "18", "graded", ""]


def test_17_points_come_from_the_bundle_and_a_record_that_claims_more_is_graded_again():
    forged = record("eve", questions={"ex02.gram": question(points=80) | {"of": 80}})
    for claim in (80, 8.01, -1, "nan", "inf", None, "many", [8]):
        forged["questions"]["ex02.gram"]["points"] = claim
        row = only([forged])
        assert (row.raw, row.max, row.status) == (0, 18, "ungraded")
    forged["questions"]["ex02.gram"] |= {"points": 8, "of": 80}
    assert (only([forged]).raw, only([forged]).max) == (8, 18)


def test_points_without_a_verdict_that_earns_them_are_no_points():
    for outcome in ("not yet", "raised", "timeout", "protocol", "PASS", None):
        row = only([record("eve", questions={"ex02.gram": question(outcome, points=8)})])
        assert (row.raw, row.status, row.answers["ex02.gram"].outcome) == (0, "ungraded", "ungraded")
    part = question("not yet", points=4, misconception="detached")
    assert only([record("eve", questions={"ex02.gram": part})]).raw == 4


def test_30_who_submitted_nothing_has_a_row_that_says_so():
    lines = table(gradebook_csv(rows([record("anna")], students("anna", "ben")), POINTS))
    assert list(lines[1].values()) == ["ben", "", "", "", "", "", "", "", "", "18", "no_submission", ""]
    assert [row.status for row in rows([], students("anna", "ben"))] == ["no_submission"] * 2
    assert gradebook.tests_csv(rows([], students("ben")), POINTS).count("\n") == 1


def test_who_is_not_in_the_roster_is_not_lost():
    student_rows = rows([record("zoe"), record(None, path="x/notes.ipynb")], students("anna"))
    assert [row.student for row in student_rows] == ["anna", "unknown: x/notes.ipynb", "zoe"]
    assert [row.flags for row in student_rows[1:]] == [("not_in_roster",)] * 2
    assert only([record("zoe")]).flags == ()  # without a roster nobody is missing from it


def test_a_name_spelled_otherwise_is_the_rosters():
    student_rows = rows([record("JOSE\u0301")], students("josé"), [override(" Jos\u00e9 ", "ex02.gram", 1)])
    assert [(row.student, row.total) for row in student_rows] == [("josé", 11)]


def test_what_could_not_be_graded_is_empty_and_never_zero():
    row = only([record("anna", ungraded=["ex02.gram"], questions={"ex01.unroll": question(name="ex01.unroll")})])
    line = table(gradebook_csv([row], POINTS))[0]
    assert (row.status, line["ex02.gram"], line["ex01.unroll"], line["ex01.content_cost"]) == ("ungraded", "", "4", "")
    both = record("anna", ungraded=["ex02.gram"])  # a record that holds a verdict, too
    assert only([both]).answers["ex02.gram"].points is None


def test_a_notebook_that_could_not_be_read_is_rejected_with_its_reason():
    row = only([record("anna", questions={}, reject="not_json")])
    assert (row.status, row.flags, row.total) == ("rejected", ("reject:not_json",), 0)


# Several files, several gradings


def test_a_later_record_of_the_same_file_replaces_the_earlier():
    first = record("anna", questions={}, ungraded=list(POINTS))
    assert only([first, record("anna")]).raw == 18
    assert only([record("anna"), first]).status == "ungraded"  # old marks do not pass for new ones


def test_each_question_counts_from_the_last_file_in_which_it_was_tried():
    stub = {"ex01.unroll": question("missing", name="ex01.unroll"), "ex02.gram": question()}
    right = {"ex01.unroll": question(name="ex01.unroll"), "ex02.gram": question("missing")}
    one, two = record("anna", -5, "ex01.ipynb", right), record("anna", 20, "ex02.ipynb", stub)
    for order in ([one, two], [two, one]):
        row = only(order)
        assert (row.raw, row.days_late, row.penalty) == (12, 1, Decimal("0.8"))
        assert row.late["ex01"].days == 0 and row.late["ex02"].days == 1


def test_a_superseded_file_counts_nothing():
    old = record("anna", -5, "old.ipynb", flags=["superseded"])
    new = record("anna", -1, "new.ipynb", {"ex02.gram": question("not yet")})
    row = only([old, new])
    assert (row.raw, row.flags) == (0, ("superseded",))


def test_two_wrong_answers_the_later_counts():
    early = record("anna", -5, "a.ipynb", {"ex02.gram": question()})
    late = record("anna", -1, "b.ipynb", {"ex02.gram": question("raised")})
    assert only([late, early]).answers["ex02.gram"].outcome == "raised"


@pytest.mark.parametrize("outcome", ["infra", "ungraded"])
def test_a_fault_of_ours_is_never_a_zero_whatever_points_stand_in_the_record(outcome):
    row = only([record("anna", questions={"ex02.gram": question(outcome, points=0)})])
    assert (row.status, row.answers["ex02.gram"].points) == ("ungraded", None)


# Lateness


def test_without_a_time_nothing_is_late_and_a_flag_says_so():
    for time in (None, "", "2027-03-05T10:00:00"):
        row = only([record("anna", time=time)])
        assert (row.penalty, row.flags) == (0, ("no_time",))


def test_an_extension_moves_the_due_date_of_its_student():
    policy = Policy({"": DUE}, per_day=Decimal(10), extensions=(Extension("Anna", Decimal(2), "ex02"),))
    student_rows = rows([record("anna", 30), record("ben", 30)], policy=policy)
    assert [row.penalty for row in student_rows] == [2, Decimal("3.6")]


def test_a_due_date_that_moves_changes_the_penalty_and_not_what_was_graded():
    moved = Policy({"": DUE + timedelta(days=7)}, per_day=Decimal(10))
    before, after = only([record("anna", 30)]), only([record("anna", 30)], policy=moved)
    assert before.penalty > after.penalty == 0 and before.answers == after.answers


# Overrides


def test_83_an_override_is_applied_last_and_survives_a_regrade():
    given = [override("anna", "ex02.gram", 5.5)]
    first = only([record("anna", 30)], overrides=given)
    regraded = record("anna", 30, questions={"ex02.gram": question("not yet")})
    second = only([record("anna", 30), regraded], overrides=given)
    assert first.total == (4 + 6) * Decimal("0.8") + Decimal("5.5") and second.total == Decimal("5.5")
    for row in (first, second):  # the question is worth what the instructor says, late or not
        assert "override:ex02.gram" in row.flags and row.total == row.raw - row.penalty + row.override


def test_83_an_override_settles_what_could_not_be_graded_or_was_never_submitted():
    ungraded = record("anna", ungraded=["ex02.gram"], questions={"ex01.unroll": question(name="ex01.unroll")})
    row = only([ungraded], overrides=[override("anna", "ex02.gram", 6)])
    assert (row.status, row.total) == ("graded", 10)
    absent = only([], roster=students("ben"), overrides=[override("ben", "ex02.gram", 6)])
    assert (absent.status, absent.total, absent.override) == ("no_submission", 6, 6)


def test_an_override_for_a_student_whom_nobody_knows_shows():
    student_rows = rows([record("anna")], students("anna"), [override("ana", "ex02.gram", 6)])
    assert [(row.student, row.flags) for row in student_rows] == [
        ("ana", ("not_in_roster", "override:ex02.gram")),
        ("anna", ()),
    ]


# Tables


def test_the_long_table_has_a_row_a_test_and_nothing_that_differs_from_run_to_run():
    wrong = question("not yet", misconception="divided-by-M", warnings=["duplicate"])
    lines = table(gradebook.tests_csv(rows([record("anna", questions={"ex02.gram": wrong})]), POINTS))
    assert [row["test"] for row in lines] == ["ex02.gram.1", "ex02.gram.2", "ex02.gram.3"]
    assert lines[0] == {
        "student": "anna",
        "question": "ex02.gram",
        "outcome": "not yet",
        "misconception": "divided-by-M",
        "points": "0",
        "of": "8",
        "test": "ex02.gram.1",
        "verdict": "not yet",
        "detail": "",
        "error_ratio": "0.001",
    }
    missing = record("anna", questions={"ex02.gram": question("missing", tests=[])})
    assert table(gradebook.tests_csv(rows([missing]), POINTS))[0]["test"] == ""


def test_76_no_cell_of_the_tables_is_a_formula():
    evil = '=HYPERLINK("http://x","a,b")\n'
    bad = question(evil, misconception=evil, warnings=[evil])
    bad["tests"][0] |= {"id": evil, "verdict": evil, "detail": evil}
    student_rows = rows([record(evil, questions={"ex02.gram": bad}, flags=[evil, "+1"])])
    for text in (gradebook_csv(student_rows, POINTS), gradebook.tests_csv(student_rows, POINTS)):
        for row in table(text):
            assert not any(value.startswith(("=", "+", "@", "\t")) for value in row.values())
    assert table(gradebook_csv(student_rows, POINTS))[0]["student"].startswith("'=HYPERLINK")


def test_an_override_that_takes_points_is_a_negative_number_and_no_text():
    student_rows = rows([record("anna")], overrides=[override("anna", "ex02.gram", 5.5)])
    assert table(gradebook_csv(student_rows, POINTS))[0]["override"] == "-2.5"


def test_gradebook_holds_no_time_path_or_host_name():
    row = record("anna", 30, path="anna/all.ipynb", environment={"host": "grader7"})
    text = gradebook_csv(rows([row, record(None, path="lost.ipynb")]), POINTS)
    assert not any(word in text for word in ("all.ipynb", "2027", ":59", "grader7"))


def test_66_the_gradebook_is_rebuilt_from_the_journal_whatever_was_written_into_it(tmp_path):
    student_rows = rows([record("anna"), record("eve", questions={"ex02.gram": question("not yet")})])
    gradebook.write(tmp_path, student_rows, POINTS)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    (tmp_path / "gradebook.csv").write_text("student,total\neve,18\n")
    (tmp_path / "tests.csv").unlink()
    (tmp_path / "tests.csv").symlink_to(tmp_path / "elsewhere.csv")
    gradebook.write(tmp_path, student_rows, POINTS)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before
    assert not (tmp_path / "tests.csv").is_symlink() and sorted(before) == ["gradebook.csv", "tests.csv"]


@pytest.mark.parametrize("number, text", [("8", "8"), ("7.50", "7.5"), ("100", "100"), ("-0.00", "0"), ("1E+2", "100")])
def test_numbers_have_no_needless_zeros(number, text):
    assert format_points(Decimal(number)) == text


# Bonus questions

BONUS = frozenset({"ex02.gram"})


def with_bonus(records, **more):
    (row,) = build(records, [], more.get("overrides", ()), TEN, POINTS, bonus=BONUS)
    return row


def test_a_bonus_is_added_and_leaves_the_hundred_as_it_is():
    row = with_bonus([record("anna")])
    assert (row.raw, row.max, row.bonus, row.bonus_max, row.total) == (10, 10, 8, 8, 18)
    assert score(row) == "10 of 10 points, bonus 8 of 8: 18 in all"
    without = with_bonus([record("anna", questions={"ex01.unroll": question(name="ex01.unroll")})])
    assert score(without) == "4 of 10 points, bonus 0 of 8: 4 in all"
    assert score(only([record("anna")])) == "18 of 18 points"


def test_a_bonus_is_late_and_overridden_like_everything_else():
    late = with_bonus([record("anna", hours=30)])
    assert (late.raw, late.penalty, late.bonus, late.total) == (10, 2, Decimal("6.4"), Decimal("14.4"))
    given = with_bonus([record("anna", hours=30)], overrides=[override("anna", "ex02.gram", 7)])
    assert (given.override, given.bonus, given.total) == (0, 7, 15)


def test_the_gradebook_has_columns_for_a_bonus_where_there_is_one():
    (line,) = table(gradebook_csv([with_bonus([record("anna", hours=30)])], POINTS))
    heading = "raw days_late penalty override bonus total max bonus_max status flags"
    assert list(line)[4:] == heading.split()
    assert list(line.values())[4:12] == ["10", "2", "2", "", "6.4", "14.4", "10", "8"]
    unread = with_bonus([record("anna", questions={}, reject="not_json")])
    assert list(table(gradebook_csv([unread], POINTS))[0].values())[4:12] == ["", "", "", "", "", "", "10", "8"]


def test_a_bonus_alone_is_a_score_too():
    points = {"ex02.gram": 8}
    (row,) = build([record("anna", questions={"ex02.gram": question()})], [], [], TEN, points, bonus=BONUS)
    assert score(row) == "8 of 8 bonus points" and (row.max, row.total) == (0, 8)


# Whatever the records

names = st.sampled_from(["anna", "ben", "cleo", "Ben"])
outcome = st.sampled_from(["correct", "not yet", "missing", "raised", "ungraded", "not attempted"])
answers = st.dictionaries(st.sampled_from(list(POINTS)), outcome).map(
    lambda outcomes: {name: question(what, name=name) for name, what in outcomes.items()}
)
submission = st.builds(
    record,
    names,
    st.integers(-50, 200).map(float),
    st.sampled_from(["a.ipynb", "b.ipynb", "c.ipynb"]),
    answers,
    ungraded=st.lists(st.sampled_from(list(POINTS)), max_size=1),
)
submissions = st.lists(submission, max_size=8, unique_by=lambda entry: (entry["student"].lower(), entry["path"]))
given_points = st.lists(
    st.builds(override, names, st.sampled_from(list(POINTS)), st.decimals(0, 9, places=2)),
    max_size=3,
    unique_by=lambda entry: (entry.student.lower(), entry.question),
)


@given(submissions, given_points, st.randoms(use_true_random=False))
def test_the_order_of_the_journal_does_not_matter(records, overrides, chance: random.Random):
    mixed = records[:]
    chance.shuffle(mixed)
    roster = students("anna", "ben")
    one, other = rows(records, roster, overrides), rows(mixed, roster, overrides)
    assert [row.total for row in one] == [row.total for row in other]
    assert gradebook_csv(one, POINTS) == gradebook_csv(other, POINTS)


@given(submissions, given_points)
def test_sums_are_sums_and_within_bounds(records, overrides):
    for row in rows(records, overrides=overrides):
        assert row.raw == sum((answer.points or 0 for answer in row.answers.values()), Decimal(0)) <= row.max
        assert 0 <= row.penalty <= row.raw / 2
        assert row.total == row.raw - row.penalty + row.override
        for name, entry in row.overrides.items():
            assert row.overrides[name].points == entry.points
        if set(row.overrides) == set(POINTS):
            assert row.total == sum(entry.points for entry in row.overrides.values())


@given(submissions, given_points)
def test_a_question_counts_the_same_as_a_bonus(records, overrides):
    plain = rows(records, overrides=overrides)
    extra = build(records, [], overrides, TEN, POINTS, bonus=BONUS)
    assert [row.total for row in extra] == [row.total for row in plain]
    assert {(row.max, row.bonus_max) for row in extra} <= {(10, 8)}


@given(submissions, submission)
def test_nobodys_row_depends_on_another_student(records, more):
    before = {row.student.lower(): row for row in rows(records)}
    after = {row.student.lower(): row for row in rows([*records, more | {"path": "new.ipynb"}])}
    assert all(after[name] == row for name, row in before.items() if name != more["student"].lower())


def test_of_several_tries_in_one_archive_the_one_changed_last_counts_and_that_is_flagged():
    old = record("anna", path="a.zip/ex02_final.ipynb", within="2027-01-05T12:00:00+00:00")
    new = record("anna", path="a.zip/ex02.ipynb", within="2027-01-09T12:00:00+00:00")
    old["questions"]["ex02.gram"] = question("not yet")
    for records in ([old, new], [new, old]):
        (row,) = build(records, [], [], Policy(), POINTS)
        assert row.answers["ex02.gram"].outcome == "correct" and "order_from_zip" in row.flags
    (row,) = build([new], [], [], Policy(), POINTS)
    assert "order_from_zip" not in row.flags


def test_an_exercise_that_was_not_tried_is_not_late_and_costs_no_free_day():
    policy = Policy({"ex01": DUE, "ex02": DUE + timedelta(days=10)}, per_day=Decimal(10), free_days=2)
    late = record("anna", hours=24 * 11)  # a day after ex02 was due, eleven after ex01
    for name in ("ex01.unroll", "ex01.content_cost"):
        late["questions"][name] = question("missing", name=name, tests=[])
    (row,) = build([late], [], [], policy, POINTS)
    assert set(row.late) == {"ex02"} and (row.late["ex02"].free, row.penalty) == (1, 0)
    assert set(row.received) == {"ex02"} and row.received["ex02"].file == "anna/all.ipynb"
