"""See whether a studio leaves anything behind: ``python -m tests.browser.endurance [RE-RUNS] [MINUTES]``, 200 and 60.

Runs a studio's cell again and again, then moves a random slider every few seconds, in JupyterLab and Chromium; prints
the kernel's memory in MB, its threads and widgets, and the page's panels and JavaScript memory as it goes.
"""

import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.opening import ask, run, started_browser, started_lab, visit, write

SHOW = "from nstlib.studio import Studio\nstudio = Studio('cat', 'night', steps=40)\nstudio"
STATE = """import gc, threading; from pathlib import Path; from ipywidgets.widgets import widget
gc.collect()
status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())
memory, threads = int(status['VmRSS'].split()[0]) // 1024, threading.active_count()
print(memory, 'MB,', threads, 'threads,', len(widget._instances), 'widgets')"""
SLIDERS = ("content weight α", "style weight β", "λ relu1_1", "λ relu4_1")
EVERY = 5.0  # seconds between two moves: a run and a rest


def main() -> None:
    """Run both, one after the other, in one kernel."""
    given = [float(word) for word in sys.argv[1:]]
    reruns, minutes = [*given, *(200, 60)[len(given) :]]
    with contextlib.ExitStack() as stack:
        folder, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        write(folder, SHOW, name="endurance.ipynb")
        address, token = stack.enter_context(started_lab(folder, home))
        browser = stack.enter_context(started_browser(stack.enter_context(sync_playwright())))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        visit(page, address, token, "endurance.ipynb")
        for number in range(int(reruns) + 1):
            run(page, 0)
            page.wait_for_timeout(300)
            if number % 20 == 0:
                tell(page, f"{number} re-runs")
        began, last = time.monotonic(), -5.0
        while (passed := (time.monotonic() - began) / 60) < minutes:
            if passed - last >= 5:
                last = passed
                tell(page, f"{passed:.0f} minutes of moves")
            move(page)
        tell(page, f"{minutes:.0f} minutes of moves")


def move(page) -> None:
    """Move one slider by some steps."""
    page.get_by_role("slider", name=random.choice(SLIDERS), exact=True).focus()
    for _ in range(random.randint(1, 5)):
        page.keyboard.press(random.choice(("ArrowLeft", "ArrowRight")))
    page.wait_for_timeout(EVERY * 1000)


def tell(page, when: str) -> None:
    """Print what there is after the run under way has ended."""
    page.wait_for_function("() => document.querySelector('.nst-status').innerText.startsWith('Done')")
    state = ask(page, STATE)[1].strip()
    panels = page.locator(".nst-studio").count()
    heap = page.evaluate("() => Math.round(performance.memory.usedJSHeapSize / 1e6)")
    print(f"after {when}: {state}, {panels} panel, {heap} MB JavaScript", flush=True)


if __name__ == "__main__":
    random.seed(0)
    main()
