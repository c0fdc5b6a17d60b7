"""Every formula of a page is typeset by JupyterLab's own MathJax, without a fault."""

import nbformat
import pytest

from tests.browser.opening import VIEWPORT, close_notebooks, open_notebook
from tests.prose import PAGES, formulas

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")

# MathJax draws an unknown command as red text, and says all other faults
FAULTS = """() => [...document.querySelectorAll('.jp-MarkdownCell :is(mjx-merror, mjx-mtext[style*="color: red"])')]
  .map((fault) => fault.getAttribute('data-mjx-error') || fault.outerHTML)"""
OVERHANG = """() => [...document.querySelectorAll('.jp-MarkdownCell mjx-container[display=true]')].map((formula) => {
  const drawn = [...formula.querySelectorAll('mjx-math')].map((part) => part.getBoundingClientRect().right);
  return Math.max(...drawn) - formula.closest('.jp-RenderedMarkdown').getBoundingClientRect().right;
})"""
READY_FORMULAS = "(n) => document.querySelectorAll('.jp-MarkdownCell mjx-container').length >= n"


@pytest.fixture
def typeset(lab_page, lab):
    """Give a function that opens a notebook with these sources in one cell of prose, once all are typeset."""

    def open_formulas(sources, viewport=VIEWPORT):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("\n\n".join(sources))])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, lab[0] / "formulas.ipynb")
        lab_page.set_viewport_size(viewport)
        open_notebook(lab_page, "formulas.ipynb")
        lab_page.wait_for_function(READY_FORMULAS, arg=len(sources))
        return lab_page

    yield open_formulas
    close_notebooks(lab_page)


def count(page):
    return page.locator(".jp-MarkdownCell mjx-container").count()


@pytest.mark.slow
def test_every_formula_is_typeset(typeset):
    sources = list(dict.fromkeys(formula for path in PAGES for formula in formulas(path)))
    page = typeset(sources)
    assert not page.evaluate(FAULTS) and count(page) == len(sources) > 100


@pytest.mark.slow
def test_no_displayed_formula_is_wider_than_a_narrow_page(typeset):
    sources = [formula for path in PAGES for formula in formulas(path) if formula.startswith("$$")]
    page = typeset(sources, viewport={"width": 800, "height": 1000})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    page.wait_for_timeout(1000)  # the page is laid out anew
    assert not [formula for formula, over in zip(sources, page.evaluate(OVERHANG), strict=True) if over > 0]


@pytest.mark.slow
def test_a_fault_is_seen(typeset):
    page = typeset(["$G = F F^\\top$", "$\\unknown{F}$", "$\\frac{1}$"])
    faults = page.evaluate(FAULTS)
    assert count(page) == 3 and len(faults) == 2, faults
