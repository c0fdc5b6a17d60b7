"""Grams as pictures against float64, and the pull against autograd."""

import numpy as np
import pytest
import torch

from nstlib import pictures
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.studio import requests, runs
from nstlib.style.statistics import STATISTICS
from nstlib.transfer import grey
from tests.studio.asking import request


@pytest.fixture
def seen():
    return pictures.resize(pictures.sample("coffee", 96), 64)


def features(picture, layer):
    return requests.network("minivgg")(picture[None])[layer][0]


@pytest.mark.parametrize("layer", STYLE_LAYERS)
@pytest.mark.parametrize("most", [1, 24])
def test_grams_are_those_of_the_styles_strongest_filters(pair, seen, layer, most):
    asked = request(pair, statistic="moments")
    style, current = (
        features(picture, layer).flatten(1).double().numpy() for picture in (pictures.resize(pair[1], 64), seen)
    )
    strongest = np.argsort(-(style**2).mean(1), kind="stable")[:most]
    grams = [F[strongest] @ F[strongest].T / F.shape[1] for F in (style, current)]
    scale = max(gram.max() for gram in grams)
    difference = grams[1] - grams[0]
    shown = runs.gram_pictures(asked, asked.settings, layer, seen, most)
    assert shown.filters == tuple(strongest)
    assert shown.scale == pytest.approx(scale, rel=1e-4)
    assert shown.difference_scale == pytest.approx(np.abs(difference).max(), rel=1e-3)
    for picture, values in ((shown.style, grams[0] / scale * 255), (shown.current, grams[1] / scale * 255)):
        assert picture.dtype == np.uint8 and np.abs(picture - values).max() <= 0.51
    assert np.abs(shown.difference.astype(float) - 128 - 127 * difference / np.abs(difference).max()).max() <= 0.6


def test_equal_grams_differ_by_128(pair):
    asked = request((pair[1], pair[1]))
    shown = runs.gram_pictures(asked, asked.settings, "relu1_1", pictures.resize(pair[1], 64))
    assert (shown.difference == 128).all() and shown.difference_scale == pytest.approx(0, abs=1e-6)


def test_filters_that_never_answer_are_black(pair):
    black = torch.zeros(3, 64, 64)
    network = requests.network("random-vgg19")
    asked = requests.RunRequest(black, black, request(pair).settings, network="random-vgg19")
    assert network is requests.network("random-vgg19")
    shown = runs.gram_pictures(asked, asked.settings, "relu1_1", black)
    assert np.isfinite(shown.scale) and shown.style.shape == (24, 24)
    assert not runs.pull_map(asked, asked.settings, "relu1_1", black).any()


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("layer", ["relu1_1", "relu4_1"])
def test_a_pull_is_the_length_of_the_layers_gradient(pair, seen, statistic, layer):
    asked = request(pair, statistic=statistic)
    x = seen.clone().requires_grad_()
    style = features(pictures.resize(pair[1], 64), layer)
    STATISTICS[statistic].cost(features(x, layer), style).backward()
    length = x.grad.square().sum(0).sqrt().numpy()
    expected = 255 * (length / np.percentile(length, 99.5)).clip(0, 1)
    pull = runs.pull_map(asked, asked.settings, layer, seen)
    assert pull.dtype == np.uint8 and pull.shape == (64, 64 * seen.shape[2] // 64)
    assert np.abs(pull - expected).max() <= 1.5


def test_where_the_photos_colours_are_kept_its_luma_pulls(pair, seen):
    asked = request(pair, colour="photo")
    coloured, in_grey = (runs.pull_map(asked, asked.settings, "relu1_1", picture) for picture in (seen, grey(seen)))
    weights = np.abs(coloured.astype(int) - in_grey)
    assert weights.max() <= 1


@pytest.mark.parametrize("view", [runs.gram_pictures, runs.pull_map])
def test_views_can_be_stopped_ask_only_their_layer_and_leave_the_picture_alone(pair, seen, view, monkeypatch):
    asked = request(pair)
    before = seen.clone()
    view(asked, asked.settings, "relu2_1", seen)
    real = Network.iter_features
    layers = []
    monkeypatch.setattr(Network, "iter_features", lambda self, x: layers.append(self.layers) or real(self, x))
    with torch.no_grad():
        view(asked, asked.settings, "relu2_1", seen)
    assert layers == [("relu2_1",)] and seen.equal(before) and not seen.requires_grad
    for last in range(3):
        calls = []

        def check(calls=calls, last=last):
            calls.append(1)
            if len(calls) > last:
                raise KeyError("stop")

        with pytest.raises(KeyError):
            view(asked, asked.settings, "relu2_1", seen, check=check)
