"""The committed flipbooks as their reader meets them: a file in a browser, without a network."""

from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[2] / "notebooks" / "gallery" / "index.html").as_uri()


@pytest.fixture
def opened(browser):
    """Give a function that opens the page; no request may leave the file, and nothing may be complained about."""
    contexts, asked, said = [], [], []

    def open_page(width=1100, **context):
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **context))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.goto(PAGE)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked and {address.partition(":")[0] for address in asked} <= {"file", "data"} and not said


def test_a_slider_turns_the_pages_by_keyboard(opened):
    page = opened()
    book = page.locator(".flipbook").first
    slider, picture = page.get_by_role("slider", name="style weight β"), book.locator("img:visible")
    expect(slider).to_have_attribute("aria-valuetext", "β = 10")
    source, seen = picture.get_attribute("src"), picture.screenshot()
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "β = 30")
    expect(book.locator("figcaption:visible")).to_have_text("β = 30")
    expect(book.locator("code:visible")).to_contain_text("beta=30)")
    expect(picture).to_have_count(1)
    assert picture.get_attribute("src") != source and picture.screenshot() != seen
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "β = 0.1")


def test_without_javascript_all_pictures_stand_there_with_captions(opened):
    page = opened(java_script_enabled=False)
    expect(page.locator(".frame img:visible")).to_have_count(37)
    expect(page.locator("figcaption:visible")).to_have_count(2 + 37)
    expect(page.locator("input:visible")).to_have_count(0)
    expect(page.locator("noscript p")).to_be_visible()


@pytest.mark.parametrize("width", [320, 550, 1100])
def test_nothing_is_cut_off(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_follows_the_colour_scheme(opened):
    ground = "getComputedStyle(document.body).backgroundColor"
    assert opened(color_scheme="light").evaluate(ground) != opened(color_scheme="dark").evaluate(ground)
