"""Right answers as students write them: whatever the notebook's own check accepts earns all points."""

import json
from pathlib import Path

import pytest

from nstlib.grading.marking.marking import FLAKY, UNLIKE, mark
from nstlib.grading.sandbox.limits import Limits
from tests.grading.conftest import running

CASES = json.loads(Path(__file__).with_name("honest_answers.json").read_text("utf-8"))
STUDENT = Path(__file__).parents[2] / "exercises" / "student"
NOT_INSTALLED = {"einops"}  # waits for the package; nobody gets a zero


@pytest.fixture(scope="module")
def runner():
    with running(Limits()) as found:
        yield found


def code(lines):
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": "\n".join(lines)}


def notebook(case):
    """Return the exercise's notebook with the answer, and what the student wrote around it."""
    (path,) = STUDENT.glob(f"{case['question'].partition('.')[0]}_*.ipynb")
    cells, first, content = [], True, json.loads(path.read_text("utf-8"))
    for cell in content["cells"]:
        mark = cell["metadata"].get("nst", {})
        after = []
        if cell["cell_type"] == "code" and first:
            first = False
            cell["source"] += ["\n", *case.get("top", ())]
        if mark.get("question") == case["question"]:
            cells += [code(lines) for lines in case.get("before", ())]
            cell["source"] = "\n".join(case["answer"])
        if mark.get("check") == case["question"]:
            cell["source"] = "\n".join(case.get("check", cell["source"]))
            after = [code(lines) for lines in case.get("after", ())]
        cells += [cell, *after]
    text = json.dumps(content | {"cells": cells})
    return (text.replace("\\n", "\\r\\n") if case.get("line_ends") == "crlf" else text).encode()


@pytest.mark.parametrize("name", CASES)
def test_an_honest_answer_earns_all_points(name, made, runner):
    question = CASES[name]["question"]
    marks = mark(notebook(CASES[name]), {question: made.questions[question]}, runner)
    entry = marks.questions[question]
    if name in NOT_INSTALLED and entry["outcome"] == "no package":
        assert entry["points"] is None and marks.ungraded == (question,)
    else:
        assert (entry["outcome"], entry["points"]) == ("correct", entry["of"]), entry
        assert not {FLAKY, UNLIKE} & set(entry["warnings"]), "an honest answer is called changeable"
