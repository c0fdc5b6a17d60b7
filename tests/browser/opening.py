"""Start a JupyterLab and a browser, open a notebook, run its cells: for tests, and for commands that measure."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
READY = """() => {
  const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return session?.isReady && session.session?.kernel?.status === 'idle'
    && session.session.kernel.connectionStatus === 'connected';
}"""


@contextlib.contextmanager
def started_lab(folder, home, **settings):
    """Start a JupyterLab in a folder; give its address and token. settings: of apputils' plug-ins, by their names."""
    quiet = {"notification": {"fetchNews": "false", "checkForUpdates": False}}  # or a question covers the page
    for plugin, values in (quiet | settings).items():
        path = home / "settings" / "@jupyterlab" / "apputils-extension" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
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
        "XDG_DATA_HOME": "data",  # of what a kernel keeps of its learner
    }
    environment = os.environ | {name: str(home / place) for name, place in places.items()}
    environment.pop("NST_TEST", None)  # as its users have it
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
        yield address, token
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the server and its kernels
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@contextlib.contextmanager
def started_browser(playwright, **options):
    """Start Chromium."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, **options)
    try:
        yield started
    finally:
        started.close()


def write(folder, *cells, name="test.ipynb"):
    """Write a notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(made, folder / name)


def visit(page, address, token, name):
    """Open a notebook and wait for its kernel."""
    page.set_default_timeout(90_000)
    page.goto(f"{address}/lab/tree/{name}?token={token}&reset")
    page.wait_for_function(READY)


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
