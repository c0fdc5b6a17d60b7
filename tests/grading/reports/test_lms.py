import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.records.gradebook import build
from nstlib.grading.reports.lms import LmsError, canvas_csv, moodle_csv
from tests.grading.made_up import DUE, POINTS, override, question, record

TEMPLATE = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Style transfer (4711),Essay (4712),Current Score,Final Score\r\n"
    ",,,,,,Manual Posting,(read only),(read only)\r\n"
    "    Points Possible,,,,,18.00,10.00,(read only),(read only)\r\n"
    '"Archer, Anna",101,a1,anna,"Sec 1, ""Mon""",,9.50,95.0,\r\n'
    '"Baker, Ben",102,b2,ben,Sec 2,3.00,,,=1+1\r\n'
    '"Clay, Cleo",103,c3,cleo,Sec 2,,,,\r\n'
    '"Student, Test",999,,f00d,Sec 1,,,,\r\n'
).encode()
ROSTER = [Student("anna", canvas_id="101", email="Anna@Example.org"), Student("ben", canvas_id="102")]


def rows(*records, roster=ROSTER, overrides=()):
    return build(records, roster, overrides, Policy({"": DUE}, per_day=Decimal(10)), POINTS)


def cells(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_one_column_is_filled_and_every_other_cell_is_as_it_was():
    upload = canvas_csv(TEMPLATE, rows(record("anna"), record("ben", 30)), ROSTER, "Style transfer")
    assert upload.count == 2
    assert upload.notes == (
        "In the template but not among your students, so left as they are: Clay, Cleo, Student, Test.",
    )
    before, after = cells(TEMPLATE), cells(upload.data)
    assert [row[5] for row in after] == ["Style transfer (4711)", "", "18.00", "18", "14.4", "", ""]
    assert [row[:5] + row[6:] for row in before] == [row[:5] + row[6:] for row in after]
    assert upload.data.startswith(b"\xef\xbb\xbf") and upload.data.count(b"\r\n") == TEMPLATE.count(b"\r\n")
    assert upload.data == TEMPLATE.replace(b'Mon""",,9.50', b'Mon""",18,9.50').replace(b",3.00,", b",14.4,")


@pytest.mark.parametrize("by, ids", [("ID", "101"), ("SIS User ID", "a1"), ("SIS Login ID", "anna")])
def test_students_are_found_by_the_column_that_is_asked_for(by, ids):
    roster = [Student("anna", canvas_id=ids)]
    upload = canvas_csv(TEMPLATE, rows(record("anna"), roster=roster), roster, "Style transfer (4711)", by)
    assert upload.count == 1 and cells(upload.data)[3][5] == "18"


def test_without_a_canvas_id_the_students_own_id_is_looked_for():
    upload = canvas_csv(TEMPLATE, rows(record("103"), roster=()), (), "Essay")
    assert cells(upload.data)[5][6] == "18" and cells(upload.data)[5][5] == ""


def test_who_is_not_graded_keeps_the_grade_there_and_is_named():
    ungraded = record("ben", ungraded=["ex02.gram"])
    roster = [*ROSTER, Student("cleo", canvas_id="103")]
    unreadable = record("anna", questions={}, reject="not_json")
    upload = canvas_csv(TEMPLATE, rows(ungraded, unreadable, roster=roster), roster, "Style transfer")
    assert upload.data == TEMPLATE and upload.count == 0
    labels = ["Not graded yet", "Not readable", "Nothing submitted", "In the template but not among your students"]
    assert [note.partition(",")[0] for note in upload.notes] == labels
    settled = rows(roster=roster, overrides=[override("cleo", "ex02.gram", 7)])
    assert cells(canvas_csv(TEMPLATE, settled, roster, "Style transfer").data)[5][5] == "7"


def test_who_is_not_in_the_template_and_another_maximum_are_told():
    upload = canvas_csv(TEMPLATE, rows(record("zoe"), record("anna")), ROSTER, "Essay")
    assert "Canvas has 10 points possible for this assignment, but these grades are out of 18." in upload.notes
    assert any("zoe" in note and "canvas_id" in note for note in upload.notes)


def test_the_only_assignment_needs_no_name_and_a_missing_one_is_refused():
    lone = TEMPLATE.replace(b"Essay (4712)", b"Notes")
    assert canvas_csv(lone, rows(record("anna")), ROSTER).count == 1
    for column in ("", "Style", "Student", "ID", "Essay (1)"):
        with pytest.raises(LmsError, match=r"Style transfer \(4711\), Essay \(4712\)"):
            canvas_csv(TEMPLATE, rows(record("anna")), ROSTER, column)


def test_semicolons_and_decimal_commas_stay():
    german = TEMPLATE.replace(b",", b";").replace(b"18.00", b'"18,00"')
    upload = canvas_csv(german, rows(record("ben", 30)), ROSTER, "Style transfer")
    assert b'Baker; Ben";102;b2;ben;Sec 2;14,4;;' in upload.data


@pytest.mark.parametrize(
    "template, message",
    [
        (b"\xff\xfe", "UTF-8"),
        (b"", "no column 'ID'"),
        (b"Name,ID,X (1)\n", "no column 'ID', or does not begin with Student"),
        (b'Student,ID,X (1)\n"a', "not a CSV file"),
        (b"Student,ID,X (1)\na,101,\nb,101,\n", "'101' twice"),
    ],
)
def test_a_file_that_is_no_template_is_refused_with_a_sentence(template, message):
    with pytest.raises(LmsError, match=message):
        canvas_csv(template, rows(record("anna")), ROSTER)


def test_two_students_with_one_id_are_refused():
    roster = [Student("anna", canvas_id="101"), Student("ben", canvas_id="101")]
    with pytest.raises(LmsError, match="same id"):
        canvas_csv(TEMPLATE, rows(record("anna"), record("ben"), roster=roster), roster, "Essay")


plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8)


