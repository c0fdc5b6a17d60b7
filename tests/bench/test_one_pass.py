"""The comparison on two small photos, with few steps, and minivgg in VGG-16's place."""

from dataclasses import replace

import pytest
import torch

from nstlib import feedforward, networks, painted, pictures
from nstlib.bench import one_pass
from nstlib.bench.judge import LAYERS

SIZE = 64


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    for steps, (name, quality) in enumerate(one_pass.QUALITIES.items(), start=3):
        brief = replace(quality.settings, steps=steps)
        monkeypatch.setitem(one_pass.QUALITIES, name, replace(quality, settings=brief, draft=None))
    monkeypatch.setitem(one_pass.REBUILDING, "steps", 2)


@pytest.fixture
def trained():
    return feedforward.load("night")


def test_every_method_paints_every_photo_and_is_scored(trained):
    photos = {name: pictures.sample(name, SIZE) for name in ("cat", "rocket")}
    judges = {"a judge": networks.load("minivgg", LAYERS)}
    found = list(one_pass.compare(photos, trained, judges, SIZE))
    methods = ["draft", "good", "the same J", "AdaIN", "WCT", "one pass"]
    assert [(one.photo, one.method) for one in found] == [(photo, method) for photo in photos for method in methods]
    for one in found:
        assert one.picture.shape == pictures.resize(photos[one.photo], SIZE).shape and one.seconds > 0
        assert one.scores["a judge"].content > 0 and one.cost > 0
    expected = feedforward.Painter(trained.generator)(photos["cat"])
    assert torch.equal(found[5].picture, expected)

    lines = one_pass.table(found, "a judge").splitlines()
    assert len(lines) == 8 and lines[7].startswith("| one pass | ")
    mean = sum(one.scores["a judge"].cut for one in found if one.method == "draft") / 2
    assert lines[2].split(" | ")[3] == f"{mean:.2f}"
    assert one_pass.sheet(found, photos, SIZE).shape[2] > 7 * one_pass.TILE


def test_the_photo_itself_costs_what_its_style_lacks(trained):
    photo, style = pictures.sample("cat", SIZE), painted.paint("night", SIZE)
    settings = one_pass.settings_of(trained.about, SIZE)
    about = trained.about
    assert (settings.beta, settings.chroma_smoothness) == (about.beta, about.chroma_smoothness)
    changed = {
        beta: one_pass.cost(photo, photo, style, replace(settings, beta=beta, chroma_smoothness=0.0), networks.load())
        for beta in (0.0, 1.0, 2.0)
    }
    assert changed[0.0] == pytest.approx(0, abs=1e-3) and changed[2.0] == pytest.approx(2 * changed[1.0], rel=1e-3)


def test_the_page_has_both_judges_and_the_sheet_beside_it(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(one_pass, "PHOTOS", ("cat",))
    load = networks.load
    monkeypatch.setattr(networks, "load", lambda name="minivgg", *given: load("minivgg", *given))
    one_pass.main(tmp_path / "page.md", SIZE)
    text = (tmp_path / "page.md").read_text()
    assert "## As VGG-16 sees them" in text and "## As minivgg sees them" in text and "(page.jpg)" in text
    assert text.count("| one pass | ") == 2 and pictures.read(tmp_path / "page.jpg", None).shape[0] == 3
