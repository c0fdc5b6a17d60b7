"""The flipbooks: what they show, that their lines make it, and a page that loads nothing."""

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import torch
from markupsafe import escape
from PIL import Image
from typer.testing import CliRunner

from nstlib import gallery, networks, statistics, transfer, weighting
from nstlib.cli import app
from nstlib.gallery import flipbooks

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "notebooks" / "gallery" / "index.html"
DATA = re.compile(r'data:image/jpeg;base64,([^"]*)')
run = CliRunner().invoke


def tiny():
    return flipbooks(size=32, steps=2, marks=(0, 2))


@pytest.fixture(scope="module")
def painted():
    return {frame.code: picture for frame, picture in gallery.paint(tiny())}


@pytest.fixture
def quick(monkeypatch):
    """Let the command make the tiny flipbooks."""
    monkeypatch.setattr(gallery, "flipbooks", tiny)


class Elements(HTMLParser):
    """Every start tag of a page with its attributes, and whether tags close as they were opened."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_the_six_flipbooks_show_what_they_should():
    beta, alone, without, statistic, weights, steps = gallery.flipbooks()
    assert [frame.settings.beta for frame in beta.frames] == [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]
    assert [frame.settings.style_layers for frame in alone.frames] == [(layer,) for layer in networks.STYLE_LAYERS]
    left_out = [set(networks.STYLE_LAYERS) - set(frame.settings.style_layers) for frame in without.frames]
    assert left_out == [set(), *({layer} for layer in networks.STYLE_LAYERS)]
    assert [frame.settings.statistic for frame in statistic.frames] == list(statistics.STATISTICS)[:4]
    assert [frame.settings.layer_weights for frame in weights.frames] == [
        rule for rule in weighting.PRESETS if rule != "relative_geometric"
    ]
    assert [frame.step for frame in steps.frames] == [0, 2, 5, 10, 20, 40, 60, 100]
    for book in (alone, without, statistic, weights, steps):
        assert {frame.settings.beta for frame in book.frames} == {10}
    frames = [frame for book in gallery.flipbooks() for frame in book.frames]
    assert {(frame.settings.size, frame.settings.alpha) for frame in frames} == {(192, 1)}


def test_an_undescribed_step_is_refused():
    with pytest.raises(ValueError, match="Step 7 has no description; choose marks from 0, 2, 5"):
        gallery.flipbooks(marks=(0, 7))


@pytest.mark.parametrize(("book", "index"), [(0, 3), (2, 5), (5, 0), (5, 1)])
def test_the_lines_make_the_picture_bit_for_bit(painted, book, index):
    frame, names = tiny()[book].frames[index], {}
    exec(frame.code, names)
    assert names["picture"].equal(painted[frame.code]) and names["settings"] == frame.settings


def test_every_frame_is_painted(painted):
    assert set(painted) == {frame.code for book in tiny() for frame in book.frames}
    assert all(picture.shape[1] == 32 for picture in painted.values())


def test_equal_settings_are_run_once(monkeypatch):
    real, runs = transfer.steps, []

    def counted(photo, painting, settings, network):
        runs.append(settings)
        return real(photo, painting, settings, network)

    monkeypatch.setattr(transfer, "steps", counted)
    statistic, weights = tiny()[3:5]
    done = list(gallery.paint([statistic, weights]))
    assert len(done) == 4 + 5 and len(runs) == 4 + 5 - 1


def test_the_page_loads_nothing_and_allows_its_own_style_and_script_alone(painted):
    page = gallery.page(tiny(), painted)
    elements = Elements(page)
    assert not elements.open
    (policy,) = [meta["content"] for meta in elements.all("meta") if "http-equiv" in meta]
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy and "url(" not in inside and "import" not in inside
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy
    addresses = [attributes[name] for _, attributes in elements.found for name in ("src", "href") if name in attributes]
    assert addresses and all(address.startswith("data:") for address in addresses)
    assert not [name for _, attributes in elements.found for name in attributes if name == "style" or name[:2] == "on"]


def test_every_slider_and_picture_has_words(painted):
    books, elements = tiny(), Elements(gallery.page(tiny(), painted))
    sliders = elements.all("input")
    assert [slider["id"] for slider in sliders] == [label["for"] for label in elements.all("label")]
    for slider, book in zip(sliders, books, strict=True):
        assert slider["type"] == "range" and slider["max"] == str(len(book.frames) - 1)
        assert slider["aria-valuetext"] == book.frames[int(slider["value"])].caption
    alts = [picture["alt"] for picture in elements.all("img")]
    assert alts[2:] == [frame.alt for book in books for frame in book.frames] and all(len(alt) > 20 for alt in alts)
    shown = [figure["class"].split() for figure in elements.all("figure") if "class" in figure]
    assert sum("now" in classes for classes in shown) == len(books)


def test_what_is_said_is_escaped():
    frame = gallery.Frame('<b>"&', "a <i> & a 'quote\"", {"size": 32, "init": "content"})
    book = gallery.Flipbook("one", "<u>", "x & y", "<script>alert()</script>", (frame,))
    page = gallery.page([book], {frame.code: torch.zeros(3, 32, 48)})
    elements = Elements(page)
    assert len(elements.all("script")) == 1 and not elements.all("b") + elements.all("i") + elements.all("u")
    assert elements.all("img")[-1]["alt"] == frame.alt and escape(frame.code) in page


def test_the_same_command_writes_the_same_page(tmp_path, quick):
    for name in ("a", "b"):
        done = run(app, ["gallery", str(tmp_path / name)])
        assert done.exit_code == 0 and f"Wrote {tmp_path / name / 'index.html'}: " in done.stderr
    first, second = ((tmp_path / name / "index.html").read_bytes() for name in ("a", "b"))
    assert first == second and list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "index.html"]


def test_a_page_is_replaced_only_by_force(tmp_path, quick, painted, monkeypatch):
    frames = [(frame, painted[frame.code]) for book in tiny() for frame in book.frames]
    monkeypatch.setattr(gallery, "paint", lambda books: iter(frames))
    (tmp_path / "index.html").write_text("mine")
    refused = run(app, ["gallery", str(tmp_path)])
    assert refused.exit_code == 1 and "exists already. Give another folder, or pass --force" in refused.stderr
    assert (tmp_path / "index.html").read_text() == "mine"
    assert run(app, ["gallery", str(tmp_path), "--force"]).exit_code == 0
    assert (tmp_path / "index.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("where", ["file", "file/folder", "none/folder"])
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch, where):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(gallery, "paint", lambda *_: pytest.fail("the work began"))
    done = run(app, ["gallery", str(tmp_path / where)])
    assert done.exit_code == 1 and "Nothing can be written into the folder" in done.stderr
    assert "Give a folder that is yours" in done.stderr and "Traceback" not in done.stderr


def test_a_folder_of_the_pages_name_is_refused(tmp_path):
    (tmp_path / "index.html").mkdir()
    done = run(app, ["gallery", str(tmp_path), "--force"])
    assert done.exit_code == 1 and "is a folder, and the page should have this name" in done.stderr


def test_stopping_leaves_no_page(tmp_path, quick, monkeypatch):
    def interrupted(books):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(gallery, "paint", interrupted)
    done = run(app, ["gallery", str(tmp_path)])
    assert done.exit_code == 130 and "no page was written" in done.stderr and not list(tmp_path.iterdir())


def test_the_committed_page_says_what_the_source_says():
    books = gallery.flipbooks()
    painted = {frame.code: torch.zeros_like(gallery.pair(192)[0]) for book in books for frame in book.frames}
    assert DATA.sub("", COMMITTED.read_text(encoding="utf-8")) == DATA.sub("", gallery.page(books, painted))


def test_the_committed_pictures_are_whole_and_small():
    found = DATA.findall(COMMITTED.read_text(encoding="utf-8"))
    assert len(found) == 2 + 37 and sum(map(len, found)) < 900_000
    for data in found:
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (289, 192)


def test_the_index_of_lessons_leads_to_the_page():
    (cell,) = nbformat.read(ROOT / "notebooks" / "index.ipynb", as_version=4).cells
    assert "(gallery/index.html)" in cell.source and COMMITTED.is_file()
