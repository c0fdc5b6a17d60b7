"""A real JupyterLab in a real browser: Chromium, driven by Playwright. Skipped where there is no Chromium."""

import pytest

from tests.browser.opening import started_lab, visit, write


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start a JupyterLab with settings of its own; give its folder, address and token."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    with started_lab(folder, home) as (address, token):
        yield folder, address, token


@pytest.fixture
def notebook(browser, lab):
    """Give a function that opens cells as a notebook with a ready kernel and returns the page."""
    folder, address, token = lab
    pages = []

    def opened(*cells, name="test.ipynb", viewport=(1400, 1000), **options):
        write(folder, *cells, name=name)
        page = browser.new_page(viewport=dict(zip(("width", "height"), viewport, strict=True)), **options)
        pages.append(page)
        visit(page, address, token, name)
        return page

    yield opened
    for page in pages:
        page.close()
