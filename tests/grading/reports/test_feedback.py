"""Students' pages: in the notebook's words, and nothing that was hidden."""

import os
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.escaping import printable
from nstlib.grading.records.gradebook import Answer, build
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports import feedback
from nstlib.grading.reports.page import made_by, render
from tests.grading.made_up import DUE, POINTS, SECRET, a_class, graded_questions, override, question, record
from tests.grading.pages import EVIL, read

ASKED = graded_questions()
TEXT = st.text(st.characters(codec=None) | st.sampled_from("<>&'\"`/"), max_size=200)


def rows(records, roster=(), overrides=(), policy=None):
    return build(records, roster, overrides, policy or Policy({"": DUE}, per_day=Decimal(10)), POINTS)


def row(**answer):
    return rows([record("anna", questions={"ex02.gram": question(**answer)})])[0]


def page_text(row):
    return read(feedback.html(row, ASKED, "Autumn")).text


def sentences(answer, name="ex02.gram"):
    return feedback.sentences(answer, ASKED[name])


# A bonus


def test_a_bonus_is_shown_apart():
    asked = ASKED | {"ex02.gram": replace(ASKED["ex02.gram"], bonus=True)}
    (row,) = build([record("anna")], [], [override("anna", "ex02.gram", 7)], Policy(), POINTS, bonus=["ex02.gram"])
    text = read(feedback.html(row, asked, "Autumn")).text
    assert "10 of 10 points, bonus 7 of 8: 17 in all" in text
    assert "2 of 2 questions and 1 of 1 bonus questions are right." in text
    assert "7 of 8 bonus, by your instructor" in text and "ex02.gram counts 7 of 8 bonus points" in text
    assert "8 of 8 bonus points" in text and "4 of 4 points" in text
    assert "bonus" not in page_text(rows([record("anna")])[0])


def test_what_lateness_takes_from_a_bonus_is_said():
    policy = Policy({"": DUE}, per_day=Decimal(10))
    (row,) = build([record("anna", 30)], [], [], policy, POINTS, bonus=["ex02.gram"])
    text = read(feedback.html(row, ASKED | {"ex02.gram": replace(ASKED["ex02.gram"], bonus=True)}, "Autumn")).text
    assert "Altogether, lateness costs 2 of your 10 points and 1.6 bonus points." in text


# Sentences


def test_a_right_answer_is_told_so_in_the_notebooks_words():
    assert sentences(Answer("correct", Decimal(8))) == ["ex02.gram is as it shall be."]


def test_a_known_mistake_is_told_with_the_notebooks_own_call_and_not_a_hidden_one():
    messages = sentences(Answer("not yet", Decimal(0), "divided-by-M"))
    assert messages[1:] == ["We called `gram(features)` with 9 filters.", "Every entry shows divided-by-M: 30 = M."]


@pytest.mark.parametrize("key", ["nothing", "kind:list", "gradient differs"])
def test_other_faults_are_told_by_their_key(key):
    assert sentences(Answer("not yet", Decimal(0), message_keys=(key,))) == [ASKED["ex02.gram"].messages[key]]


def test_a_key_never_brings_a_sentence_about_a_mistake_that_was_not_found():
    assert "Every entry" not in " ".join(
        sentences(Answer("not yet", Decimal(0), message_keys=("mistake:divided-by-M",)))
    )


@pytest.mark.parametrize("detail, misconception", [("nstlib", ""), ("", "calls-nstlib")])
def test_who_asks_nstlib_is_told_so(detail, misconception):
    answer = Answer("raised", Decimal(0), misconception, tests=({"id": "t", "verdict": "raised", "detail": detail},))
    assert sentences(answer) == [feedback.NSTLIB]


def test_who_asks_autograd_is_told_so():
    assert sentences(Answer("not yet", Decimal(0), "uses-autograd")) == ["Your function asks autograd."]


@pytest.mark.parametrize("outcome", [*OUTCOMES, "a word on no list"])
def test_every_outcome_has_a_sentence_and_the_page_shows_it(outcome):
    answer = Answer(outcome, Decimal(0))
    assert all(sentence.strip() for sentence in sentences(answer)) and sentences(answer)
    text = page_text(row(outcome=outcome))
    if outcome == "missing":  # of the only question of its exercise
        assert "Not handed in: ex02." in text
        return
    assert all(sentence.replace("`", "") in text for sentence in sentences(answer))


def test_an_unknown_wrong_answer_is_sent_to_the_check_that_shows_numbers():
    assert "ex02.gram.check(gram)" in sentences(Answer("not yet", Decimal(0)))[-1]


# What is hidden stays hidden


LEAKS = ("LEAKED-LOG", "LEAKED-DETAIL", "LEAKED-WARNING", "LEAKED-ERROR", str(SECRET), "0.5123")


