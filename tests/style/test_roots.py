import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nstlib.style.roots import root_and_inverse


def covariance(n_filters, rank, seed):
    F = torch.randn(n_filters, rank, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F @ F.T


@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 99))
def test_they_are_the_root_and_its_pseudo_inverse_for_any_rank(n_filters, rank, seed):
    cov = covariance(n_filters, rank, seed)
    root, inverse = root_and_inverse(cov)
    torch.testing.assert_close(root, root.T)
    torch.testing.assert_close(root @ root, cov, rtol=1e-9, atol=1e-9)
    size = cov.abs().max().sqrt()
    assert torch.linalg.pinv(root, rcond=1e-5, hermitian=True).sub(inverse).abs().max() * size <= 1e-6


def test_a_batch_equals_a_loop():
    covs = torch.stack([covariance(4, rank, rank) for rank in (2, 5, 9)])
    for whole, alone in zip(root_and_inverse(covs), zip(*map(root_and_inverse, covs), strict=True), strict=True):
        torch.testing.assert_close(whole, torch.stack(alone))


def test_a_covariance_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="Expected a finite covariance, got one with inf or nan: check the features"):
        root_and_inverse(torch.tensor([[float("nan")]]))
