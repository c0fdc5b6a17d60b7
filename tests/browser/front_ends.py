"""Try the studio in every front end that is installed: ``python -m tests.browser.front_ends [NAME …]``.

``--python PATH`` names the python whose front ends are tried, ``--out FOLDER`` where screenshots go: at three widths,
light and dark, at 100 and 200 %. Each gets a notebook of one cell with a studio; marimo gets an app. Prints a table:
what shows, how fast it paints, what the keys and the mouse do, what running the cell three more times leaves and, where
screenshots are made, what overlaps, gapes or is cut.
"""

import argparse
import base64
import contextlib
import dataclasses
import itertools
import json
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Route, expect, sync_playwright

from tests.browser.geometry import flaws, measure
from tests.browser.opening import READY, started, started_browser, started_lab, write

SHOW = "from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=64, steps=40)\nstudio"
MARIMO_APP = f"""import marimo

app = marimo.App()


@app.cell
def _():
    {SHOW.replace(chr(10), chr(10) + "    ")}
    return
"""
WAIT = 120_000  # milliseconds; on a busy machine whose first run paints every style, too
SOON = 10_000
WIDTHS, ZOOMS, HEIGHT = (1280, 1000, 800), (1, 2), 1000  # pixels of the screen
AROUND = 300  # pixels above and below the panel that a front end takes on a screenshot of the whole
LETTERS = "abdmspxyjkh0"  # commands of notebooks, and keys of the desk
PAINTED = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(data).size;
}"""
CANVAS = "canvas.nst-frame"
WATCH = """canvas => {
  window.painted = [];
  new MutationObserver(() => requestAnimationFrame((moment) => window.painted.push(moment)))
    .observe(canvas, { attributes: true, attributeFilter: ['data-frame'] });
}"""
RUN_CELL = """async () => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 0;
  notebook.deselectAll();
  await jupyterapp.commands.execute('notebook:run-cell');
}"""
DARK = """async () => {
  await jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' });
}"""


@dataclasses.dataclass
class Found:
    """What was found out about a front end: a row of the table."""

    name: str
    version: str
    shows: str = "no"
    rate: str = "–"
    keys: str = "no"
    again: str = "–"
    remarks: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class FrontEnd:
    """How a front end is started, and what it calls the things of a notebook.

    start(folder, home, python) is a context that gives the address of the notebook. run and dark act on a page; run is
    None where cells cannot be run again, dark where there is no dark theme. disturbed: what is there after a letter
    has reached the notebook's own commands.
    """

    package: str
    start: Callable
    cells: str
    disturbed: str = "[role=dialog], dialog[open]"
    ready: str = ""
    run: Callable[[Page], None] | None = None
    dark: Callable[[Page], None] | None = None


def jupyter(app: str, path: str) -> Callable:
    """Return a `start` for an app of a Jupyter server."""

    @contextlib.contextmanager
    def start(folder: Path, home: Path, python: str):
        write(folder, SHOW)
        with started_lab(folder, home, python=python, app=app) as (address, token):
            yield f"{address}/{path}/test.ipynb?token={token}"

    return start


@contextlib.contextmanager
def voila(folder: Path, home: Path, python: str):
    """Start Voilà with the notebook; it runs the cell for each visit."""
    write(folder, SHOW)
    token = secrets.token_hex(16)
    command = [python, "-m", "voila", str(folder / "test.ipynb"), "--no-browser", "--port={port}", f"--token={token}"]
    with started(command, home, "/voila/static/none") as address:
        yield f"{address}/?token={token}"


@contextlib.contextmanager
def marimo(folder: Path, home: Path, python: str):
    """Start marimo's editor with the app; its theme is the system's."""
    (folder / "test.py").write_text(MARIMO_APP)
    settings = home / "config" / "marimo" / "marimo.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[display]\ntheme = "system"\n')
    token = secrets.token_hex(16)
    command = [python, "-m", "marimo", "edit", str(folder / "test.py"), "--headless", "--port={port}"]
    command += ["--skip-update-check", "--no-sandbox", f"--token-password={token}"]
    with started(command, home, "/health") as address:
        yield f"{address}/?access_token={token}"


def run_in_marimo(page: Page) -> None:
    """Run the app's cell."""
    page.get_by_test_id("cell-editor").first.click()
    page.keyboard.press("Control+Enter")


def run_in_jupyter(page: Page) -> None:
    """Run the notebook's cell."""
    page.evaluate(RUN_CELL)


