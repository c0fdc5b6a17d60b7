"""The book, built once from this checkout, and a browser that reports each request which leaves it."""

import contextlib
import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nstlib.authoring.book.stage import stage

ROOT = Path(__file__).parents[2]
SETTLED = "() => window.MathJax?.startup?.promise?.then(() => document.fonts.ready).then(() => true) ?? true"


def sphinx(sources: Path, out: Path) -> subprocess.CompletedProcess:
    """Run Sphinx as ``make book`` does."""
    options = ["--quiet", "-W", "--keep-going", "-c", ROOT / "site", "-d", out.with_name("doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, sources, out]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """Build the book; give its pages' names, and its folder."""
    folder = tmp_path_factory.mktemp("book")
    pages = stage(ROOT, folder / "sources")
    done = sphinx(folder / "sources", folder / "html")
    assert done.returncode == 0 and not done.stderr, done.stderr[-3000:]
    return pages, folder / "html"


@pytest.fixture(scope="session")
def address(book):
    """Serve the book as a static host does; give its address."""
    handler = functools.partial(Quiet, directory=str(book[1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A static host that keeps no log."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def opened(browser, address):
    """Give a function that opens a page of the book; no request may leave the host or fail, and no script either."""
    with contextlib.ExitStack() as stack:
        faults = []

        def open_page(name, width=1280, scheme="light"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            page = context.new_page()
            page.on("request", lambda request: request.url.startswith((address, "data:")) or faults.append(request.url))
            page.on("response", lambda response: response.ok or faults.append(f"{response.status} {response.url}"))
            page.on("pageerror", lambda fault: faults.append(str(fault)))
            page.goto(f"{address}/{name}")
            page.wait_for_function(SETTLED)
            return page

        yield open_page
        assert not faults
