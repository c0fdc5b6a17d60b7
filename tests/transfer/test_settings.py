import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.style.statistics import STATISTICS
from nstlib.style.weighting import PRESETS
from nstlib.transfer.settings import INITS, OPTIMIZERS, Settings

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
        ({"size": 0}, "size=0 was given; expected is a whole number of at least 1."),
        ({"size": 2.5}, "size=2.5 was given; expected is a whole number of at least 1."),
        ({"steps": True}, "steps=True was given; expected is a whole number of at least 1."),
        ({"steps": 2, "scales": 3}, "steps=2 is less than one for each of 3 scales; give more."),
        ({"seed": -1}, "seed=-1 was given; expected is a whole number of at least 0."),
        ({"alpha": -1}, "alpha=-1 was given; expected is a finite number of 0 or more."),
        ({"beta": float("nan")}, "beta=nan was given; expected is a finite number of 0 or more."),
        ({"beta": "10"}, "beta='10' was given; expected is a finite number of 0 or more."),
        ({"learning_rate": 0}, "learning_rate=0 was given; expected is a finite number above 0."),
        ({"init": "random"}, "init='random' is unknown; choose from content, style, noise."),
        ({"optimizer": "sgd"}, "optimizer='sgd' is unknown; choose from adam, lbfgs, pyramid."),
        ({"statistic": "mean"}, "statistic='mean' is unknown; choose from gram, "),
        ({"convention": "pytorch"}, "convention='pytorch' is unknown; choose from gatys, "),
        ({"layer_weights": "heavy"}, "layer_weights='heavy' is unknown; choose from equal, "),
        ({"layer_weights": {"relu1_1": -1}}, "layer_weights['relu1_1']=-1 was given; expected is a finite number"),
        ({"layer_weights": {}}, "Name at least one content layer and one style layer"),
        ({"content_layers": ()}, "Name at least one content layer and one style layer"),
        ({"content_layers": 5}, "content_layers=5 was given; expected is a list of layer names"),
        ({"layer_weights": ["relu1_1"]}, "layer_weights=['relu1_1'] is unknown; choose from equal, "),
        ({"layer_weights": {1: 2}}, "layer_weights=[1] was given; expected is a list of layer names"),
        ({"size": 16, "scales": 12}, "size=16 cannot be halved for scales=12; give fewer scales."),
        ({"content_layers": "relu4_2"}, "content_layers='relu4_2' was given; expected is a list of layer names"),
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
        ("{", "These settings are no JSON"),
        ("[1]", "Settings are a JSON object of names and values, not '[1]'."),
        (json.dumps({"sise": 3}), "There is no setting 'sise'; the settings are alpha, "),
    ],
)
def test_foreign_json_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError) as refused:
        Settings.from_json(text)
    assert sentence in str(refused.value)
