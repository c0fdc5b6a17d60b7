"""A sample class to try the grader on: thirty students, right, wrong in every catalogued way, broken, and late.

Every run makes the same files. Nothing here is anybody's work.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from nstlib.checks import all_questions
from nstlib.checks.questions import Question
from nstlib.errors import NstError
from nstlib.files import replacing, require_folder
from nstlib.grading.demo import sample_answers

__all__ = ["DUE", "DemoError", "make", "notebook"]

DUE = datetime(2027, 3, 1, 23, 59, tzinfo=UTC)
RIGHT = ("ada", "ben", "chen", "dora", "emil")
WRONG = (
    "fay",
    "gus",
    "hana",
    "ivo",
    "jon",
    "kim",
    "lea",
    "mia",
    "nils",
)  # each makes a different mistake in each question
ODD: Mapping[str, str] = {  # what these students write as the body of the Gram matrix
    "otto": "while True:\n        pass",
    "pia": "import os\n    os._exit(0)",
    "quinn": "import ctypes\n    ctypes.string_at(0)",
    "rosa": "return [0.0] * 10**12",
    "sven": "while True:\n        print('still here')",
    "tara": "import nstlib\n    return nstlib.gram_matrix(*x)",
    "uwe": "import random\n    return random.SystemRandom().random()",
    "vera": "return open('/etc/passwd').read()",
}


class DemoError(NstError):
    """The class cannot be made there; the message says why and what to do."""


def make(directory: Path) -> list[str]:
    """Write submissions/, with a folder for each student, and roster.csv into a new folder; return the students."""
    if directory.exists():
        raise DemoError(f"{directory} already exists, and a sample class overwrites nothing. Choose another name.")
    if not directory.absolute().parent.is_dir():
        raise DemoError(
            f"The folder {directory.absolute().parent} does not exist. Make it first, then the class in it."
        )
    require_folder(directory.absolute().parent)
    questions = all_questions()
    files = _files(questions)
    submissions = directory / "submissions"
    for path, (data, hours) in files.items():
        file = submissions / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as part:
            part.write_bytes(data)
        moment = (DUE + timedelta(hours=hours)).timestamp()
        os.utime(file, (moment, moment))
    (submissions / "zita").mkdir()  # handed in nothing
    students = sorted({path.split("/")[0] for path in files} | {"zita"})
    rows = [f"{student},{student.title()} Example,{student}@example.org,," for student in [*students, "anton"]]
    (directory / "roster.csv").write_text("\n".join(["student,name,email,canvas_id,moodle_id", *rows, ""]))
    return students


def notebook(answers: Mapping[str, str], *, tagged: bool = True) -> bytes:
    """Return a notebook with these answers, question -> source, each with its check as in the exercises.

    tagged: with the tags of the exercises' cells.
    """
    exercises = ", ".join(sorted({question.partition(".")[0] for question in answers}))
    cells = [_code(f"from nstlib.checks import {exercises}")] if exercises else []
    questions = all_questions()
    for question, source in answers.items():
        cells.append({"cell_type": "markdown", "metadata": {}, "source": f"## {question}"})
        tags = {"tags": [f"q:{question}"]} if tagged else {}
        cells.append(_code(source, tags and tags | {"nst": {"question": question}}))
        check = f"{question}.check({questions[question].reference.__name__})"
        cells.append(_code(check, tags and tags | {"nst": {"check": question}}))
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _code(source: str, metadata: Mapping = MappingProxyType({})) -> dict:
    return {"cell_type": "code", "execution_count": None, "metadata": dict(metadata), "outputs": [], "source": source}


def _files(questions: Mapping[str, Question]) -> dict[str, tuple[bytes, float]]:
    """Return each file's bytes, and how many hours after the due date it comes."""
    right = {name: sample_answers.source(question) for name, question in questions.items()}
    stub = {name: f"def {question.call}:\n    raise NotImplementedError" for name, question in questions.items()}
    files: dict[str, tuple[bytes, float]] = {}
    for number, student in enumerate(RIGHT):
        for exercise in sorted({name.partition(".")[0] for name in questions}):
            own = {name: text for name, text in right.items() if name.startswith(exercise)}
            files[f"{student}/{exercise}.ipynb"] = (notebook(own, tagged=number % 2 == 0), -30.0 + number)
    for number, student in enumerate(WRONG):
        files[f"{student}/all.ipynb"] = (notebook(_wrong_answers(questions, number)), -5.0)
    for student, body in ODD.items():
        odd = f"import torch\n\ndef gram_matrix(*x):\n    {body}"
        files[f"{student}/all.ipynb"] = (notebook(right | {"ex02.gram": odd}), -2.0)
    broken = right | {"ex01.unroll": "def unroll(features:\n    return", "ex05.tv": "def total_variation(x): return 0"}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("work/all.ipynb", (2027, 3, 1, 20, 0, 0)), notebook(right))
    files |= {
        "walt/all.ipynb": (notebook(right), 30.0),  # two days late
        "walt/first try.ipynb": (notebook(stub), -40.0),
        "xena/all.ipynb": (notebook(broken), -1.0),
        "yves/all.ipynb": (notebook(right)[:-200], -1.0),  # was cut off
        "yara/login.ipynb": (b"<!doctype html><title>Please log in</title>", -1.0),
        "zoe/work.zip": (archive.getvalue(), -1.0),
        "zack/all.ipynb": (notebook(stub), -1.0),
        "=cmd()/all.ipynb": (
            notebook(right | {"ex02.gram": "# <script>alert(1)</script>\n" + right["ex02.gram"]}),
            -1.0,
        ),
    }
    return files


def _wrong_answers(questions: Mapping[str, Question], number: int) -> dict[str, str]:
    """Return answers with the catalogue's mistakes; each number makes another mistake in a question."""
    answers = {}
    for name, question in questions.items():
        mistakes = [None, *(mistake.id for mistake in question.misconceptions)]
        answers[name] = sample_answers.source(question, mistakes[(number + 1) % len(mistakes)])
    return answers
