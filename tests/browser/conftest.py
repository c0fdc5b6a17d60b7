"""A real JupyterLab in a real browser: Chromium, driven by Playwright. Skipped where there is no Chromium."""

import pytest

from tests.browser.opening import close_notebook, open_notebook, started_lab, visit, write

VIEWPORT = (1400, 1000)  # width and height of the page, where a test says no other


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start a JupyterLab with settings of its own; give its folder, address and token."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    with started_lab(folder, home) as (address, token):
        yield folder, address, token


@pytest.fixture(scope="session")
def lab_page(browser, lab):
    """Load JupyterLab once a process, which takes longer than most tests: notebooks are opened and closed in it."""
    folder, address, token = lab
    write(folder, name="empty.ipynb")
    page = browser.new_page()
    visit(page, address, token, "empty.ipynb")
    close_notebook(page)
    yield page
    page.close()


@pytest.fixture
def notebook(lab_page, lab):
    """Give a function that opens cells as a notebook with a new kernel and returns the page.

    media: what Playwright's emulate_media takes.
    """
    opened = []

    def open_cells(*cells, name="test.ipynb", viewport=VIEWPORT, **media):
        write(lab[0], *cells, name=name)
        lab_page.set_viewport_size(dict(zip(("width", "height"), viewport, strict=True)))
        lab_page.emulate_media(**media)
        open_notebook(lab_page, name)
        opened.append(name)
        return lab_page

    yield open_cells
    for _ in opened:
        close_notebook(lab_page)
    lab_page.emulate_media(reduced_motion="null", forced_colors="null")
