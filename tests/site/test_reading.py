"""The book as its readers meet it: in a browser, in both themes, at three widths, by keyboard, without a network."""

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[test]'")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[test]'")

pytestmark = pytest.mark.slow
SAMPLE = ("index", "notebooks/03_style_cost", "questions", "docs/performance")
SCHEMES = ("light", "dark")
STICKING = """() => document.documentElement.scrollWidth - innerWidth"""


def require_accessible(page):
    options = {"preload": False}  # or axe fetches style sheets anew, by addresses that are relative to others
    violations = axe_playwright.Axe().run(page, options=options).response["violations"]
    serious = [each for each in violations if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious]
    assert not told, told


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_lesson_is_accessible_and_asks_no_other_host(opened, scheme):
    page = opened("notebooks/05_optimising_the_picture.html", scheme=scheme)
    assert page.locator("mjx-container").count() > 20
    assert page.locator("mjx-merror").count() == 0
    require_accessible(page)


@pytest.mark.parametrize("name", SAMPLE)
def test_pages_fit_a_phone(opened, name):
    page = opened(f"{name}.html", width=400)
    assert page.evaluate(STICKING) <= 0


@pytest.mark.matrix
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_is_accessible_and_fits_every_width(book, opened, scheme):
    for name in [*book[0], "search", "genindex"]:
        page = opened(f"{name}.html", scheme=scheme)
        assert page.locator("mjx-merror").count() == 0, name
        require_accessible(page)
        for width in (1280, 800, 400):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(STICKING) <= 0, (name, width)
        page.context.close()


def test_search_finds_a_word_of_a_lesson_without_a_server(opened):
    page = opened("search.html?q=pedometer")
    results = page.locator("#search-results li a")
    sync_api.expect(results.first).to_contain_text("Gram matrix")


def test_the_keyboard_skips_to_the_text_searches_and_changes_the_theme(opened):
    page = opened("notebooks/02_gram_matrix.html")
    page.keyboard.press("Tab")
    sync_api.expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.keyboard.press("Control+k")
    sync_api.expect(page.locator("dialog input[type=search]")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Color mode").focus()
    page.keyboard.press("Enter")
    for _ in range(3):  # light, dark, the system's
        page.keyboard.press("ArrowDown")
        if "Dark" in page.locator(":focus").inner_text():
            page.keyboard.press("Enter")
            break
    sync_api.expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    sync_api.expect(page.get_by_role("button", name="Color mode")).to_be_focused()


def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(opened):
    page = opened("notebooks/03_style_cost.html", width=400)
    code = page.locator("div.highlight pre[tabindex='0']").first
    code.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_a_link_to_a_claim_shows_the_claim(opened):
    page = opened("notebooks/03_style_cost.html#claim-03-quarter")
    sync_api.expect(page.locator("#claim-03-quarter")).to_be_in_viewport()
