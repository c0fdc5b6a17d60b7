import errno
import hashlib
import io
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nstlib
from nstlib.grading.bundle.classroom import Student
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions import archives
from nstlib.grading.submissions.find import FLAGS, MEMBERS, REJECTIONS, SubmissionsError, find
from nstlib.grading.submissions.owners import TITLES

NOTEBOOK = b'{"cells": []}'
THEN = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
ROSTER = [
    Student("anna", "Anna Archer", canvas_id="101"),
    Student("anna_lee", "Lee, Anna", canvas_id="102"),
    Student("ben", "Ben Baker", canvas_id="103"),
    Student("ben2", "Ben Baker"),
]


def put(folder, *paths, data=NOTEBOOK):
    for number, path in enumerate(paths):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data + b" " * number)  # no two alike
        os.utime(file, (THEN.timestamp(), THEN.timestamp()))
    return folder


def zipped(*members, **more):
    """A zip of names, (name, bytes) or (ZipInfo, bytes)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            name, data = member if isinstance(member, tuple) else (member, NOTEBOOK + b" " * number)
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, (2027, 1, 31, 12, 0, 0))
            info.compress_type = more.get("packed", zipfile.ZIP_DEFLATED)
            archive.writestr(info, data)
    return out.getvalue()


def listed(folder, *args, **more):
    submissions = list(find(folder, *args, **more))
    order = [(submission.student, re.sub(r" \(\d+\)$", "", submission.path)) for submission in submissions]
    assert order == sorted(order)
    assert len({submission.path for submission in submissions}) == len(submissions)
    for submission in submissions:
        assert set(submission.flags) <= set(FLAGS) and list(submission.flags) == sorted(set(submission.flags))
        assert submission.reject is None or submission.reject in REJECTIONS
        assert submission.sha256 == ("" if submission.reject else hashlib.sha256(submission.data).hexdigest())
        assert not submission.data if submission.reject else submission.size == len(submission.data)
        assert submission.time is None or submission.time.utcoffset().total_seconds() == 0
        (submission.student + submission.path).encode()  # can be written down
    return submissions


def owners(folder, *args, **more):
    return [(submission.student, submission.path) for submission in listed(folder, *args, **more)]


def rejects(folder, *args, **more):
    return [(submission.student, submission.path, submission.reject) for submission in listed(folder, *args, **more)]


def student_of(name, roster=(), **more):
    with tempfile.TemporaryDirectory() as folder:
        (submission,) = find(put(Path(folder), name), roster, **more)
    return submission.student, set(submission.flags) - {"time_from_file"}


# Whose it is


def test_a_folder_is_a_student(tmp_path):
    put(tmp_path, "ben/ex02.ipynb", "anna/week 1/deeper/ex02.ipynb", "anna/ex01.IPYNB", "anna/notes.txt")
    submissions = listed(tmp_path)
    assert [(submission.student, submission.path) for submission in submissions] == [
        ("anna", "anna/ex01.IPYNB"),
        ("anna", "anna/week 1/deeper/ex02.ipynb"),
        ("ben", "ben/ex02.ipynb"),
    ]
    assert {submission.flags for submission in submissions} == {("time_from_file",)} and {
        submission.time for submission in submissions
    } == {THEN}
    assert submissions[2].data == NOTEBOOK and submissions[2].size == len(NOTEBOOK)


@pytest.mark.parametrize(
    "name, student",
    [
        ("anna.ipynb", "anna"),
        ("anna_ex02.ipynb", "anna"),
        ("anna_lee_ex02.ipynb", "anna_lee"),
        ("anna_homework.ipynb", "anna"),
        ("anna_archer_ex02.ipynb", "anna"),
        ("Archer, Anna ex02 final.ipynb", "anna"),
        ("ex02_anna.ipynb", "anna"),
        ("anna_ex02.ipynb.txt", "anna"),
        ("anna_ex02.IPYNB.json", "anna"),
        ("ex02_gram_matrix_anna_lee (1).ipynb", "anna_lee"),
        ("ANNA_ex02.ipynb", "anna"),
        ("anna (1).ipynb", "anna"),
        ("anna-1.ipynb", "anna"),
        ("anna_2027_01_ex02.ipynb", "anna_2027"),
    ],
)
def test_the_longest_id_at_the_start_of_a_file_counts(name, student):
    roster = [*ROSTER, Student("anna_2027")]
    assert student_of(name, roster) == (student, set())


@pytest.mark.parametrize(
    "name, student",
    [
        ("anna_ex02.ipynb", "anna"),
        ("anna.ipynb", "anna"),
        ("anna (2).ipynb", "anna"),
        ("anna-lena_ex02.ipynb", "anna-lena"),
        ("a.b+c*[d]_ex02.ipynb", "a.b+c*[d]"),
        ("john_smith.ipynb", "john_smith"),
        ("ex02_anna.ipynb", "anna"),
        ("anna exercise 2 v3.ipynb", "anna"),
    ],
)
def test_without_a_class_list_it_is_the_name_without_the_exercise_and_says_so(name, student):
    assert student_of(name) == (student, {"guessed"})


NAMES = ["anna_b2_ex02.ipynb", "anna_o'brien_ex02.ipynb", "anna_müller2_ex02.ipynb", "anna-lena_ex02.ipynb"]
NAMES += ["anna.archer_ex02.ipynb", "annabel.ipynb", "anna_leeds_ex02.ipynb", "anna lo.ipynb"]


@pytest.mark.parametrize("name", NAMES)
def test_an_id_does_not_end_within_a_name(name):
    assert student_of(name, ROSTER) == (name.removesuffix(".ipynb").removesuffix("_ex02"), {"guessed"})


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["john_smith.ipynb", "john_doe.ipynb"], ["john_doe", "john_smith"]),
        (["ann_marie_ex02.ipynb", "ann_ex02.ipynb"], ["ann", "ann_marie"]),
        (["anna_ex02.ipynb", "anna_ex03.ipynb"], ["anna", "anna"]),
        (["ex02/anna.ipynb", "ex03/anna.ipynb"], ["anna", "anna"]),
        (["ex02_anna.ipynb", "ex03_anna.ipynb", "ex02_ben.ipynb"], ["anna", "anna", "ben"]),
        ([f"HW 1_{who}_attempt_2027-01-02-03-04-05_x.ipynb" for who in ("j_smith", "k_smith", "lo")],
         ["j_smith", "k_smith", "lo"]),
    ],
)  # fmt: skip
def test_files_are_told_apart_by_their_whole_names(names, students, tmp_path):
    put(tmp_path, *names)
    found = listed(tmp_path)
    assert sorted(submission.student for submission in found) == students
    assert not any("clash" in submission.flags for submission in found)


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["smith.ipynb", "Smith.ipynb"], ["Smith (1)", "smith (2)"]),
        (["john_ex02.ipynb", "john_ex02 (1).ipynb"], ["john_ex02", "john_ex02 (1)"]),
        (["john_ex02_a.ipynb", "john_ex02_b.ipynb", "john_ex03.ipynb"], ["john_ex02_a", "john_ex02_b", "john_ex03"]),
        (["Ann/x.ipynb", "ann/x.ipynb"], ["Ann (1)", "ann (2)"]),
        (["ann/x.ipynb", "ann_ex02.ipynb"], ["ann (1)", "ann (2)"]),
        (["ann.ipynb", "ann_ex02.ipynb"], ["ann", "ann_ex02"]),
    ],
)
def test_files_that_nothing_tells_apart_are_kept_apart_and_asked_about(names, students, tmp_path):
    put(tmp_path, *names)
    found = listed(tmp_path)
    assert [submission.student for submission in found] == students
    assert all("clash" in submission.flags for submission in found)


def test_a_name_that_somebody_has_is_given_to_nobody_else(tmp_path):
    put(tmp_path, "Smith/x.ipynb", "smith/x.ipynb", "smith (1)/x.ipynb")
    students = [submission.student for submission in listed(tmp_path)]
    assert len({student.casefold() for student in students}) == 3


def test_moodles_numbers_are_those_of_one_exercise(tmp_path):
    put(tmp_path, *(f"ex02/Participant_{n}_assignsubmission_file_/a.ipynb" for n in (101, 102)))
    assert [student for student, _ in owners(tmp_path)] == ["Participant 101", "Participant 102"]
    folder = tmp_path / "named"
    put(folder, *(f"ex0{n}/Anna Archer_{n}_assignsubmission_file_/a.ipynb" for n in (2, 3)))
    assert [student for student, _ in owners(folder, ROSTER)] == ["anna", "anna"]


def test_who_goes_back_to_an_earlier_version_in_an_archive_keeps_it(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, text in enumerate((b"{}", b"[]", b"{}"), 1):
            archive.writestr(zipfile.ZipInfo(f"v{number}.ipynb", (2027, 1, number, 0, 0, 0)), text)
    put(tmp_path, "anna/hw.zip", data=data.getvalue())
    found = {submission.path[-8:]: "superseded" in submission.flags for submission in listed(tmp_path)}
    assert found == {"v1.ipynb": True, "v2.ipynb": False, "v3.ipynb": False}


def test_the_class_list_says_whose_two_tries_are(tmp_path):
    put(tmp_path, "john_ex02_a.ipynb", "john_ex02_final.ipynb", "Smith.ipynb", "smith.ipynb")
    found = listed(tmp_path, [Student("john", "John A"), Student("smith")])
    assert [submission.student for submission in found] == ["john", "john", "smith", "smith"]
    assert ["spellings" in submission.flags for submission in found] == [False, False, True, True]


def test_a_roster_of_short_ids_takes_no_longer_names(tmp_path):
    put(tmp_path, "ann_marie_ex02.ipynb", "li wei.ipynb", "li_ex02.ipynb")
    roster = [Student("ann"), Student("li"), Student("w17", "Li Wei")]
    assert owners(tmp_path, roster) == [
        ("ann_marie", "ann_marie_ex02.ipynb"),
        ("li", "li_ex02.ipynb"),
        ("w17", "li wei.ipynb"),
    ]


def test_a_group_in_front_of_a_name_in_moodle_is_passed_over(tmp_path):
    put(tmp_path, "Group A-Anna Archer_1_assignsubmission_file_/x.ipynb")
    assert owners(tmp_path, ROSTER)[0][0] == "anna"


def test_the_exercises_are_called_as_their_files_are():
    sources = Path(nstlib.__file__).parents[1] / "exercises" / "sources"
    assert {path.stem.partition("_")[2] for path in sources.glob("*.py")} == set(TITLES)


@pytest.mark.parametrize("id", ["a.b", "a+b", "(a", "[", "\\d", "^", "a|b", "*"])
def test_signs_of_regular_expressions_in_ids_are_letters(id):
    name = f"{id}_ex02.ipynb"
    assert student_of(name, [Student("ab"), Student("aab"), Student(id)]) == (id, set())


def test_a_file_that_names_nobody_is_listed(tmp_path):
    put(tmp_path, "_.ipynb", "__.ipynb")
    submissions = listed(tmp_path, ROSTER)
    assert [submission.student for submission in submissions] == ["", ""]
    assert all("no_student" in submission.flags for submission in submissions)


@pytest.mark.parametrize(
    "name, student, flags",
    [
        ("archeranna_101_67890_ex02.ipynb", "anna", set()),
        ("archeranna_LATE_101_67890_ex02.ipynb", "anna", {"late_on_platform"}),
        ("o_brienpat_101_67890_ex02-1.ipynb", "anna", set()),
        ("clay_999_67890_x_1_2_y.ipynb", "999", set()),
        ("archeranna_101_67890_2027_01_x.ipynb", "anna", set()),
        ("anon_Xy12z_67890_ex02.ipynb", "anon_Xy12z", set()),
        ("LATE_anon_Xy12z_67890_ex02.ipynb", "anon_Xy12z", {"late_on_platform"}),
        # Calls himself ben_103: is it 103's or 101's?
        ("ben_103_101_67890_x.ipynb", "", {"ambiguous", "no_student"}),
        ("ben_103_LATE_101_67890_x.ipynb", "anna", {"late_on_platform"}),
        ("archeranna_LATE_101_103_7_x.ipynb", "anna", {"late_on_platform"}),
        ("evil_LATE_999_1_ben_103_5_x.ipynb", "999", {"late_on_platform"}),
    ],
)
def test_canvas(name, student, flags):
    assert student_of(name, ROSTER) == (student, flags)


def test_canvas_numbers_that_two_rows_have_are_nobodys():
    roster = [Student("a", canvas_id="7"), Student("b", canvas_id="7")]
    assert student_of("x_7_8_y.ipynb", roster) == ("", {"ambiguous", "no_student"})


def test_names_that_only_look_like_canvas_do_not_make_one_student_of_two(tmp_path):
    put(tmp_path, "anna_2027_01_ex02.ipynb", "ben_2027_01_ex02.ipynb")
    assert [student for student, _ in owners(tmp_path)] == ["anna_2027_01", "ben_2027_01"]


def test_a_file_of_a_student_whose_canvas_number_is_unknown_may_hold_numbers():
    assert student_of("ben2_2027_01_ex02.ipynb", ROSTER) == ("ben2", set())
    assert student_of("anna_2027_01_ex02.ipynb", ROSTER) == ("2027", set())


@pytest.mark.parametrize(
    "name, student, flags",
    [
        ("Anna Archer_1234567_assignsubmission_file_/x.ipynb", "anna", set()),
        ("Anna Archer_1234567_assignsubmission_file/x.ipynb", "anna", set()),
        ("Anna Archer_1234567_assignsubmission_file_x.ipynb", "anna", set()),
        ("anna  ARCHER_1_assignsubmission_file_a/b/x.ipynb", "anna", set()),
        ("Anna Lee_1_assignsubmission_file_x.ipynb", "anna_lee", set()),
        ("Ben Baker_1_assignsubmission_file_x.ipynb", "", {"ambiguous", "no_student"}),
        ("Cleo Clay_1_assignsubmission_file_x.ipynb", "Cleo Clay", set()),
        ("Cleo Clay_1_assignsubmission_file_Anna Archer_2_assignsubmission_file_x.ipynb", "Cleo Clay", set()),
        ("Cleo Clay_1_assignsubmission_file_/Anna Archer_2_assignsubmission_file_/x.ipynb", "Cleo Clay", set()),
    ],
)
def test_moodle(name, student, flags):
    assert student_of(name, ROSTER) == (student, flags)


def test_moodle_drops_signs_from_names():
    roster = [Student("pat", "Pat O'Brien_Smith")]
    assert student_of("Pat OBrien Smith_1_assignsubmission_file_x.ipynb", roster) == ("pat", set())


def test_two_of_one_name_in_moodle_are_not_one_student(tmp_path):
    names = [
        f"{who}_{number}_assignsubmission_file_/x.ipynb" for who in ("Participant", "Anna Archer") for number in (1, 2)
    ]
    put(tmp_path, *names)
    submissions = listed(tmp_path, ROSTER)
    assert [submission.student for submission in submissions] == ["", "", "Participant 1", "Participant 2"]
    assert all("ambiguous" in submission.flags for submission in submissions)


def test_a_moodle_student_who_only_wrote_text_is_listed(tmp_path):
    put(tmp_path, "Anna Archer_1_assignsubmission_onlinetext_/onlinetext.html")
    assert [(submission.student, submission.reject) for submission in listed(tmp_path, ROSTER)] == [
        ("anna", "no_notebook")
    ]


def test_blackboard_and_the_inbox_of_nbgrader_give_student_and_time(tmp_path):
    put(
        tmp_path,
        "Exercise 2_anna_attempt_2027-01-02-03-04-05_x_attempt_2026-01-01-00-00-00.ipynb",
        "ben+ex02+2027-01-02 03:04:05.000000 UTC+a1b2/ex02.ipynb",
    )
    anna, ben = listed(tmp_path, ROSTER)
    assert (anna.student, anna.time, anna.flags) == (
        "anna",
        datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
        ("time_without_zone",),
    )
    assert (ben.student, ben.time, ben.flags) == ("ben", anna.time, ())


@pytest.mark.parametrize("top", ["", "submitted/", "course/submitted/"])
def test_nbgrader(tmp_path, top):
    folder = tmp_path / "course"
    put(folder, f"{top}anna/ex02/x.ipynb", f"{top}ben/ex02/x.ipynb")
    if top:
        put(folder, f"{top}../source/ex02/x.ipynb")
    put(folder, f"{top}anna/ex02/timestamp.txt", data=b"2027-01-02 04:04:05.123456 UTC\n")
    anna, ben = listed(folder)
    assert (anna.student, anna.path) == ("anna", f"{top}anna/ex02/x.ipynb")
    assert (anna.time, anna.flags) == (datetime(2027, 1, 2, 4, 4, 5, 123456, tzinfo=UTC), ("time_from_timestamp",))
    assert (ben.time, ben.flags) == (THEN, ("time_from_file",))


@pytest.mark.parametrize(
    "text", [b"", b"yesterday", b"\xff", b"2027-01-02 04:04:05" + b" " * 100, b"0001-01-01 00:00:00+14:00", b"1" * 200]
)
def test_a_timestamp_that_cannot_be_read_is_not_used(tmp_path, text):
    put(tmp_path, "anna/ex02/x.ipynb", "anna/ex02/y.ipynb")
    put(tmp_path, "anna/ex02/timestamp.txt", data=text)
    assert {(submission.time, submission.flags) for submission in listed(tmp_path)} == {
        (THEN, ("bad_timestamp", "time_from_file"))
    }


def test_a_timestamp_that_is_a_link_is_not_read(tmp_path):
    outside = put(tmp_path, "outside", data=b"2020-01-01 00:00:00 UTC") / "outside"
    put(tmp_path / "in", "anna/ex02/x.ipynb")
    (tmp_path / "in/anna/ex02/timestamp.txt").symlink_to(outside)
    assert listed(tmp_path / "in")[0].flags == ("bad_timestamp", "time_from_file")


def test_a_timestamp_without_a_zone_is_in_utc_and_says_so(tmp_path):
    put(tmp_path, "anna/ex02/x.ipynb")
    put(tmp_path, "anna/ex02/timestamp.txt", data=b"2027-01-02T04:04:05")
    (submission,) = listed(tmp_path)
    assert (submission.time.hour, submission.flags) == (4, ("time_from_timestamp", "time_without_zone"))


@pytest.mark.parametrize("where", ["Anna Archer_1_assignsubmission_file_/ex02", "anna/ex02/deeper", "anna"])
def test_a_student_cannot_hand_in_a_timestamp(tmp_path, where):
    put(tmp_path, f"{where}/x.ipynb")
    put(tmp_path, f"{where}/timestamp.txt", data=b"2020-01-02 04:04:05 UTC")
    put(tmp_path, "ben/hw.zip", data=zipped("ben/ex02/x.ipynb", ("ben/ex02/timestamp.txt", b"2020-01-02 04:04:05 UTC")))
    assert {submission.time for submission in listed(tmp_path, ROSTER)} == {THEN}


def test_a_pattern_goes_first(tmp_path):
    put(tmp_path, "week1/hw-anna.ipynb", "week1/hw-ANNA2.ipynb", "ben/x.ipynb", "week1/readme.txt", "empty/readme.txt")
    pairs = owners(tmp_path, ROSTER, pattern=r"hw-(?P<student>[A-Za-z]+)")
    assert pairs == [("anna", "week1/hw-ANNA2.ipynb"), ("anna", "week1/hw-anna.ipynb"), ("ben", "ben/x.ipynb")]


def test_a_pattern_may_know_the_time(tmp_path):
    put(tmp_path, "hw-anna-2027-01-02T03:04:05Z.ipynb")
    (submission,) = listed(tmp_path, pattern=r"hw-(?P<student>[a-z]+)-(?P<time>.+)\.ipynb")
    assert (submission.student, submission.time, submission.flags) == (
        "anna",
        datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
        (),
    )


def test_a_time_in_a_name_that_is_none(tmp_path):
    put(tmp_path, "hw-anna-noon.ipynb")
    (submission,) = listed(tmp_path, pattern=r"hw-(?P<student>[a-z]+)-(?P<time>.+)\.ipynb")
    assert (submission.time, submission.flags) == (THEN, ("bad_timestamp", "time_from_file"))


@pytest.mark.parametrize("pattern", ["(?P<student>", "anna", "(?P<pupil>.)", "[\x1b"])
def test_a_pattern_that_cannot_be_is_said(tmp_path, pattern):
    put(tmp_path, "anna/x.ipynb")
    with pytest.raises(SubmissionsError, match=r"pattern .* \S+") as fault:
        find(tmp_path, pattern=pattern)
    assert "\x1b" not in str(fault.value)


def test_two_spellings_are_one_student(tmp_path):
    put(tmp_path, "Zoe\u0308/a.ipynb", "zo\xeb/b.ipynb", "ZOË/c.ipynb")
    assert {student for student, _ in owners(tmp_path, [Student("Zoë")])} == {"Zoë"}
    apart = listed(tmp_path)
    assert [submission.student for submission in apart] == ["ZOË (1)", "Zoe\u0308 (2)", "zo\xeb (3)"]
    assert all("clash" in submission.flags for submission in apart)


def test_a_folder_around_the_students_is_passed_through(tmp_path):
    put(tmp_path / "class", "class/anna/x.ipynb", "class/ben/x.ipynb")
    assert [student for student, _ in owners(tmp_path / "class")] == ["anna", "ben"]
    (tmp_path / "anna").mkdir()
    put(tmp_path / "anna", "anna/x.ipynb")
    assert owners(tmp_path / "anna", ROSTER) == [("anna", "anna/x.ipynb")]


@pytest.mark.parametrize("around", ["submissions", "autumn/submissions", "autumn"])
def test_a_class_in_a_zip_of_a_folder_of_any_name_is_not_one_student(tmp_path, around):
    put(tmp_path / "in", f"{around}/anna/x.ipynb", f"{around}/ben/ex02/x.ipynb")
    assert [student for student, _ in owners(tmp_path / "in", ROSTER)] == ["anna", "ben"]
    if around == "submissions":
        assert [student for student, _ in owners(tmp_path / "in")] == ["anna", "ben"]


def test_a_single_students_folder_is_a_students(tmp_path):
    put(tmp_path / "in", "dora/ex01/x.ipynb", "dora/ex02/x.ipynb")
    assert {student for student, _ in owners(tmp_path / "in", ROSTER)} == {"dora"}
    assert {student for student, _ in owners(tmp_path / "in")} == {"dora"}


# What cannot be read


def test_nothing_to_grade_is_a_sentence(tmp_path):
    with pytest.raises(SubmissionsError, match="There is no folder"):
        find(tmp_path / "missing")
    with pytest.raises(SubmissionsError, match=r"Expected notebooks .* found none"):
        find(tmp_path)
    put(tmp_path, "README.md")
    with pytest.raises(SubmissionsError, match=r"Expected notebooks .* found none"):
        find(tmp_path, ROSTER)
    with pytest.raises(SubmissionsError, match=r"is not a \.zip that can be used"):
        find(tmp_path / "README.md")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SubmissionsError, match="There is no folder"):
        find(tmp_path / "pipe")
    assert issubclass(SubmissionsError, ValueError)


def test_a_student_without_a_notebook_is_listed(tmp_path):
    put(
        tmp_path,
        "anna/x.py",
        "ben/a/b/c/d/e/f/g/x.py",
        "archeranna_102_5_x.py",
        "ben2_ex02.pdf",
        "cleo/x.ipynb",
        "notes.txt",
    )
    (tmp_path / "dan").mkdir()
    assert rejects(tmp_path, ROSTER) == [
        ("anna", "anna", "no_notebook"),
        ("anna_lee", "archeranna_102_5_x.py", "no_notebook"),
        ("ben", "ben", "no_notebook"),
        ("ben2", "ben2_ex02.pdf", "no_notebook"),
        ("cleo", "cleo/x.ipynb", None),
        ("dan", "dan", "no_notebook"),
    ]


def test_what_is_no_file_is_not_read(tmp_path):
    outside = put(tmp_path, "outside/secret.ipynb") / "outside"
    folder = put(tmp_path / "in", "anna/x.ipynb")
    os.mkfifo(folder / "anna/fifo.ipynb")
    (folder / "anna/dir.ipynb").mkdir()
    (folder / "anna/link.ipynb").symlink_to(outside / "secret.ipynb")
    (folder / "anna/dangling.ipynb").symlink_to("nowhere")
    (folder / "anna/loop.ipynb").symlink_to("loop.ipynb")
    (folder / "anna/folder").symlink_to(outside)
    (folder / "anna/up").symlink_to("..")
    (folder / "ben").symlink_to(outside)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder / "anna")
        try:
            server.bind("socket.ipynb")
        finally:
            os.chdir(here)
        lines = rejects(folder, ROSTER)
    names = ("dangling", "dir", "fifo", "link", "loop", "socket")
    assert lines == [
        *(("anna", f"anna/{name}.ipynb", "not_a_file") for name in names),
        ("anna", "anna/x.ipynb", None),
        ("ben", "ben", "not_a_file"),
    ]


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_a_file_that_is_exchanged_after_it_was_found(tmp_path, becomes):
    folder = put(tmp_path / "in", "anna/x.ipynb", "ben/x.ipynb")
    submissions = find(folder)
    (folder / "anna/x.ipynb").unlink()
    if becomes == "link":
        (folder / "anna/x.ipynb").symlink_to(folder / "ben/x.ipynb")
    else:
        os.mkfifo(folder / "anna/x.ipynb")
    assert [submission.reject for submission in submissions] == ["not_a_file", None]


def test_a_file_that_is_gone_or_forbidden_is_unreadable(tmp_path, monkeypatch):
    folder = put(tmp_path, "anna/x.ipynb", "ben/x.ipynb", "cleo/x.ipynb")
    submissions = find(folder)
    (folder / "anna/x.ipynb").unlink()
    real = os.open

    def forbidden(path, *args, **more):
        if "ben" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", forbidden)
    assert [(submission.student, submission.reject) for submission in submissions] == [
        ("anna", "unreadable"),
        ("ben", "unreadable"),
        ("cleo", None),
    ]


def test_a_folder_that_cannot_be_read_is_listed(tmp_path, monkeypatch):
    folder = put(tmp_path, "anna/x.ipynb", "ben/x.ipynb")
    real = os.scandir

    def forbidden(path):
        if str(path).endswith("anna"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    assert rejects(folder) == [("anna", "anna", "unreadable"), ("ben", "ben/x.ipynb", None)]
    with pytest.raises(SubmissionsError, match="cannot be read"):
        find(folder / "anna")


def test_files_that_are_too_large(tmp_path):
    put(tmp_path, "anna/x.ipynb", data=b" " * 1000)
    put(tmp_path, "ben/x.ipynb", data=b" " * 1001)
    put(tmp_path, "cleo/x.ipynb", data=b" " * 5000)
    submissions = listed(tmp_path, limits=Limits(notebook=1000))
    assert [(submission.reject, submission.size) for submission in submissions] == [
        (None, 1000),
        ("too_large", 1001),
        ("too_large", 5000),
    ]


def test_a_file_that_grows_while_it_is_read_is_too_large(tmp_path, monkeypatch):
    put(tmp_path, "anna/x.ipynb", data=b" " * 1000)
    real = os.fstat

    def small(descriptor):
        status = list(real(descriptor))
        status[stat.ST_SIZE] = 10
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", small)
    assert [submission.reject for submission in find(tmp_path, limits=Limits(notebook=999))] == ["too_large"]


def test_all_of_a_student_together(tmp_path, monkeypatch):
    monkeypatch.setattr("nstlib.grading.submissions.find.TOTAL", 2500)
    put(tmp_path, *(f"anna/{n}.ipynb" for n in range(4)), "ben/x.ipynb", data=b" " * 1000)
    assert [submission.reject for submission in listed(tmp_path)] == [None, None, "too_large", "too_large", None]


def test_too_many_files_of_a_student(tmp_path, monkeypatch):
    monkeypatch.setattr("nstlib.grading.submissions.grouping.MEMBERS", 3)
    put(tmp_path, *(f"anna/{n}.ipynb" for n in range(4)), *(f"ben/{n}.ipynb" for n in range(3)))
    assert [submission.reject for submission in listed(tmp_path)] == ["too_many", None, None, None]


def test_hidden_files_are_passed_over(tmp_path):
    hidden = (".ipynb_checkpoints/x-checkpoint.ipynb", ".x.ipynb", "__MACOSX/._x.ipynb", ".git/y.ipynb")
    put(tmp_path, "anna/x.ipynb", *hidden, *(f"anna/{name}" for name in hidden))
    put(tmp_path, "anna/z.zip", data=zipped("z.ipynb", *hidden, *(f"a/{name}" for name in hidden)))
    assert [path for _, path in owners(tmp_path)] == ["anna/x.ipynb", "anna/z.zip/z.ipynb"]


@pytest.mark.parametrize("changed", [-(1 << 40), 1 << 55])
def test_times_that_cannot_be(tmp_path, monkeypatch, changed):
    put(tmp_path, "anna/x.ipynb")
    real = os.lstat

    def strange(path):
        status = real(path)
        return os.stat_result(tuple(status), {"st_mtime": float(changed)})

    monkeypatch.setattr(os, "lstat", strange)
    assert [submission.time for submission in listed(tmp_path)] == [None]


# Names


def test_names_that_are_not_text(tmp_path):
    folder = os.fsencode(tmp_path)
    os.mkdir(os.path.join(folder, b"\xfe"))
    for name in (b"\xff.ipynb", b"\xfe/\xff.ipynb", "anna/\u202egnp.ipynb".encode(), b"anna/\x1b[31m\n.ipynb"):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(name)
    assert owners(tmp_path) == [
        ("\\udcfe", "\\udcfe/\\udcff.ipynb"),
        ("\\udcff", "\\udcff.ipynb"),
        ("anna", "anna/\\u202egnp.ipynb"),
        ("anna", "anna/\\x1b[31m\\x0a.ipynb"),
    ]
    assert [submission.data for submission in find(tmp_path)][1] == b"\xff.ipynb"


def test_paths_that_look_the_same_are_told_apart(tmp_path):
    put(tmp_path, "anna/\x1b.ipynb", "anna/\\x1b.ipynb")
    put(tmp_path, "ben/a.zip", data=twice())
    pairs = owners(tmp_path)
    assert [path for _, path in pairs] == [
        "anna/\\x1b.ipynb",
        "anna/\\x1b.ipynb (2)",
        "ben/a.zip/x.ipynb",
        "ben/a.zip/x.ipynb (2)",
    ]


def twice():
    with pytest.warns(UserWarning, match="Duplicate"):
        return zipped("x.ipynb", "x.ipynb")


# Several files


def test_the_same_file_again_is_superseded(tmp_path):
    put(tmp_path, "anna/a.ipynb", "anna/c.ipynb")
    put(tmp_path, "anna/b.ipynb", "anna/z/d.ipynb", "ben/a.ipynb")
    os.utime(tmp_path / "anna/z/d.ipynb", (1, 1))  # equal to c, and earlier
    superseded = {submission.path: "superseded" in submission.flags for submission in listed(tmp_path)}
    assert superseded == {
        "anna/a.ipynb": False,
        "anna/b.ipynb": True,
        "anna/c.ipynb": True,
        "anna/z/d.ipynb": False,
        "ben/a.ipynb": False,
    }


def test_what_cannot_be_read_supersedes_nothing(tmp_path):
    put(tmp_path, "anna/a.ipynb", "anna/b.ipynb", data=b" " * 50)
    assert [submission.flags for submission in listed(tmp_path, limits=Limits(notebook=9))] == [("time_from_file",)] * 2


def test_unknown_students_are_not_one_student(tmp_path):
    put(tmp_path, "_a.ipynb")
    put(tmp_path, "_b.ipynb")
    put(tmp_path, "week1/a.ipynb")
    put(tmp_path, "week1/b.ipynb")
    submissions = listed(tmp_path, pattern="(?P<student>nobody)?")
    assert [submission.student for submission in submissions] == [""] * 4 and not any(
        "superseded" in submission.flags for submission in submissions
    )


def test_each_unknown_student_without_a_notebook_is_listed(tmp_path):
    put(tmp_path, *(f"Ben Baker_{number}_assignsubmission_file_/x.py" for number in (1, 2)))
    lines = rejects(tmp_path, ROSTER)
    assert lines == [("", f"Ben Baker_{number}_assignsubmission_file_", "no_notebook") for number in (1, 2)]


def test_the_order_is_not_that_of_the_disk(tmp_path, monkeypatch):
    put(tmp_path, *(f"{who}/{n}.ipynb" for n in "ca-b" for who in ("ben", "anna", "Zoe")), "a.b/x.ipynb", "a/y.ipynb")
    put(tmp_path, "anna/a.zip", data=zipped("b.ipynb", "a.ipynb"))
    put(tmp_path, "anna/a.zip-2.ipynb")
    once = listed(tmp_path)

    class Backwards:
        def __init__(self, path):
            with real(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    real = os.scandir
    monkeypatch.setattr(os, "scandir", Backwards)
    assert listed(tmp_path) == once


# Archives


LAYOUTS = (
    "anna/ex02.ipynb",
    "ben_ex02.ipynb",
    "leeanna_LATE_102_67890_ex02.ipynb",
    "Cleo Clay_1_assignsubmission_file_/x.ipynb",
    "Ben Baker_2_assignsubmission_file_x.ipynb",
)


def test_a_class_in_a_zip(tmp_path):
    folder = put(tmp_path / "class", *LAYOUTS)
    (tmp_path / "class.zip").write_bytes(zipped(*LAYOUTS, "dan/", "eve/a/b/x.py"))
    submissions = listed(tmp_path / "class.zip", ROSTER)
    (folder / "dan").mkdir()
    put(folder, "eve/a/b/x.py")
    assert [submission.student for submission in submissions] == [
        submission.student for submission in listed(folder, ROSTER)
    ]
    assert [submission.path for submission in submissions if not submission.reject] == [
        f"class.zip/{submission.path}" for submission in listed(folder, ROSTER) if not submission.reject
    ]
    assert {submission.time for submission in submissions} == {THEN} and all(
        "time_from_zip" in submission.flags for submission in submissions
    )
    assert next((submission.student, submission.path) for submission in submissions if submission.reject) == (
        "dan",
        "class.zip/dan",
    )


def test_the_same_class_in_a_zip_of_its_folder_and_with_timestamps(tmp_path):
    names = [f"class/{name}" for name in LAYOUTS]
    stamp = ("class/anna/ex02/timestamp.txt", b"2027-01-02 04:04:05 UTC")
    (tmp_path / "class.zip").write_bytes(zipped("class/", *names, "class/anna/ex02/y.ipynb", stamp))
    submissions = {submission.path: submission for submission in listed(tmp_path / "class.zip", ROSTER)}
    assert submissions["class.zip/class/anna/ex02.ipynb"].student == "anna"
    assert submissions["class.zip/class/anna/ex02/y.ipynb"].time == datetime(2027, 1, 2, 4, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", ["anna/hw.zip", "anna_hw.ZIP", "archeranna_101_5_hw.zip"])
def test_an_archive_that_was_handed_in(tmp_path, name):
    put(tmp_path / "in", name, data=zipped("ben/x.ipynb", "ben_103_7_y.ipynb", "notes.txt"))
    submissions = listed(tmp_path / "in", ROSTER)
    assert [(submission.student, submission.path) for submission in submissions] == [
        ("anna", f"{name}/ben/x.ipynb"),
        ("anna", f"{name}/ben_103_7_y.ipynb"),
    ]
    assert submissions[0].data == NOTEBOOK
    assert {(submission.time, submission.flags) for submission in submissions} == {
        (THEN, ("time_from_file",))
    }  # not what the student's zip says
    (tmp_path / "class.zip").write_bytes(zipped((name, zipped("x.ipynb"))))
    assert owners(tmp_path / "class.zip", ROSTER) == [("anna", f"class.zip/{name}/x.ipynb")]


def test_a_members_own_time_is_kept_beside_the_archives(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("x.ipynb", (2027, 1, 9, 1, 2, 4)), NOTEBOOK)
    put(tmp_path, "anna/hw.zip", data=data.getvalue())
    (submission,) = listed(tmp_path)
    assert (submission.time, submission.within) == (THEN, datetime(2027, 1, 9, 1, 2, 4, tzinfo=UTC))


@pytest.mark.parametrize("much", [0, 1, 99])
def test_archives_are_closed(tmp_path, much):
    put(
        tmp_path,
        "class.zip",
        data=zipped(("anna/hw.zip", zipped("x.ipynb", "y.ipynb")), ("b/hw.zip", b""), "c/x.ipynb"),
    )
    before = len(os.listdir("/dev/fd"))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        submissions = find(tmp_path / "class.zip")
        for _, _ in zip(range(much), submissions, strict=False):
            pass
        del submissions
    assert len(os.listdir("/dev/fd")) == before and [warning.category for warning in said] == []


def test_the_time_of_a_member_without_one_is_that_of_the_archive(tmp_path):
    first = zipfile.ZipInfo("anna/x.ipynb", (1980, 1, 1, 0, 0, 0))
    put(tmp_path, "class.zip", data=zipped((first, NOTEBOOK)))
    (submission,) = listed(tmp_path / "class.zip")
    assert (submission.time, submission.flags) == (THEN, ("time_from_file",))


def test_no_archive_within_a_students_archive(tmp_path):
    put(tmp_path, "anna/hw.zip", data=zipped(("inner.zip", zipped("x.ipynb")), "y.ipynb"))
    expected = [("anna", "anna/hw.zip/inner.zip", "nested_archive"), ("anna", "anna/hw.zip/y.ipynb", None)]
    assert rejects(tmp_path) == expected


def test_an_archive_without_a_notebook(tmp_path):
    put(tmp_path, "anna/hw.zip", "ben/hw.zip", data=zipped("x.py"))
    put(tmp_path, "anna/x.ipynb")
    assert rejects(tmp_path) == [("anna", "anna/x.ipynb", None), ("ben", "ben", "no_notebook")]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/x.ipynb",
        "../x.ipynb",
        "a/../../x.ipynb",
        "a\\x.ipynb",
        "..\\x.ipynb",
        "C:/x.ipynb",
        "c:x.ipynb",
        "x.ipynb\0.ipynb",
    ],
)
def test_names_that_lead_out_of_an_archive(tmp_path, name):
    """Listed, never read, and no other student's row changes."""
    info = zipfile.ZipInfo("x")
    info.filename = name
    put(tmp_path / "in", "ben/hw.zip", data=zipped((info, NOTEBOOK), "good.ipynb"))
    shown = name.replace("\0", "\\x00")
    assert sorted(rejects(tmp_path / "in")) == sorted(
        [("ben", f"ben/hw.zip/{shown}", "bad_name"), ("ben", "ben/hw.zip/good.ipynb", None)]
    )
    (tmp_path / "class.zip").write_bytes(zipped((info, NOTEBOOK), "class/ben/good.ipynb"))
    bad, good = listed(tmp_path / "class.zip", ROSTER)
    assert (bad.path, bad.reject) == (f"class.zip/{shown}", "bad_name")
    assert (good.student, good.path, good.reject) == ("ben", "class.zip/class/ben/good.ipynb", None)
    assert bad.student == "" and "no_student" in bad.flags


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_in_an_archive(tmp_path, mode):
    info = zipfile.ZipInfo("x.ipynb")
    info.create_system, info.external_attr = 3, (mode | 0o777) << 16
    put(tmp_path, "anna/hw.zip", data=zipped((info, b"/etc/passwd"), "y.ipynb/"))
    assert {(submission.path, submission.reject) for submission in listed(tmp_path)} == {
        ("anna/hw.zip/x.ipynb", "not_a_file"),
        ("anna/hw.zip/y.ipynb", "not_a_file"),
    }


