"""The whole run: grades from a folder, what is kept between runs, and a grader that is killed at any moment."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import nstlib
from nstlib.grading import run as grading
from nstlib.grading.bundle.bundle import Bundle, BundleError
from nstlib.grading.marking import local
from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks
from nstlib.grading.records.journal import JournalError
from nstlib.grading.run import GradingError, grade
from nstlib.grading.runner.runner import Runner, SandboxError
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions import find
from tests.grading import hostile
from tests.grading.classes import GRAM, OUTPUTS, gram, outputs, right, write
from tests.grading.conftest import left_over
from tests.grading.records.test_gradebook import table
from tests.grading.stand_in import mark_by_length

RIGHT = right(GRAM)[GRAM]
ROOT = Path(nstlib.__file__).parents[1]


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "in", {name: gram(RIGHT + f"\n# {name} ") for name in ("anna", "ben", "cleo")})


@pytest.fixture
def graded(made, folder, tmp_path):
    """Grade with the marker that needs no children; count what it marks."""

    def run(**more):
        seen = []

        def marker(submissions, questions, limits):
            for result in mark_by_length(submissions, questions, limits):
                if not isinstance(result, Proof):
                    seen.append(result[0].student)
                yield result

        return grade(folder, more.pop("bundle", made), tmp_path / "out", marker=marker, **more), seen

    return run


def gradebook(out):
    return {row["student"]: row for row in table((out / "gradebook.csv").read_text())}


def test_a_class_is_graded_in_jailed_children(jail, made, folder, tmp_path):
    write(folder, {"dan": gram(RIGHT + "\n"), "eve": b"<html>"})
    write(folder, {"finn": gram("def gram_matrix(features):\n    return features.flatten(1).T @ features.flatten(1)")})
    result = grade(folder, made, tmp_path / "out", limits=Limits(wall=2))
    rows = gradebook(tmp_path / "out")
    assert [rows[name][GRAM] for name in ("anna", "ben", "dan", "eve", "finn")] == ["4", "4", "4", "", "0"]
    assert (result.exit_status, result.marked_now, rows["eve"]["flags"]) == (1, 6, "reject:html time_from_file")
    tests = table((tmp_path / "out" / "tests.csv").read_text())
    assert {row["misconception"] for row in tests if (row["student"], row["question"]) == ("finn", GRAM)} == {
        "positions"
    }
    assert result.run.layers and not result.run.escapes and not result.run.weak
    assert left_over(os.getpid()) == []


def test_what_is_marked_is_not_marked_again(graded):
    assert graded()[1] == ["anna", "ben", "cleo"] and graded()[1] == []
    assert graded(force=True)[1] == ["anna", "ben", "cleo"]


def test_only_what_changed_is_marked_again_and_old_marks_do_not_pass_for_new_ones(graded, folder, tmp_path):
    graded()
    write(folder, {"ben": gram(RIGHT + "\n# later")})
    result, seen = graded(exclude=["ben"])
    assert seen == [] and result.exit_status == 0
    row = gradebook(tmp_path / "out")["ben"]
    assert (row[GRAM], row["status"], row["flags"]) == ("", "left_out", "not_graded time_from_file")
    assert graded()[1] == ["ben"] and gradebook(tmp_path / "out")["ben"]["status"] == "graded"


def test_other_tests_or_limits_or_versions_mark_everything_anew(graded, made, tmp_path, monkeypatch):
    graded()
    copy = Path(shutil.copytree(made.path, tmp_path / "bundle"))
    (copy / "secret").write_bytes(bytes(32))
    assert len(graded(bundle=Bundle.load(copy))[1]) == 3
    assert len(graded(limits=Limits(wall=1))[1]) == 3
    monkeypatch.setattr(grading.versions, "environment", lambda: {"torch": "another"})
    assert len(graded()[1]) == 3


def test_points_dates_class_and_overrides_need_no_marking(graded, made, tmp_path):
    graded()
    copy = Path(shutil.copytree(made.path, tmp_path / "bundle"))
    (copy / "roster.csv").write_text("student,name\nanna,Anna A\nben,Ben\ncleo,C\nzoe,Zoe\n")
    (copy / "overrides.csv").write_text(f"student,question,points,reason\nben,{GRAM},3,oral exam\n")
    text = (copy / "bundle.toml").read_text().replace("# due = 2027-01-31T23:59:00", "due = 2027-02-27T23:59:00")
    (copy / "bundle.toml").write_text(text.replace("percent_per_day = 0", "percent_per_day = 10"))
    result, seen = graded(bundle=Bundle.load(copy))
    rows = gradebook(tmp_path / "out")
    assert seen == [] and result.exit_status == 0
    assert (rows["zoe"]["status"], rows["anna"]["days_late"], rows["anna"]["penalty"]) == ("no_submission", "2", "18.8")
    assert f"override:{GRAM}" in rows["ben"]["flags"]
    assert "Anna A" in (tmp_path / "out" / "feedback" / "anna.html").read_text()


def test_only_and_exclude_choose_and_an_unknown_student_is_said(graded):
    assert graded(only=["BEN"])[1] == ["ben"]
    assert graded(exclude=["cleo"])[1] == ["anna"]
    with pytest.raises(GradingError, match="leave nobody"):
        graded(only=["ben"], exclude=["ben"])
    with pytest.raises(GradingError, match=r"'nobody', who has no submission. There are those of anna, ben, cleo"):
        graded(only=["nobody"])


def test_one_exercise_alone_is_graded_and_counted(graded, made, tmp_path):
    graded(bundle=made.only(["ex02"]))
    row = gradebook(tmp_path / "out")["anna"]
    assert (row["max"], "ex01.unroll" in row, row["status"]) == ("20", False, "graded")
    assert len(graded()[1]) == 3  # all of it is another question
    with pytest.raises(BundleError, match="no exercise 'ex99'; it has ex01, ex02"):
        made.only(["ex99"])


def test_a_file_that_is_gone_counts_no_more(graded, folder, tmp_path):
    graded()
    shutil.rmtree(folder / "ben")
    graded()
    assert set(gradebook(tmp_path / "out")) == {"anna", "cleo"}
    assert not (tmp_path / "out" / "feedback" / "ben.html").exists()


def test_what_was_not_graded_through_our_fault_is_graded_in_the_next_run(made, folder, tmp_path):
    calls = []

    def failing(submissions, questions, limits):
        for submission in submissions:
            calls.append(submission.student)
            yield submission, Marks({}, ungraded=tuple(questions))

    result = grade(folder, made, tmp_path / "out", marker=failing)
    assert result.exit_status == 2 and {row["status"] for row in gradebook(tmp_path / "out").values()} == {"ungraded"}
    assert {row["total"] for row in gradebook(tmp_path / "out").values()} == {""}
    result = grade(folder, made, tmp_path / "out", marker=mark_by_length)
    assert result.exit_status == 0 and result.marked_now == 3


def test_a_fault_of_the_graders_own_costs_one_submission_a_wait_and_no_other(jail, made, folder, tmp_path, monkeypatch):
    whole = local.mark

    def failing(data, *given):
        if b"# ben" in data:
            raise ZeroDivisionError("a fault of ours")
        return whole(data, *given)

    monkeypatch.setattr(local, "mark", failing)
    result = grade(folder, made, tmp_path / "out", jobs=1)  # so the thread that met it marks the others
    rows = gradebook(tmp_path / "out")
    assert [rows[name]["status"] for name in ("anna", "ben", "cleo")] == ["graded", "ungraded", "graded"]
    assert result.exit_status == 2


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
def test_a_run_that_is_stopped_leaves_no_thread_and_no_process(jail, fault, made, folder, tmp_path):
    def progress(done, of):
        if done:
            raise fault

    with pytest.raises(fault):
        grade(folder, made, tmp_path / "out", progress=progress)
    assert not [thread for thread in threading.enumerate() if thread.name == "nst-grade"]
    assert left_over(os.getpid()) == []


def test_places_that_are_in_each_other_are_refused_and_nothing_is_written(made, folder, tmp_path):
    for out in (folder / "out", made.path / "out", made.path.parent):
        with pytest.raises(GradingError, match=r"lies in"):
            grade(folder, made, out, marker=mark_by_length)
    assert not (folder / "out").exists()
    with pytest.raises(find.SubmissionsError):
        grade(tmp_path / "nothing", made, tmp_path / "out", marker=mark_by_length)
    assert not (tmp_path / "out").exists()


def test_a_place_that_answers_may_read_is_refused(jail, made, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Runner, "visible", lambda self, path: Path(path) == made.path)
    with pytest.raises(SandboxError, match="lies where answers may read"):
        grade(folder, made, tmp_path / "out", jobs=1)
    assert left_over(os.getpid()) == []


def test_a_journal_that_was_changed_stops_the_run_and_loses_nothing(graded, tmp_path):
    graded()
    journal = tmp_path / "out" / "journal.jsonl"
    before = outputs(tmp_path / "out")
    journal.write_bytes(journal.read_bytes().replace(b'"points":0', b'"points":8', 1))
    with pytest.raises(JournalError, match="does not follow"):
        graded()
    assert outputs(tmp_path / "out") == before


def test_the_number_of_jobs_and_the_order_of_files_change_no_byte(jail, made, tmp_path):
    students = {f"s{number}": gram(RIGHT + f"\n# {number}") for number in range(5)}
    students["s3"] = gram("def gram_matrix(f): return f")
    results = []
    for jobs, order in ((1, sorted(students)), (3, sorted(students, reverse=True))):
        folder = write(tmp_path / f"in{jobs}", {name: students[name] for name in order})
        grade(folder, made, tmp_path / f"out{jobs}", jobs=jobs)
        results.append(outputs(tmp_path / f"out{jobs}"))
    assert results[0] == results[1]


ATTACKS = [attack for attack in hostile.ALL if attack.threat in (35, 39, 44, 45, 49, 56, 57, 62, 65, 66, 69, 70)][::3]


def test_the_rows_of_honest_students_are_the_same_with_hostile_ones_among_them(jail, made, tmp_path):
    honest = {f"h{number}": gram(RIGHT + f"\n# {number}") for number in range(4)}
    honest["h2"] = gram("def gram_matrix(f): return f.flatten(1).sum()")
    bad = {f"x{number}": gram(attack.source) for number, attack in enumerate(ATTACKS)}
    limits = Limits(wall=1.5, cpu=2)
    grade(write(tmp_path / "alone", honest), made, tmp_path / "out1", limits=limits)
    grade(write(tmp_path / "mixed", honest | bad), made, tmp_path / "out2", limits=limits)
    alone, mixed = gradebook(tmp_path / "out1"), gradebook(tmp_path / "out2")
    assert {name: mixed[name] for name in honest} == alone
    wrong = [f"x{number}" for number, attack in enumerate(ATTACKS) if not attack.right]
    assert len(wrong) > 8 and {mixed[name][GRAM] for name in wrong} == {"0", ""}  # the jail refused some
    assert {mixed[name]["ex01.unroll"] for name in bad} == {"2"}  # each question by itself
    for name in honest:
        pages = [(tmp_path / out / "feedback" / f"{name}.html").read_bytes() for out in ("out1", "out2")]
        assert pages[0] == pages[1]


class OldJournal:
    """Holds proofs as versions 0.1.0 and later have written them."""

    def records(self):
        proof = {"layers": ["seccomp"], "weak": False}
        return [
            {"proof": proof | {"holes": ["open a socket"]}},
            {"student": "anna"},
            {"proof": proof | {"escapes": []}},
        ]


def test_a_journal_that_an_earlier_version_began_is_read(made):
    assert grading.summary(OldJournal().records(), made, {}).escapes == ("open a socket",)


# Killed at any moment

PROGRAM = """
import os, sys
from pathlib import Path
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.run import grade
from tests.grading.stand_in import mark_by_length
folder, bundle, how = sys.argv[1:]
for out in sys.stdin:
    begins = os.fork()
    if begins:
        print(begins, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(begins, 0)[1]), flush=True)
        continue
    os.setsid()
    grade(Path(folder), Bundle.load(Path(bundle)), Path(out.strip()), marker=mark_by_length if how == "quick" else None)
    assert "torch" not in sys.modules, "the process that decides needs none, and could be attacked by a model's file"
    break
