"""Exercise notebooks from one source: the learner's, with stubs, and the instructor's, with answers.

In ``exercises/sources/*.py`` (py:percent) a cell that begins with ``# %% question="ex02.gram"`` holds one function,
with its body between ``# BEGIN SOLUTION`` and ``# END SOLUTION``; a cell ``# %% check="ex02.gram"`` checks it. The
learner's notebook keeps the signature and the docstring, and raises NotImplementedError in place of the body. A program
to repair stands as comments between ``# BEGIN BROKEN`` and ``# END BROKEN``, and comes as code below that stub. The
cell before a question begins ``## Question N · title``; points, difficulty, importance and minutes are added to it.
"""

import ast
import inspect
import re

from nstlib import checks
from nstlib.checks.open_questions import OPEN
from nstlib.checks.results import points_word
from nstlib.errors import NstError

__all__ = ["ExerciseError", "for_instructor", "for_learner", "for_nbgrader"]

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
BROKEN = "# BEGIN BROKEN", "# END BROKEN"
FRESH = """import sys

for name in [name for name in sys.modules if name.split(".")[0] == "nstlib"]:
    del sys.modules[name]
from nstlib.checks import {exercise}
"""
SKIP = """import os

if "NBGRADER_EXECUTION" in os.environ:  # nothing below is graded, and painting takes time
    get_ipython().input_transformers_cleanup.append(lambda lines: [])
"""
SHORT = 12  # an answer's line of so few letters, such as `return G`, may stand elsewhere too


class ExerciseError(NstError):
    """A source is no exercise; the message says where and why."""


def for_instructor(notebook):
    """Return the notebook with its answers, and with each check's text, which the tests compare."""
    _label(notebook)
    for cell, question in _marked(notebook, "question"):
        whole = _parted(cell.source)[0]
        cell.source = "\n".join(line for line in whole.splitlines() if line.strip() not in (BEGIN, END))
        _mark(cell, question)
    for cell, question in _marked(notebook, "check"):
        _mark(cell, question, "nbval-check-output")
    _mark_open(notebook)
    return notebook


def for_learner(notebook):
    """Return the notebook with stubs for answers; raise ExerciseError if a line of an answer is left anywhere."""
    _label(notebook)
    answers = []
    for cell, question in _marked(notebook, "question"):
        answers += _answer(cell.source)
        cell.source = _stub(cell.source, question)
        _mark(cell, question)
    for cell, question in _marked(notebook, "check"):
        _mark(cell, question)
    _mark_open(notebook)
    text = "\n".join(f"{cell.source}\n{cell.metadata}" for cell in notebook.cells)
    if leak := [line for line in answers if len(line) > SHORT and line in text]:
        raise ExerciseError(
            f"the answer's line {leak[0]!r} also stands outside the answer, where learners read it: reword one"
        )
    return notebook


def for_nbgrader(notebook):
    """Return the source as nbgrader wants it: with solution marks, and checks that raise for a wrong answer.

    Each check imports nstlib afresh, past what a notebook has changed of it. What stands below the last check, which is
    painting, is not run where nbgrader grades.
    """
    _label(notebook)
    _mark_open(notebook)
    for cell, question in _marked(notebook, "question"):
        cell.source = "\n".join(line for line in cell.source.splitlines() if line.strip() not in BROKEN)
        _mark(cell, question)
    last = 0
    for cell, question in _marked(notebook, "check"):
        _mark(cell, question)
        exercise = question.partition(".")[0]
        cell.source = f"{FRESH.format(exercise=exercise)}\n{cell.source.rstrip()}.require()"
        last = notebook.cells.index(cell)
    skip = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": SKIP}
    notebook.cells.insert(last + 1, type(notebook.cells[last])(skip))
    return notebook


def verify(notebook, exercise: str) -> None:
    """Raise ExerciseError unless there is an answer and a check for each of the exercise's questions, in order."""
    questions = {id: question for id, question in checks.all_questions().items() if id.startswith(f"{exercise}.")}
    for kind in ("question", "check"):
        marked = [question for _, question in _marked(notebook, kind)]
        if marked != list(questions):
            raise ExerciseError(f"expected {kind} cells for {list(questions)}, one each, in order, got {marked}")
    for cell, name in _marked(notebook, "question"):
        _require_same_signature(cell.source, questions[name])
    for cell, name in _marked(notebook, "check"):
        call = f"{name}.check({questions[name].reference.__name__})"
        if cell.source.strip() != call:
            raise ExerciseError(f"expected one call, {call}, got {cell.source.strip()!r}")


