"""Measure the studio in lesson 06's own notebook, in JupyterLab and Chromium: ``python -m tests.browser.latency``.

Prints milliseconds from a key press on a slider to the new run's frames as painted, while a run is under way; painted
frames a second; and how long the kernel takes to answer a trivial cell meanwhile. Times are taken in the browser; the
kernel notes a checksum of each frame and whose it is.
"""

import contextlib
import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.opening import run, started_browser, started_lab, visit

MOVES = 30
LESSON = Path(__file__).parents[2] / "notebooks" / "06_studio.ipynb"
NOTE = """import zlib
runs, frames = [], []
def report(event, value, told=studio.task.report):
    event == "started" and runs.append(value)
    told(event, value)
studio.task.report = report
def noted(change):
    frames.append((zlib.crc32(bytes(change.new)), len(runs), len(studio.totals)))
studio.screen.frame.observe(noted, "value")"""
WATCH = """() => {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  const crc = (bytes) => {
    let sum = 0xffffffff;
    for (const byte of bytes) sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
    return (sum ^ 0xffffffff) >>> 0;
  };
  window.painted = [];
  const image = document.querySelector('img.nst-frame');
  let bytes = null;
  new MutationObserver(() => {
    bytes = fetch(image.src).then((answer) => answer.arrayBuffer()).catch(() => null);
  }).observe(image, { attributes: true, attributeFilter: ['src'] });
  image.addEventListener('load', () => {
    const mine = bytes;
    requestAnimationFrame(() => requestAnimationFrame(async (moment) => {
      const got = await mine;
      if (got) window.painted.push([crc(new Uint8Array(got)), moment]);
    }));
  });
  document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
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
        page.evaluate(ASK, NOTE)
        page.evaluate(WATCH)
        moves = [moved(page, number) for number in range(MOVES)]
        answers = [page.evaluate(ASK, "1 + 1")[0] for _ in range(MOVES // 2) if restarted(page)]
        page.evaluate(ASK, "studio.start()")
        page.wait_for_timeout(4000)
        frames = known(page)
        told("first frame of the new run", first_after(moves, frames, 0))
        told("first frame that the new setting has changed", first_after(moves, frames, 1))
        last = frames[-1][0]
        times = [moment for run_number, moment, _ in frames if run_number == last]
        print(
            f"frames painted: {1000 * (len(times) - 1) / (times[-1] - times[0]):.1f} a second over {len(times)} frames"
        )
        told("a trivial cell", answers)
        print("status:", page.locator(".nst-status").inner_text())


def moved(page, number: int) -> float:
    """Press an arrow on β while a run is under way; return when."""
    page.get_by_role("slider", name="style weight β").focus()
    page.keyboard.press("ArrowRight" if number % 2 else "ArrowLeft")
    pressed = page.evaluate("() => window.pressed")
    page.wait_for_timeout(400 + random.Random(number).random() * 300)
    return pressed


def restarted(page) -> bool:
    """Begin a run, so that the kernel is at work."""
    page.get_by_role("button", name="restart", exact=True).click()
    page.wait_for_timeout(300)
    return True


def known(page) -> list[tuple[int, float, int]]:
    """Every painted frame's run, when it was painted, and the number of its step.

    Frames arrive in order; equal ones, such as two runs' first, are told apart by it.
    """
    sent = iter(json.loads(page.evaluate(ASK, "import json; print(json.dumps(frames))")[1]))
    found = []
    for crc, moment in page.evaluate("() => window.painted"):
        whose = next((each for each in sent if each[0] == crc), None)
        if whose:
            found.append((whose[1], moment, whose[2] - 1))
    return found


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
