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
import urllib.error
import urllib.request

import nbformat

VIEWPORT = {"width": 1400, "height": 1000}  # of pages for which a test says no other
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
READY = """() => {
  const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return session?.isReady && session.session?.kernel?.status === 'idle'
    && session.session.kernel.connectionStatus === 'connected';
}"""

ASK = """async (code) => {
  const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
  const start = performance.now();
  let text = '';
  const future = kernel.requestExecute({ code });
  future.onIOPub = (message) => { text += message.content.text ?? ''; };
  await future.done;
  return [performance.now() - start, text];
}"""


@contextlib.contextmanager
def started_lab(folder, home, *, python=sys.executable, app="jupyterlab", **settings):
    """Start a JupyterLab, or another app of a Jupyter server; give its address and token.

    settings: of apputils' plug-ins, by their names.
    """
    quiet = {"notification": {"fetchNews": "false", "checkForUpdates": False}}  # or a question covers the page
    for plugin, values in (quiet | settings).items():
        path = home / "settings" / "@jupyterlab" / "apputils-extension" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    token = secrets.token_hex(16)
    command = [python, "-m", app, "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
    if app == "jupyterlab":
        command.append("--ServerApp.kernel_websocket_connection_class=nstlib.websocket.Undelayed")  # as `make lab` does
    if app != "nbclassic":
        command.append("--expose-app-in-browser")
    with started(command, home, f"/api?token={token}") as address:
        yield address, token


@contextlib.contextmanager
def started(command, home, alive="/"):
    """Start a server with settings of its own and give its address once it answers the path `alive`.

    ``{port}`` in the command becomes a free port.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",  # of what a kernel keeps of its learner
    }
    environment = os.environ | {name: str(home / place) for name, place in places.items()}
    environment.pop("NST_TEST", None)  # as its users have it
    log = home / "server.log"
    with log.open("w") as out:
        given = [part.replace("{port}", str(port)) for part in command]
        server = subprocess.Popen(given, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        for _ in range(600):
            assert server.poll() is None, log.read_text()[-3000:]
            try:
                urllib.request.urlopen(f"{address}{alive}", timeout=1)
                break
            except urllib.error.HTTPError:
                break  # an answer, too
            except OSError:
                pass
            time.sleep(0.1)
        yield address
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


def visit(page, address, token, name, workspace="default"):
    """Load JupyterLab with a notebook and wait for its kernel."""
    page.set_default_timeout(90_000)
    page.goto(f"{address}/lab/workspaces/{workspace}/tree/{name}?token={token}&reset")
    page.wait_for_function(READY)


def open_notebook(page, name):
    """Open a notebook in the JupyterLab that the page shows, and wait for its kernel."""
    page.evaluate("async path => { await jupyterapp.commands.execute('docmanager:open', { path }); }", name)
    page.wait_for_function("path => jupyterapp.shell.currentWidget?.context?.path === path", arg=name)
    page.wait_for_function(READY)


def close_notebooks(page):
    """Close all notebooks and dialogs of the page, unsaved, and end their kernels."""
    page.evaluate(
        """async () => {
          document.querySelectorAll('.jp-Dialog').forEach((dialog) => dialog.remove());
          for (const panel of [...jupyterapp.shell.widgets('main')].filter((each) => each.sessionContext)) {
            await panel.sessionContext.shutdown();
            panel.dispose();  // close() would ask whether to save
          }
        }"""
    )


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


def run_studio(page, steps):
    """Run the notebook's first cell, which shows a studio, and wait for the end of its first run of so many steps."""
    # The old one says "Done", too, until the new one is drawn in its place
    page.evaluate("() => document.querySelectorAll('.nst-desk').forEach((desk) => { desk.dataset.old = '' })")
    run(page, 0)
    page.wait_for_function("() => !document.querySelector('.nst-desk[data-old]')")
    page.locator(".nst-desk .nst-said", has_text=f"Done: {steps} steps").wait_for()


def ask(page, code):
    """Run code in the notebook's kernel, in no cell; return the milliseconds that it took and what it printed."""
    return page.evaluate(ASK, code)
