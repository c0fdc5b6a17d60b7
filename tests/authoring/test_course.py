"""course.toml: what it may not say, and what is written from it."""

from pathlib import Path

import nbformat
import pytest

from nstlib.authoring import course

ROOT = Path(__file__).parents[2]


def entry(file, needs=(), **more):
    values = {"file": file, "title": f"Title {file}", "goal": f"do {file}", "minutes": 10, "needs": list(needs)} | more
    return "[[lesson]]\n" + "\n".join(f"{key} = {value!r}" for key, value in values.items() if value is not None)


@pytest.fixture
def write(tmp_path):
    """Write a course.toml of these entries, and a source for each file but those in `without`."""
    (tmp_path / "notebooks" / "sources").mkdir(parents=True)

    def written(*entries, without=()):
        (tmp_path / "course.toml").write_text("\n".join(entries), encoding="utf-8")
        for file in ("00_a", "01_b", "02_c"):
            if file not in without:
                (tmp_path / "notebooks" / "sources" / f"{file}.py").write_text("", encoding="utf-8")
        return tmp_path

    return written


def test_lessons_are_read_in_their_order(write):
    first, second = course.read(write(entry("00_a"), entry("01_b", ["00"])))
    assert (first.id, second.id, second.needs, second.minutes) == ("00", "01", ("00",), 10)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((entry("00_a"), entry("01_b", ["07"])), "Lesson 01 needs 07, which course.toml does not hold"),
        ((entry("00_a", ["01"]), entry("01_b", ["00"])), "in a circle: 0"),
        ((entry("00_a", ["00"]),), "in a circle: 00 → 00"),
        ((entry("00_a", ["01"]), entry("01_b")), "Lesson 00 needs 01, which comes after it"),
        ((entry("00_a"), entry("00_a")), "two lessons 00"),
        ((entry("00_a", goal=None),), "00_a needs 'goal', a str"),
        ((entry("00_a", minutes="ten"),), "00_a needs 'minutes', a int"),
        ((entry("00_a", colour="red"),), "00_a has an unknown key 'colour'"),
        (("title = 3",), "holds no lessons"),
        (("[[lesson",), "holds no lessons"),
    ],
)
def test_what_is_no_course_is_refused(write, entries, words):
    with pytest.raises(course.CourseError, match=words):
        course.read(write(*entries))


def test_a_lesson_without_a_source_is_refused(write):
    with pytest.raises(course.CourseError, match=r"Lesson 01 has no notebooks/sources/01_b\.py"):
        course.read(write(entry("00_a"), entry("01_b"), without=["01_b"]))


def test_each_lesson_links_to_its_neighbours(write):
    lessons = course.read(write(entry("00_a"), entry("01_b"), entry("02_c")))
    first, middle, last = (course.footer(lessons, lesson) for lesson in lessons)
    assert "**Next:** [01 · Title 01_b](01_b.ipynb): do 01_b." in first and "Before" not in first
    assert "(02_c.ipynb)" in middle and "**Before:** [00 · Title 00_a](00_a.ipynb)." in middle
    assert last.startswith("**Next:** you have reached the end")


def test_every_link_of_the_index_leads_to_a_notebook():
    (cell,) = nbformat.read(ROOT / "notebooks" / "index.ipynb", as_version=4).cells
    for lesson in course.read(ROOT):
        assert f"({lesson.file}.ipynb)" in cell.source and (ROOT / "notebooks" / f"{lesson.file}.ipynb").is_file()
