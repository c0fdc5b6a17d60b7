"""What a class is handed: notebooks with stubs, a page, and a zip that is the same every time."""

import zipfile
from pathlib import Path

import pytest

import nstlib
from nstlib.authoring.release import ReleaseError, release

ROOT = Path(nstlib.__file__).parents[1]


def test_a_class_is_handed_stubs_lessons_and_a_page_but_no_answer(tmp_path):
    files = release(ROOT, tmp_path / "autumn", "https://example.org/course")
    names = {path.relative_to(tmp_path / "autumn").as_posix() for path in files}
    assert {"README.md", "exercises/ex02_gram_matrix.ipynb", "lessons/00_start_here.ipynb"} <= names
    text = "\n".join(path.read_text("utf-8") for path in files if path.parent.name == "exercises")
    assert "NotImplementedError" in text and "SOLUTION" not in text
    assert "ex07_other_statistics.ipynb" in (tmp_path / "autumn" / "README.md").read_text("utf-8")
    assert '"nstlib @ git+https://example.org/course"' in (tmp_path / "autumn" / "README.md").read_text("utf-8")
    with zipfile.ZipFile(tmp_path / "autumn.zip") as archive:
        assert {name.removeprefix("autumn/") for name in archive.namelist()} == names


def test_the_same_course_gives_the_same_zip(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        release(ROOT, tmp_path / folder / "autumn")
    assert (tmp_path / "a" / "autumn.zip").read_bytes() == (tmp_path / "b" / "autumn.zip").read_bytes()


def test_nothing_is_overwritten_and_another_folder_is_refused(tmp_path):
    (tmp_path / "autumn.zip").touch()
    with pytest.raises(ReleaseError, match="already exists"):
        release(ROOT, tmp_path / "autumn")
    with pytest.raises(ReleaseError, match="Expected the course's notebooks"):
        release(tmp_path, tmp_path / "winter")
    assert [path.name for path in tmp_path.iterdir()] == ["autumn.zip"]
