"""Knobs say settings; nothing runs here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib import networks
from nstlib.errors import NstError
from nstlib.studio.controls import controls
from nstlib.studio.knobs import Knobs
from nstlib.style.statistics import STATISTICS
from nstlib.transfer.settings import Settings

PAIR = ("cat", "night")
PLAIN = Knobs(*PAIR)


def test_knobs_say_settings():
    base = Settings(size=128, steps=40, scales=1)
    knobs = Knobs.of(base, *PAIR)
    assert knobs.settings(base) == base
    moved = knobs.moved(rule="equal", statistic="moments", convention="keras", content_layer="relu3_2")
    said = moved.moved(init="noise", optimizer="lbfgs", colour="photo", total_variation=2).settings(base)
    assert (said.layer_weights, said.statistic, said.convention) == ("equal", "moments", "keras")
    assert (said.content_layers, said.init, said.optimizer) == (("relu3_2",), "noise", "lbfgs")
    assert (said.colour, said.total_variation, said.steps) == ("photo", 2.0, 40)


@pytest.mark.parametrize(
    "base",
    [
        Settings(size=128, plateau=0.01, learning_rate=0.05, margin=4),
        Settings(size=384, alpha=1e-4, beta=1e5, layer_weights={"relu1_1": 1e-9, "relu2_1": 1e7}),
        Settings(size=32, style_scale=3.0, chroma_smoothness=1e4),
    ],
)
def test_what_has_no_knob_is_kept_and_values_beyond_a_knob_widen_it(base):
    knobs = Knobs.of(base, *PAIR)
    assert knobs.settings(base) == base
    for name, control in controls(base).items():
        value = getattr(knobs, name)
        if "low" in control and name != "faders":
            assert control["low"] <= value <= control["high"] or (control.get("zero") and value == 0), name


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_weight_of_0_has_no_place_on_a_logarithmic_slider(name):
    with pytest.raises(NstError, match="> 0, got 0: its slider starts"):
        Knobs.of(Settings(**{name: 0}), *PAIR)


def test_mute_and_solo_name_the_muted_layers():
    base = Settings(layer_weights="equal")
    assert PLAIN.moved(solo=["relu3_1"]).muted_layers(base) == ("relu1_1", "relu2_1", "relu4_1", "relu5_1")
    assert PLAIN.moved(muted=["relu1_1"]).muted_layers(base) == ("relu1_1",)
    silent = PLAIN.moved(muted=networks.STYLE_LAYERS)
    with pytest.raises(NstError, match="unmute at least one"):
        silent.muted_layers(base)
    alone = silent.moved(solo=["relu2_1"])  # to hear one alone is one click, whatever is muted
    assert alone.muted_layers(base) == ("relu1_1", "relu3_1", "relu4_1", "relu5_1")


def test_a_layer_weight_of_0_begins_muted_and_can_be_heard():
    base = Settings(layer_weights={"relu1_1": 1.0, "relu2_1": 0.0, "relu3_1": 0.5})
    knobs = Knobs.of(base, *PAIR)
    assert knobs.muted_layers(base) == ("relu2_1",) and knobs.rule == "given"
    assert knobs.settings(base).layer_weights == {"relu1_1": 1.0, "relu2_1": 0.5, "relu3_1": 0.5}
    with pytest.raises(NstError, match="only zeros"):
        Knobs.of(Settings(layer_weights={"relu1_1": 0.0}), *PAIR)


def test_a_second_style_is_blended_by_its_share():
    base = Settings()
    assert PLAIN.moved(blend=0.25).settings(base).style_blend == ()
    assert PLAIN.moved(blend=0.25, second_style="waves").settings(base).style_blend == (0.75, 0.25)


def test_what_differs_is_named():
    assert PLAIN.moved(beta=3, solo=["relu1_1"]).changes(PLAIN) == {"beta": 3.0, "solo": ["relu1_1"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gamma": 1}, "a knob's name, got 'gamma'"),
        ({"beta": "much"}, "a finite number"),
        ({"beta": float("nan")}, "a finite number"),
        ({"beta": -1}, "of 0 or more"),
        ({"beta": True}, "a finite number"),
        ({"size": 64.5}, "a finite number"),
        ({"faders": [1, 2]}, "for each layer"),
        ({"faders": {"relu1_1": None}}, "for each layer"),
        ({"muted": "relu1_1"}, "a list of layers"),
        ({"rule": 3}, "text"),
    ],
)
def test_what_no_knob_can_say_is_a_sentence(change, words):
    with pytest.raises(NstError, match=words):
        PLAIN.moved(**change)


@given(st.dictionaries(st.sampled_from(list(PLAIN.to_dict())), st.integers() | st.floats() | st.text() | st.none()))
def test_whatever_a_browser_sends_is_taken_or_refused_in_a_sentence(state):
    try:
        moved = PLAIN.moved(**state)
    except NstError as refusal:
        assert str(refusal).endswith(".")
    else:
        assert Knobs(**moved.to_dict()).to_dict() == moved.to_dict()


def test_every_statistic_can_be_chosen_also_one_that_is_added_later(monkeypatch):
    monkeypatch.setitem(STATISTICS, "newest_of_all", STATISTICS["gram"])
    options = controls(Settings())["statistic"]["options"]
    assert [value for value, _ in options] == list(STATISTICS)
    assert ["newest_of_all", "newest of all"] in options


def test_a_fader_at_the_rule_and_the_order_of_layers_make_no_difference():
    plain = Knobs("cat", "night")
    assert not plain.moved(faders={"relu1_1": 1.0}).changes(plain)
    one = plain.moved(muted=["relu1_1", "relu2_1"], faders={"relu1_1": 2, "relu3_1": 3})
    other = plain.moved(muted=["relu2_1", "relu1_1"], faders={"relu3_1": 3, "relu1_1": 2})
    assert not one.changes(other) and one.to_dict() == other.to_dict()
