"""The studio as its user meets it: in JupyterLab, by mouse, keyboard and screen reader."""

import json
import re

import pytest

from tests.browser.conftest import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
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
    for name in ("content", "style", "layer weights", "statistic", "convention", "content layer", "start", "optimizer"):
        expect(page.get_by_role("combobox", name=name, exact=True)).to_have_count(1)
    for name in ("play", "step", "restart", "go on", "save", "copy as code", "render large"):
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


@pytest.mark.parametrize("width", [800, 1400])
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
