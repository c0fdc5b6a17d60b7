"""Questions that a person marks, from the rubric to the student's page: not marked yet is no zero, and no full mark."""

import json
import os
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.bundle.questions import Criterion, GradedQuestion
from nstlib.grading.bundle.rubric import HandMark
from nstlib.grading.demo.demo import DUE
from nstlib.grading.escaping import printable
from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks
from nstlib.grading.merge import MergeError, merge
from nstlib.grading.records.gradebook import Answer, Row
from nstlib.grading.reports import by_hand, feedback, report_students
from nstlib.grading.run import grade
from nstlib.grading.sandbox import notebook as reader
from tests.grading.classes import GRAM, gram, right, write
from tests.grading.pages import EVIL, read
from tests.grading.records.test_gradebook import table
from tests.grading.stand_in import mark_by_length

ESSAY = "ex02.essay"
RUBRIC = f"question,criterion,points,description\n{ESSAY},reason,2,Says why.\n{ESSAY},example,1,\n"


def essay(text, answer=None):
    """Return a notebook with a right Gram matrix, and an answer to the essay."""
    content = json.loads(gram(answer or right(GRAM)[GRAM]))
    if text is not None:
        metadata = {"tags": [f"q:{ESSAY}"]}
        content["cells"].append({"cell_type": "markdown", "id": "essay", "metadata": metadata, "source": text})
    data = json.dumps(content).encode()
    return data + b" " * (1 - len(data) % 2)  # an odd number of bytes is right


@pytest.fixture
def bundle(made, tmp_path):
    path = Path(shutil.copytree(made.path, tmp_path / "bundle"))
    text = (path / "bundle.toml").read_text().replace("# due = 2027-01-31T23:59:00", "due = 2027-03-01T23:59:00")
    (path / "bundle.toml").write_text(text.replace("percent_per_day = 0", "percent_per_day = 10"))
    (path / "rubric.csv").write_text(RUBRIC)
    return path


def mark_without_children(submissions, questions, limits):
    """Read the essays, and take everything else as right."""
    for result in mark_by_length(submissions, {GRAM: questions[GRAM]}, limits):
        if isinstance(result, Proof):
            yield result
            continue
        submission, marks = result
        entries = dict(marks.questions)
        if ESSAY in questions:
            found = reader.read(submission.data, {ESSAY: "", GRAM: "gram_matrix"})["found"][ESSAY]
            kept = {key: found[key] for key in ("source", "digest", "cut")}
            entries[ESSAY] = {"outcome": found["status"], "points": None, **kept}
        yield submission, Marks(entries)


@pytest.fixture
def graded(bundle, tmp_path):
    """Grade a class; return what was graded, and the lines of its gradebook."""

    def run(students=(), marker=mark_without_children):
        write(tmp_path / "in", dict(students))
        result = grade(tmp_path / "in", Bundle.load(bundle).only(["ex02"]), tmp_path / "out", jobs=1, marker=marker)
        lines = {row["student"]: row for row in table((tmp_path / "out" / "gradebook.csv").read_text())}
        return result, lines

    return run


def mark(bundle, **students):
    """Write points and comments into the sheet, as an instructor does."""
    path = bundle / "marks" / f"{ESSAY}.csv"
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        student, fingerprint, *_ = line.split(",")
        if student in students:
            lines[number] = f"{student},{fingerprint},{students[student]}"
    path.write_text("\n".join(lines) + "\n")


