"""Answers that are alike are a hint, for long answers and few students alone."""

from dataclasses import replace

from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.records.gradebook import build
from nstlib.grading.reports.similar import LEAST, notes
from nstlib.grading.sandbox.cells import parsed, shape
from tests.grading.made_up import POINTS, question, record

ANSWER = """def gram_matrix(features):
    \"\"\"G.\"\"\"
    total = 0  # of all
    for row in features:
        total = total + row @ row.T
    return total"""
RENAMED = """def gram_matrix(x: int) -> int:
    s = 0
    for r in x:
        s = s + r @ r.T

    return s"""


def test_names_comments_and_docstrings_make_no_difference_and_anything_else_does():
    first = shape(parsed(ANSWER), "gram_matrix")
    assert shape(parsed(RENAMED), "gram_matrix")[0] == first[0]
    assert shape(parsed(f"import torch\n{ANSWER}"), "gram_matrix")[0] == first[0]
    for old, new in (("= 0", "= 1"), ("+ row", "- row"), (".T", ".mT"), ("@ row", "@ total")):
        assert shape(parsed(ANSWER.replace(old, new)), "gram_matrix")[0] != first[0], new
    assert shape(parsed("gram_matrix = lambda x: x"), "gram_matrix")[0]


def class_of(count, size):
    answer = question(shape="a" * 64, size=size)
    records = [record(f"s{n}", questions={"ex02.gram": answer}) for n in range(count)]
    return build(records, [], [], Policy(), POINTS)


def test_few_long_answers_that_are_alike_are_noted():
    (note,) = notes(class_of(2, LEAST))
    assert note.startswith("ex02.gram: s0 and s1 wrote the same but for names")
    assert notes(class_of(2, LEAST - 1)) == notes(class_of(1, LEAST)) == notes(class_of(6, LEAST)) == ()
    rows = [replace(row, answers={}) for row in class_of(2, LEAST)]
    assert notes(rows) == ()
