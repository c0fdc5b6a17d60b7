"""The studio as its user meets it: in JupyterLab, by mouse, keyboard and screen reader."""

import json
import re

import pytest

from tests.browser.opening import READY, run, started_lab, visit, write

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)  # a busy machine; only a fault waits so long
SHOW = "from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=64, steps=40)\nstudio"
STATE = """import json, threading
print(json.dumps({"beta": studio.settings().beta, "alpha": studio.settings().alpha, "steps": len(studio.totals),
    "threads": [thread.name for thread in threading.enumerate()].count("nst-studio")}))"""


def state(page, cell=1):
    return json.loads(run(page, cell).strip().splitlines()[-1])


def test_a_slider_moves_the_picture_by_keyboard(notebook):
    page = notebook(SHOW, STATE)
    run(page, 0)
    frame, status = page.locator("img.nst-frame"), page.locator(".nst-studio .nst-status")
    expect(status).to_contain_text("Done: 40 steps")
    before = frame.screenshot()
    slider = page.get_by_role("slider", name="style weight β")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("Running")
    expect(status).to_contain_text("Done: 40 steps")
    assert frame.screenshot() != before
    found = state(page)
    assert found["beta"] == pytest.approx(10**1.4, rel=1e-3) and found["threads"] == 1


def test_everything_has_a_name(notebook):
    page = notebook(SHOW)
    run(page, 0)
    names = [
        "content weight α",
        "style weight β",
        *(f"λ relu{block}_1" for block in range(1, 6)),
        "size",
        "before | after",
    ]
    for name in names:
        expect(page.get_by_role("slider", name=name)).to_have_count(1)
    expect(page.get_by_role("slider", name="style weight β")).to_have_attribute("aria-valuetext", "10.0")
    for name in ("content", "style", "layer weights", "statistic", "convention", "content layer", "start", "optimizer"):
        expect(page.get_by_role("combobox", name=name, exact=True)).to_have_count(1)
    sides = [f"{what} relu{block}_1" for what in ("mute", "solo") for block in range(1, 6)]
    for name in ("play", "step", "restart", "go on", "save", "copy as code", "render large", *sides):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(1)
    expect(page.locator("img.nst-frame")).to_have_attribute("alt", re.compile("the picture after 40 steps"))
    expect(page.get_by_role("img", name=re.compile("who pulls at the picture: relu1_1"))).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("cost J by step"))).to_have_count(1)


def test_a_fault_is_announced_and_the_studio_goes_on(notebook):
    page = notebook(SHOW, "studio.network = 'nothing'; studio.start()", "studio.network = 'minivgg'; studio.start()")
    run(page, 0)
    run(page, 1)
    expect(page.get_by_role("alert")).to_contain_text("choose from minivgg")
    run(page, 2)
    expect(page.locator(".nst-studio .nst-status")).to_contain_text("Done: 40 steps")


def test_running_the_cell_again_leaves_one_panel_and_one_thread(notebook):
    page = notebook(SHOW, STATE)
    for _ in range(3):
        run(page, 0)
    expect(page.locator(".nst-studio")).to_have_count(1)
    expect(page.locator(".nst-studio .nst-status")).to_contain_text("Done: 40 steps")
    assert state(page)["threads"] == 1


def test_a_busy_kernel_does_not_lose_the_last_value(notebook):
    page = notebook(SHOW, STATE, "import time; time.sleep(2)")
    run(page, 0)
    slider = page.get_by_role("slider", name="content weight α")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.evaluate(
        "() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2; "
        "jupyterapp.commands.execute('notebook:run-cell'); }"
    )
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".nst-studio .nst-status")).to_contain_text("Done: 40 steps")
    assert state(page)["alpha"] == pytest.approx(10**0.3, rel=1e-3)


OTHER_WIDTHS = [pytest.param(width, marks=pytest.mark.matrix) for width in (700, 1400)]


@pytest.mark.parametrize("width", [800, *OTHER_WIDTHS])
def test_nothing_overlaps_and_nothing_is_cut_off(notebook, width):
    page = notebook(SHOW, viewport=(width, 1000))
    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    run(page, 0)
    expect(page.locator(".nst-studio .nst-status")).to_contain_text("Done: 40 steps")
    boxes = page.evaluate(
        """() => { const panel = document.querySelector('.nst-studio').getBoundingClientRect();
        const parts = ['.widget-inline-hbox', 'img', 'button'].map(part => '.nst-studio ' + part).join();
        const inside = [...document.querySelectorAll(parts)]
          .map(e => e.getBoundingClientRect()).filter(b => b.width);
        return { right: panel.right, most: Math.max(...inside.map(b => b.right)), window: innerWidth }; }"""
    )
    assert boxes["most"] <= boxes["right"] + 1 <= boxes["window"] + 1


