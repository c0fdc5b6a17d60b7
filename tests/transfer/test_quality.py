from dataclasses import replace

import pytest
import torch

from nstlib import networks, painted
from nstlib.errors import NstError
from nstlib.networks.weights import WeightsError
from nstlib.transfer import Settings, steps
from nstlib.transfer.quality import QUALITIES, Quality, paint, quality_named, quality_steps


@pytest.fixture
def pair():
    return painted.paint("mosaic", 32), painted.paint("night", (32, 40))


def test_draft_and_good_work_without_a_download_and_best_takes_the_true_network():
    assert {name: quality.network for name, quality in QUALITIES.items()} == {
        "draft": "minivgg",
        "good": "minivgg",
        "best": "vgg16",
    }
    assert QUALITIES["draft"].settings.steps < QUALITIES["good"].settings.steps


def test_a_quality_is_a_plain_run_of_its_settings(pair):
    quality = Quality("minivgg", Settings(size=32, steps=4, beta=5.0))
    *_, last = steps(*pair, Settings(size=32, steps=4, beta=5.0), networks.load("minivgg"))
    assert torch.equal(paint(*pair, quality), last.picture)


def test_a_run_goes_on_from_its_draft_and_counts_through(pair, monkeypatch):
    monkeypatch.setitem(QUALITIES, "short", Quality("minivgg", Settings(steps=3)))
    found = list(quality_steps(*pair, Quality("random-vgg19", Settings(size=32, steps=2), draft="short")))
    assert [step.index for step in found] == list(range(5))
    assert torch.equal(found[3].picture, found[2].picture)  # the first pass of the second network sees the draft
    assert [step.seconds for step in found] == sorted(step.seconds for step in found)


def test_a_draft_follows_the_run_that_goes_on_from_it_but_for_its_passes(pair, monkeypatch):
    monkeypatch.setitem(QUALITIES, "short", Quality("minivgg", Settings(steps=2, beta=3.0)))
    given = Settings(size=48, steps=4, beta=0.0, colour="photo", style_scale=1.5, layer_weights={"relu1_2": 1.0})
    first, *_ = quality_steps(*pair, Quality("minivgg", given, draft="short"))
    expected, *_ = steps(*pair, replace(given, steps=2))
    assert torch.equal(first.picture, expected.picture) and first.total == expected.total


def test_layers_that_the_draft_s_network_lacks_leave_the_draft_out():
    best = QUALITIES["best"].changed(layer_weights={"relu5_3": 1.0})
    assert not best.has_draft and best.passes == best.settings.steps
    assert QUALITIES["best"].has_draft and not QUALITIES["good"].has_draft


def test_a_start_is_where_the_draft_begins(pair):
    start = painted.paint("waves", 32)
    quality = QUALITIES["best"].changed(size=32, steps=2)
    first = next(quality_steps(*pair, quality, load=lambda _: networks.load("minivgg"), start=start))
    torch.testing.assert_close(first.picture, start)


def test_a_network_that_cannot_be_had_is_said_before_the_draft(pair):
    def load(name):
        raise WeightsError(f"no {name} here")

    with pytest.raises(WeightsError, match="no vgg16 here"):
        next(quality_steps(*pair, QUALITIES["best"].changed(size=32), load=load))


def test_an_unknown_quality_is_refused():
    with pytest.raises(NstError, match="Expected one of the qualities draft, good, best, got 'fine'"):
        quality_named("fine")
