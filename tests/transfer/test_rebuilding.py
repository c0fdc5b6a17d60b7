"""A picture with transformed features: what `rebuild` compares X with, and how near it comes."""

import dataclasses

import pytest
import torch

from nstlib import networks, painted
from nstlib.errors import NstError
from nstlib.style.transforms import adain
from nstlib.transfer import Settings, rebuild
from nstlib.transfer.rebuilding import SETTINGS

SHORT = dataclasses.replace(SETTINGS, size=32, steps=30)


@pytest.fixture(scope="module")
def pair():
    return painted.paint("mosaic", (32, 40)), painted.paint("night", 32)


@pytest.fixture(scope="module")
def network():
    return networks.load(layers=("relu2_1", "relu4_1"))


def distance(picture, target, network, layer="relu4_1"):
    return (network(picture[None])[layer][0] - target).square().sum().item()


def test_its_features_come_near_the_transformed_ones(pair, network):
    features_c, features_s = (network(picture[None])["relu4_1"][0] for picture in pair)
    target = adain(features_c, features_s)
    assert distance(rebuild(*pair, adain, SHORT, network), target, network) < 0.7 * distance(pair[0], target, network)


def test_features_left_as_they_are_give_the_content(pair, network):
    settings = dataclasses.replace(SHORT, content_layers=("relu2_1", "relu4_1"), steps=2)
    picture = rebuild(*pair, lambda block_c, block_s: block_c, settings, network)
    torch.testing.assert_close(picture, pair[0], rtol=0, atol=1e-3)


def test_only_content_layers_are_transformed_at_every_size(pair, network):
    seen = []

    def transform(block_c, block_s):
        seen.append((tuple(block_c.shape), block_s.shape[-1]))
        assert block_c.dtype == torch.float32
        return block_c

    settings = Settings(size=32, scales=2, steps=4, content_layers=("relu2_1",), style_layers=("relu4_1",))
    rebuild(*pair, transform, settings, network)
    assert seen == [((network.n_filters["relu2_1"], 11, 14), 11), ((network.n_filters["relu2_1"], 16, 20), 16)]


def test_a_picture_that_is_too_small_is_refused_as_in_any_run(pair):
    with pytest.raises(NstError, match="but relu4_1 needs at least"):
        rebuild(pair[0], pair[1], adain, dataclasses.replace(SHORT, size=4))
