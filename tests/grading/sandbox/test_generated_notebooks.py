"""Cells that hypothesis puts together leave behind in the jail what they leave behind in IPython."""

import contextlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nstlib.grading.runner.runner import Job
from nstlib.grading.sandbox.cells import python
from nstlib.grading.sandbox.limits import Limits
from tests.grading.conftest import running

FIRST = "a, b, c = 1, 2, 3\nL, D = [4], {'k': 5}\ndef g(x):\n    return x + a"
ANSWER = "def f():\n    return [float(x) for x in (a, b, c, sum(L), len(L), sum(D.values()), g(1))]"
CELLS = (
    "a = b + {n}",
    "a, b = b, a",
    "b += c",
    "c = g(b)",
    "L.append(c)",
    "L += [a, {n}]",
    "L = [x for x in L if x > {n}]",
    "D['k'] = b",
    "D.update(m=a)",
    "del L[0]",
    "for i in range({n}):\n    c += i",
    "if a > b:\n    a = b - {n}\nelse:\n    def g(x):\n        return x - c",
    "while b > {n}:\n    b -= 3",
    "def g(x):\n    return x * {n} + c",
    "g = lambda x: x - {n}",
    "def h():\n    global c\n    c = a - {n}\nh()",
    "try:\n    a = b // (c - {n})\nexcept ZeroDivisionError:\n    a = 0\nfinally:\n    b = {n}",
    "match a:\n    case {n}:\n        b = 0\n    case _:\n        b = a",
    "import contextlib\nwith contextlib.suppress(IndexError):\n    a = L[{n}]\n    b = a",
    "(w := a + {n})\nc = w",
    "class Box:\n    size = {n}\nb = Box.size",
    "a = {n}; b = a",
    "a = 7\nb = no_such_name\nc = 8",
    "a = 1 / 0",
    "assert a > {n}\nb = 6",
    "%time a = b - {n}",
    "%%time\nb = a + {n}",
    "x = %who_ls int\nc = {n}",
    ">>> c = {n}\n>>> a = c",
    "    b = {n}\n    c = b",
    "_ = a\n{n} + b\nc = _",
    "{n} + a",
    "{n} + a;",
    "{n} + a;  # quiet",
    "{n} + a  # drawn;",
    "_ = {n}",
    "# nothing",
    "c = _ or {n}",
    "del _",
    "for i in L:\n    if i == {n}:\n        break\nelse:\n    b = c",
    "def g(x, k={n}):\n    return x + k",
    "import math as m\na = m.floor({n} / 2)",
    "del c\nc = {n}",
    "g?\nb = {n}",
    "a = a +",
)
NOTEBOOKS = st.lists(st.builds(lambda cell, n: cell.replace("{n}", str(n)), st.sampled_from(CELLS), st.integers(0, 5)))


@pytest.fixture(scope="module")
def runner():
    with running(Limits()) as found:
        yield found


def left_behind(cells) -> list[float]:
    """Return what the answer gives at the end of an IPython session of its own."""
    shell = InteractiveShell(config=Config(HistoryAccessor={"enabled": False}))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for cell in (*cells, ANSWER):
            shell.run_cell(cell, store_history=True)  # or a semicolon counts for nothing
    return shell.user_ns["f"]()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notebook=NOTEBOOKS)
def test_the_jail_leaves_behind_what_ipython_does(runner, notebook):
    cells = (FIRST, *notebook)
    texts = [python(cell) or "" for cell in cells]  # what is no Python is no cell
    reply = runner.call(Job("f", (*texts, ANSWER), ())).reply
    assert reply.values[""].tolist() == pytest.approx(left_behind(cells))