def test_encrypted_members(tmp_path):
    data = bytearray(zipped("x.ipynb", "y.ipynb"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    put(tmp_path, "anna/hw.zip", data=bytes(data))
    assert rejects(tmp_path) == [("anna", "anna/hw.zip/x.ipynb", "encrypted"), ("anna", "anna/hw.zip/y.ipynb", None)]


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_in_ways_that_zipfile_unpacks_without_a_limit(tmp_path, packed):
    put(tmp_path, "anna/hw.zip", data=zipped(("x.ipynb", b" " * 1000), packed=packed))
    assert rejects(tmp_path) == [("anna", "anna/hw.zip/x.ipynb", "bad_archive")]


def test_6000_members(tmp_path):
    data = zipped(*(f"anna/{n}.ipynb" for n in range(6000)))
    put(tmp_path / "in", "anna/hw.zip", data=data)
    put(tmp_path / "in", "ben/x.ipynb")
    assert rejects(tmp_path / "in") == [("anna", "anna/hw.zip", "too_many"), ("ben", "ben/x.ipynb", None)]
    (tmp_path / "class.zip").write_bytes(data)
    with pytest.raises(SubmissionsError, match=f"too many files.*{MEMBERS}"):
        find(tmp_path / "class.zip")


def test_a_table_of_contents_that_is_too_long_is_not_read(tmp_path):
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *([20, 3, 20, 0]), *([0] * 4), 0, 0, 0, *([0] * 5), 0, 0)
    table = entry * (2 * archives.CONTENTS // len(entry))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 7, 7, len(table), 0, 0)
    put(tmp_path, "anna/hw.zip", data=table + end)
    tracemalloc.start()
    try:
        assert rejects(tmp_path) == [("anna", "anna/hw.zip", "too_many")]
        assert tracemalloc.get_traced_memory()[1] < 6 * archives.CONTENTS
    finally:
        tracemalloc.stop()


def lying(name, data, size):
    """A zip whose tables say another size."""
    whole = bytearray(zipped((name, data)))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = whole.index(mark) + offset
        whole[start : start + 4] = size.to_bytes(4, "little")
    return bytes(whole)


@pytest.mark.parametrize("size", [0, 1, 10, 1 << 20, (1 << 32) - 1])
def test_sizes_in_an_archive_are_not_believed(tmp_path, size):
    put(tmp_path, "anna/hw.zip", data=lying("x.ipynb", b" " * (1 << 20), size))
    (submission,) = listed(tmp_path, limits=Limits(notebook=1000))
    assert submission.reject in ("too_large", "bad_archive") and submission.size <= 1001


def test_a_bomb_costs_little(tmp_path, monkeypatch):
    monkeypatch.setattr("nstlib.grading.submissions.find.TOTAL", 5 << 20)
    put(tmp_path, "anna/hw.zip", data=zipped(*((f"{n}.ipynb", bytes(4 << 20)) for n in range(30))))
    put(tmp_path, "ben/x.ipynb")
    read = []
    real = zipfile.ZipExtFile.read

    def counted(self, *args):
        data = real(self, *args)
        read.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    tracemalloc.start()
    try:
        lines = rejects(tmp_path, limits=Limits(notebook=1 << 20))
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    assert {reject for _, _, reject in lines[:30]} == {"too_large"} and lines[30] == ("ben", "ben/x.ipynb", None)
    assert sum(read) < 2 * (5 << 20)  # twice: for what is superseded, and for what is yielded


@pytest.mark.parametrize("broken", [False, True])
def test_members_that_share_their_bytes_are_counted_each_time(tmp_path, monkeypatch, broken):
    monkeypatch.setattr("nstlib.grading.submissions.find.TOTAL", 300_000)
    whole = bytearray(zipped(("x.ipynb", os.urandom(100_000))))
    if broken:
        whole[whole.index(b"PK\x01\x02") + 16] ^= 1  # the sum: all is read before it is found to be wrong
    whole, opened = bytes(whole), []
    real = zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: opened.append(1) or real(*args))
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20, 20, 20 * (end - start), start, 0)
    put(tmp_path, "anna/hw.zip", data=whole[:start] + whole[start:end] * 20 + tail)
    lines = rejects(tmp_path)
    assert len(lines) == 20 and {reject for *_, reject in lines[2:]} <= {"too_large", "bad_archive"}
    assert sum(reject is None for *_, reject in lines) <= 2 and len(opened) <= 2 * 2  # read twice


