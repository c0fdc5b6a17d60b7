"""Classes for tests: folders of notebooks, and a marker that needs no child."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from nstlib.checks import all_questions
from nstlib.grading import made
from nstlib.grading.demo import DUE, notebook
from nstlib.grading.local import Proof
from nstlib.grading.marking import Marks

GRAM = "ex02.gram"
OUTPUTS = ("gradebook.csv", "tests.csv", "report.html")


def right(*names: str) -> dict[str, str]:
    """Return right answers to some questions, or to all."""
    questions = all_questions()
    return {name: made.source(questions[name]) for name in names or questions}


def gram(source: str) -> bytes:
    """Return a notebook with this answer to the Gram matrix, and another right answer."""
    return notebook(right("ex01.unroll") | {GRAM: source})


def write(folder: Path, students: Mapping[str, bytes]) -> Path:
    """Write a notebook a student."""
    for student, data in students.items():
        path = folder / student / "all.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (DUE.timestamp() - 3600,) * 2)
    return folder


def outputs(out: Path) -> dict[str, bytes]:
    """Return all that must be the same bytes in every run."""
    pages = {f"feedback/{each.name}": each.read_bytes() for each in (out / "feedback").iterdir()}
    return {name: (out / name).read_bytes() for name in OUTPUTS} | pages


def made_up(submissions: Iterable, asked: Mapping, limits) -> Iterable:
    """Mark without children: what decides is in the bytes."""
    yield Proof(("rlimits",), (), False)
    for submission in submissions:
        points = {name: each.points if len(submission.data) % 2 else 0 for name, each in asked.items()}
        words = {name: "correct" if points[name] else "not yet" for name in asked}
        entry = {"misconception": None, "said": (), "warnings": (), "source": "x", "tests": []}
        questions = {
            name: entry | {"outcome": words[name], "points": points[name], "of": each.points}
            for name, each in asked.items()
        }
        yield submission, Marks({} if submission.reject else questions, reject=submission.reject)
    yield Proof(("rlimits",), (), False)