"""


class Grading:
    """Starts the grader again and again, each time in a fork of a process that has imported it already."""

    def __init__(self, folder, bundle, how):
        program = [sys.executable, "-c", PROGRAM, str(folder), str(bundle), how]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(program, cwd=ROOT, text=True, bufsize=1, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def seconds_until_done(self, out, patience=120):
        """Grade, but kill the grader after `patience` seconds; return the seconds that it took, or None if killed."""
        print(out, file=self.process.stdin)
        grader, began = int(self.process.stdout.readline()), time.monotonic()
        killer = threading.Timer(patience, _kill, (grader,))
        killer.start()
        status = int(self.process.stdout.readline())
        killer.cancel()
        assert status in (0, -signal.SIGKILL)
        return None if status else time.monotonic() - began


def _kill(process):
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(process, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "students", "kills"),
    [
        ("quick", 15, 12),
        ("jailed", 6, 1),
        pytest.param("quick", 40, 42, marks=pytest.mark.matrix),
        pytest.param("jailed", 12, 8, marks=pytest.mark.matrix),
    ],
)
def test_a_grader_killed_at_any_moment_and_started_again_gives_the_same_bytes(
    how, students, kills, made, tmp_path, request
):
    folder = write(tmp_path / "in", {f"s{number}": gram(RIGHT + f"\n# {number * '.'}") for number in range(students)})
    write(folder, {"bad": b"{", "odd": gram("def gram_matrix(f): return f")})
    if how == "jailed":
        request.getfixturevalue("jail")
    chance, done, out = random.Random(5), 0, tmp_path / "out"
    with Grading(folder, made.path, how) as grader:
        longest = grader.seconds_until_done(tmp_path / "whole")
        assert longest is not None
        while done < kills:
            if grader.seconds_until_done(out, chance.uniform(0, longest)) is not None:
                shutil.rmtree(out)  # all was done: begin anew
            else:
                done += 1
                assert not (out / "journal.jsonl").exists() or _readable(out / "journal.jsonl")
        assert grader.seconds_until_done(out) is not None
    assert outputs(out) == outputs(tmp_path / "whole")
    assert {path.name for path in out.iterdir()} == {*OUTPUTS, "feedback", "report", "journal.jsonl"}
    until = time.monotonic() + 5
    while left_over(os.getpid(), 0.1) and time.monotonic() < until:
        pass
    assert left_over(os.getpid(), 0.1) == []


def _readable(journal):
    """All lines but a last one that was cut off are whole."""
    lines = journal.read_bytes().split(b"\n")
    return all(isinstance(json.loads(line), dict) for line in lines[:-1])