def test_from_the_rubric_to_the_students_page(graded, bundle, tmp_path, jail):
    class_ = {"anna": essay("Sums forget <places>."), "ben": essay("It is symmetric."), "cleo": essay(None)}
    result, lines = graded(class_, marker=None)
    sheet = (bundle / "marks" / f"{ESSAY}.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in sheet] == ["student", "anna", "ben", "cleo"]
    assert (result.exit_status, result.unmarked, result.waits) == (2, 3, False)
    assert [(lines[name][ESSAY], lines[name]["total"], lines[name]["max"]) for name in class_] == [("", "", "23")] * 3
    page = read((tmp_path / "out" / "by_hand.html").read_text()).text
    assert f"{ESSAY}: 3 of 3 wait" in page and "Sums forget <places>." in page and "look into the file" in page
    assert f"{ESSAY}: 3 of 3 answers have no points yet" in (tmp_path / "out" / "report.html").read_text().replace(
        "</a>", ""
    )
    assert "Not all of your answers are marked yet" in (tmp_path / "out" / "feedback" / "anna.html").read_text()

    mark(bundle, anna="1.5,1,Which positions?", ben="0,0,", cleo="2,,")
    again, lines = graded(marker=None)
    assert (again.marked_now, again.unmarked) == (0, 1)  # no answer is run again; cleo's line is not complete
    assert [lines[name][ESSAY] for name in class_] == ["2.5", "0", ""]
    assert [lines[name]["total"] for name in class_] == ["6.5", "4", ""]
    feedback = read((tmp_path / "out" / "feedback" / "anna.html").read_text()).text
    for words in ("6.5 of 23 points", "reason, 1.5 of 2: Says why.", "example, 1 of 1", "says: Which positions?"):
        assert words in feedback
    assert "marked by hand: 2 of 3, mean 1.25 of 3 points" in (tmp_path / "out" / "report.html").read_text().replace(
        "</a>", ""
    )


def test_an_answer_that_was_changed_waits_again_and_its_first_mark_is_kept(graded, bundle):
    graded({"anna": essay("One.")})
    mark(bundle, anna="1,1,")
    graded()
    _, lines = graded({"anna": essay("Two.")})
    assert lines["anna"]["total"] == ""
    sheet = (bundle / "marks" / f"{ESSAY}.csv").read_text().splitlines()
    assert [line.split(",")[2:] for line in sheet[1:]] == [["1", "1", ""], ["", "", ""]]
    _, lines = graded({"anna": essay("One.")})
    assert lines["anna"]["total"] == "6"


def test_a_late_answer_loses_what_every_other_loses_and_an_override_counts_in_place_of_marks(graded, bundle, tmp_path):
    graded({"anna": essay("One."), "ben": essay("Two.")})
    mark(bundle, anna="2,1,")
    os.utime(tmp_path / "in" / "anna" / "all.ipynb", ((DUE + timedelta(hours=1)).timestamp(),) * 2)
    (bundle / "overrides.csv").write_text(f"student,question,points,reason,comment\nben,{ESSAY},3,oral,\n")
    result, lines = graded()
    assert lines["anna"]["penalty"] == "0.7" and lines["anna"]["total"] == "6.3"
    assert (lines["ben"]["total"], result.unmarked, result.exit_status) == ("7", 0, 0)


def test_words_behind_a_picture_are_read_and_where_words_are_cut_it_is_said_how_many(graded, bundle, tmp_path, jail):
    picture = f"![plot](data:image/png;base64,{'iVBORw0KGgo' * 20_000}=)"
    class_ = {"anna": essay(f"See {picture} and these words."), "ben": essay("x" * 112_345)}
    graded(class_, marker=None)
    text = read((tmp_path / "out" / "by_hand.html").read_text()).text
    assert "See ![plot]([picture]) and these words." in text
    assert "12,345 more characters are not shown here: read them in ben/all.ipynb" in " ".join(text.split())
    assert "read 12,345 more characters in the file" in (tmp_path / "out" / "report.html").read_text()
    assert "12,345 more characters are not shown here." in (tmp_path / "out" / "feedback" / "ben.html").read_text()
    tests = table((tmp_path / "out" / "tests.csv").read_text())
    details = {(row["student"], row["question"]): row["detail"] for row in tests}
    assert details["ben", ESSAY] == "12345 characters cut" and details["anna", ESSAY] == ""
    mark(bundle, anna="2,1,", ben="1,1,")
    graded(marker=None)
    class_ = {"anna": essay(f"See {picture.replace('iVBO', 'iVBP', 1)} and these words."), "ben": essay("x" * 112_346)}
    result, lines = graded(class_, marker=None)
    assert [lines[name]["total"] for name in class_] == ["", ""] and result.unmarked == 2  # both have changed


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_of_a_student_or_a_rubric_becomes_markup(evil):
    question = GradedQuestion(ESSAY, "", "", 3, frozenset(), 0.0, False, {}, {}, (), (Criterion(evil, 3, evil),))
    mark = HandMark({evil: Decimal(1)}, evil)
    for answer in (Answer("by hand", source=evil), Answer("marked", Decimal(1), source=evil, mark=mark)):
        row = Row(f"s{evil}", evil, *map(Decimal, (0, 0, 0)), 3, 0, "graded", answers={ESSAY: answer})
        asked = {ESSAY: question}
        pages = [by_hand.html([row], asked, evil), feedback.html(row, asked, evil)]
        for whole in (*pages, report_students.html(row, asked, evil)):
            assert printable(evil) in read(whole).text


def test_marks_follow_a_text_whose_student_is_called_otherwise_by_now(graded, bundle, tmp_path):
    graded({"smith": essay("One."), "ben": essay("Two.")})
    mark(bundle, smith="1,1,Well said.")
    (tmp_path / "in" / "smith").rename(tmp_path / "in" / "ann")
    result, lines = graded()
    assert lines["ann"]["total"] == "6" and "smith" not in lines and result.unmarked == 1
    assert "Well said." in (tmp_path / "out" / "feedback" / "ann.html").read_text()
    before = (bundle / "marks" / f"{ESSAY}.csv").read_text()
    (tmp_path / "in" / "ben").rename(tmp_path / "in" / "benjamin")
    graded()
    assert (bundle / "marks" / f"{ESSAY}.csv").read_text() == before  # ben's line waits for him
    assert "Line <code>ben</code>" in (tmp_path / "out" / "by_hand.html").read_text()
    merged = merge(tmp_path / "term", [tmp_path / "out"], Bundle.load(bundle))
    assert {row.student: row.raw for row in merged.rows}["ann"] == 6


def test_marks_do_not_follow_a_copy_to_another_student(graded, bundle, tmp_path):
    graded({"smith": essay("One.")})
    mark(bundle, smith="1,1,")
    (tmp_path / "in" / "smith").rename(tmp_path / "in" / "ann")
    result, lines = graded({"cleo": essay("One.")})
    assert (lines["ann"]["total"], lines["cleo"]["total"], result.unmarked) == ("", "", 2)


def test_a_week_that_was_graded_before_the_rubric_is_not_merged_as_zeros(graded, bundle, tmp_path):
    (bundle / "rubric.csv").unlink()
    graded({"anna": essay("One.")})
    (bundle / "rubric.csv").write_text(RUBRIC)
    with pytest.raises(MergeError, match="before a question was added to rubric"):
        merge(tmp_path / "term", [tmp_path / "out"], Bundle.load(bundle))
    graded()
    mark(bundle, anna="2,1,")
    merged = merge(tmp_path / "term", [tmp_path / "out"], Bundle.load(bundle))
    assert [row.total for row in merged.rows] == [7]