LAB = {
    "cells": ".jp-Notebook .jp-Cell",
    "disturbed": ".jp-Notebook .jp-MarkdownCell, .jp-Dialog",
    "ready": READY,
    "run": run_in_jupyter,
    "dark": lambda page: page.evaluate(DARK),
}
FRONT_ENDS = {
    "lab": FrontEnd("jupyterlab", jupyter("jupyterlab", "lab/tree"), **LAB),
    "notebook": FrontEnd("notebook", jupyter("notebook", "notebooks"), **LAB),
    "nbclassic": FrontEnd(
        "nbclassic",
        jupyter("nbclassic", "nbclassic/notebooks"),
        ".cell",
        ".text_cell, .modal.in",
        "() => window.Jupyter?.notebook?.kernel?.comm_manager?.targets['jupyter.widget']"
        " && Jupyter.notebook.kernel.is_connected() && !Jupyter.notebook.kernel_busy",
        lambda page: page.evaluate("() => Jupyter.notebook.execute_cells([0])"),
    ),
    "voila": FrontEnd(
        "voila",
        voila,
        ".jp-Cell",
        dark=lambda page: page.goto(f"{page.url}&theme=dark"),
    ),
    "marimo": FrontEnd(
        "marimo",
        marimo,
        "[data-testid=cell-editor]",
        ready="() => document.querySelector('[data-testid=cell-editor] .cm-content')",
        run=run_in_marimo,
        dark=lambda page: page.emulate_media(color_scheme="dark"),
    ),
}


# The checks, in this order: each takes the page, the front end and what was found


def shows(page: Page, front_end: FrontEnd, found: Found) -> None:
    """Run the cell and wait for a picture."""
    if front_end.run:
        front_end.run(page)
    finish(page)
    assert page.locator(CANVAS).evaluate(PAINTED) > 20, "the canvas is blank"
    found.shows = "yes"


def paints(page: Page, front_end: FrontEnd, found: Found) -> None:
    """Count the frames of a run that are painted."""
    before, _ = place(page)
    page.locator(CANVAS).evaluate(WATCH)
    page.get_by_role("button", name="restart", exact=True).click()
    finish(page, before)
    painted = page.evaluate("() => window.painted")
    found.rate = f"{1000 * (len(painted) - 1) / (painted[-1] - painted[0]):.0f}"


def keys(page: Page, front_end: FrontEnd, found: Found) -> None:
    """Move β by an arrow key; press letters on every kind of handle and see that none reaches the notebook."""
    before, _ = place(page)
    beta = page.get_by_role("slider", name="style weight β", exact=True)
    beta.focus()
    page.keyboard.press("ArrowRight")
    expect(beta).to_have_attribute("aria-valuetext", "11.2", timeout=SOON)
    finish(page, before)
    cells = page.locator(front_end.cells).count()
    picture = page.get_by_role("slider", name="compare with the photo")
    fader = page.get_by_role("slider", name="λ relu4_1", exact=True)
    style = page.get_by_role("radio", name="style: night", exact=True)
    task = page.get_by_role("combobox", name="task", exact=True)
    for handle in (fader, beta, picture, style, page.get_by_role("button", name="restart", exact=True), task):
        handle.focus()
        for letter in LETTERS:
            page.keyboard.press(letter)
        assert page.locator(front_end.cells).count() == cells, f"a letter on {handle} changed the cells"
        assert not page.locator(front_end.disturbed).count(), f"a letter on {handle} reached the notebook"
    page.wait_for_timeout(1200)  # or the letters before count as the beginning of the word
    page.keyboard.type("palette")
    expect(task).to_have_value(re.compile("^palette"), timeout=SOON)
    task.select_option("")
    page.get_by_role("button", name="reset all faders, nothing muted", exact=True).click()
    found.keys = "yes"


def mouse(page: Page, front_end: FrontEnd, found: Found) -> None:
    """Pull a fader and mute a layer."""
    fader = page.get_by_role("slider", name="λ relu3_1", exact=True)
    fader.scroll_into_view_if_needed()
    before, box = fader.get_attribute("aria-valuetext"), fader.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 5, steps=4)
    page.mouse.up()
    expect(fader).not_to_have_attribute("aria-valuetext", before, timeout=SOON)
    run, _ = place(page)
    mute = page.get_by_role("button", name="mute relu1_1", exact=True)
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true", timeout=SOON)
    finish(page, run)


def again(page: Page, front_end: FrontEnd, found: Found) -> None:
    """Run the cell three more times."""
    if front_end.run is None:
        return
    for _ in range(3):
        front_end.run(page)
        page.wait_for_timeout(700)
    finish(page)
    count = page.locator(".nst-studio").count()
    found.again = f"{count} panel{'s' if count > 1 else ''}"
    assert count == 1, f"three more runs left {count} panels"


CHECKS = (shows, paints, keys, mouse, again)


def place(page: Page) -> tuple[int, int]:
    """The numbers of the run and the step that the canvas shows."""
    run, step = (page.locator(CANVAS).get_attribute("data-frame") or "0:0").split(":")
    return int(run), int(step)


