"""What a check shows in a narrow JupyterLab: a row of numbers stays one row."""

import pytest

from tests.browser.opening import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")

RESULT = """from nstlib.checks.results import Block, Result
numbers = "\\n".join(["12.34   " * 16] * 5)
Result("ex02.gram", "not yet", 0, 4, None, (Block(numbers),))"""
WIDE = """from nstlib.checks.matrices import WIDEST
from nstlib.checks.results import Block, Result
Result("ex02.gram", "not yet", 0, 4, None, (Block("0" * WIDEST),))"""
WIDTHS = """() => [...document.querySelectorAll('.jp-OutputArea-output pre')].map((block) =>
  [block.scrollWidth, block.clientWidth])"""
ROWS = """() => [...document.querySelectorAll('.jp-OutputArea-output pre')].map((block) =>
  [block.textContent.split('\\n').length, block.clientHeight / parseFloat(getComputedStyle(block).lineHeight)])"""


def shown(notebook, code):
    """Return a narrow page of JupyterLab on which the code has shown its result."""
    page = notebook(code, viewport={"width": 800, "height": 1000})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    run(page, 0)
    page.wait_for_selector(".jp-OutputArea-output pre")
    page.wait_for_timeout(1000)  # the page is laid out anew
    return page


@pytest.mark.slow
def test_a_row_of_a_message_is_not_broken(notebook):
    ((rows, lines),) = shown(notebook, RESULT).evaluate(ROWS)
    assert lines == pytest.approx(rows, abs=1.5)  # a bar to scroll with is about a line high


@pytest.mark.slow
def test_the_widest_row_of_a_table_needs_no_scrolling(notebook):
    ((needed, given),) = shown(notebook, WIDE).evaluate(WIDTHS)
    assert 0 < needed <= given
