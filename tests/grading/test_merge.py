"""Weekly runs put together are what one run over the term would be."""

import csv
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from nstlib.grading.bundle.bundle import Bundle, new
from nstlib.grading.demo.demo import DUE, notebook
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