@given(st.lists(st.tuples(plain_text, plain_text, plain_text), max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_whatever_else_is_in_a_template_comes_back(lines, end):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    body = [[name, str(number), first, "", last] for number, (name, first, last) in enumerate(lines)]
    writer.writerows([["Student", "ID", "Section", "Style (1)", "Final Score"], *body])
    upload = canvas_csv(out.getvalue().encode(), [], ())
    assert upload.data == out.getvalue().encode()


def test_moodle_gets_grade_and_comment_and_the_address_as_it_is_written():
    upload = moodle_csv(rows(record("anna", 30), roster=ROSTER), ROSTER, POINTS)
    assert cells(upload.data) == [
        ["Email address", "Grade", "Feedback comments"],
        [
            "Anna@Example.org",
            "14.4",
            "ex01.unroll 4/4, ex01.content_cost 6/6, ex02.gram 8/8. Late by 2 d: 3.6 points off. Total 14.4/18.",
        ],
    ]


def test_platforms_get_the_bonus_added_and_who_is_above_the_maximum_is_named():
    policy = Policy({"": DUE}, per_day=Decimal(10))
    both = build([record("anna"), record("ben", 30)], ROSTER, [], policy, POINTS, bonus=["ex02.gram"])
    canvas = canvas_csv(TEMPLATE.replace(b"18.00", b"10.00"), both, ROSTER, "Style transfer")
    assert [row[5] for row in cells(canvas.data)][3:5] == ["18", "14.4"]
    assert "With their bonus above 10 points: anna, ben." in canvas.notes
    moodle = moodle_csv(both, ROSTER, POINTS)
    assert cells(moodle.data)[1][2].endswith("ex02.gram 8/8. Total 10/10, bonus 8/8: 18.")
    late = build([record("anna", 30)], ROSTER, [], policy, POINTS, bonus=["ex02.gram"])
    comment = cells(moodle_csv(late, ROSTER, POINTS).data)[1][2]
    assert comment.endswith("8/8. Late by 2 d: 2 points and 1.6 bonus points off. Total 8/10, bonus 6.4/8: 14.4.")
    assert not [note for note in moodle_csv(rows(record("anna")), ROSTER, POINTS).notes if "bonus" in note]


def test_a_late_bonus_alone_is_said_to_be_late():
    policy = Policy({"": DUE}, per_day=Decimal(10))
    answers = {"ex02.gram": question()}
    late = build([record("anna", 30, questions=answers)], ROSTER, [], policy, {"ex02.gram": 8}, bonus=["ex02.gram"])
    comment = cells(moodle_csv(late, ROSTER, {"ex02.gram": 8}).data)[1][2]
    assert comment == "ex02.gram 8/8. Late by 2 d: 1.6 bonus points off. Total bonus 6.4/8."


def test_moodle_by_id_number_and_who_cannot_be_found_is_named():
    roster = [Student("anna", moodle_id="m1"), Student("ben"), Student("=1+1"), Student("cleo")]
    all_of_them = rows(record("anna"), record("ben"), record("=1+1"), roster=roster)
    upload = moodle_csv(all_of_them, roster, POINTS, by="moodle_id")
    assert [row[0] for row in cells(upload.data)] == ["ID number", "m1", "ben"] and upload.count == 2
    assert upload.notes == (
        "Nothing submitted, so left as they are: cleo.",
        "Without a usable moodle_id in roster.csv: =1+1.",
    )
    assert moodle_csv(all_of_them, roster, POINTS).count == 0
    with pytest.raises(LmsError, match="not by 'name'"):
        moodle_csv(all_of_them, roster, POINTS, by="name")


def test_76_platform_files_hold_ids_and_numbers_and_nothing_of_a_notebook():
    evil = "=cmd|' /C calc'!A0"
    bad = question(evil, misconception=evil, warnings=[evil], source=evil, name="ex02.gram")
    answers = {"ex02.gram": bad, "ex01.unroll": question(name="ex01.unroll")}
    graded = rows(record("anna", questions=answers, flags=[evil]))
    graded = [replace(row, status="graded") for row in graded]
    for data in (canvas_csv(TEMPLATE, graded, ROSTER, "Essay").data, moodle_csv(graded, ROSTER, POINTS).data):
        assert b"cmd" not in data


def test_an_override_is_what_the_comment_says():
    upload = moodle_csv(rows(record("anna"), overrides=[override("anna", "ex02.gram", 5.5)]), ROSTER, POINTS)
    assert "ex02.gram 5.5/8. Total 15.5/18." in upload.data.decode()
