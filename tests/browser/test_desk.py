"""How the studio looks: sizes, gaps, overlaps, contrast and targets at several widths, themes and zooms."""

import io
import itertools
import re

import pytest
from PIL import Image

from tests.browser.geometry import flaws, measure
from tests.browser.opening import READY, ask, close_notebooks, open_notebook, run_studio, visit, write

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[test]'")

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)  # a busy machine; only a fault waits so long
STEPS = 12
SHOW = f"from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=64, steps={STEPS})\nstudio"
SIZES = {
    1280: (640, 450),
    1200: (640, 420),
    1000: (720, 380),
    800: (900, 340),
}  # the most height, the least width of the picture


@pytest.fixture(scope="module")
def page(lab_page, lab):
    """One notebook for all tests that need no page of their own."""
    write(lab[0], SHOW, name="desk.ipynb")
    open_notebook(lab_page, "desk.ipynb")
    yield lab_page
    show_theme(lab_page, dark=False)
    close_notebooks(lab_page)


def show_theme(page, *, dark):
    """Change JupyterLab's theme."""
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    page.evaluate(f"() => jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{theme}' }})")
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{str(not dark).lower()}'")


@pytest.fixture
def zoomed(browser, lab):
    """Give a function that opens the notebook on a page of its own, at a zoom."""
    folder, address, token = lab
    pages = []

    def open_page(zoom):
        write(folder, SHOW, name="zoomed.ipynb")
        pages.append(browser.new_page(device_scale_factor=zoom))
        visit(pages[0], address, token, "zoomed.ipynb")
        return pages[0]

    yield open_page
    for page in pages:
        close_notebooks(page)
        page.close()


@pytest.fixture
def forced_colours(page):
    """A user's few colours in place of the page's own."""
    page.emulate_media(forced_colors="active")
    yield
    page.emulate_media(forced_colors="null")


