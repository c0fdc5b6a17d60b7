from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import painted

RELATIONS = ("together", "apart", "independent")
P = 0.5
SMALL, LARGE = (128, 160), (256, 320)  # drawn on different rasters: 384 and 512 pixels high

paint = lru_cache(painted.paint)
each_style = pytest.mark.parametrize("name", painted.STYLES)


def correlation(a, b):
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()


def bank_gram(picture):
    """G/M of the two-filter bank, written out so that no other module of the library is needed."""
    F = painted.two_filter_bank(picture).double().reshape(2, -1)
    return F @ F.T / F.shape[1]


def test_there_are_at_least_six_styles():
    assert len(painted.STYLES) >= 6


@each_style
def test_a_painting_is_a_float_picture_of_the_asked_size(name):
    picture = paint(name, SMALL)
    assert picture.shape == (3, *SMALL)
    assert picture.dtype == torch.float32 and picture.is_contiguous()
    assert torch.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1


def test_one_number_means_a_square_and_sixteen_pixels_are_enough():
    assert paint("waves", 16).shape == (3, 16, 16)
    assert torch.equal(paint("waves", 16), paint("waves", (16, 16)))


@each_style
def test_a_seed_fixes_every_byte_and_global_random_states_stay_as_they_were(name):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again, other = paint(name, SMALL), painted.paint(name, SMALL, 0), painted.paint(name, SMALL, 1)
    assert first.numpy().tobytes() == again.numpy().tobytes()
    assert (first - other).abs().mean() > 0.02
    assert (np.random.get_state()[1] == before[0]).all() and torch.equal(torch.get_rng_state(), before[1])


@each_style
def test_the_composition_does_not_depend_on_the_size(name):
    reduced = torch.nn.functional.avg_pool2d(paint(name, LARGE), 2)
    assert correlation(reduced, paint(name, SMALL)) > 0.95


@each_style
def test_a_style_is_rich_in_colour_and_texture(name):
    picture = paint(name, SMALL)
    blocks = picture.mean(0).unfold(0, 16, 16).unfold(1, 16, 16).flatten(2)
    assert blocks.std(-1).median() > 0.05, "most of the picture is flat"
    assert picture.flatten(1).std(1).min() > 0.1, "one colour channel hardly varies"
    assert ((picture == 0) | (picture == 1)).float().mean() < 0.05, "colours are clipped"


def test_no_two_styles_share_a_picture():
    pictures = [paint(name, SMALL) for name in painted.STYLES]
    for i, a in enumerate(pictures):
        assert all((a - b).abs().mean() > 0.1 for b in pictures[:i])


def test_an_unknown_style_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"one of the painted styles night, mosaic.*, got 'nigth': choose"):
        painted.paint("nigth")


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("size", [0, -5, 15, 64.0, True, "64", (64, 8), (64,), (64, 64, 3), (16, 160), None])
def test_a_bad_size_is_answered_with_the_good_ones(size):
    with pytest.raises(ValueError, match=r"at least 16, .* Got size="):
        painted.paint("night", size)


@settings(max_examples=6, deadline=None)
@given(size=st.sampled_from([64, 128]), seed=st.integers(0, 2**32))
def test_only_the_off_diagonal_tells_stripes_and_orange_apart(size, seed):
    for relation, together in zip(RELATIONS, (P, 0, P * P), strict=True):
        expected = torch.tensor([[P, together], [together, P]], dtype=torch.float64)
        torch.testing.assert_close(bank_gram(painted.textured_tint(relation, size, seed)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_bank_answers_one_where_a_feature_is_and_nought_elsewhere(relation):
    picture = painted.textured_tint(relation, 192)
    assert picture.shape == (3, 192, 192) and picture.dtype == torch.float32
    assert picture.min() > 0.05 and picture.max() < 0.95, "a clipped tint would reach the stripes' axis"
    answers = painted.two_filter_bank(picture)
    assert answers.shape == (2, 192, 192) and answers.dtype == torch.float32
    torch.testing.assert_close(answers, answers.round(), atol=1e-5, rtol=0)
    assert (answers.round().mean((1, 2)) == P).all()


def test_what_is_equal_in_the_three_controlled_pictures():
    pictures = {relation: painted.textured_tint(relation, 128, seed=5).double() for relation in RELATIONS}
    together = pictures["together"]
    for picture in pictures.values():
        assert torch.equal(picture[1], together[1]), "the green channel"
        torch.testing.assert_close(picture.mean(0), together.mean(0), atol=1e-6, rtol=0)
        tint, expected = (p[0] - p[2] for p in (picture, together))
        torch.testing.assert_close(tint.flatten().sort()[0], expected.flatten().sort()[0], atol=1e-6, rtol=0)
        torch.testing.assert_close(picture.mean((1, 2)), together.mean((1, 2)), atol=1e-6, rtol=0)
        torch.testing.assert_close(picture.flatten(1).cov(), together.flatten(1).cov(), atol=1e-6, rtol=0)
    red = [pictures[relation][0].flatten().sort()[0] for relation in ("together", "apart")]
    assert (red[0] - red[1]).abs().max() > 0.1, "the docstring says that red's sorted values differ"


def test_the_stripe_filter_wants_vertical_stripes_and_no_colour():
    picture = painted.textured_tint("together", 128)
    turned = painted.two_filter_bank(picture.transpose(1, 2))
    assert turned[0].max() < 1e-5, "horizontal stripes"
    grey = picture.mean(0, keepdim=True).expand(3, -1, -1)
    answers = painted.two_filter_bank(grey)
    torch.testing.assert_close(answers[0], painted.two_filter_bank(picture)[0], atol=1e-5, rtol=0)
    assert answers[1].max() < 1e-5, "no orange without colour"


def test_the_bank_keeps_the_gradient():
    picture = painted.textured_tint("independent", 64).requires_grad_()
    painted.two_filter_bank(picture).sum().backward()
    assert picture.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("size", "advice"),
    [(100, "64 or 128"), (1, "64 or 128"), (250, "192 or 256"), (256.0, "256 or 320"), ((64, 64), "256 or 320")],
)
@pytest.mark.usefixtures("unchecked")
def test_a_controlled_texture_names_the_nearest_sizes(size, advice):
    with pytest.raises(ValueError, match=rf"multiple of 64, got size=.*: use {advice}\."):
        painted.textured_tint("together", size)


@pytest.mark.usefixtures("unchecked")
def test_unknown_relations_and_uneven_pictures_are_answered_in_sentences():
    with pytest.raises(ValueError, match="together, apart or independent, got 'beside': choose one of these"):
        painted.textured_tint("beside")
    with pytest.raises(ValueError, match=r"multiples of 8, got 60 × 64: crop the picture to 56 × 64"):
        painted.two_filter_bank(torch.zeros(3, 60, 64))