@pytest.mark.parametrize("outcome", [*OUTCOMES, "a word on no list"])
def test_78_79_no_input_expected_value_log_error_or_detail_is_on_a_students_page(outcome):
    test = {"id": "LEAKED-ERROR", "verdict": outcome, "detail": f"LEAKED-DETAIL {SECRET}", "error_ratio": 0.5123}
    tests = [test | {"log": f"LEAKED-LOG {SECRET}", "error": "LEAKED-ERROR"}] * 3
    leaky = row(
        outcome=outcome, tests=tests, warnings=["LEAKED-WARNING"], message_keys=["LEAKED-ERROR"], error="LEAKED-ERROR"
    )
    whole = feedback.html(replace(leaky, flags=("LEAKED-ERROR",)), ASKED, "Autumn")
    assert [leak for leak in LEAKS if leak in whole] == []


@pytest.mark.parametrize("misconception", ["divided-by-M", "uses-autograd", "calls-nstlib", "of another day", ""])
@pytest.mark.parametrize("keys", [(), ("nothing",), ("gradient differs", "kind:list"), ("no such key",)])
def test_78_every_number_of_a_sentence_stands_in_the_notebook_too(misconception, keys):
    public = set(re.findall(r"\d+", " ".join(ASKED["ex02.gram"].messages.values()) + " ex02"))
    messages = " ".join(sentences(Answer("not yet", Decimal(0), misconception, keys)))
    assert set(re.findall(r"\d+", messages)) <= public


def test_78_of_a_hidden_test_only_passed_or_not_is_told():
    tests = [{"id": f"ex02.gram.{n}", "verdict": v} for n, v in enumerate(("correct", "took too long", "raised"), 1)]
    text = page_text(row(outcome="not yet", tests=tests))
    for line in ("Hidden test 1: passed", "Hidden test 2: took too long", "Hidden test 3: raised an error"):
        assert line in text
    assert "ex02.gram.1" not in text


# The account


def test_the_sum_is_explained():
    late = record("anna", 30, questions={name: question(name=name) for name in POINTS})
    text = page_text(rows([late], overrides=[override("anna", "ex01.unroll", 3, "SECRET REASON")])[0])
    for line in (
        "3 of 3 questions are right.",
        "ex01, ex02 came 2 days late: 20 % of their points are taken off.",
        "ex01.unroll counts 3 of 4 points: set by your instructor.",
    ):
        assert line in text
    assert "SECRET REASON" not in text  # reasons are for next term


def test_a_comment_is_for_the_student():
    given = replace(override("anna", "ex01.unroll", 3), comment="Rows first, then columns.")
    text = page_text(rows([record("anna")], overrides=[given])[0])
    assert "On ex01.unroll, your instructor says: Rows first, then columns." in text


def test_what_was_not_right_comes_with_a_hint_and_a_place_to_reread():
    assert "Hint: What are the rows of F?" in page_text(row(outcome="not yet"))
    assert "Reread lesson 02" in page_text(row(outcome="raised"))
    for outcome in ("correct", "ungraded"):
        assert "Hint" not in page_text(row(outcome=outcome))


def test_a_known_mistake_may_have_a_place_of_its_own():
    messages = ASKED["ex02.gram"].messages | {"reread:divided-by-M": "lesson 03, section 3"}
    asked = ASKED | {"ex02.gram": replace(ASKED["ex02.gram"], messages=messages)}
    known = row(outcome="not yet", misconception="divided-by-M")
    assert "Reread lesson 03, section 3" in read(feedback.html(known, asked, "Autumn")).text
    assert "Reread lesson 02, section 1" in page_text(known)


def test_where_to_reread_is_a_link_once_the_book_is_published(published):
    page = feedback.html(row(outcome="not yet"), ASKED, "Autumn")
    address = f"{published}/notebooks/02_gram_matrix.html#lesson-02-section-1"
    assert f'Reread lesson 02, <a href="{address}">section 1</a>.' in page


@pytest.mark.parametrize("text", ["the lecture notes", "<b>lesson 02</b>, section 1", "lesson 02, section 1\n"])
def test_a_place_in_other_words_is_shown_as_it_is(published, text):
    messages = ASKED["ex02.gram"].messages | {"reread": text}
    asked = ASKED | {"ex02.gram": replace(ASKED["ex02.gram"], messages=messages)}
    shown = read(feedback.html(row(outcome="not yet"), asked, "Autumn"))
    assert f"Reread {printable(text)}." in shown.text and not [link for link in shown.links if "://" in link]


