"""What a check shows in a narrow JupyterLab: a row of numbers stays one row."""

import pytest

from tests.browser.opening import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")

RESULT = """from nstlib.checks.results import Block, Result
numbers = "\\n".join(["12.34   " * 16] * 5)
Result("ex02.gram", "not yet", 0, 4, None, (Block(numbers),))"""
ROWS = """() => [...document.querySelectorAll('.jp-OutputArea-output pre')].map((block) =>
  [block.textContent.split('\\n').length, block.clientHeight / parseFloat(getComputedStyle(block).lineHeight)])"""


@pytest.mark.slow
def test_a_row_of_a_message_is_not_broken(notebook):
    page = notebook(RESULT, viewport={"width": 800, "height": 1000})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    run(page, 0)
    page.wait_for_selector(".jp-OutputArea-output pre")
    page.wait_for_timeout(1000)  # the page is laid out anew
    ((rows, lines),) = page.evaluate(ROWS)
    assert lines == pytest.approx(rows, abs=1.5)  # a bar to scroll with is about a line high