@pytest.mark.parametrize("cut", [0, 1, 10, 30, 60, -1, -20, -60])
def test_broken_archives(tmp_path, cut):
    whole = zipped("x.ipynb", "y.ipynb")
    put(tmp_path, "anna/hw.zip", data=whole[:cut])
    put(tmp_path, "ben/x.ipynb")
    assert rejects(tmp_path)[0] == ("anna", "anna/hw.zip", "bad_archive")
    put(tmp_path, "class.zip", data=whole[:cut])
    with pytest.raises(SubmissionsError, match=r"is not a \.zip that can be used"):
        find(tmp_path / "class.zip")


def test_a_broken_member_costs_itself_alone(tmp_path):
    whole = bytearray(zipped(("x.ipynb", b"abcdef" * 9), "y.ipynb"))
    whole[40] ^= 255
    put(tmp_path, "anna/hw.zip", data=bytes(whole))
    expected = [("anna", "anna/hw.zip/x.ipynb", "bad_archive"), ("anna", "anna/hw.zip/y.ipynb", None)]
    assert rejects(tmp_path) == expected


def test_no_room_for_a_copy_is_our_fault(tmp_path, monkeypatch):
    put(tmp_path, "anna/hw.zip", data=zipped("x.ipynb"))

    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(SubmissionsError, match="Make room"):
        list(find(tmp_path))


