"""The transforms against their papers' formulas in float64, and what they must keep, change and refuse."""

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from nstlib import statistics
from nstlib.checks.references import match_colour
from nstlib.style.transforms import adain, transport, wct

each = pytest.mark.parametrize("transform", [adain, wct, transport])
by_covariance = pytest.mark.parametrize("transform", [wct, transport])
SIZES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))


def random_features(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@given(SIZES, st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 99))
def test_adain_is_its_formula_for_any_sizes(size, size_s, seed):
    c, s = random_features(*size, seed=seed), random_features(size[0], *size_s, seed=seed + 100)
    found = adain(c, s)
    assert found.shape == c.shape
    for rows in zip(c.flatten(1).tolist(), s.flatten(1).tolist(), found.flatten(1).tolist(), strict=True):
        (content, style, got), M = rows, len(rows[0])
        mean_c, mean_s = sum(content) / M, sum(style) / len(style)
        spread_c = (sum((v - mean_c) ** 2 for v in content) / M) ** 0.5
        spread_s = (sum((v - mean_s) ** 2 for v in style) / len(style)) ** 0.5
        wanted = [mean_s + (spread_s * (v - mean_c) / spread_c if M > 1 else 0) for v in content]
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(st.integers(1, 5), st.integers(0, 99))
def test_wct_whitens_and_colours_by_symmetric_roots(n_filters, seed):
    c, s = random_features(n_filters, 4, 5, seed=seed), random_features(n_filters, 5, 6, seed=seed + 100) + 2
    F_c, F_s = (features.flatten(1).numpy() for features in (c, s))
    whitened = np.linalg.inv(scipy.linalg.sqrtm(_cov(F_c)).real) @ (F_c - F_c.mean(1, keepdims=True))
    np.testing.assert_allclose(_cov(whitened), np.eye(n_filters), atol=1e-9)
    wanted = scipy.linalg.sqrtm(_cov(F_s)).real @ whitened + F_s.mean(1, keepdims=True)
    np.testing.assert_allclose(wct(c, s).flatten(1), wanted, rtol=1e-7, atol=1e-9)


@by_covariance
@given(st.integers(1, 5), st.integers(0, 99))
def test_mean_and_covariance_become_the_styles(transform, n_filters, seed):
    c, s = random_features(n_filters, 4, 5, seed=seed), random_features(n_filters, 5, 6, seed=seed + 100) + 2
    found = statistics.gaussian(transform(c, s))
    torch.testing.assert_close(found, statistics.gaussian(s), rtol=1e-8, atol=1e-9)


@given(st.integers(1, 5), st.integers(0, 99))
def test_transport_changes_the_features_by_the_distance_of_the_gaussians_and_wct_by_no_less(n_filters, seed):
    c, s = random_features(n_filters, 4, 5, seed=seed), random_features(n_filters, 5, 6, seed=seed + 100) + 2
    least, other = ((found(c, s) - c).square().sum(0).mean() for found in (transport, wct))
    distance = statistics.STATISTICS["gaussian"].cost(c, s)
    assert least.item() == pytest.approx(n_filters * distance.item(), rel=1e-8)
    assert other >= least * (1 - 1e-9)


def test_wct_on_pixels_is_the_colour_match_of_lesson_07():
    content, style = torch.rand(2, 3, 6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(wct(style, content), match_colour(style, content))  # the style is recoloured there


@each
def test_the_same_map_at_every_position(transform):
    c, s = random_features(3, 4, 5), random_features(3, 6, 6, seed=1)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    shuffled = c.flatten(1)[:, order].reshape(c.shape)
    found = transform(c, s).flatten(1)[:, order]
    torch.testing.assert_close(transform(shuffled, s).flatten(1), found)
    torch.testing.assert_close(transform(c, s.flip(-1)), transform(c, s))  # nor does it matter where S has them


@each
def test_features_of_the_style_itself_stay(transform):
    c = random_features(4, 5, 6) + 1
    torch.testing.assert_close(transform(c, c), c, rtol=1e-9, atol=1e-9)


@each
def test_strength_blends_with_the_features_as_they_were(transform):
    c, s = random_features(3, 4, 5), random_features(3, 6, 6, seed=1)
    assert torch.equal(transform(c, s, strength=0.0), c)
    torch.testing.assert_close(transform(c, s, strength=0.25), 0.75 * c + 0.25 * transform(c, s))


@each
@pytest.mark.parametrize("size_s", [(3, 5), (2, 4)])
def test_a_batch_equals_a_loop(transform, size_s):
    c, s = random_features(2, 4, 3, 5), random_features(2, 4, *size_s, seed=1)
    torch.testing.assert_close(transform(c, s), torch.stack([transform(*pair) for pair in zip(c, s, strict=True)]))
    torch.testing.assert_close(transform(c, s[0]), torch.stack([transform(block, s[0]) for block in c]))


@by_covariance
def test_a_singular_content_is_coloured_within_its_directions(transform):
    """Three positions span two directions: there the covariance is the style's part, elsewhere all is the mean."""
    c, s = random_features(6, 1, 3), random_features(6, 5, 6, seed=1)
    found = transform(c, s)
    assert found.isfinite().all() and torch.linalg.matrix_rank(statistics.covariance(found)) == 2
    torch.testing.assert_close(found.mean((1, 2)), s.mean((1, 2)))


@each
@pytest.mark.parametrize("value", [0.0, 0.1, 300.0])
def test_flat_filters_become_the_styles_mean(transform, value):
    c, s = random_features(3, 4, 5, dtype=torch.float32), random_features(3, 6, 6, seed=1, dtype=torch.float32)
    c[1] = value
    found = transform(c, s)
    assert found.isfinite().all()
    if transform is adain:
        torch.testing.assert_close(found[1], s[1].mean().expand(4, 5))


@each
def test_flat_styles_flatten(transform):
    found = transform(random_features(3, 4, 5), torch.full((3, 2, 2), 0.7, dtype=torch.float64))
    torch.testing.assert_close(found, torch.full_like(found, 0.7))


@each
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gives_float32(transform, dtype):
    c, s = random_features(3, 40, 50, dtype=dtype), random_features(3, 60, 60, seed=1, dtype=dtype)
    found = transform(c, s)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), transform(c.double(), s.double()), rtol=1e-4, atol=1e-4)


@each
def test_gradients_reach_the_content(transform):
    c = random_features(3, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(transform, (c, random_features(3, 6, 6, seed=1)), atol=1e-4)


@each
@pytest.mark.usefixtures("unchecked")
def test_another_number_of_filters_is_refused(transform):
    with pytest.raises(ValueError, match=r"Expected .* equally many filters, got 3 and 4: .* same layer"):
        transform(random_features(3, 4, 4), random_features(4, 4, 4))


@by_covariance
def test_features_that_are_not_finite_are_refused(transform):
    c = random_features(3, 4, 4)
    c[0, 0, 0] = float("inf")
    with pytest.raises(ValueError, match="Expected a finite covariance"):
        transform(c, random_features(3, 4, 4))


def _cov(F):
    return np.cov(F, bias=True).reshape(len(F), len(F))