def shown(page, width, *, dark=False):
    """Show a new studio, after its first run, on a page of this width and theme."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    show_theme(page, dark=dark)
    run_studio(page, STEPS)
    expect(page.locator(".nst-runs button")).to_have_count(1)
    return page


def require_sound(page):
    found = measure(page.locator(".nst-studio"))
    assert not flaws(found)
    return found


@pytest.mark.parametrize("width", SIZES)
def test_it_fits_one_screen_and_nothing_overlaps_gapes_or_is_cut_off(page, width):
    found = require_sound(shown(page, width))
    height, picture = SIZES[width]
    assert found["height"] <= height and found["picture"]["width"] >= picture, found
    page.get_by_role("button", name="more settings", exact=True).click()
    require_sound(page)


def test_at_double_zoom_in_a_narrow_window_all_words_are_read(page):
    require_sound(shown(page, 400))
    page.get_by_role("combobox", name="task", exact=True).select_option("still a cat")
    page.get_by_role("button", name="paint a mask: where the photo stays", exact=True).click()
    require_sound(page)
    page.get_by_role("button", name="more settings", exact=True).click()
    page.get_by_role("combobox", name="second style", exact=True).select_option("waves")
    require_sound(page)


def test_at_double_zoom_a_long_name_of_a_file_widens_nothing(page):
    shown(page, 400)
    file = io.BytesIO()
    Image.new("RGB", (90, 70)).save(file, "PNG")
    chosen = {"name": f"{'x' * 60}.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.locator(".nst-style input[type=file]").set_input_files(chosen)
    expect(page.locator(".nst-runs button")).to_have_count(2)
    page.locator(".nst-runs button").first.click(modifiers=["Shift"])
    expect(page.locator(".nst-differing")).to_contain_text(chosen["name"])
    require_sound(page)


@pytest.mark.matrix
@pytest.mark.parametrize(("width", "dark", "zoom"), list(itertools.product(SIZES, (False, True), (1.0, 2.0))))
def test_it_is_sound_in_every_theme_and_zoom(zoomed, width, dark, zoom):
    page = shown(zoomed(zoom), int(width / zoom), dark=dark)
    require_sound(page)
    require_accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_names_and_roles_are_sound(page, dark):
    require_accessible(shown(page, 1280, dark=dark))
    page.get_by_role("combobox", name="task", exact=True).select_option("palette only")
    page.get_by_role("button", name="more settings", exact=True).click()
    require_accessible(page)


def use(page, role, name):
    return page.get_by_role(role, name=name, exact=True)


# What leads from one state of the desk to the next
STATES = {
    "compared": lambda page: [
        use(page, "slider", "style weight β").press("PageUp"),
        expect(page.locator(".nst-runs button")).to_have_count(2),
        page.locator(".nst-runs button").first.click(modifiers=["Shift"]),
    ],
    "earlier frame": lambda page: [
        use(page, "button", "compare with the photo again").click(),
        use(page, "slider", "frames of this run").press("Home"),
    ],
    "brush": lambda page: use(page, "button", "paint a mask: where the photo stays").click(),
    "solution asked": lambda page: [
        page.keyboard.press("Escape"),
        use(page, "combobox", "task").select_option("still a cat"),
        use(page, "button", "show a solution").click(),
    ],
    "solo over mute": lambda page: [
        use(page, "combobox", "task").select_option(""),
        use(page, "button", "solo relu1_1").click(),
        use(page, "button", "mute relu5_1").click(),
    ],
    "pull": lambda page: [
        use(page, "slider", "λ relu5_1").press("p"),
        expect(page.locator(".nst-heat-name")).to_be_visible(),
    ],
    "error": lambda page: [
        ask(page, "studio.network = 'nothing'\nstudio.start()"),
        expect(page.get_by_role("alert")).to_contain_text("choose from minivgg"),
    ],
    "two styles": lambda page: [
        ask(page, "studio.network = 'minivgg'"),
        use(page, "button", "more settings").click(),
        use(page, "combobox", "second style").select_option("waves"),
    ],
    "paused": lambda page: [
        use(page, "button", "more settings").click(),
        ask(page, "import dataclasses\nstudio.base = dataclasses.replace(studio.base, steps=5000)\nstudio.start()"),
        expect(page.locator(".nst-speed")).to_have_text(re.compile(r"^step (1[3-9]|[2-9]\d|\d{3}) ")),  # the new run's
        use(page, "button", "pause").click(),
        use(page, "button", "continue").wait_for(),
    ],
    "kernel restarted": lambda page: [
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"),
        page.locator(".nst-dead").wait_for(),
        page.wait_for_function(READY),
    ],
}


@pytest.mark.matrix
@pytest.mark.parametrize("theme", ["light", "dark", "forced colours"])
def test_every_state_is_sound_and_accessible(page, theme, request):
    if theme == "forced colours":
        request.getfixturevalue("forced_colours")
    shown(page, 1280, dark=theme == "dark")
    for lead in STATES.values():
        lead(page)
        require_sound(page)
        require_accessible(page)


def require_accessible(page):
    page.evaluate("() => { document.body.style.height = '100vh' }")  # JupyterLab's is 0 high: axe takes all for hidden
    found = (
        axe_playwright.Axe().run(page, ".nst-studio", {"resultTypes": ["violations", "incomplete", "passes"]}).response
    )
    (read,) = [each["nodes"] for each in found["passes"] if each["id"] == "color-contrast"]
    seen = [node for node in read if "hidden" not in node["any"][0]["message"]]
    unsure = [each for each in found["incomplete"] if each["id"].startswith("aria")]  # of names and roles
    serious = [each for each in found["violations"] + unsure if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious]
    assert not told, told
    assert len(seen) > 20, "axe has measured the contrast of hardly any text"


def test_forced_colours_keep_what_colours_say(page, forced_colours):
    shown(page, 1280)
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