MEASURE = """() => {
  const box = (element) => element.getBoundingClientRect();
  const seen = (element) => box(element).height > 0;
  const columns = [...document.querySelectorAll('.nst-studio, .nst-studio .widget-vbox')];
  const gaps = columns.flatMap((column) => {
    const parts = [...column.children].filter(seen).map(box).sort((a, b) => a.top - b.top);
    return parts.slice(1).map((part, index) => part.top - Math.max(...parts.slice(0, index + 1).map((b) => b.bottom)));
  });
  const sliders = [...document.querySelectorAll('.nst-studio .widget-hslider')].filter(seen);
  return { height: box(document.querySelector('.nst-studio')).height, gap: Math.max(...gaps),
    slider: Math.max(...sliders.map((slider) => box(slider).height)),
    track: Math.min(...sliders.map((slider) => box(slider.querySelector('.slider-container')).width)) };
}"""


@pytest.mark.parametrize(("width", "most"), [(1280, 720), (800, 1320)])
def test_no_slider_is_taller_than_a_line_and_nothing_gapes(notebook, width, most):
    page = notebook(SHOW, viewport=(width, 1000))
    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    run(page, 0)
    expect(page.locator(".nst-studio .nst-status")).to_contain_text("Done: 40 steps")
    found = page.evaluate(MEASURE)
    assert found["slider"] <= 40 and found["gap"] <= 24 and found["track"] >= 70 and found["height"] <= most, found


DRAG = """async ([count, seconds]) => {
  const handle = document.activeElement, start = performance.now();
  for (let n = 1; n <= count; n++) {
    const key = n % 2 || n > count - 7 ? 'ArrowRight' : 'ArrowLeft';
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const rest = start + n / count * seconds * 1000 - performance.now();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest));
  }
}"""
DROP = """async ([place, bytes, type]) => {
  const files = new DataTransfer();
  const canvas = new OffscreenCanvas(90, 60);
  canvas.getContext('2d').fillRect(20, 20, 30, 30);
  const blob = bytes ? new Blob([new Uint8Array(bytes)]) : await canvas.convertToBlob();
  files.items.add(new File([blob], 'dropped.png', { type }));
  const target = document.querySelector(place);
  for (const event of ['dragover', 'drop'])
    target.dispatchEvent(new DragEvent(event, { dataTransfer: files, bubbles: true, cancelable: true }));
}"""
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def said(page, number=0):
    return page.locator(".nst-studio .nst-status").nth(number)


def begin(page, cell):
    """Run a cell and do not wait for its end."""
    page.evaluate(
        "cell => { jupyterapp.shell.currentWidget.content.activeCellIndex = cell; "
        "jupyterapp.commands.execute('notebook:run-cell'); }",
        cell,
    )


def drop(page, *file):
    """Drop a file once the panel takes files, which it does from when its controls have their names."""
    expect(said(page)).to_contain_text("Done: 40 steps")
    expect(page.get_by_role("slider", name="style weight β")).to_have_count(1)
    page.evaluate(DROP, file)


def test_a_thousand_events_in_five_seconds_end_in_the_last_value_and_one_run(notebook):
    count = "begun = []\nmake = studio.task.make\nstudio.task.make = lambda *given: begun.append(1) or make(*given)"
    page = notebook(SHOW, count, "print(len(begun))", STATE)
    run(page, 0)
    expect(said(page)).to_contain_text("Done: 40 steps")
    run(page, 1)
    page.get_by_role("slider", name="style weight β").focus()
    page.evaluate(DRAG, [1000, 5])
    expect(said(page)).to_contain_text("Done: 40 steps")
    shown = float(page.get_by_role("slider", name="style weight β").get_attribute("aria-valuetext"))
    found = state(page, 3)
    assert found["beta"] == pytest.approx(shown, rel=1e-2) and found["beta"] != pytest.approx(10)
    assert found["threads"] == 1 and found["steps"] == 40 and int(run(page, 2)) < 60


def test_an_interrupt_stops_the_run_and_the_next_move_begins_another(notebook):
    page = notebook(SHOW.replace("steps=40", "steps=5000"), "import time\nprint('the cell runs')\ntime.sleep(60)")
    run(page, 0)
    expect(said(page)).to_contain_text("Running")
    page.evaluate(f"() => {KERNEL}.interrupt()")
    expect(said(page)).to_contain_text("Stopped after")
    slider = page.get_by_role("slider", name="style weight β")
    slider.press("ArrowRight")
    expect(said(page)).to_contain_text("Running")
    begin(page, 1)
    expect(page.locator(".jp-OutputArea-output", has_text="the cell runs")).to_have_count(1)
    page.evaluate(f"() => {KERNEL}.interrupt()")
    expect(said(page)).to_contain_text("Stopped after")
    expect(page.locator(".jp-OutputArea-output", has_text="KeyboardInterrupt")).to_have_count(1)


