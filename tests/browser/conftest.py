"""A real JupyterLab in a real browser: Chromium, driven by Playwright. Skipped where there is no Chromium."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
READY = """() => {
  const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return session?.isReady && session.session?.kernel?.status === 'idle'
    && session.session.kernel.connectionStatus === 'connected';
}"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start a JupyterLab with settings of its own; give its folder, address and token."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')  # or a question covers the page
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, address = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(home / place) for name, place in places.items()}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
    command += ["--expose-app-in-browser"]
    log = home / "lab.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        for _ in range(600):
            assert server.poll() is None, log.read_text()[-3000:]
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api?token={token}", timeout=1)
                break
            time.sleep(0.1)
        yield folder, address, token
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the server and its kernels
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def browser():
    """Start Chromium."""
    if CHROMIUM is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'"
    )
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@pytest.fixture
def notebook(browser, lab):
    """Give a function that opens cells as a notebook with a ready kernel and returns the page."""
    folder, address, token = lab
    pages = []

    def opened(*cells, name="test.ipynb", viewport=(1400, 1000)):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(made, folder / name)
        page = browser.new_page(viewport=dict(zip(("width", "height"), viewport, strict=True)))
        pages.append(page)
        page.set_default_timeout(90_000)
        page.goto(f"{address}/lab/tree/{name}?token={token}&reset")
        page.wait_for_function(READY)
        return page

    yield opened
    for page in pages:
        page.close()


def run(page, cell):
    """Run a cell and return the text of its output once it has ended."""
    return page.evaluate(
        """async index => {
          const notebook = jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = index;
          notebook.deselectAll();
          await jupyterapp.commands.execute('notebook:run-cell');
          return notebook.widgets[index].outputArea.node.innerText;
        }""",
        cell,
    )
