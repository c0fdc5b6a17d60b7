"""A real JupyterLab in a real browser: Chromium, driven by Playwright. Skipped where there is no Chromium."""

import pytest

from tests.browser.opening import VIEWPORT, close_notebooks, open_notebook, started_lab, visit, write


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start a JupyterLab with settings of its own; give its folder, address and token."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    with started_lab(folder, home) as (address, token):
        yield folder, address, token


@pytest.fixture(scope="session")
def lab_page(browser, lab):
    """Load JupyterLab, which takes longer than most tests, for all that open and close their notebooks in it."""
    folder, address, token = lab
    write(folder, name="empty.ipynb")
    page = browser.new_page()
    visit(page, address, token, "empty.ipynb", workspace="one-page")  # other pages restore what is theirs
    close_notebooks(page)
    yield page
    page.close()


@pytest.fixture
def notebook(lab_page, lab):
    """Give a function that opens cells as a notebook with a new kernel beside the file browser, and returns the page.

    reduced_motion: as Playwright's emulate_media takes it.
    """

    def open_cells(*cells, name="test.ipynb", viewport=VIEWPORT, reduced_motion="null"):
        write(lab[0], *cells, name=name)
        lab_page.set_viewport_size(viewport)
        lab_page.emulate_media(reduced_motion=reduced_motion)
        lab_page.evaluate("() => jupyterapp.shell.expandLeft()")
        open_notebook(lab_page, name)
        return lab_page

    yield open_cells
    close_notebooks(lab_page)
    lab_page.emulate_media(reduced_motion="null")
