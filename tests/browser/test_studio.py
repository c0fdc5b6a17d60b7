"""The studio as its user meets it: in JupyterLab, by mouse, keyboard and screen reader."""

import json
import re

import pytest
import torch

from nstlib import pictures
from tests.browser.opening import READY, VIEWPORT, ask, run, run_studio, started_lab, visit, write
from tests.studio.waiting import until

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)  # a busy machine; only a fault waits so long
STEPS = 16
SHOW = f"from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=64, steps={STEPS})\nstudio"
STATE = """import json, threading
print(json.dumps({"beta": studio.settings().beta, "alpha": studio.settings().alpha, "steps": len(studio.totals),
    "knobs": studio.knobs.to_dict(),
    "threads": [thread.name for thread in threading.enumerate()].count("nst-studio")}))"""
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def state(page):
    """What the kernel says now; it may not yet have read the last moves, which come to another of its threads."""
    return json.loads(ask(page, STATE)[1])


def knobs_are(page, **expected):
    """Wait until some knobs stand so in the kernel."""
    until(lambda: {name: state(page)["knobs"][name] for name in expected} == expected)


def said(page, number=0):
    return page.locator(".nst-desk .nst-said").nth(number)


def done(page, number=0, steps=STEPS):
    expect(said(page, number)).to_contain_text(f"Done: {steps} steps")


def set_steps(page, steps, studio="studio"):
    """Let the studio's next runs take so many steps, by which `done` can tell them from the one before."""
    ask(page, f"import dataclasses\n{studio}.base = dataclasses.replace({studio}.base, steps={steps})")


def begin(page, code):
    """Run code in the kernel and do not wait for its end."""
    page.evaluate(f"code => {{ {KERNEL}.requestExecute({{ code }}); }}", code)


def slider(page, name, number=0):
    return page.get_by_role("slider", name=name, exact=True).nth(number)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture(scope="module")
def page_of_all(browser, lab):
    """Open one notebook for all tests of this module that can share a kernel."""
    folder, address, token = lab
    write(folder, SHOW, name="shared.ipynb")
    page = browser.new_page(viewport=VIEWPORT)
    visit(page, address, token, "shared.ipynb")
    yield page
    page.close()


@pytest.fixture
def page(page_of_all):
    """Show a new studio in the notebook that is open, after its first run."""
    run_studio(page_of_all, STEPS)
    return page_of_all


def test_a_slider_moves_the_picture_by_keyboard(page):
    frame = page.locator("canvas.nst-frame")
    before = frame.screenshot()
    set_steps(page, 24)
    slider(page, "style weight β").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    until(lambda: state(page)["beta"] > 25)
    done(page, steps=24)
    assert frame.screenshot() != before
    found = state(page)
    assert found["beta"] == pytest.approx(10**1.4, rel=1e-3) and found["threads"] == 1


def test_keys_move_a_slider_by_one_step_by_ten_to_its_ends_and_back(page):
    set_steps(page, 24)
    beta = slider(page, "style weight β")
    expect(beta).to_have_attribute("aria-valuetext", "10")
    for key, text in (
        ("ArrowUp", "11.2"),
        ("PageDown", "3.55"),
        ("ArrowLeft", "3.16"),
        ("Home", "0.1"),
        ("End", "1,000"),
        ("0", "10"),
    ):
        beta.press(key)
        expect(beta).to_have_attribute("aria-valuetext", text)
    assert page.locator(".jp-Cell").count() == 1  # no key has reached the notebook's commands
    done(page, steps=24)


