import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import weighting
from nstlib.style import layer_style_cost, style_cost

LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
VGG19_FILTERS = dict(zip(LAYERS, [64, 128, 256, 512, 512], strict=True))
NUMBERS = st.dictionaries(st.sampled_from(LAYERS), st.floats(1e-6, 1e6), min_size=1)


def test_equal():
    assert weighting.equal(LAYERS) == dict.fromkeys(LAYERS, 0.2)


def test_inverse_n2_on_vgg19_is_64_16_4_1_1():
    weights = weighting.inverse_n2(VGG19_FILTERS)
    assert list(weights) == LAYERS
    assert list(weights.values()) == pytest.approx([share / 86 for share in (64, 16, 4, 1, 1)], rel=1e-12)


def test_geometric_halves_or_quarters():
    assert list(weighting.geometric(LAYERS).values()) == pytest.approx([v / 31 for v in (16, 8, 4, 2, 1)], rel=1e-12)
    quarters = [v / 341 for v in (256, 64, 16, 4, 1)]
    assert list(weighting.geometric(LAYERS, ratio=1 / 4).values()) == pytest.approx(quarters, rel=1e-12)


def test_relative_by_hand():
    assert weighting.relative({"a": 1.0, "b": 3.0}) == {"a": 1.0, "b": pytest.approx(1 / 3)}  # K_s = 2, L = 2


def test_relative_makes_the_style_cost_the_mean_relative_one():
    generator = torch.Generator().manual_seed(0)
    x, s = (
        {name: scale * torch.randn(n, 4, 5, generator=generator).double() for name, n, scale in layers}
        for layers in [[("a", 3, 1.0), ("b", 6, 9.0)]] * 2
    )
    zero_costs = {name: layer_style_cost(torch.zeros_like(s[name]), s[name]) for name in s}
    k_s = sum(zero_costs.values()) / 2
    expected = sum(layer_style_cost(x[name], s[name]) / zero_costs[name] for name in s) / 2
    weights = weighting.relative(zero_costs)
    assert (style_cost(x, s, weights) / k_s).item() == pytest.approx(expected.item(), rel=1e-12)
    nothing = {name: torch.zeros_like(value) for name, value in s.items()}
    assert (style_cost(nothing, s, weights) / k_s).item() == pytest.approx(1, rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(NUMBERS)
def test_weights_sum_to_one_and_balanced_gives_equal_pulls(numbers):
    weights = weighting.balanced(numbers)
    assert sum(weights.values()) == pytest.approx(1)
    assert [weights[layer] * numbers[layer] for layer in numbers] == pytest.approx(
        [1 / sum(1 / value for value in numbers.values())] * len(numbers)
    )
    for other in (weighting.equal(numbers), weighting.inverse_n2(numbers), weighting.geometric(numbers)):
        assert sum(other.values()) == pytest.approx(1) and list(other) == list(numbers)


def test_leave_one_out_and_single_are_the_two_halves_of_the_grid():
    assert weighting.leave_one_out(LAYERS, "relu2_1") == {layer: 0.25 * (layer != "relu2_1") for layer in LAYERS}
    assert weighting.single(LAYERS, "relu2_1") == {layer: 1.0 * (layer == "relu2_1") for layer in LAYERS}
    assert weighting.single(["relu1_1"], "relu1_1") == {"relu1_1": 1.0}


@given(st.dictionaries(st.sampled_from(LAYERS), st.floats(1e-3, 1e3), min_size=1), st.floats(0.1, 2))
def test_relative_geometric_makes_a_weighted_mean_of_relative_costs(zero_costs, ratio):
    """Σ λ_l E_l / K_s is 1 where every E_l is its cost against zero, and the layers' parts of it fall by the ratio."""
    weights = weighting.relative_geometric(zero_costs, ratio)
    k_s = sum(zero_costs.values()) / len(zero_costs)
    parts = [weights[layer] * cost / k_s for layer, cost in zero_costs.items()]
    assert sum(parts) == pytest.approx(1)
    assert parts == pytest.approx([parts[0] * ratio**depth for depth in range(len(parts))])


def test_presets_are_those_of_the_course():
    names = ["equal", "inverse_n2", "geometric", "relative", "relative_geometric", "balanced"]
    assert list(weighting.PRESETS) == names
    for name, preset in weighting.PRESETS.items():
        assert preset is getattr(weighting, name)
        assert list(preset(VGG19_FILTERS)) == LAYERS  # a dictionary by layer serves each of them


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: weighting.equal([]), "Expected layer names in a list, each once, got []"),
        (lambda: weighting.equal("relu1_1"), "Expected layer names in a list, each once, got 'relu1_1'"),
        (lambda: weighting.equal("ab"), "Expected layer names in a list, each once, got 'ab'"),
        (lambda: weighting.geometric(["a", "a"]), "each once"),
        (lambda: weighting.geometric(LAYERS, ratio=0), "Expected a positive ratio, got 0: 0.5 halves"),
        (lambda: weighting.geometric(LAYERS, ratio=float("nan")), "Expected a positive ratio, got nan"),
        (lambda: weighting.inverse_n2({}), "Expected layer names"),
        (
            lambda: weighting.inverse_n2({"a": 0}),
            "Expected a positive, finite number of filters for each layer, got {'a': 0.0}:",
        ),
        (
            lambda: weighting.relative({"a": 1.0, "b": 0.0}),
            "Expected a positive, finite cost against zero for each layer, got {'b': 0.0}:",
        ),
        (
            lambda: weighting.balanced({"a": 1.0, "b": float("inf")}),
            "Expected a positive, finite gradient norm for each layer, got {'b': inf}:",
        ),
        (
            lambda: weighting.balanced({"a": float("nan")}),
            "Expected a positive, finite gradient norm for each layer, got {'a': nan}:",
        ),
        (lambda: weighting.balanced({"a": -1.0}), "leave such a layer out"),
        (
            lambda: weighting.leave_one_out(["a", "b"], "c"),
            "Expected one of the layers a, b, got 'c': choose one of these",
        ),
        (
            lambda: weighting.leave_one_out(["a"], "a"),
            "Expected two or more layers, so that one remains, got 'a' alone",
        ),
        (lambda: weighting.single(["a", "b"], "relu4_1"), "one of the layers a, b, got 'relu4_1'"),
        (lambda: weighting.single([], "a"), "Expected layer names"),
    ],
)
def test_errors_are_sentences(call, part):
    with pytest.raises(ValueError) as caught:
        call()
    assert part in str(caught.value) and str(caught.value).endswith(".")
