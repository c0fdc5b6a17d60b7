"""Controls say settings; nothing runs here."""

import math

import pytest

from nstlib.studio.knobs import FREE, TASKS, Knobs
from nstlib.transfer.settings import Settings


def test_knobs_say_settings():
    knobs = Knobs(Settings(size=128, steps=40, scales=1))
    given = knobs.settings()
    assert given == Settings(size=128, steps=40, scales=1)
    knobs.rule.value = "equal"
    knobs.statistic.value = "moments"
    knobs.convention.value = "keras"
    knobs.content_layer.value = "relu3_2"
    knobs.init.value = "noise"
    knobs.optimizer.value = "lbfgs"
    given = knobs.settings()
    assert (given.layer_weights, given.statistic, given.convention) == ("equal", "moments", "keras")
    assert (given.content_layers, given.init, given.optimizer) == (("relu3_2",), "noise", "lbfgs")


def test_what_has_no_knob_is_kept():
    given = Settings(size=128, total_variation=2.5, plateau=0.01, learning_rate=0.05)
    assert Knobs(given).settings() == given


def test_values_beyond_a_knob_widen_it():
    given = Settings(size=384, alpha=1e-4, beta=1e5, layer_weights={"relu1_1": 1e-9, "relu2_1": 1e7})
    assert Knobs(given).settings() == given
    knobs = Knobs(Settings(size=32))
    assert knobs.size.value == 32 and knobs.settings().size == 32


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_weight_of_0_has_no_place_on_a_logarithmic_slider(name):
    with pytest.raises(ValueError, match="> 0, got 0: its slider starts"):
        Knobs(Settings(**{name: 0}))


def test_mute_and_solo_name_the_muted_layers():
    knobs = Knobs(Settings(layer_weights="equal"))
    knobs.solo["relu3_1"].value = True
    assert knobs.muted_layers() == ("relu1_1", "relu2_1", "relu4_1", "relu5_1")
    knobs.solo["relu3_1"].value = False
    knobs.muted["relu1_1"].value = True
    assert knobs.muted_layers() == ("relu1_1",)
    for button in knobs.muted.values():
        button.value = True
    with pytest.raises(ValueError, match="unmute at least one"):
        knobs.muted_layers()
    knobs.solo["relu2_1"].value = True  # to hear one alone is one click, whatever is muted
    assert knobs.muted_layers() == ("relu1_1", "relu3_1", "relu4_1", "relu5_1")


def test_a_layer_weight_of_0_begins_muted():
    knobs = Knobs(Settings(layer_weights={"relu1_1": 1.0, "relu2_1": 0.0}))
    assert knobs.muted_layers() == ("relu2_1",) and knobs.rule.value == "by hand"


def test_a_task_begins_from_the_first_settings():
    knobs = Knobs(Settings(beta=20))
    knobs.beta.value = 0.2
    knobs.statistic.value = "diagonal"
    knobs.muted["relu4_1"].value = True
    knobs.follow("palette only")
    assert knobs.settings() == Settings(beta=20)
    assert knobs.muted_layers() == ("relu2_1", "relu3_1", "relu4_1", "relu5_1")
    knobs.follow("strokes, no palette")
    assert knobs.muted_layers() == ("relu1_1", "relu2_1")
    knobs.follow("still a cat")
    assert knobs.settings() == Settings(beta=10**0.5) and knobs.muted_layers() == ()
    knobs.follow(FREE)
    assert knobs.settings() == Settings(beta=20)


def test_each_task_moves_something():
    free = Knobs(Settings())
    for task in set(TASKS) - {FREE}:
        knobs = Knobs(Settings())
        knobs.follow(task)
        assert (knobs.settings(), knobs.muted_layers()) != (free.settings(), free.muted_layers()), task


def test_what_a_browser_sends_back_is_no_move():
    knobs = Knobs(Settings())
    fader = knobs.weights["relu1_1"]
    change = {"owner": fader, "old": fader.value, "new": fader.value * 1.002}
    assert not knobs.is_move(change)
    assert knobs.is_move(change | {"new": fader.value * 10**fader.step})


def test_a_rule_s_value_that_comes_back_late_is_no_move():
    knobs = Knobs(Settings(layer_weights="relative"))
    fader = knobs.weights["relu1_1"]
    for weight in (0.1, 40.0):
        knobs.show_weights({"relu1_1": weight})
    late = {"owner": fader, "old": fader.value, "new": 10**-1.0000000001}
    assert not knobs.is_move(late)
    assert knobs.is_move(late | {"new": 5.0})
    knobs.rule.value = "by hand"
    assert knobs.is_move(late)


@pytest.mark.parametrize("value", [3.0, 10.0, 0.0123])
def test_a_slider_begins_on_one_of_its_steps(value):
    slider = Knobs(Settings(beta=value)).beta
    steps = (math.log10(value) - slider.min) / slider.step
    assert slider.value == value and abs(steps - round(steps)) < 1e-6 and slider.min <= math.log10(value)
