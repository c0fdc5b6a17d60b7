"""Weight normalisation changes how strong each filter is, and nothing else."""

import pytest
import torch

from nstlib import networks
from nstlib.networks.vgg import Architecture, Network, random_weights

LAYERS = ("relu1_1", "relu2_1", "relu3_1")
SMALL = Architecture(widths=(4, 6, 8), depths=(2, 2, 1))
BATCH = torch.rand(3, 3, 24, 20, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["max", "average"])
def network(request):
    return random_weights(Network("small", SMALL, LAYERS, request.param))


def test_every_filter_that_answers_has_mean_one(network):
    for layer, block in networks.weight_normalised(network, BATCH)(BATCH).items():
        means = block.mean((0, 2, 3))
        assert ((means - 1).abs() < 1e-4).logical_or(network(BATCH)[layer].amax((0, 2, 3)) == 0).all()


def test_features_are_the_originals_times_one_number_a_filter(network):
    other = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    before, after = network(other), networks.weight_normalised(network, BATCH)(other)
    scales = {layer: 1 / network(BATCH)[layer].mean((0, 2, 3)) for layer in LAYERS}
    for layer in LAYERS:
        scale = torch.where(scales[layer].isinf(), 1, scales[layer])
        torch.testing.assert_close(after[layer], before[layer] * scale[:, None, None], rtol=1e-4, atol=1e-4)


def test_the_original_stays_and_a_silent_filter_too(network):
    with torch.no_grad():
        network.stages["conv1_2"].weight[2] = 0
        network.stages["conv1_2"].bias[2] = -1
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    scaled = networks.weight_normalised(network, BATCH)
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
    assert scaled.stages["conv1_2"].bias[2] == -1 and all(
        value.isfinite().all() for value in scaled.state_dict().values()
    )


def test_pictures_too_small_are_refused(network):
    with pytest.raises(ValueError, match=r"Expected pictures of at least 4 pixels a side, .*got 2 × 9"):
        networks.weight_normalised(network, torch.rand(1, 3, 2, 9))
