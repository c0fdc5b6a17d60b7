"""Classes for tests: folders of notebooks."""

import os
from collections.abc import Mapping
from pathlib import Path

from nstlib.checks import all_questions
from nstlib.grading.demo import sample_answers
from nstlib.grading.demo.demo import DUE, notebook

GRAM = "ex02.gram"
OUTPUTS = ("gradebook.csv", "tests.csv", "report.html")


def right(*names: str) -> dict[str, str]:
    """Return right answers to some questions, or to all."""
    questions = all_questions()
    return {name: sample_answers.source(questions[name]) for name in names or questions}


def gram(source: str) -> bytes:
    """Return a notebook with this answer to the Gram matrix, and a right answer to another question."""
    return notebook(right("ex01.unroll") | {GRAM: source})


def write(folder: Path, students: Mapping[str, bytes]) -> Path:
    """Write a notebook for each student."""
    for student, data in students.items():
        path = folder / student / "all.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (DUE.timestamp() - 3600,) * 2)
    return folder


def outputs(out: Path) -> dict[str, bytes]:
    """Return everything that must have the same bytes after every run."""
    folders = ("feedback", "report")
    pages = {f"{name}/{page.name}": page.read_bytes() for name in folders for page in (out / name).iterdir()}
    return {name: (out / name).read_bytes() for name in OUTPUTS} | pages
