"""Feedback as platforms take it back: under the names that came, in a zip that is the same every time."""

import io
import zipfile

import pytest

from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.records.gradebook import build
from nstlib.grading.reports import returns
from tests.grading.made_up import POINTS, graded_questions, record


def names(tmp_path, *paths):
    rows = build([record(f"s{n}", path=path) for n, path in enumerate(paths)], [], [], Policy(), POINTS)
    sentences = returns.write(tmp_path, rows, graded_questions(), "Autumn")
    found = {}
    for path in sorted(tmp_path.glob("*.zip")):
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            found[path.name] = archive.namelist()
            assert all(b"Feedback for" in archive.read(name) for name in archive.namelist())
    assert len(sentences) == len(found)
    return found


@pytest.mark.parametrize(
    ("path", "archive", "name"),
    [
        (
            "all.zip/Anna A_12_assignsubmission_file_/ex02.ipynb",
            "moodle",
            "Anna A_12_assignsubmission_file_/feedback.html",
        ),
        ("Anna A_12_assignsubmission_file_ex02.ipynb", "moodle", "Anna A_12_assignsubmission_file_/feedback.html"),
        ("archeranna_LATE_101_678_ex02-1.ipynb", "canvas", "archeranna_LATE_101_678_ex02-1.html"),
        ("all.zip/archeranna_101_678_hw.zip/ex02.ipynb", "canvas", "archeranna_101_678_hw.html"),
    ],
)
def test_a_page_goes_back_under_the_name_that_came(path, archive, name, tmp_path):
    assert names(tmp_path, path) == {f"{archive}_feedback.zip": [name]}


def test_who_did_not_come_from_a_platform_is_in_no_zip(tmp_path):
    assert names(tmp_path, "anna/all.ipynb", "ben_ex02.ipynb") == {}


def test_the_same_grades_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        names(tmp_path / folder, "Anna A_12_assignsubmission_file_/x.ipynb")
    assert len({(tmp_path / folder / "moodle_feedback.zip").read_bytes() for folder in ("a", "b")}) == 1
