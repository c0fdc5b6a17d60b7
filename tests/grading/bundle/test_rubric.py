"""Questions that a person marks: their rubric, and the sheets, which the grader adds to and never changes."""

from decimal import Decimal

import pytest

from nstlib.grading import csv_files
from nstlib.grading.bundle import rubric
from nstlib.grading.bundle.rubric import HandMark, add_lines, fingerprint, read_marks, read_rubric, sheet
from nstlib.grading.csv_files import TableError
from tests.grading.made_up import graded_questions

ESSAY = "ex02.essay"
RUBRIC = f"question,criterion,points,description\n{ESSAY},reason,2,Says why.\n{ESSAY},Example,1,\nex01.why,all,3,\n"


@pytest.fixture
def questions(tmp_path):
    (tmp_path / "rubric.csv").write_text(RUBRIC)
    return read_rubric(tmp_path / "rubric.csv", graded_questions())


@pytest.fixture
def filled(tmp_path, questions):
    """Write the sheet of the essay; return what is read from it."""

    def fill(text):
        path = sheet(tmp_path, ESSAY)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_marks(tmp_path, questions.values())[ESSAY]

    return fill


def test_a_rubric_gives_questions_that_stand_after_those_of_their_exercise(questions):
    assert list(questions) == ["ex01.unroll", "ex01.content_cost", "ex01.why", "ex02.gram", ESSAY]
    essay = questions[ESSAY]
    assert (essay.points, essay.tests) == (3, ())
    assert [(one.name, one.points, one.description) for one in essay.criteria] == [
        ("reason", 2, "Says why."),
        ("Example", 1, ""),
    ]


def test_without_a_rubric_there_is_nothing_to_mark_by_hand(tmp_path):
    tested = graded_questions()
    assert read_rubric(tmp_path / "rubric.csv", tested) == tested
    assert read_marks(tmp_path, graded_questions().values()) == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ex02.gram,a,1,", "expected a new name such as ex01.essay"),
        ("ex99.essay,a,1,", "for a question of ex01, ex02"),
        ("essay,a,1,", "expected a new name"),
        ("ex02.../x,a,1,", "expected a new name"),
        ("ex02.a,,1,", "expected a criterion"),
        ("ex02.a,Comment,1,", "none of student, answer, comment"),
        ("ex02.a,Line,1,", "none of student, answer, comment, line"),
        ('ex02.a,"clear, short",1,', "without a comma or semicolon, .*got 'clear, short'"),
        ("ex02.a,clear; short,1,", "without a comma or semicolon"),
        (f"{ESSAY},example,1,", "does not have yet"),
        ("ex02.a,=1+1,1,", "expected a criterion"),
        ("ex02.a,b,1.5,", "a whole number of points"),
        ("ex02.a,b,0,", "1 or more"),
        ("ex02.a,b,many,", "expected a number"),
    ],
)
def test_a_slip_in_the_rubric_names_its_line(tmp_path, line, words):
    path = tmp_path / "rubric.csv"
    path.write_text(RUBRIC + line + "\n")
    with pytest.raises(TableError, match=words) as fault:
        read_rubric(path, graded_questions())
    assert "rubric.csv, line 5" in str(fault.value)


def test_an_answer_is_marked_once_every_criterion_has_points(filled):
    marks = filled("student,answer,reason,Example,comment\nAnna,v1,2,0,Good.\nben,v2,2,,\ncleo,v3,,,Later\n")
    assert marks[("anna", "v1")] == HandMark({"reason": Decimal(2), "Example": Decimal(0)}, "Good.")
    assert marks[("ben", "v2")] is None and marks[("cleo", "v3")] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student,answer,reason,Example,comment\nanna,v1,2.5,0,\n", "line 2: reason has 2 points, and 2.5 are given"),
        ("student,answer,reason,Example,comment\nanna,v1,good,0,\n", "line 2: expected a number of 0 or more"),
        ("student,answer,reason,comment\nanna,v1,1,\n", "line 1: expected the column 'example'"),
        ("student,answer,reason,Example\nanna,v1,1,1\nAnna,v1,2,1\n", "same student and answer as line 2"),
    ],
)
def test_a_slip_in_a_sheet_names_its_line(filled, text, words):
    with pytest.raises(TableError, match=words) as fault:
        filled(text)
    assert f"{ESSAY}.csv" in str(fault.value)


def test_lines_are_added_once_and_what_is_there_stays_byte_for_byte(tmp_path, questions):
    path = sheet(tmp_path, ESSAY)
    answers = [("anna", "v1"), ("=ben", "v2")]
    assert [add_lines(path, questions[ESSAY], answers) for _ in range(2)] == [2, 0]
    assert path.read_text() == "student,answer,reason,Example,comment\nanna,v1,,,\n'=ben,v2,,,\n"
    before = path.read_text().replace("v1,,,", 'v1,2,1,"two ""lines\nof it"""')
    path.write_text(before)
    assert add_lines(path, questions[ESSAY], [*answers, ("anna", "v9")]) == 1  # handed in again, in other words
    assert path.read_text() == before + "anna,v9,,,\n"


def test_a_sheet_that_a_spreadsheet_program_has_saved_is_added_to_in_its_manner(filled, questions, tmp_path):
    before = "\ufeffcomment;Example;student;reason;answer\r\nGut;0,5;anna;1;v1".encode()
    marks = filled(before)
    assert marks[("anna", "v1")].points == {"reason": Decimal(1), "Example": Decimal("0.5")}
    add_lines(sheet(tmp_path, ESSAY), questions[ESSAY], [("ben", "v2")])
    assert sheet(tmp_path, ESSAY).read_bytes() == before + b"\r\n;;ben;;v2\r\n"


def test_a_line_without_a_fingerprint_is_about_any_answer_of_the_student(filled, questions, tmp_path):
    marks = filled("student,reason,Example\nanna,2,1\n")
    assert marks[rubric.find(marks, "Anna", fingerprint("anything"))].points["reason"] == 2
    assert add_lines(sheet(tmp_path, ESSAY), questions[ESSAY], [("anna", "v1")]) == 0


def test_a_sheet_without_fingerprints_gets_a_line_for_each_student_and_no_second_one(filled, questions, tmp_path):
    filled("student,reason,Example\nanna,2,1\n")
    path = sheet(tmp_path, ESSAY)
    assert add_lines(path, questions[ESSAY], [("anna", "v1"), ("ben", "v2")]) == 1
    assert path.read_text() == "student,reason,Example\nanna,2,1\nben,,\n"
    assert add_lines(path, questions[ESSAY], [("anna", "v3"), ("ben", "v4")]) == 0


def test_no_criterion_has_the_name_of_a_key_that_reading_a_table_adds(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a\n1\n")
    assert set(csv_files.read(path, ["a"])[0]) - {"a"} <= set(rubric.RESERVED)