def test_faders_mute_solo_and_reset(page):
    set_steps(page, 24)
    fader = slider(page, "λ relu4_1")
    for _ in range(4):
        fader.press("ArrowUp")
    fader.press("m")
    press(page, "solo relu1_1")
    expect(page.get_by_role("button", name="mute relu4_1", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(fader).to_have_attribute("aria-valuetext", re.compile(r"^1\.58 times the rule, λ [\d.]+$"))
    faders = {"relu4_1": pytest.approx(10**0.2, rel=1e-4)}
    knobs_are(page, faders=faders, muted=["relu4_1"], solo=["relu1_1"])
    done(page, steps=24)
    set_steps(page, STEPS)
    press(page, "reset all faders, nothing muted")
    knobs_are(page, faders={}, muted=[], solo=[])
    done(page)


def test_everything_has_a_name(page):
    for name in ("content weight α", "style weight β", *(f"λ relu{block}_1" for block in range(1, 6))):
        expect(slider(page, name)).to_have_count(1)
    for name in ("compare with the photo", "frames of this run"):
        expect(slider(page, name)).to_have_count(1)
    sides = [f"{what} relu{block}_1" for what in ("mute", "solo") for block in range(1, 6)]
    for name in ("run again", "one step", "restart", "copy the code that makes this picture", *sides):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(1)
    for name in ("content: cat", "style: night"):
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
    expect(page.locator("canvas.nst-frame")).to_have_attribute(
        "aria-label", re.compile(f"the picture after {STEPS} steps")
    )
    expect(page.get_by_role("img", name=re.compile(f"J and its terms by step.*After {STEPS} steps"))).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("Gram matrix of relu3_1, difference"))).to_have_count(1)
    press(page, "more settings")
    for name in ("layer weights", "statistic", "convention", "content layer", "start", "optimizer", "colours"):
        expect(page.get_by_role("combobox", name=name, exact=True)).to_be_visible()
    for name in ("size", "seed", "total variation", "chroma smoothness", "size of strokes"):
        expect(slider(page, name)).to_be_visible()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('.nst-desk :is(button, input, select, textarea)')]
          .filter(each => !each.hidden && !each.ariaLabel && !each.labels?.length && !each.textContent.trim())
          .map(each => each.outerHTML)"""
    )
    assert not unnamed


def test_a_grams_difference_shows_its_sign_without_colour(page):
    """A white stroke goes through the entries of which the picture has less."""
    difference = page.get_by_role("img", name=re.compile("Gram matrix of relu3_1, difference"))
    entries = difference.evaluate(
        """canvas => {
          const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const at = (x, y) => [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3)];
          return Array.from({ length: width * height / 144 }, (_, k) => {
            const [x, y] = [12 * (k % (width / 12)), 12 * Math.floor(12 * k / width)];
            return [at(x + 1, y + 1), at(x + 6, y + 6)];
          });
        }"""
    )
    less = [middle for (red, _, blue), middle in entries if red < blue]
    more = [middle == corner for corner, middle in entries if corner[0] > corner[2]]
    assert less and set(map(tuple, less)) == {(255, 255, 255)}
    assert more and all(more)


def test_play_says_what_it_will_do(page):
    set_steps(page, 3000)
    ask(page, "studio.start()")
    expect(page.get_by_role("button", name="pause", exact=True)).to_have_count(1)
    expect(page.locator("canvas.nst-frame")).to_have_attribute("data-frame", re.compile("^2:"))
    press(page, "pause")
    expect(said(page)).to_contain_text("Paused after")
    press(page, "continue")
    expect(said(page)).to_contain_text("Running")
    slider(page, "style weight β").press(" ")
    expect(said(page)).to_contain_text("Paused after")
    expect(page.get_by_role("button", name="continue", exact=True)).to_have_count(1)


def test_earlier_runs_come_back_and_are_compared(page):
    slider(page, "style weight β").press("PageUp")
    runs = page.locator(".nst-runs button")
    expect(runs).to_have_count(2)
    runs.nth(0).click(modifiers=["Shift"])
    expect(page.locator(".nst-differing")).to_contain_text("style weight β: 10 → 31.6")
    expect(page.locator(".nst-stage")).to_have_class(re.compile("nst-wiped"))
    press(page, "compare with the photo again")
    runs.nth(0).click()
    expect(said(page)).to_contain_text(f", after {STEPS} steps")
    expect(slider(page, "style weight β")).to_have_attribute("aria-valuetext", "10")
    assert state(page)["beta"] == 10


def test_the_photo_is_wiped_over_the_picture_and_held(page):
    stage = page.locator(".nst-stage")
    alone = stage.screenshot()
    wiper = slider(page, "compare with the photo")
    for _ in range(3):
        wiper.press("PageUp")
    half = stage.screenshot()
    page.keyboard.down("b")
    photo = stage.screenshot()
    page.keyboard.up("b")
    assert len({alone, half, photo}) == 3


def test_the_timeline_shows_earlier_frames_and_follows_again_at_its_end(page):
    frame, timeline = page.locator("canvas.nst-frame"), slider(page, "frames of this run")
    pixels = "canvas => canvas.toDataURL()"
    last = frame.evaluate(pixels)
    timeline.press("Home")
    expect(timeline).to_have_value("0")
    first = int(re.fullmatch(r"step (\d+); meters show the last", timeline.get_attribute("aria-valuetext"))[1])
    assert 1 <= first < STEPS  # how many frames there are depends on the machine
    expect(frame).to_have_attribute("data-frame", re.compile(f":{first - 1}$"))
    assert frame.evaluate(pixels) != last
    timeline.press("End")
    expect(timeline).to_have_attribute("aria-valuetext", f"step {STEPS}")
    expect(frame).to_have_attribute("data-frame", re.compile(f":{STEPS - 1}$"))
    assert frame.evaluate(pixels) == last


def test_where_a_layer_pulls_is_shown_while_its_fader_is_pointed_at(page):
    heat = page.locator("canvas.nst-heat")
    expect(heat).to_be_hidden()
    slider(page, "λ relu4_1").hover()
    expect(heat).to_be_visible()
    page.locator(".nst-bar").hover()
    expect(heat).to_be_hidden()
    slider(page, "λ relu5_1").press("p")
    expect(heat).to_be_visible()


def test_a_task_shows_how_far_it_is_and_its_solution_only_to_who_asks_twice(page):
    page.get_by_role("combobox", name="task", exact=True).select_option("palette only")
    expect(page.locator(".nst-meter .nst-value").first).to_have_text(re.compile(r"\d"))
    solution = page.locator(".nst-task button")
    solution.click()
    expect(solution).to_have_text("move the knobs for me?")
    solo = page.get_by_role("button", name="solo relu1_1", exact=True)
    expect(solo).to_have_attribute("aria-pressed", "false")
    solution.click()
    expect(page.locator(".nst-why")).to_contain_text("relu1_1 alone")
    expect(solo).to_have_attribute("aria-pressed", "true")


def test_the_code_goes_to_the_clipboard_or_can_be_copied_by_hand(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "copy the code that makes this picture")
    expect(said(page)).to_contain_text("Copied the code.")
    assert "nstlib.stylize(content" in page.evaluate("() => navigator.clipboard.readText()")
    page.context.clear_permissions()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    press(page, "copy the code that makes this picture")
    expect(page.get_by_role("textbox", name="code", exact=True)).to_have_value(re.compile("nstlib.stylize"))
    page.evaluate("() => { delete navigator.clipboard.writeText; }")


def test_a_fault_is_announced_and_the_studio_goes_on(page):
    ask(page, "studio.network = 'nothing'; studio.start()")
    expect(page.get_by_role("alert")).to_contain_text("choose from minivgg")
    ask(page, "studio.network = 'minivgg'; studio.start()")
    done(page)


def test_running_the_cell_again_leaves_one_panel_and_one_thread(page):
    for _ in range(2):
        run(page, 0)
    expect(page.locator(".nst-studio")).to_have_count(1)
    done(page)
    assert state(page)["threads"] == 1


def test_a_busy_kernel_does_not_lose_the_last_value(page):
    set_steps(page, 24)
    alpha = slider(page, "content weight α")
    alpha.press("ArrowRight")
    begin(page, "import time; time.sleep(2)")
    for _ in range(5):
        alpha.press("ArrowRight")
    until(lambda: state(page)["alpha"] == pytest.approx(10**0.3, rel=1e-3))
    done(page, steps=24)


DRAG = """async ([count, seconds]) => {
  const handle = document.activeElement, start = performance.now();
  for (let n = 1; n <= count; n++) {
    const key = n % 2 || n > count - 7 ? 'ArrowRight' : 'ArrowLeft';
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const rest = start + n / count * seconds * 1000 - performance.now();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest));
  }
}"""


def test_a_thousand_events_in_five_seconds_end_in_the_last_value_and_one_run(page):
    count = "begun = []\nmake = studio.task.make\nstudio.task.make = lambda *given: begun.append(1) or make(*given)"
    ask(page, count)
    set_steps(page, 24)
    slider(page, "style weight β").focus()
    page.evaluate(DRAG, [1000, 5])
    shown = float(slider(page, "style weight β").get_attribute("aria-valuetext"))
    assert shown != pytest.approx(10, rel=1e-2)
    until(lambda: state(page)["beta"] == pytest.approx(shown, rel=1e-2))
    until(lambda: state(page)["steps"] == 24)  # the last event's run may begin after an earlier one was done
    done(page, steps=24)
    assert state(page)["threads"] == 1 and int(ask(page, "print(len(begun))")[1]) < 60


def test_an_interrupt_stops_the_run_and_the_next_move_begins_another(notebook):
    page = notebook(SHOW.replace(f"steps={STEPS}", "steps=5000"), "import time\nprint('the cell runs')\ntime.sleep(60)")
    run(page, 0)
    expect(said(page)).to_contain_text("Running")
    page.evaluate(f"() => {KERNEL}.interrupt()")
    expect(said(page)).to_contain_text("Stopped after")
    slider(page, "style weight β").press("ArrowRight")
    expect(said(page)).to_contain_text("Running")
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(page.locator(".jp-OutputArea-output", has_text="the cell runs")).to_have_count(1)
    page.evaluate(f"() => {KERNEL}.interrupt()")
    expect(said(page)).to_contain_text("Stopped after")
    expect(page.locator(".jp-OutputArea-output", has_text="KeyboardInterrupt")).to_have_count(1)


def test_a_restarted_kernel_is_said_in_the_panel(page):
    page.evaluate(f"() => {KERNEL}.restart()")
    expect(said(page)).to_contain_text("run this cell again")
    page.wait_for_function(READY)
    run(page, 0)
    expect(page.locator(".nst-studio")).to_have_count(1)
    done(page)


def test_a_page_that_is_loaded_again_shows_the_picture_and_the_runs(page):
    pixels = "canvas => canvas.toDataURL()"
    frame = page.locator("canvas.nst-frame")
    last = frame.evaluate(pixels)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(500)
    page.goto(page.url.replace("&reset", ""))
    page.wait_for_function(READY)
    expect(page.locator(".nst-runs button")).to_have_count(1)
    expect(frame).to_have_attribute("data-frame", re.compile(f":{STEPS - 1}$"))
    assert frame.evaluate(pixels) == last
    slider(page, "style weight β").press("ArrowRight")
    expect(page.locator(".nst-runs button")).to_have_count(2)


def test_a_saved_notebook_shows_a_still_when_it_is_opened_again(notebook, lab, browser):
    page = notebook(SHOW, name="kept.ipynb")
    run(page, 0)
    done(page)
    still = page.locator(".nst-still")
    expect(still).to_be_hidden()
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(500)
    page.evaluate(f"() => {KERNEL}.shutdown()")
    other = browser.new_page()
    visit(other, lab[1], lab[2], "kept.ipynb")
    expect(other.locator("figure.nst-still img")).to_be_visible()
    broken = other.get_by_text("Error displaying widget")
    expect(broken).to_have_count(1)
    expect(broken).to_be_hidden()
    expect(other.locator(".nst-still")).to_contain_text("Run the cell to bring the controls back")
    other.close()


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


@pytest.mark.parametrize(
    ("place", "side"),
    [(".nst-studio .nst-stage", "content"), pytest.param(".nst-style", "style", marks=pytest.mark.matrix)],
)
def test_a_file_dropped_on_the_panel_becomes_the_picture(page, place, side):
    set_steps(page, 24)
    page.evaluate(DROP, [place, None, "image/png"])
    expect(page.get_by_role("radio", name=f"{side}: own: dropped.png", exact=True)).to_be_checked()
    done(page, steps=24)


def test_a_dropped_file_that_is_no_picture_is_said_and_the_next_move_runs(page):
    page.evaluate(DROP, [".nst-style", [110, 111], "text/plain"])
    expect(page.get_by_role("alert")).to_contain_text("picture")
    page.get_by_role("radio", name="style: waves", exact=True).check(force=True)
    done(page)


def test_a_file_is_chosen_twice_and_one_that_is_too_large_is_said(page, tmp_path):
    path = pictures.write(torch.rand(3, 70, 90), tmp_path / "own.png")
    huge = tmp_path / "huge.png"
    huge.write_bytes(b"0" * 10_000_000)
    picker = page.locator(".nst-content input[type=file]")
    for count in (2, 3):
        picker.set_input_files(path)
        expect(page.locator(".nst-runs button")).to_have_count(count)
    picker.set_input_files(huge)
    expect(page.get_by_role("alert")).to_contain_text("'huge.png' is 10 MB")


def test_two_studios_run_side_by_side(notebook):
    page = notebook(SHOW, SHOW.replace("studio", "other").replace("nstlib.other", "nstlib.studio"))
    run(page, 0)
    run(page, 1)
    for number in (0, 1):
        done(page, number)
    set_steps(page, 24, "other")
    slider(page, "style weight β", 1).press("ArrowRight")
    done(page, 1, steps=24)
    found = state(page)
    assert (found["beta"], found["alpha"], found["steps"], found["threads"]) == (10, 1, STEPS, 1)


def test_reduced_motion_gets_few_frames(notebook):
    page = notebook(SHOW.replace(f"steps={STEPS}", "steps=200"), reduced_motion="reduce")
    run(page, 0)
    expect(said(page)).to_contain_text("Running")
    assert ask(page, "print(studio.desk.frames.rate)")[1].strip() == "1.0"
    page.evaluate(
        """() => { window.frames_ = 0; new MutationObserver(() => window.frames_++).observe(
        document.querySelector('canvas.nst-frame'), { attributes: true, attributeFilter: ['data-frame'] }); }"""
    )
    expect(said(page)).to_contain_text("Done: 200 steps")
    seconds = float(re.search(r"200 steps in ([\d.]+) s", said(page).inner_text())[1])
    assert page.evaluate("() => window.frames_") <= seconds + 3


@pytest.mark.matrix
def test_everything_works_without_comm_subshells(browser, tmp_path_factory):
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    plugin = {"kernels-settings": {"commsOverSubshells": "disabled"}}
    with started_lab(folder, home, **plugin) as (address, token):
        write(folder, SHOW)
        page = browser.new_page()
        visit(page, address, token, "test.ipynb")
        run(page, 0)
        done(page)
        set_steps(page, 24)
        slider(page, "style weight β").press("ArrowRight")
        done(page, steps=24)
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
    before = page.locator("canvas.nst-frame").screenshot()
    slider(page, "grey").press("ArrowRight")
    expect(said(page)).to_contain_text("grey 5")
    assert page.locator("canvas.nst-frame").screenshot() != before
    expect(page.get_by_role("img", name="grey = 5, 60 by 90 pixels")).to_have_count(1)


def test_a_mask_is_painted_with_the_mouse_and_with_keys(page):
    toggle = page.get_by_role("button", name="paint a mask: where the photo stays", exact=True)
    toggle.click()
    brush = page.locator("canvas.nst-brush")
    box = brush.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    runs = page.locator(".nst-runs button")
    expect(runs).to_have_count(2)
    brush.focus()
    for key in ("ArrowLeft", "ArrowLeft", " "):
        page.keyboard.press(key)
    expect(runs).to_have_count(3)
    page.keyboard.press("Escape")
    expect(brush).to_be_hidden()
    assert state(page)["knobs"]["mask"] == "mask 2"
    toggle.click()
    page.get_by_role("button", name="clear the mask: style everywhere", exact=True).click()
    expect(runs).to_have_count(4)
    assert state(page)["knobs"]["mask"] == ""
