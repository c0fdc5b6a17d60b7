"""The built book, read as HTML: every lesson, figure, anchor and download is there, and nothing that needs a kernel."""

import html
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from nstlib.authoring import course
from nstlib.authoring.book import anchors
from nstlib.checks import all_questions
from nstlib.predictions import of_lesson
from tests.site.conftest import ROOT

pytestmark = pytest.mark.slow
LESSONS = course.read(ROOT)


class Page(HTMLParser):
    """What a page holds: ids, links, images, and the addresses of whatever a browser fetches for it."""

    def __init__(self, path: Path):
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.ids, self.links, self.images, self.fetched = set(), [], [], []
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        """Note what the tag names."""
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        fetched = given.get("href") if tag == "link" else given.get("src")
        self.fetched += [fetched] if fetched else []


@pytest.fixture(scope="module")
def pages(book):
    """Every page of the book by its path; the flipbooks' own page has tests elsewhere."""
    folder = book[1]
    paths = [path for path in folder.rglob("*.html") if path.relative_to(folder).parts[0] not in ("_static", "gallery")]
    return {str(path.relative_to(folder)): Page(path) for path in paths}


def test_every_page_that_is_staged_is_built_and_in_the_contents(book, pages):
    names, _ = book
    assert {f"{name}.html" for name in names} <= set(pages)
    contents = pages["index.html"].links
    for name in names[1:]:
        assert f"{name}.html" in contents
    for lesson in LESSONS:
        assert f"notebooks/{lesson.file}.html" in contents


def test_every_lesson_leads_to_the_one_before_and_after(pages):
    for before, after in itertools.pairwise(LESSONS):
        one, other = (pages[f"notebooks/{lesson.file}.html"].text for lesson in (before, after))
        assert re.search(rf'class="right-next"\s+href="{after.file}.html"', one)
        assert re.search(rf'class="left-prev"\s+href="{before.file}.html"', other)


def test_every_image_has_a_description(pages):
    shown = [(name, image) for name, page in pages.items() for image in page.images]
    assert len(shown) > 100
    assert not [(name, image["src"]) for name, image in shown if not (image.get("alt") or "").strip()]


def test_nothing_is_fetched_from_another_host(pages, book):
    assert not [(name, url) for name, page in pages.items() for url in page.fetched if "//" in url]
    styles = list((book[1] / "_static").rglob("*.css"))
    assert styles
    for style in styles:
        fetched = re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")\s;]+)", style.read_text(encoding="utf-8"))
        assert not [url for url in fetched if url.startswith(("http", "//"))], style.name


def test_no_widget_leaves_a_box_or_an_error(pages):
    for page in pages.values():
        assert "Error displaying widget" not in page.text and "jupyter.widget" not in page.text
    studio = pages["notebooks/06_studio.html"]
    assert "The studio&#39;s last picture" in studio.text or "The studio’s last picture" in studio.text
    assert "../flipbooks.html" in studio.links and "Compare with your prediction" in studio.text


def test_every_link_leads_to_a_page_and_a_place_in_it(book, pages):
    folder = book[1]
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            path = str(target.resolve().relative_to(folder.resolve()))
            assert target.exists(), f"{name} links to {link}"
            if parts.fragment and path in pages:
                assert unquote(parts.fragment) in pages[path].ids, f"{name} links to {link}"


@pytest.mark.parametrize("lesson", ["00", "06", "08"])
def test_each_question_in_a_lessons_list_of_predictions_leads_to_its_card(pages, lesson):
    (page,) = (page for name, page in pages.items() if name.startswith(f"notebooks/{lesson}_"))
    for card in of_lesson(lesson):
        anchor = anchors.prediction(card.name)
        assert anchor in page.ids and page.links.count(f"#{anchor}") >= 2, card.name  # at the card, and in the list
        assert f": {card.question}" in html.unescape(page.text).replace("’", "'"), card.name


def test_each_answered_question_leads_to_its_cells(pages):
    rows = re.findall(r"^\| .*? \| (\d\w+, `.*?`) \|", (ROOT / "notebooks" / "README.md").read_text(), re.MULTILINE)
    assert len(rows) > 30
    links = pages["questions.html"].links
    titles = {lesson.id: lesson.file for lesson in LESSONS}
    for row in rows:
        for group in row.split("; "):
            lesson, _, names = group.partition(", ")
            for name in re.findall(r"`([^`]+)`", names):
                anchor = anchors.claim(lesson, name)
                assert f"notebooks/{titles[lesson]}.html#{anchor}" in links
                assert anchor in pages[f"notebooks/{titles[lesson]}.html"].ids


def test_every_known_mistake_is_told_and_leads_to_what_to_reread(pages):
    for exercise in {name.partition(".")[0] for name in all_questions()}:
        page = pages[f"misconceptions/{exercise}.html"]
        chosen = [question for name, question in all_questions().items() if name.startswith(exercise)]
        assert page.text.count("<dt>") == sum(len(question.misconceptions) for question in chosen)
        reread = [link for link in page.links if "#lesson-" in link]
        assert len(reread) >= len(chosen)
        for question in chosen:
            assert any(link.endswith(f"#{anchors.question(question.id)}") for link in page.links)


def test_what_checks_tell_to_reread_is_at_the_address_to_which_they_link(pages, published):
    for question in all_questions().values():
        for mistake in (None, *(mistake.id for mistake in question.misconceptions)):
            addresses = [address for _, address in question.place(mistake).linked() if address]
            assert len(addresses) == len(question.place(mistake).sections)
            for address in addresses:
                page, _, anchor = address.removeprefix(f"{published}/").partition("#")
                assert anchor in pages[page].ids


def test_a_downloaded_notebook_is_the_repositorys(book, pages):
    for lesson in LESSONS:
        (link,) = (link for link in pages[f"notebooks/{lesson.file}.html"].links if link.endswith(".ipynb"))
        path = (book[1] / "notebooks" / link).resolve()
        assert path.read_bytes() == (ROOT / "notebooks" / f"{lesson.file}.ipynb").read_bytes()
