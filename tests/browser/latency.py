"""Measure the studio in lesson 06's own notebook, in JupyterLab and Chromium: ``python -m tests.browser.latency``.

Prints milliseconds from a key press on a slider to the new run's frames as painted, while a run is under way; painted
frames a second; and how long the kernel takes to answer a trivial cell meanwhile. Times are taken in the browser, where
each painted frame says which run and step it shows.
"""

import contextlib
import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.opening import ask, run, started_browser, started_lab, visit

MOVES = 30
LESSON = Path(__file__).parents[2] / "notebooks" / "06_studio.ipynb"
WATCH = """() => {
  window.painted = [];
  const canvas = document.querySelector('canvas.nst-frame');
  new MutationObserver(() => {
    const [run, step] = canvas.dataset.frame.split(':').map(Number);
    requestAnimationFrame(() => requestAnimationFrame((moment) => window.painted.push([run, moment, step])));
  }).observe(canvas, { attributes: true, attributeFilter: ['data-frame'] });
  document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
}"""


def main() -> None:
    """Open the lesson, run it down to its panel, move, and print what was measured."""
    with contextlib.ExitStack() as stack:
        folder, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        shutil.copy(LESSON, folder)
        address, token = stack.enter_context(started_lab(folder, home))
        browser = stack.enter_context(started_browser(stack.enter_context(sync_playwright())))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        visit(page, address, token, LESSON.name)
        for index, cell in enumerate(json.loads(LESSON.read_text())["cells"]):
            if cell["cell_type"] == "code":
                run(page, index)
            if "Studio(" in "".join(cell["source"]):
                break
        page.wait_for_function("() => document.querySelector('.nst-status').innerText.startsWith('Done')")
        page.evaluate(WATCH)
        moves = [moved(page, number) for number in range(MOVES)]
        answers = [ask(page, "1 + 1")[0] for _ in range(MOVES // 2) if restarted(page)]
        ask(page, "studio.start()")
        page.wait_for_timeout(4000)
        frames = page.evaluate("() => window.painted")
        told("first frame of the new run", first_after(moves, frames, 0))
        told("first frame that the new setting has changed", first_after(moves, frames, 1))
        last = frames[-1][0]
        times = [moment for run_number, moment, _ in frames if run_number == last]
        print(
            f"frames painted: {1000 * (len(times) - 1) / (times[-1] - times[0]):.1f} a second over {len(times)} frames"
        )
        told("a trivial cell", answers)
        print("status:", page.locator(".nst-said").inner_text())


def moved(page, number: int) -> float:
    """Press an arrow on β while a run is under way; return when."""
    page.get_by_role("slider", name="style weight β", exact=True).focus()
    page.keyboard.press("ArrowRight" if number % 2 else "ArrowLeft")
    pressed = page.evaluate("() => window.pressed")
    page.wait_for_timeout(400 + random.Random(number).random() * 300)
    return pressed


def restarted(page) -> bool:
    """Begin a run, so that the kernel is at work."""
    page.get_by_role("button", name="restart", exact=True).click()
    page.wait_for_timeout(300)
    return True


def first_after(moves: list[float], frames: list, step: int) -> list[float]:
    """Milliseconds from each move to the first painted frame of the run that it started, from a step on."""
    found = []
    for pressed in moves:
        before = max((run_number for run_number, moment, _ in frames if moment < pressed), default=0)
        after = [moment for number, moment, index in frames if number > before and index >= step]
        if after:
            found.append(min(after) - pressed)
    return found


def told(what: str, times: list[float]) -> None:
    """Print median, 95th percentile and largest."""
    ninety_five = statistics.quantiles(times, n=20, method="inclusive")[-1]
    print(f"{what}: median {statistics.median(times):.0f} ms, 95 % within {ninety_five:.0f} ms", end=", ")
    print(f"at most {max(times):.0f} ms, of {len(times)}")


if __name__ == "__main__":
    main()
