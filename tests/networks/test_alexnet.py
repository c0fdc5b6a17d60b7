"""AlexNet's features beside torchvision's, and its sizes beside what a forward pass makes."""

import re

import pytest
import torch

from nstlib import networks
from nstlib.networks.alexnet import ALEXNET
from nstlib.networks.vgg import IMAGENET_MEAN, IMAGENET_STD, Network, random_weights


@pytest.fixture(scope="module")
def teacher():
    import torchvision  # takes two seconds, in every process that collects these tests

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.alexnet(weights=None).features.eval()


def test_features_are_exactly_torchvisions(teacher, tmp_path):
    path = tmp_path / "alexnet.pth"
    torch.save({f"features.{key}": value for key, value in teacher.state_dict().items()}, path)
    picture = torch.rand(1, 3, 97, 110, generator=torch.Generator().manual_seed(1))
    found = networks.load("alexnet", ALEXNET.layers, file=path)(picture)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (IMAGENET_MEAN, IMAGENET_STD))
    features = (picture - mean) / std
    with torch.no_grad():
        for layer, module in zip(ALEXNET.layers, teacher, strict=False):  # torchvision has one more pool
            features = module(features).clone()
            assert torch.equal(found[layer], features), layer
    assert list(found) == list(ALEXNET.layers)


@pytest.mark.parametrize("layer", ALEXNET.layers)
def test_the_least_side_leaves_one_position_and_one_pixel_less_none(layer):
    network = random_weights(Network("alexnet", ALEXNET, [layer]))
    side = network.minimum_side
    assert min(network(torch.rand(1, 3, side, side))[layer].shape[-2:]) == 1
    assert network.n_filters[layer] == network(torch.rand(1, 3, 40, 40))[layer].shape[1]
    with pytest.raises(RuntimeError):
        network(torch.rand(1, 3, side - 1, side - 1))


def test_the_default_layers_are_its_own(teacher, tmp_path):
    path = tmp_path / "alexnet.pth"
    torch.save({f"features.{key}": value for key, value in teacher.state_dict().items()}, path)
    assert networks.load("alexnet", file=path).layers == networks.ALEXNET_LAYERS


def test_average_pooling_is_refused(tmp_path):
    with pytest.raises(ValueError, match=re.escape("Expected pooling='max' for AlexNet")):
        networks.load("alexnet", pooling="average")
