"""How the studio looks: sizes, gaps, overlaps, contrast and targets at several widths, themes and zooms."""

import itertools
from pathlib import Path

import pytest

from tests.browser.opening import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[test]'")

pytestmark = pytest.mark.slow
SHOW = "from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=64, steps=20)\nstudio"
LEAST_TEXT, LEAST_TARGET, MOST_GAP = 12, 28, 24  # pixels
MEASURE = Path(__file__).with_name("desk_geometry.js").read_text(encoding="utf-8")
SIZES = {1280: (640, 450), 1000: (720, 380), 800: (900, 340)}  # the most height, the least width of the picture


def opened(notebook, width, *, dark=False, zoom=1.0):
    page = notebook(SHOW, viewport=(int(width / zoom), 1000), device_scale_factor=zoom)
    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    if dark:
        page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    run(page, 0)
    expect(page.locator(".nst-said")).to_contain_text("Done: 20 steps", timeout=60_000)
    expect(page.locator(".nst-runs button")).to_have_count(1)
    return page


def require_sound(page):
    found = page.evaluate(MEASURE, [LEAST_TARGET, LEAST_TEXT])
    assert not found["overlaps"] and not found["sticking"] and not found["small"] and not found["tiny"], found
    assert not found["cut"] and found["gap"] <= MOST_GAP and found["right"] <= found["window"] + 1, found
    return found


@pytest.mark.parametrize("width", SIZES)
def test_it_fits_one_screen_and_nothing_overlaps_gapes_or_is_cut_off(notebook, width):
    page = opened(notebook, width)
    found = require_sound(page)
    height, picture = SIZES[width]
    assert found["height"] <= height and found["picture"]["width"] >= picture, found
    page.get_by_role("button", name="more settings", exact=True).click()
    require_sound(page)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("width", "dark", "zoom"), list(itertools.product((1280, 1000, 800), (False, True), (1.0, 2.0)))
)
def test_it_is_sound_in_every_theme_and_zoom(notebook, width, dark, zoom):
    page = opened(notebook, width, dark=dark, zoom=zoom)
    require_sound(page)
    require_accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_names_and_roles_are_sound(notebook, dark):
    page = opened(notebook, 1280, dark=dark)
    require_accessible(page)
    page.get_by_role("combobox", name="task", exact=True).select_option("palette only")
    page.get_by_role("button", name="more settings", exact=True).click()
    require_accessible(page)


def require_accessible(page):
    result = axe_playwright.Axe().run(page, ".nst-studio")
    serious = [each for each in result.response["violations"] if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious]
    assert not told, told


def test_forced_colours_keep_what_colours_say(notebook):
    page = notebook(SHOW, viewport=(1280, 1000), forced_colors="active")
    run(page, 0)
    expect(page.locator(".nst-said")).to_contain_text("Done: 20 steps", timeout=60_000)
    page.get_by_role("button", name="mute relu1_1", exact=True).click()
    pressed = page.get_by_role("button", name="mute relu1_1", exact=True)
    other = page.get_by_role("button", name="mute relu2_1", exact=True)
    colours = [each.evaluate("e => getComputedStyle(e).backgroundColor") for each in (pressed, other)]
    assert colours[0] != colours[1]
    bar, meter = (
        page.locator(name).first.evaluate("e => getComputedStyle(e).backgroundColor")
        for name in (".nst-pull-bar", ".nst-pull")
    )
    assert bar != meter
