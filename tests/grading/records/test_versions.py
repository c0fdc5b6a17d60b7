"""Marks of other code are not this code's marks: the digest changes with any file that reads, runs or judges."""

import shutil

import pytest

from nstlib.grading.records.versions import PACKAGE, code_digest

GRADING = [f"grading/{path.parent.name}" for path in PACKAGE.glob("grading/*/__init__.py")]
ROOMS = ("checks", "checks/judging", "grading", *GRADING)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    package = tmp_path_factory.mktemp("package") / "nstlib"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    return package


def test_every_room_of_the_grader_is_here():
    assert len(GRADING) == 8


def test_a_copy_has_the_same_digest(copy):
    assert code_digest(copy) == code_digest(PACKAGE)


@pytest.mark.parametrize("room", ROOMS)
def test_a_byte_changed_in_any_file_of_a_room_changes_the_digest(room, copy):
    before, files = code_digest(copy), sorted((copy / room).glob("*.py"))
    assert files
    for file in files:
        text = file.read_bytes()
        file.write_bytes(text + b"#")
        assert code_digest(copy) != before, file
        file.write_bytes(text)


def test_a_file_that_is_renamed_changes_the_digest(copy):
    before, file = code_digest(copy), copy / "grading" / "sandbox" / "jail.py"
    other = file.rename(file.with_name("prison.py"))
    assert code_digest(copy) != before
    other.rename(file)


def test_files_outside_the_grader_change_nothing(copy):
    before, file = code_digest(copy), copy / "pictures" / "reading.py"
    file.write_bytes(file.read_bytes() + b"#")
    assert code_digest(copy) == before
