"""The three numbers, against their formulas in float64 and against pictures whose answers are known."""

import math

import pytest
import torch

from nstlib import painted, pictures
from nstlib.bench.judge import LAYERS, PictureJudge, chroma_grain
from nstlib.errors import NstError
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.networks.vgg import Architecture, random_weights

TINY = Architecture(widths=(4, 6, 8, 10, 12), depths=(2, 2, 2, 2, 1))


@pytest.fixture(scope="module")
def network():
    return random_weights(Network("tiny", TINY, LAYERS))


@pytest.fixture(scope="module")
def pair():
    return painted.paint("mosaic", 40, seed=1), painted.paint("night", 40, seed=2)


@pytest.fixture(scope="module")
def judge(pair, network):
    return PictureJudge(*pair, 40, network)


def test_the_photo_has_cut_nothing_and_the_painting_everything(pair, judge):
    photo, painting = (judge(picture) for picture in pair)
    assert photo.cut == photo.content == 0
    assert painting.cut == pytest.approx(1, abs=1e-6) and painting.content > 0.1
    assert all(left < 1e-6 for left in painting.left.values())


def test_cut_and_content_are_their_formulas(pair, judge, network):
    x = (pair[0] + pair[1]) / 2
    double = Network("tiny", TINY, LAYERS).double()
    double.load_state_dict({key: value.double() for key, value in network.state_dict().items()})
    blocks = [{layer: block[0] for layer, block in double(p.double()[None]).items()} for p in (x, *pair)]

    def left(features):
        total = 0.0
        for layer in STYLE_LAYERS:
            F, S = (f[layer].flatten(1) for f in (features, blocks[2]))
            goal = S @ S.T / S.shape[1]
            total += ((F @ F.T / F.shape[1] - goal).square().sum() / goal.square().sum()).item()
        return total

    score = judge(x)
    assert score.cut == pytest.approx(1 - left(blocks[0]) / left(blocks[1]), rel=1e-4)
    change = (blocks[0]["relu4_2"] - blocks[1]["relu4_2"]).square().sum() / blocks[1]["relu4_2"].square().sum()
    assert score.content == pytest.approx(change.item(), rel=1e-4)


def test_grain_sees_colour_alone_and_its_finest_band_alone():
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(1, 64, 64, generator=generator).expand(3, 64, 64)
    assert chroma_grain(grey) == pytest.approx(0, abs=1e-6)
    noise = torch.rand(3, 64, 64, generator=generator)
    smooth = pictures.resize(torch.rand(3, 8, 8, generator=generator), 64)
    assert chroma_grain(noise) > 20 * chroma_grain(smooth)
    assert chroma_grain(grey / 2 + noise / 2) == pytest.approx(chroma_grain(noise) / 2, rel=1e-5)


def test_grain_of_a_checkerboard_by_hand():
    """Red and cyan in turn: what a Gaussian of σ = 0.7 leaves of the highest frequency is a known share."""
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    x = torch.stack((board, -board, -board)) / 4 + 0.5
    weights = [math.exp(-(k**2) / (2 * 0.7**2)) for k in range(-3, 4)]
    share = sum(w * (-1) ** k for k, w in zip(range(-3, 4), weights, strict=True)) / sum(weights)
    luma = 0.25 * (0.299 - 0.587 - 0.114)
    energy = ((0.25 - luma) ** 2 + 2 * (-0.25 - luma) ** 2) / 3
    middle = chroma_grain(x)  # the repeated border changes a few pixels in a thousand
    assert middle == pytest.approx(math.sqrt(energy) * (1 - share**2), rel=0.05)


def test_a_speckled_picture_has_more_grain_than_its_photo_and_painting(pair, judge):
    speckled = (pair[0] + 0.2 * torch.randn(pair[0].shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    assert judge(pair[0]).grain <= 1 < judge(speckled).grain


def test_small_pictures_are_refused(network):
    with pytest.raises(NstError, match="16"):
        PictureJudge(painted.paint("mosaic", 32)[:, :8], painted.paint("night", 32), 8, network)
