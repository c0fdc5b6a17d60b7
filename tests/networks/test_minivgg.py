"""The embedded weights: small, sound, and as good as their model card says."""

from importlib import resources

import pytest
import torch

from nstlib import networks, painted, pictures
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.networks.minivgg import MINIVGG
from nstlib.networks.vgg import random_weights
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

FOLDER = resources.files("nstlib.networks")


def test_the_weights_fit_and_load_without_a_download():
    assert (FOLDER / "minivgg.safetensors").stat().st_size <= 2_000_000
    network = networks.load("minivgg")
    assert network.layers == networks.DEFAULT and not any(each.requires_grad for each in network.parameters())
    assert networks.load("minivgg", ["relu2_1"]).deepest == "relu2_1"


def test_most_filters_answer_to_four_pictures_and_none_outshouts_the_rest():
    photos = torch.stack([pictures.resize(pictures.sample(name), 128)[:, :128, :128] for name in ("cat", "coffee")])
    paintings = torch.stack([painted.paint(name, 128) for name in ("night", "mosaic")])
    features = networks.load()(torch.cat([photos, paintings]))
    for layer in STYLE_LAYERS:
        energy = features[layer].square().mean((0, 2, 3))
        answering = (energy > 0).float().mean()
        assert answering > (0.8 if layer == "relu5_1" else 0.99) and energy.max() < 0.2 * energy.sum(), layer


def test_what_it_optimises_also_falls_for_a_network_it_never_met():
    """A picture made with minivgg is nearer to the style for random features, too: no private language."""
    settings = Settings(size=96, steps=40)
    content, style = pictures.sample("cat", 96), painted.paint("night", 96)
    seen = list(steps(content, style, settings, networks.load()))
    judge = random_weights(Network("judge", MINIVGG, settings.layers), seed=5)
    first, last = (next(steps(content, style, settings, judge, start=step.picture)) for step in (seen[0], seen[-1]))
    assert seen[-1].total < 0.4 * seen[0].total
    assert sum(last.style_costs.values()) < 0.7 * sum(first.style_costs.values())


@pytest.mark.parametrize("name", STYLE_LAYERS)
def test_the_card_tells_what_is_left_at_each_layer(name):
    assert name in (FOLDER / "MODEL_CARD.md").read_text()
