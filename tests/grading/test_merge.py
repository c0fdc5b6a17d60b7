"""Weekly runs put together are what one run over the term would be."""

import csv
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from nstlib.grading.bundle.bundle import Bundle, new
from nstlib.grading.demo.demo import DUE, notebook
from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks
from nstlib.grading.merge import MergeError, merge
from nstlib.grading.run import grade
from tests.grading.classes import right
from tests.grading.stand_in import mark_by_length


def put(folder, exercise, student, days):
    path = folder / student / f"{exercise}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = notebook({name: text for name, text in right().items() if name.startswith(exercise)})
    path.write_bytes(data + b" " * (1 - len(data) % 2))  # an odd number of bytes is right
    os.utime(path, ((DUE + timedelta(days=days)).timestamp(),) * 2)


@pytest.fixture
def bundle(made, tmp_path):
    copy = Path(shutil.copytree(made.path, tmp_path / "bundle"))
    text = (copy / "bundle.toml").read_text().replace("# due = 2027-01-31T23:59:00", "due = 2027-03-01T23:59:00")
    text = text.replace("percent_per_day = 0", "percent_per_day = 10").replace("free_days = 0", "free_days = 2")
    (copy / "bundle.toml").write_text(text)
    return Bundle.load(copy)


def gradebook(out):
    with (out / "gradebook.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_free_days_are_counted_over_the_term(bundle, tmp_path):
    for exercise, days in (("ex02", 2), ("ex03", 2)):
        put(tmp_path / exercise, exercise, "anna", days - 0.5)
        put(tmp_path / "term", exercise, "anna", days - 0.5)
        put(tmp_path / exercise, exercise, "ben", -1)
        put(tmp_path / "term", exercise, "ben", -1)
        grade(tmp_path / exercise, bundle.only([exercise]), tmp_path / f"out-{exercise}", marker=mark_by_length)
    penalties = [gradebook(tmp_path / f"out-{exercise}")["anna"]["penalty"] for exercise in ("ex02", "ex03")]
    assert penalties == ["0", "0"]  # each week by itself
    term = grade(tmp_path / "term", bundle.only(["ex02", "ex03"]), tmp_path / "out-term", marker=mark_by_length)
    merged = merge(tmp_path / "out", [tmp_path / "out-ex02", tmp_path / "out-ex03"], bundle)
    one, other = gradebook(tmp_path / "out-term"), gradebook(tmp_path / "out")
    assert other == one and float(other["anna"]["penalty"]) > 0 and other["ben"]["penalty"] == "0"
    assert merged.exit_status == term.exit_status and (tmp_path / "out" / "feedback" / "anna.html").is_file()


def test_a_file_that_was_taken_away_counts_no_more(bundle, tmp_path):
    for student in ("anna", "ben"):
        put(tmp_path / "in", "ex02", student, -1)
    grade(tmp_path / "in", bundle, tmp_path / "week", marker=mark_by_length)
    (tmp_path / "in" / "ben" / "ex02.ipynb").unlink()
    (tmp_path / "in" / "ben").rmdir()
    grade(tmp_path / "in", bundle, tmp_path / "week", marker=mark_by_length)
    merge(tmp_path / "out", [tmp_path / "week"], bundle)
    assert set(gradebook(tmp_path / "out")) == {"anna"}


def test_what_is_no_run_is_refused_and_nothing_is_written(bundle, tmp_path):
    (tmp_path / "week").mkdir()
    with pytest.raises(MergeError, match=r"has no journal\.jsonl"):
        merge(tmp_path / "out", [tmp_path / "week"], bundle)
    (tmp_path / "week" / "journal.jsonl").touch()
    with pytest.raises(MergeError, match="Grade that week again"):
        merge(tmp_path / "out", [tmp_path / "week"], bundle)
    with pytest.raises(MergeError, match="one of the runs"):
        merge(tmp_path / "week", [tmp_path / "week"], bundle)
    assert not (tmp_path / "out").exists()


def weeks(tmp_path, bundle, names, roster=True):
    """Grade ex02 of the first name and ex03 of the second, each in a week of its own."""
    outs = []
    for exercise, name in zip(("ex02", "ex03"), names, strict=True):
        folder = tmp_path / exercise / "in"
        put(folder, exercise, "x", -1)
        (folder / "x" / f"{exercise}.ipynb").rename(folder / f"{name}_{exercise}.ipynb")
        (folder / "x").rmdir()
        outs.append(tmp_path / exercise / "grades")  # both called alike
        grade(folder, bundle.only([exercise]), outs[-1], marker=mark_by_length)
    return outs


def test_files_of_one_name_in_folders_of_one_name_are_all_kept(bundle, tmp_path):
    (bundle.path / "roster.csv").write_text("student,name\nanna,Anna\n")
    listed = Bundle.load(bundle.path)
    merge(tmp_path / "out", weeks(tmp_path, listed, ("anna", "anna")), listed)
    rows = gradebook(tmp_path / "out")
    assert set(rows) == {"anna"} and rows["anna"]["raw"] == str(sum(listed.only(["ex02", "ex03"]).points.values()))


@pytest.mark.parametrize("names", [("smith", "smith"), ("smith", "Smith")])
def test_names_that_were_guessed_are_not_joined_across_weeks(names, bundle, tmp_path):
    merged = merge(tmp_path / "out", weeks(tmp_path, bundle, names), bundle)
    assert len(gradebook(tmp_path / "out")) == 2 and merged.exit_status == 1


def test_who_was_left_out_of_a_week_waits_and_another_bundle_is_refused(bundle, made, tmp_path):
    for student in ("anna", "ben"):
        put(tmp_path / "in", "ex02", student, -1)
    grade(tmp_path / "in", bundle, tmp_path / "week", marker=mark_by_length, only=["anna"])
    merge(tmp_path / "out", [tmp_path / "week"], bundle)
    assert gradebook(tmp_path / "out")["ben"]["status"] == "left_out"
    other = new(tmp_path / "other", secret=bytes(32))
    with pytest.raises(MergeError, match="another bundle"):
        merge(tmp_path / "out2", [tmp_path / "week"], other)


# What is written about a name that two weeks have, and that no class list has


RUBRIC = "question,criterion,points\nex02.essay,reason,3\nex03.essay,reason,3\n"


def mark_essays(submissions, questions, limits):
    """Take a file's bytes as the text that a person marks, of the exercise that the file is called after."""
    for result in mark_by_length(submissions, questions, limits):
        if isinstance(result, Proof):
            yield result
            continue
        submission, marks = result
        entries = {}
        for name, entry in marks.questions.items():
            text = {"outcome": "by hand", "points": None, "source": submission.sha256}
            mine = submission.data.count(name.partition(".")[0].encode()) > 1
            entries[name] = text if name.endswith("essay") and mine else entry
            entries[name] = {"outcome": "missing", "points": 0} if not mine else entries[name]
        yield submission, Marks(entries)


def told_apart(tmp_path, bundle, exercises=("ex02", "ex03"), days=-1.0):
    """Grade a week by week of somebody whose name is guessed; return the weeks."""
    outs = []
    for number, exercise in enumerate(exercises, 1):
        folder = tmp_path / f"week{number}" / "in"
        put(folder, exercise, "x", days)
        file = folder / "x" / f"{exercise}.ipynb"
        data = file.read_bytes() + b"  " * number
        file.write_bytes(data)
        os.utime(file, ((DUE + timedelta(days=days)).timestamp(),) * 2)
        file.rename(folder / f"anna_{exercise}.ipynb")
        (folder / "x").rmdir()
        outs.append(tmp_path / f"out{number}")
        grade(folder, Bundle.load(bundle.path).only([exercise]), outs[-1], marker=mark_essays)
    return outs


@pytest.fixture
def with_essays(bundle):
    (bundle.path / "rubric.csv").write_text(RUBRIC)
    return Bundle.load(bundle.path)


def give(bundle, question, points):
    """Write points into a sheet, line by line."""
    path = bundle.path / "marks" / f"{question}.csv"
    heading, *lines = path.read_text().splitlines()
    given = zip(lines, points, strict=True)
    path.write_text(
        "\n".join([heading, *(f"{','.join(line.split(',')[:2])},{mark},good" for line, mark in given)]) + "\n"
    )


def test_marks_by_hand_follow_the_work_of_names_that_were_told_apart(with_essays, tmp_path):
    outs = told_apart(tmp_path, with_essays)
    give(with_essays, "ex02.essay", [1])
    give(with_essays, "ex03.essay", [2])
    merged = merge(tmp_path / "out", outs, Bundle.load(with_essays.path))
    rows = gradebook(tmp_path / "out")
    one, other = (rows[f"anna ({out})"] for out in outs)
    assert (one["ex02.essay"], other["ex03.essay"]) == ("1", "2") and merged.unmarked == 0
    pages = [path.read_text() for path in (tmp_path / "out" / "feedback").glob("*.html")]
    assert len(pages) == 2 and all("good" in page for page in pages)


def test_what_waits_is_shown_with_the_name_that_its_line_has(with_essays, tmp_path):
    merge(tmp_path / "out", told_apart(tmp_path, with_essays), Bundle.load(with_essays.path))
    assert "Line <code>anna</code>" in (tmp_path / "out" / "by_hand.html").read_text()


def test_of_two_of_a_name_each_has_the_mark_of_its_own_text(with_essays, tmp_path):
    outs = told_apart(tmp_path, with_essays, ("ex02", "ex02"))
    give(with_essays, "ex02.essay", [1, 2])
    merge(tmp_path / "out", outs, Bundle.load(with_essays.path))
    assert [row["ex02.essay"] for row in gradebook(tmp_path / "out").values()] == ["1", "2"]


def test_a_line_for_any_text_counts_where_it_is_clear_whose_it_is_meant_for(with_essays, tmp_path):
    outs = told_apart(tmp_path, with_essays, ("ex02", "ex03", "ex03"))
    for exercise in ("ex02", "ex03"):
        (with_essays.path / "marks" / f"{exercise}.essay.csv").write_text("student,reason\nAnna,3\n")
    merged = merge(tmp_path / "out", outs, Bundle.load(with_essays.path))
    one, two, three = gradebook(tmp_path / "out").values()
    assert (one["ex02.essay"], two["ex03.essay"], three["ex03.essay"], merged.unmarked) == ("3", "", "", 2)


def test_an_override_follows_the_work_and_one_that_could_be_eithers_is_kept_and_asked_about(bundle, tmp_path):
    outs = told_apart(tmp_path, bundle)
    heading = "student,question,points,reason,comment\n"
    lines = "anna,ex02.gram,1,oral,See me.\nanna,ex01.unroll,2,oral,\n"
    (bundle.path / "overrides.csv").write_text(heading + lines)
    merged = merge(tmp_path / "out", [*outs], Bundle.load(bundle.path))
    rows = gradebook(tmp_path / "out")
    assert rows[f"anna ({outs[0]})"]["override"] == "-3" and rows[f"anna ({outs[1]})"]["override"] == ""
    assert merged.exit_status == 1
    pages = [path.read_text() for path in (tmp_path / "out" / "feedback").glob("*.html")]
    assert sum("See me." in page for page in pages) == 1
    outs = told_apart(tmp_path / "again", bundle, ("ex02", "ex02"))
    merge(tmp_path / "both", outs, Bundle.load(bundle.path))
    rows = gradebook(tmp_path / "both")
    assert set(rows) == {"anna", *(f"anna ({out})" for out in outs)}
    assert rows["anna"]["override"] == "1" and "clash" in rows["anna"]["flags"]
    exact = f"anna ({outs[0]}),ex02.gram,2,oral,\n"
    (bundle.path / "overrides.csv").write_text(heading + "anna,ex02.gram,1,oral,\n" + exact)
    merge(tmp_path / "exact", outs, Bundle.load(bundle.path))
    assert gradebook(tmp_path / "exact")[f"anna ({outs[0]})"]["override"] == "-2"


@pytest.mark.parametrize("exercise", ["ex02", ""])
def test_an_extension_follows_the_work(exercise, bundle, tmp_path):
    (bundle.path / "extensions.csv").write_text(f"student,days,exercise\nanna,3,{exercise}\n")
    outs = told_apart(tmp_path, bundle, days=4.5)
    merge(tmp_path / "out", outs, Bundle.load(bundle.path))
    days = [row["days_late"] for row in gradebook(tmp_path / "out").values()]
    assert days == (["2", "5"] if exercise else ["2", "2"])