def test_a_restarted_kernel_is_said_in_the_panel(notebook):
    page = notebook(SHOW)
    run(page, 0)
    expect(said(page)).to_contain_text("Done: 40 steps")
    page.evaluate(f"() => {KERNEL}.restart()")
    expect(said(page)).to_contain_text("run this cell again")
    page.wait_for_function(READY)
    run(page, 0)
    expect(page.locator(".nst-studio")).to_have_count(1)
    expect(said(page)).to_contain_text("Done: 40 steps")


@pytest.mark.parametrize(
    ("place", "kind"),
    [(".nst-studio img.nst-frame", "content"), pytest.param(".nst-style", "style", marks=pytest.mark.matrix)],
)
def test_a_file_dropped_on_the_panel_becomes_the_picture(notebook, place, kind):
    page = notebook(SHOW)
    run(page, 0)
    drop(page, place, None, "image/png")
    expect(page.get_by_role("combobox", name=kind, exact=True)).to_have_value("own")
    expect(said(page)).to_contain_text("Done: 40 steps")


def test_a_dropped_file_that_is_no_picture_is_said_and_the_next_move_runs(notebook):
    page = notebook(SHOW)
    run(page, 0)
    drop(page, ".nst-style", [110, 111], "text/plain")
    expect(page.get_by_role("alert")).to_contain_text("picture")
    page.get_by_role("combobox", name="style", exact=True).select_option("waves")
    expect(said(page)).to_contain_text("Done: 40 steps")


def test_two_studios_run_side_by_side(notebook):
    page = notebook(SHOW, SHOW.replace("studio", "other").replace("nstlib.other", "nstlib.studio"), STATE)
    run(page, 0)
    run(page, 1)
    for number in (0, 1):
        expect(said(page, number)).to_contain_text("Done: 40 steps")
    page.get_by_role("slider", name="style weight β").nth(1).press("ArrowRight")
    expect(said(page, 1)).to_contain_text("Running")
    expect(said(page, 1)).to_contain_text("Done: 40 steps")
    assert state(page, 2) == {"beta": 10.0, "alpha": 1.0, "steps": 40, "threads": 1}


def test_reduced_motion_gets_few_frames(notebook):
    page = notebook(SHOW.replace("steps=40", "steps=200"), "print(studio.screen.page.calm)", reduced_motion="reduce")
    run(page, 0)
    page.wait_for_function("() => document.querySelector('.nst-status').innerText.startsWith('Running')")
    assert run(page, 1).strip() == "True"
    page.evaluate(
        """() => { window.frames_ = 0; new MutationObserver(() => window.frames_++).observe(
        document.querySelector('img.nst-frame'), { attributes: true, attributeFilter: ['src'] }); }"""
    )
    expect(said(page)).to_contain_text("Done: 200 steps")
    seconds = state_of(page, "200 steps in")
    assert page.evaluate("() => window.frames_") <= seconds + 3


def state_of(page, words):
    """Give the seconds that the status line tells after some words."""
    return float(re.search(rf"{words} ([\d.]+) s", said(page).inner_text())[1])


@pytest.mark.matrix
def test_everything_works_without_comm_subshells(browser, tmp_path_factory):
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    plugin = {"kernels-settings": {"commsOverSubshells": "disabled"}}
    with started_lab(folder, home, **plugin) as (address, token):
        write(folder, SHOW, STATE)
        page = browser.new_page()
        visit(page, address, token, "test.ipynb")
        run(page, 0)
        page.get_by_role("slider", name="style weight β").press("ArrowRight")
        expect(said(page)).to_contain_text("Done: 40 steps")
        assert state(page)["beta"] == pytest.approx(10**1.05, rel=1e-3)
        page.close()


GREYS = """import torch
from nstlib.studio import Live
def greys(value):
    yield torch.full((3, 60, 90), value / 10), f"grey {value}"
Live("grey", (1, 5, 9), greys)"""


def test_a_small_figure_follows_its_slider(notebook):
    page = notebook(GREYS)
    run(page, 0)
    expect(said(page)).to_contain_text("grey 1")
    before = page.locator("img.nst-frame").screenshot()
    page.get_by_role("slider", name="grey").press("ArrowRight")
    expect(said(page)).to_contain_text("grey 5")
    assert page.locator("img.nst-frame").screenshot() != before
    expect(page.get_by_role("img", name="grey = 5, 60 by 90 pixels")).to_have_count(1)
