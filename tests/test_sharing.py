"""Tests that share what is slow to make run in one worker."""

from tests.sharing import FIRST, group, rank


def test_a_lessons_tests_stay_together_across_files():
    built = "tests/lessons/test_built.py::test_nbval_finds_every_checked_output_unchanged[03]"
    claim = "tests/lessons/test_claims.py::test_the_claim_holds_and_notices[03 · quarter · holds]"
    assert group(built) == group(claim) == "lesson 03" != group(claim.replace("03", "04"))


def test_a_files_tests_stay_together_but_for_the_longest_which_share_nothing():
    assert group("tests/test_plots.py::test_a") == group("tests/test_plots.py::test_b[1]") == "tests/test_plots.py"
    assert group("tests/grading/test_run.py::test_a") != group("tests/grading/test_run.py::test_b")


def test_a_room_that_starts_jupyterlab_or_builds_the_book_does_so_once():
    assert group("tests/site/test_pages.py::test_a") == group("tests/site/test_reading.py::test_b[dark]")
    assert group("tests/browser/test_studio.py::test_a") == group("tests/browser/test_desk.py::test_b[800]")


def test_the_longest_come_first():
    assert rank("tests/browser/test_studio.py::test_a") == 0 < rank("tests/test_plots.py::test_a") == len(FIRST)