anything = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda edits, cut: mangled(edits, cut),
        st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
        st.integers(0, 400),
    ),
)
BASE = zipped("anna/x.ipynb", "y.ipynb", ("z.zip", zipped("a.ipynb")))


def mangled(edits, cut):
    whole = bytearray(BASE)
    for offset, value in edits:
        whole[offset % len(whole)] = value
    return bytes(whole[: len(whole) if cut < 300 else cut])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=anything)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_bytes_may_be_a_zip(tmp_path, data):
    put(tmp_path / "in", "anna/hw.zip", data=data)
    put(tmp_path / "in", "ben/x.ipynb")
    submissions = listed(tmp_path / "in")
    assert submissions[-1].student == "ben" and submissions[-1].reject is None and submissions[0].student == "anna"
    (tmp_path / "class.zip").write_bytes(data)
    try:
        listed(tmp_path / "class.zip", ROSTER)
    except SubmissionsError as fault:
        assert str(fault).endswith(".")


part = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
platform = st.sampled_from(
    ["anna", "ben_1_2_", "x_LATE_103_4_", "Ben Baker_7_assignsubmission_file_", "submitted", "in"]
)


@settings(max_examples=150, deadline=None)
@given(paths=st.lists(st.lists(part | platform, min_size=1, max_size=4), max_size=5), with_roster=st.booleans())
def test_any_names(paths, with_roster):
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "in"
        put(folder, "ben/x.ipynb")
        made = 1
        for parts in paths:
            try:
                put(folder, "/".join(parts) + ".ipynb")
            except OSError:
                continue
            made += 1
        assert len(listed(folder, ROSTER if with_roster else ())) <= made * 2
        shutil.rmtree(folder)