def finish(page: Page, run: int = 0) -> None:
    """Wait for the end of a run after this one. Locators see into marimo's shadow trees, where scripts do not."""
    end = time.monotonic() + WAIT / 1000
    status = page.locator(".nst-status")
    expect(status).to_contain_text("Done: 40 steps", timeout=WAIT)
    while (now := place(page)) <= (run, 39) or now[1] != 39 or "Done: 40 steps" not in status.inner_text():
        assert time.monotonic() < end, f"no run after {run} came to its end: {now}, {status.inner_text()}"
        page.wait_for_timeout(50)


def try_out(browser, name: str, python: str, out: Path | None = None) -> Found:
    """Start a front end and do all checks; what fails is a remark."""
    front_end = FRONT_ENDS[name]
    found = Found(name, version(python, front_end.package) or "not installed")
    with contextlib.ExitStack() as stack:
        folder, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        address = stack.enter_context(front_end.start(folder, home, python))
        page = browser.new_page(viewport={"width": WIDTHS[0], "height": HEIGHT}, color_scheme="light")
        stack.callback(page.close)
        page.set_default_timeout(WAIT)
        elsewhere = set()
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: elsewhere.add(leave_out(route)))
        page.goto(address, wait_until="commit")
        if front_end.ready:
            page.wait_for_function(front_end.ready)
        faults = set()  # from here on: what a front end does before is its own
        page.on("pageerror", lambda fault: faults.add(f"the page: {str(fault).splitlines()[0][:100]}"))
        for check in CHECKS:
            try:
                check(page, front_end, found)
            except (AssertionError, Error) as fault:
                found.remarks.append(f"{check.__name__}: {str(fault).splitlines()[0][:200]}")
                if check is shows:
                    break
        found.remarks += sorted(faults)
        if elsewhere:
            found.remarks.append(f"asks {', '.join(sorted(elsewhere))}")
        if out and found.shows == "yes":
            pictures(page, front_end, found, out)
    return found


def leave_out(route: Route) -> str:
    """Refuse what a page asks of another host, and return that host: the checks are the same without a network."""
    route.abort()
    return urlsplit(route.request.url).netloc


def pictures(page: Page, front_end: FrontEnd, found: Found, out: Path) -> None:
    """Save a screenshot at each width, theme and zoom."""
    out.mkdir(parents=True, exist_ok=True)
    page.mouse.move(1, 1)  # or the pull of the layer under it lies over the picture
    page.evaluate("() => window.jupyterapp?.shell.collapseLeft?.()")  # JupyterLab's file browser takes 300 pixels
    browser = page.context.new_cdp_session(page)
    for theme in ("light", "dark"):
        if theme == "dark" and front_end.dark is None:
            found.remarks.append("no dark theme")
            return
        if theme == "dark":
            front_end.dark(page)
            with contextlib.suppress(AssertionError, Error):
                finish(page)
        for width, zoom in itertools.product(WIDTHS, ZOOMS):
            measured = resize(page, browser, width // zoom, HEIGHT // zoom, zoom)
            name = f"{width}-{theme}-{100 * zoom}"
            found.remarks += [f"{name}: {what} {str(which)[:120]}" for what, which in flaws(measured).items()]
            resize(page, browser, width // zoom, int(measured["height"]) + AROUND, zoom)
            shot = browser.send("Page.captureScreenshot")
            (out / f"{found.name}-{found.version}-{name}.png").write_bytes(base64.b64decode(shot["data"]))


def resize(page: Page, browser, width: int, height: int, zoom: int) -> dict:
    """Give the page another size, show the panel's head, and return the panel's measures."""
    size = {"width": width, "height": height, "deviceScaleFactor": zoom, "mobile": False}
    browser.send("Emulation.setDeviceMetricsOverride", size)
    page.wait_for_timeout(700)
    panel = page.locator(".nst-studio").first
    panel.evaluate("panel => panel.scrollIntoView()")
    page.wait_for_timeout(300)
    return measure(panel)


def version(python: str, package: str) -> str | None:
    """Return the version of a package in the environment of a python, or None."""
    asked = f"import importlib.metadata, json; print(json.dumps(importlib.metadata.version({package!r})))"
    answer = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    return json.loads(answer.stdout) if answer.returncode == 0 else None


def main() -> None:
    """Try the front ends and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FRONT_ENDS))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if unknown := set(given.names) - set(FRONT_ENDS):
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(FRONT_ENDS)}")
    print("| front end | version | shows | frames/s | keys | run again | remarks |\n|---|---|---|---|---|---|---|")
    with sync_playwright() as playwright, started_browser(playwright) as browser:
        for name in given.names or FRONT_ENDS:
            if version(given.python, FRONT_ENDS[name].package) is None:
                print(f"| {name} | not installed | – | – | – | – | |")
                continue
            found = dataclasses.asdict(try_out(browser, name, given.python, given.out))
            print(f"| {' | '.join([*list(found.values())[:-1], '; '.join(found['remarks'])])} |", flush=True)


if __name__ == "__main__":
    main()