def _require_same_signature(source: str, question) -> None:
    try:
        (function,) = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError):
        raise ExerciseError(f"the answer to {question.id} is not one function: write one") from None
    parameters = list(inspect.signature(question.reference).parameters)
    given = [argument.arg for argument in function.args.args]
    if (function.name, given) != (question.reference.__name__, parameters):
        raise ExerciseError(
            f"the answer to {question.id} has another name or parameters than {question.call}: rename them"
        )
    if not ast.get_docstring(function):
        raise ExerciseError(f"the answer to {question.id} has no docstring: say there what the learner has to do")
    _answer(source)


def _marked(notebook, kind: str) -> list[tuple]:
    return [(cell, cell.metadata[kind]) for cell in notebook.cells if kind in cell.metadata]


def _mark(cell, question: str, *tags: str) -> None:
    """Replace the source's mark by what our grader and nbgrader read, and give the cell its fixed id."""
    kind = "question" if "question" in cell.metadata else "check"
    check = kind == "check"
    cell_id = f"{question.replace('.', '-').replace('_', '-')}-{'check' if check else 'answer'}"
    points = {"points": checks.all_questions()[question].points} if check else {}
    cell.metadata = {
        "nst": {kind: question},
        "tags": [f"q:{question}", *tags],
        "nbgrader": {
            "grade": check,
            "grade_id": cell_id,
            "locked": check,
            "schema_version": 3,
            "solution": not check,
            "task": False,
            **points,
        },
    }
    cell.id = cell_id


def _mark_open(notebook) -> None:
    """Give each cell for an answer that a person marks what our grader and nbgrader read."""
    for cell, name in _marked(notebook, "open"):
        cell_id = f"{name.replace('.', '-')}-answer"
        marks = {"grade": True, "solution": True, "locked": False, "task": False, "schema_version": 3}
        more = {"grade_id": cell_id, "points": OPEN[name].points}
        cell.metadata = {"nst": {"question": name}, "tags": [f"q:{name}"], "nbgrader": {**marks, **more}}
        cell.id = cell_id


def _label(notebook) -> None:
    """Add to each question's heading its points, and below it how hard, how important and how long it is."""
    questions = checks.all_questions() | OPEN
    for cell, name in [*_marked(notebook, "question"), *_marked(notebook, "open")]:
        above = notebook.cells[: notebook.cells.index(cell)]
        before = next((other for other in reversed(above) if other.source.startswith("## ")), cell)
        heading, _, text = before.source.partition("\n")
        if not re.fullmatch(r"## Question \d+ · [^·]+", heading):
            continue
        question = questions[name]
        dots = [f"{'●' * level}{'○' * (5 - level)}" for level in (question.difficulty, question.importance)]
        points = f"{question.points} {points_word(getattr(question, 'bonus', False), question.points)}"
        card = f"*Difficulty {dots[0]} · importance {dots[1]} · about {question.minutes} minutes*"
        before.source = f"{heading} · {points}\n\n{card}\n{text}".rstrip()


def _parted(source: str) -> tuple[str, list[str]]:
    """Return a source without its program to repair, and that program's lines, no longer comments."""
    lines = source.splitlines()
    marks = [number for number, line in enumerate(lines) if line.strip() in BROKEN]
    if not marks:
        return source, []
    begin, end = marks
    broken = [re.sub(r"^(\s*)# ?", r"\1", line).rstrip() for line in lines[begin + 1 : end]]
    return "\n".join(lines[:begin] + lines[end + 1 :]), broken


def _parts(source: str) -> tuple[list[str], list[str], list[str]]:
    lines = _parted(source)[0].splitlines()
    marks = [line.strip() for line in lines if line.strip() in (BEGIN, END)]
    if marks != [BEGIN, END]:
        raise ExerciseError(f"expected {BEGIN!r} and then {END!r} in an answer, once each, got {marks}")
    begin, end = (next(i for i, line in enumerate(lines) if line.strip() == mark) for mark in (BEGIN, END))
    return lines[:begin], lines[begin + 1 : end], lines[end + 1 :]


def _answer(source: str) -> list[str]:
    shown = {line.strip() for line in _parted(source)[1]}
    return [line.strip() for line in _parts(source)[1] if re.search(r"\w", line) and line.strip() not in shown]


def _stub(source: str, question: str) -> str:
    before, answer, after = _parts(source)
    indent = re.match(r"\s*", answer[0])[0]
    broken = _parted(source)[1]
    begin = "  # delete this line when you begin" if broken else ""
    return "\n".join([*before, f'{indent}raise NotImplementedError("{question}"){begin}', *broken, *after]).rstrip()