@pytest.mark.parametrize(
    "records, status",
    [
        ([], "no_submission"),
        ([record("anna", questions={}, reject="not_json")], "rejected"),
        ([record("anna", ungraded=["ex02.gram"])], "ungraded"),
    ],
)
def test_a_page_for_every_status_says_what_it_is(records, status):
    student_row = rows(records, [Student("anna", "Anna")])[0]
    assert student_row.status == status and feedback.STATUS[status] in page_text(student_row)


@pytest.mark.parametrize("warning", feedback.WARNED)
def test_what_the_student_can_mend_is_told(warning):
    assert feedback.WARNED[warning] in page_text(row(warnings=[warning]))


def test_file_time_and_due_date_are_told_and_an_exercise_without_answers_is_a_line():
    one = record("anna")
    for name in ("ex01.unroll", "ex01.content_cost"):
        one["questions"][name] = question("missing", name=name, tests=[])
    text = page_text(rows([one])[0])
    assert "Not handed in: ex01." in text and "ex01.unroll" not in text
    assert "ex02: graded from anna/all.ipynb, received 1 March 2027, 22:59 UTC, due 1 March 2027, 23:59." in text


def test_what_was_raised_is_told_without_its_message():
    text = page_text(row(outcome="raised", error=f"NameError: {SECRET}", where="NameError in code cell 4, line 2: `K`"))
    assert "NameError in code cell 4, line 2: K." in text and str(SECRET) not in text


# Hostile texts


@pytest.mark.parametrize("evil", EVIL)
def test_75_77_no_text_of_a_student_becomes_markup(evil):
    wrong = question(evil, misconception=evil, warnings=[evil], message_keys=[evil], source=f"x{evil}")
    student_row = rows([record(f"s{evil}", questions={"ex02.gram": wrong}, flags=[evil])], [Student(f"s{evil}", evil)])[
        0
    ]
    page = read(feedback.html(student_row, ASKED, evil or "t"))
    assert printable(f"x{evil}", lines=True) in page.text and printable(student_row.student) in page.text


@given(TEXT, TEXT, TEXT)
def test_75_77_nor_any_other(student, name, source):
    student_row = replace(row(outcome="not yet"), student=student, name=name)
    answers = {"ex02.gram": replace(student_row.answers["ex02.gram"], source=f"x{source}")}
    text = page_text(replace(student_row, answers=answers))
    assert printable(f"x{source}", lines=True) in text


def test_75_a_megabyte_is_no_trouble():
    long = "<b>" * 350_000
    student_rows = rows(
        [record("anna", questions={"ex02.gram": question("not yet", source=long)})], [Student("anna", long)]
    )
    assert "<b>" not in feedback.html(student_rows[0], ASKED, long)


# Files


def class_rows():
    records, roster, overrides = a_class()
    return rows(records, roster, overrides)


def test_everybody_has_a_page_and_the_same_records_give_the_same_bytes(tmp_path):
    for folder in (tmp_path / "one", tmp_path / "two"):
        feedback.write(folder, class_rows(), ASKED, "Autumn")
    names = sorted(os.listdir(tmp_path / "one"))
    assert names == sorted({feedback.file_name(row) for row in class_rows()}) and len(names) == len(class_rows())
    for name in names:
        one = (tmp_path / "one" / name).read_bytes()
        assert one == (tmp_path / "two" / name).read_bytes()
        read(one.decode())


def test_a_page_holds_nothing_of_another_student():
    for row in class_rows():
        whole = feedback.html(row, ASKED, "Autumn")
        assert not [other for other in class_rows() if other.name and other.name != row.name and other.name in whole]


def test_the_page_of_who_left_is_removed_and_nobody_elses(tmp_path):
    feedback.write(tmp_path, rows([record("anna"), record("ben")]), ASKED, "Autumn")
    (tmp_path / "mine.html").write_text("<!doctype html><title>Notes of the instructor</title>")
    (tmp_path / "notes.txt").write_text(made_by(feedback.MAKER))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.html").write_text(made_by(feedback.MAKER))
    (tmp_path / "link.html").symlink_to(elsewhere / "x.html")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "report.html").write_text(render("page.html", title="The instructor's", maker="nst grade"))
    feedback.write(tmp_path, rows([record("ben")]), ASKED, "Autumn")
    left = {"ben.html", "mine.html", "notes.txt", "elsewhere", "link.html", "folder.html", "report.html"}
    assert set(os.listdir(tmp_path)) == left and (elsewhere / "x.html").exists()


def test_a_students_name_leads_to_no_other_folder(tmp_path):
    folder = tmp_path / "feedback"
    for evil in ("../x", "/etc/passwd", "a/b", "..", "CON", "a\0b", "\ud800", "x" * 5000):
        feedback.write(folder, rows([record(evil)]), ASKED, "Autumn")
        assert len(os.listdir(folder)) == 1 and os.listdir(tmp_path) == ["feedback"]
