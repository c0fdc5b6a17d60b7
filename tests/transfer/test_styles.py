"""The style as a picture: its size, and several of them in one cost."""

import pytest
import torch

from nstlib import networks, painted, pictures
from nstlib.errors import NstError
from nstlib.style import mean_gram, style_distance
from nstlib.style.statistics import STATISTICS
from nstlib.transfer import Settings, steps
from nstlib.transfer.objective import Objective, prepare_pair

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    return networks.load("minivgg")


@pytest.fixture(scope="module")
def photo():
    return pictures.sample("cat", 48)


@pytest.fixture(scope="module")
def styles():
    return [painted.paint("night", (48, 64)), painted.paint("hatching", (72, 48)), painted.paint("mosaic", 50)]


def quick(**values):
    return Settings(**{"size": 48, "steps": 4, "scales": 1} | values)


def objective(photo, style, network, settings):
    network = network.with_layers(settings.layers)
    pair = prepare_pair(photo, style, settings.size, network, CPU, settings.style_side(settings.size), settings.colour)
    return Objective(pair, settings, network, pair.content)


# Several styles


def test_one_style_in_a_list_is_that_style(photo, styles, network):
    runs = [
        list(steps(photo, style, quick(style_blend=blend), network))
        for style, blend in ((styles[0], ()), (styles[:1], ()), (tuple(styles[:1]), (3,)))
    ]
    for other in runs[1:]:
        assert all(a.total == b.total and a.picture.equal(b.picture) for a, b in zip(runs[0], other, strict=True))


def test_a_style_twice_counts_once(photo, styles, network):
    once, twice = (list(steps(photo, given, quick(), network)) for given in (styles[0], [styles[0]] * 2))
    assert twice[-1].total == pytest.approx(once[-1].total, rel=1e-4)


def test_a_weight_of_0_leaves_a_style_out_and_only_ratios_count(photo, styles, network):
    def total(style, *blend):
        return [step.total for step in steps(photo, style, quick(style_blend=blend), network)]

    assert total(styles[:2], 1, 0) == pytest.approx(total(styles[0]), rel=1e-5)
    assert total(styles[:2], 0, 1) == pytest.approx(total(styles[1]), rel=1e-5)
    assert total(styles[:2], 2, 1) == pytest.approx(total(styles[:2], 20, 10), rel=1e-5)
    assert total(styles[:2]) == pytest.approx(total(styles[:2], 1, 1), rel=1e-5)
    assert total(styles[:2], 2, 1)[0] != pytest.approx(total(styles[:2], 1, 2)[0], rel=1e-2)


@pytest.mark.parametrize("statistic", list(STATISTICS))
@pytest.mark.parametrize("preset", ["relative", "balanced", "equal"])
def test_a_cost_is_the_weighted_mean_of_the_styles(photo, styles, network, statistic, preset):
    settings = quick(statistic=statistic, style_blend=(1, 2, 3), layer_weights=preset)
    costs = objective(photo, styles, network, settings)(painted.paint("waves", (48, 72)))
    assert torch.isfinite(costs.total)
    alone = [
        objective(photo, style, network, quick(statistic=statistic))(painted.paint("waves", (48, 72)))
        for style in styles
    ]
    for layer, cost in costs.style.items():
        expected = sum(w * one.style[layer].item() for w, one in zip((1 / 6, 2 / 6, 3 / 6), alone, strict=True))
        assert cost.item() == pytest.approx(expected, rel=1e-4)


def test_the_gradient_is_that_of_the_weighted_mean_of_the_grams(photo, styles, network):
    settings = quick(style_blend=(3, 1), alpha=0, layer_weights="equal")
    of_two = objective(photo, styles[:2], network, settings)
    x = photo.clone().requires_grad_()
    (pull,) = torch.autograd.grad(sum(of_two(x).style.values()), x)
    resized = [pictures.resize(style, 48) for style in styles[:2]]
    first, second = ({layer: mean_gram(block) for layer, block in network(s[None]).items()} for s in resized)
    blocks = network(x[None])
    cost = sum(
        style_distance(mean_gram(blocks[layer][0]), 0.75 * first[layer][0] + 0.25 * second[layer][0])
        for layer in settings.style_layers
    )
    (expected,) = torch.autograd.grad(cost, x)
    assert torch.allclose(pull, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@pytest.mark.parametrize("preset", ["relative", "equal", "balanced"])
def test_a_picture_without_features_has_the_style_cost_1(photo, styles, network, preset):
    """So beta means the same for one style and for a blend."""
    made = objective(photo, styles, network, quick(style_blend=(1, 2, 5), layer_weights=preset))
    share = {layer: cost / made.style_scale / len(made.zero_costs) for layer, cost in made.zero_costs.items()}
    assert sum(share.values()).item() == pytest.approx(1, rel=1e-5)


def test_a_run_starts_from_the_first_style(photo, styles, network):
    square = [style[:, :48, :48] for style in styles[:2]]
    first = next(steps(square[1], square, quick(init="style"), network))
    assert torch.equal(first.picture, square[0])


@pytest.mark.parametrize(
    ("n_styles", "blend", "sentence"),
    [
        (2, (1,), "got 1 in style_blend and 2 styles: give as many weights as styles"),
        (1, (1, 2), "got 2 in style_blend and 1 style: give as many weights as styles"),
        (0, (), "Expected at least one style, got none"),
    ],
)
def test_blends_that_do_not_fit_are_a_sentence(photo, styles, network, n_styles, blend, sentence):
    with pytest.raises(NstError) as refused:
        next(steps(photo, styles[:n_styles], quick(style_blend=blend), network))
    assert sentence in str(refused.value)


# The size of a style


@pytest.mark.parametrize("style_scale", [0.5, 1.0, 1.3, 2.0])
def test_a_style_has_its_own_size_at_each_scale(photo, styles, network, style_scale):
    asked = []

    def seen(*arguments):
        pair = prepare_pair(*arguments)
        asked.append([min(picture.shape[1:]) for picture in (pair.content, *pair.styles)])
        return pair

    list(steps(photo, styles, quick(scales=2, size=64, style_scale=style_scale), network, prepare_pair=seen))
    assert asked == [[side, *[round(style_scale * side)] * 3] for side in (45, 64)]


def test_larger_styles_have_another_cost(photo, styles, network):
    first = [next(steps(photo, styles[0], quick(style_scale=s), network)).style_costs["relu3_1"] for s in (1, 2)]
    assert first[0] != pytest.approx(first[1], rel=0.01)


def test_a_style_too_small_for_the_network_is_a_sentence(photo, styles, network):
    with pytest.raises(NstError) as refused:
        next(steps(photo, styles[0], quick(style_scale=0.2), network))
    assert str(refused.value) == (
        "Expected at least 16 pixels on the style's shorter side, as relu5_1 needs, got 10: "
        "give a larger style_scale or size, or shallower layers."
    )
