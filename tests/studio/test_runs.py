"""What the worker runs, without a panel: steps, shares, and pairs from the cache."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib import transfer
from nstlib.errors import NstError
from nstlib.networks import STYLE_LAYERS
from nstlib.studio import requests, runs
from nstlib.studio.runs import GradientShares, RunStarted
from tests.studio.asking import request, run


def test_what_is_run_comes_first_then_steps_and_shares(pair):
    items = run(request(pair, steps=12))
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["RunStarted", *["Step"] * 9, "GradientShares", *["Step"] * 3, "GradientShares"]
    again = [type(item).__name__ for item in run(request(pair, steps=12, beta=3.0))]
    assert again == [kinds[0], "Preview", *kinds[1:]]
    assert all(sum(item.shares.values()) == pytest.approx(1) for item in items if isinstance(item, GradientShares))


def test_a_run_stops_inside_a_step_when_it_is_checked(pair):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 12:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        list(runs.run(request(pair, steps=50), check))
    assert len(calls) == 13


def test_muted_layers_have_the_weight_0_and_the_others_keep_the_rule(pair):
    whole = runs.resolve_weights(request(pair))
    part = runs.resolve_weights(request(pair, muted=("relu2_1",)))
    assert part.layer_weights == whole.layer_weights
    assert part.settings.layer_weights == whole.layer_weights | {"relu2_1": 0.0}
    assert isinstance(whole, RunStarted) and whole.settings == request(pair).settings


@given(st.dictionaries(st.sampled_from(STYLE_LAYERS), st.floats(0, 100)), st.sets(st.sampled_from(STYLE_LAYERS)))
def test_faders_multiply_the_rule_and_mute_wins(faders, muted):
    given = dict.fromkeys(STYLE_LAYERS, 0.5) | {"relu5_1": 2.0}
    started = runs.resolve_weights(request((None, None), muted=tuple(muted), faders=faders, layer_weights=given))
    expected = {layer: 0.0 if layer in muted else given[layer] * faders.get(layer, 1.0) for layer in given}
    assert started.settings.layer_weights == expected and started.layer_weights == given


def test_faders_at_1_leave_the_preset_its_name(pair):
    whole = request(pair)
    for faders in (None, {}, dict.fromkeys(STYLE_LAYERS, 1.0), {"relu9_9": 3.0}):
        assert runs.resolve_weights(request(pair, faders=faders)).settings == whole.settings
    moved = runs.resolve_weights(request(pair, faders={"relu3_1": 2.0}))
    rule = runs.resolve_weights(whole).layer_weights
    assert moved.layer_weights == rule and moved.settings.layer_weights == rule | {"relu3_1": 2 * rule["relu3_1"]}


@pytest.mark.parametrize("fader", [-0.1, math.inf, math.nan])
def test_an_impossible_fader_is_a_sentence(pair, fader):
    with pytest.raises(NstError, match="multiplier of 0 or more for relu2_1"):
        runs.resolve_weights(request(pair, faders={"relu2_1": fader}))


@pytest.mark.parametrize("preset", ["relative", "relative_geometric", "balanced", "inverse_n2", "equal"])
@pytest.mark.parametrize("init", ["content", "noise"])
def test_the_rule_is_that_of_the_run(pair, preset, init, monkeypatch):
    weights = []

    class Listening(transfer.objective.Objective):
        def __init__(self, *given):
            super().__init__(*given)
            weights.append(self.layer_weights)

    asked = request(pair, steps=1, layer_weights=preset, init=init)
    monkeypatch.setattr(transfer.run, "Objective", Listening)
    next(transfer.steps(*pair, asked.settings, requests.network("minivgg")))
    assert weights == [runs.resolve_weights(asked).layer_weights]


def test_a_rule_that_this_painting_cannot_serve_is_a_sentence(pair):
    with pytest.raises(NstError, match="gradient norm"):
        runs.resolve_weights(request((pair[1], pair[1]), layer_weights="balanced"))


def test_shares_are_those_of_the_runs_weights(pair):
    *_, last = run(request(pair, steps=2, faders={"relu1_1": 0.0}))
    assert last.shares["relu1_1"] == 0 and sum(last.shares.values()) == pytest.approx(1)
    balanced = run(request(pair, steps=1, layer_weights="balanced"))[-1]
    assert list(balanced.shares.values()) == pytest.approx([0.2] * 5, rel=1e-3)  # at the picture it was measured at


def test_shares_can_be_stopped_between_layers(pair):
    asked = request(pair)
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 30:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        runs.shares(asked, asked.settings, pair[0], check)
    assert len(calls) == 31


def test_previews_change_nothing_that_is_run(pair):
    first, again = (run(request(pair, steps=10, beta=3.0)) for _ in range(2))
    assert first[0] == again[0]  # what `as_code` writes down
    steps, steps_again = ([item for item in items if isinstance(item, transfer.Step)] for items in (first, again))
    assert isinstance(again[1], runs.Preview)
    assert [step.total for step in steps] == [step.total for step in steps_again]
    assert all(one.picture.equal(other.picture) for one, other in zip(steps, steps_again, strict=True))


def test_a_cached_pair_gives_the_same_pictures(pair):
    first, again = (run(request(pair, steps=3)) for _ in range(2))
    fresh = list(transfer.steps(*pair, request(pair, steps=3).settings, requests.network("minivgg")))
    for items in (first, again):
        pictures = [item.picture for item in items if isinstance(item, transfer.Step)]
        assert all(one.equal(other.picture) for one, other in zip(pictures, fresh, strict=True))
