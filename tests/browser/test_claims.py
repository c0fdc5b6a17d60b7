"""A claim's lines fit a narrow JupyterLab, which would break longer ones in the midst of words."""

import pytest

from nstlib.claims import LINE
from tests.browser.opening import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")

LONGEST = f"from nstlib import claim\nclaim('w' * ({LINE} - len('✓ : ≈ 1.23e-45, below 1')), 1.23e-45, below=1)"
LINES = """() => {
  const text = document.querySelector('.jp-OutputArea-output pre');
  return text.clientHeight / parseFloat(getComputedStyle(text).lineHeight);
}"""


@pytest.mark.slow
def test_the_longest_line_of_a_claim_is_not_broken(notebook):
    page = notebook(LONGEST, viewport={"width": 800, "height": 900})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    run(page, 0)
    page.wait_for_selector(".jp-OutputArea-output pre")
    page.wait_for_timeout(1000)  # the page is laid out anew
    assert page.evaluate(LINES) < 1.5