# A whole class


MEASURED = """
import pathlib, sys, tracemalloc
from nstlib.grading.submissions.find import find
tracemalloc.start()
total, peaks = 0, []
for number, submission in enumerate(find(pathlib.Path(sys.argv[1]))):
    total += submission.size
    if number in (99, 999):
        peaks.append(tracemalloc.get_traced_memory()[1])
print(total, *peaks)
"""  # a process of its own: what other tests' threads still allocate is counted, too


def test_1000_students_take_the_memory_of_one(tmp_path):
    for number in range(1000):
        put(tmp_path, f"s{number:04}/x.ipynb", data=b" " * 100_000 + str(number).encode())
    done = subprocess.run([sys.executable, "-c", MEASURED, tmp_path], capture_output=True, text=True, check=True)
    total, *peaks = map(int, done.stdout.split())
    assert total > 100_000_000 and peaks[1] < 4_000_000 and peaks[1] - peaks[0] < 200_000


def test_nothing_outside_the_folder_is_opened(tmp_path, monkeypatch):
    folder = put(tmp_path / "in", "anna/x.ipynb", "ben/ex02/x.ipynb", "ben/ex02/timestamp.txt")
    put(tmp_path, "outside.ipynb")
    put(folder, "anna/hw.zip", data=zipped("../../outside.ipynb", "x.ipynb", str(tmp_path / "outside.ipynb")))
    (folder / "anna/link.ipynb").symlink_to(tmp_path / "outside.ipynb")
    opened = []
    real = os.open

    def noted(path, *args, **more):
        opened.append(os.path.realpath(path))
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", noted)
    listed(folder)
    copies = re.compile(rf"{re.escape(os.path.realpath(tempfile.gettempdir()))}/?[^/]*")
    assert all(path.startswith(str(folder.resolve())) or copies.fullmatch(path) for path in opened)
    assert sum(path.startswith(str(folder.resolve())) for path in opened) >= 4
