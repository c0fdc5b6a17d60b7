"""Each family is written here from its description alone, and compared with its factor times Gatys' cost."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.style import layer_style_cost
from nstlib.style.conventions import CONVENTIONS, factor

VGG19 = {"relu1_1": (64, 1), "relu2_1": (128, 4), "relu3_1": (256, 16), "relu4_1": (512, 64), "relu5_1": (512, 256)}


def raw_gram(features):
    return torch.einsum("khw,jhw->kj", features, features)


def family_a(x, s, image_positions):
    n, height, width = x.shape
    return (raw_gram(x) - raw_gram(s)).pow(2).sum() / (2 * height * width * n) ** 2


def family_b(x, s, image_positions):
    height, width = x.shape[1:]
    return torch.nn.functional.mse_loss(raw_gram(x) / (height * width), raw_gram(s) / (height * width))


def family_c(x, s, image_positions):
    return (raw_gram(x) / x.numel() - raw_gram(s) / s.numel()).pow(2).sum()


def family_d(x, s, image_positions):
    return torch.nn.functional.mse_loss(raw_gram(x) / x.numel(), raw_gram(s) / s.numel())


def family_e(x, s, image_positions):
    return (raw_gram(x) - raw_gram(s)).pow(2).sum() / (4.0 * 3**2 * image_positions**2)


FAMILIES = {"gatys": family_a, "mean_hw": family_b, "sum_chw": family_c, "mean_chw": family_d, "keras": family_e}


def test_the_names_and_letters_are_those_of_the_course():
    assert {name: c.family for name, c in CONVENTIONS.items()} == dict(zip(FAMILIES, "ABCDE", strict=True))
    assert all(c.formula and c.used_by for c in CONVENTIONS.values())


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FAMILIES)), st.integers(1, 9), st.integers(1, 6), st.integers(1, 6), st.integers(1, 99))
def test_the_factor_times_gatys_is_the_familys_own_cost(name, n_filters, height, width, image_positions):
    generator = torch.Generator().manual_seed(n_filters)
    x, s = torch.randn(2, n_filters, height, width, generator=generator, dtype=torch.float64)
    expected = FAMILIES[name](x, s, image_positions)
    given_cost = factor(name, n_filters, height * width, image_positions) * layer_style_cost(x, s)
    torch.testing.assert_close(given_cost, expected, rtol=1e-12, atol=0)


def test_the_factors_are_exact():
    assert factor("gatys", 64, 100, 400) == 1
    assert factor("mean_hw", 64, 100, 400) == factor("sum_chw", 64, 100, 400) == 4
    assert factor("mean_chw", 64, 100, 400) == 4 / 4096
    assert factor("keras", 64, 100, 400) == 4096 * 10000 / (9 * 160000)


def test_relative_layer_weights_of_vgg19():
    pixels = 512 * 512
    factors = {name: [factor(name, n, pixels // k, pixels) for n, k in VGG19.values()] for name in CONVENTIONS}
    relative = {name: [value / values[-1] for value in values] for name, values in factors.items()}
    assert relative["keras"] == [1024, 256, 64, 16, 1]
    assert relative["mean_chw"] == [64, 16, 4, 1, 1]
    assert relative["gatys"] == relative["mean_hw"] == relative["sum_chw"] == [1, 1, 1, 1, 1]
    assert factors["keras"] == pytest.approx([455.1, 113.8, 28.4, 7.11, 0.444], rel=2e-3)


def test_an_unknown_convention_is_answered_with_the_list():
    with pytest.raises(
        ValueError, match=r"one of the conventions gatys, mean_hw, .*, got 'johnson': choose one of these"
    ):
        factor("johnson", 1, 1, 1)


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        ((0, 1, 1), "n_filters = 0:"),
        ((1, -2, 1), "n_positions = -2:"),
        ((1, 1, 0), "image_positions = 0:"),
        ((math.nan, 1, 0), "n_filters = nan, image_positions = 0:"),
    ],
)
@pytest.mark.parametrize("name", sorted(CONVENTIONS))
@pytest.mark.usefixtures("unchecked")
def test_counts_below_one_are_refused(name, counts, part):
    with pytest.raises(ValueError, match=f"Expected counts of 1 or more, got {part} read them"):
        factor(name, *counts)
