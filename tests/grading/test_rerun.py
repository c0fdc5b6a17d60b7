"""One answer run again: all that is known of it, and nothing written."""

import pytest

from nstlib.grading.rerun import RerunError, rerun
from tests.grading.classes import GRAM, gram, write

WRONG = """FACTOR = 2
def helper(F):
    return F @ F.T * NOT_THERE
def gram_matrix(features):
    return helper(features.flatten(1))"""


@pytest.fixture
def folder(tmp_path):
    right = "def gram_matrix(features):\n    return features.flatten(1) @ features.flatten(1).T"
    return write(tmp_path / "in", {"anna": gram(WRONG), "ben": gram(right), "cleo": b"{"})


def test_a_traceback_leads_to_the_students_own_line(jail, made, folder, tmp_path):
    said = rerun(folder, made, "Anna", GRAM)
    assert "anna/all.ipynb" in said and "✗ raised an error, 0 of 4 points" in said
    assert "line 5, in gram_matrix" in said and "return F @ F.T * NOT_THERE" in said
    assert "NameError: name 'NOT_THERE' is not defined" in said and "child.py" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_right_answer_and_a_broken_file_are_told(jail, made, folder):
    assert "✓ right, 4 of 4 points" in rerun(folder, made, "ben", GRAM)
    assert "Its end is missing" in rerun(folder, made, "cleo", GRAM)


def test_who_or_what_is_not_there_is_told(made, folder):
    with pytest.raises(RerunError, match=r"no question 'ex99.x'. It has ex01.unroll"):
        rerun(folder, made, "anna", "ex99.x")
    with pytest.raises(RerunError, match="'zoe' has no submission"):
        rerun(folder, made, "zoe", GRAM)
