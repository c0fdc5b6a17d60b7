import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.style.statistics import STATISTICS
from nstlib.style.weighting import PRESETS
from nstlib.transfer.settings import COLOURS, INITS, OPTIMIZERS, Settings

LAYERS = st.sampled_from(["relu1_1", "relu2_1", "conv3_1", "pool4"])
WEIGHTS = st.dictionaries(LAYERS, st.floats(0, 10), min_size=1) | st.sampled_from(list(PRESETS))


@given(
    size=st.integers(16, 4096),
    scales=st.none() | st.integers(1, 6),
    steps=st.integers(12, 500),
    layer_weights=WEIGHTS,
    statistic=st.sampled_from(list(STATISTICS)),
    init=st.sampled_from(INITS),
    optimizer=st.sampled_from(OPTIMIZERS),
    alpha=st.floats(0, 1e6),
    content_layers=st.lists(LAYERS, min_size=1, max_size=3, unique=True),
    style_scale=st.floats(0.1, 1.5),
    style_blend=st.lists(st.floats(0.1, 10), max_size=3),
    colour=st.sampled_from(COLOURS),
)
def test_json_round_trip_and_scales(**values):
    settings = Settings(**values)
    assert Settings.from_json(settings.to_json()) == settings
    sides = settings.sides()
    assert sides[-1] == settings.size and sides == sorted(sides)
    assert len(sides) == settings.scales or settings.scales is None
    assert sum(settings.steps_at(scale) for scale in range(1, len(sides) + 1)) == settings.steps


@pytest.mark.parametrize(
    ("size", "sides"), [(128, [128]), (182, [182]), (256, [181, 256]), (512, [181, 256, 362, 512])]
)
def test_the_coarsest_scale_is_near_180_pixels(size, sides):
    assert Settings(size=size).sides() == sides


def test_given_weights_name_the_style_layers():
    settings = Settings(layer_weights={"relu2_1": 2, "relu1_1": 1})
    assert settings.style_layers == ("relu2_1", "relu1_1")
    assert settings.layers == ("relu2_1", "relu1_1", "relu4_2")


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().size = 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": 0}, "Expected a whole number of at least 1, got size=0:"),
        ({"redraw": 1}, "Expected True or False, got redraw=1:"),
        ({"size": 2.5}, "Expected a whole number of at least 1, got size=2.5:"),
        ({"steps": True}, "Expected a whole number of at least 1, got steps=True:"),
        ({"steps": 2, "scales": 3}, "Expected at least one step for each of 3 scales, got steps=2: give more."),
        ({"seed": -1}, "Expected a whole number of at least 0, got seed=-1:"),
        ({"seed": 2**64}, "Expected a whole number of at most 9223372036854775807, got seed=18446744073709551616:"),
        ({"alpha": -1}, "Expected a finite number of 0 or more, got alpha=-1:"),
        ({"beta": float("nan")}, "Expected a finite number of 0 or more, got beta=nan:"),
        ({"beta": "10"}, "Expected a finite number of 0 or more, got beta='10':"),
        ({"learning_rate": 0}, "Expected a finite number above 0, got learning_rate=0:"),
        ({"init": "random"}, "Expected one of content, style, noise, got init='random':"),
        ({"optimizer": "sgd"}, "Expected one of adam, lbfgs, pyramid, got optimizer='sgd':"),
        ({"statistic": "mean"}, ", got statistic='mean': choose one of these."),
        ({"convention": "pytorch"}, ", got convention='pytorch': choose one of these."),
        ({"layer_weights": "heavy"}, ", got layer_weights='heavy': choose one of these."),
        ({"layer_weights": {"relu1_1": -1}}, "Expected a finite number of 0 or more, got layer_weights['relu1_1']=-1:"),
        ({"layer_weights": {}}, "Expected at least one content layer and one style layer, got none"),
        ({"content_layers": ()}, "Expected at least one content layer and one style layer, got none"),
        ({"content_layers": 5}, "Expected a list of layer names, got content_layers=5:"),
        ({"layer_weights": ["relu1_1"]}, ", got layer_weights=['relu1_1']: choose one of these."),
        ({"layer_weights": {1: 2}}, "Expected a list of layer names, got layer_weights=[1]:"),
        (
            {"size": 16, "scales": 12},
            "size=16 is too small for 12 scales: give fewer scales.",
        ),
        ({"content_layers": "relu4_2"}, "Expected a list of layer names, got content_layers='relu4_2':"),
        ({"style_scale": 0}, "Expected a finite number above 0, got style_scale=0:"),
        ({"style_scale": "2"}, "Expected a finite number above 0, got style_scale='2':"),
        ({"style_scale": 40}, "got 10240 by style_scale=40 and size=256: give a smaller style_scale or size."),
        ({"style_blend": 2}, "Expected a list of weights, got style_blend=2: pass [2, 1], for example."),
        ({"style_blend": (1, -1)}, "Expected a finite number of 0 or more, got style_blend[1]=-1:"),
        ({"style_blend": [0, 0]}, "Expected a weight above 0, got style_blend=(0, 0): give at least one style a say."),
        ({"colour": "blue"}, "Expected one of style, photo, got colour='blue': choose one of these."),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_run_is_refused_in_a_sentence(values, sentence):
    with pytest.raises(ValueError) as refused:
        Settings(**values)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Expected settings in JSON, got something else ("),
        ("[1]", "Expected a JSON object of names and values, got '[1]':"),
        (json.dumps({"sise": 3}), "got 'sise': rename it, or leave it out."),
    ],
)
def test_foreign_json_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError) as refused:
        Settings.from_json(text)
    assert sentence in str(refused.value)
