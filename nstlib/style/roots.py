"""Roots of covariances, which may be singular, with finite gradients."""

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.style.shapes import Cost, Matrix

Eigenvalues = Float[Tensor, "*#batch n_filters"]
ROUNDING = 1e-12  # of the largest eigenvalue: what is smaller is 0 but for rounding


def trace_of_root(c_x: Matrix, c_s: Matrix) -> Cost:
    """Return tr (√C_s C_x √C_s)^½ of two covariances, (..., N, N) each: the sum of the roots of the eigenvalues.

    Computed in float64, since small eigenvalues are differences of large numbers. Directions without variance add
    nothing, and their derivative is 0. NaN for covariances that are not finite.

    >>> trace_of_root(torch.diag(torch.tensor([4.0, 0.0])), torch.diag(torch.tensor([9.0, 1.0])))  # √(4 · 9)
    tensor(6.)
    """
    exact_x, exact_s = _exact(c_x), _exact(c_s)
    try:
        root = _rebuilt(*_roots_and_axes(exact_s))
        found = _roots(torch.linalg.eigvalsh(root @ exact_x @ root)).sum(-1)
    except torch.linalg.LinAlgError:
        found = (exact_x + exact_s).sum((-2, -1)) * torch.nan
    return found.to(c_x)


def root_and_inverse(covariance: Matrix) -> tuple[Matrix, Matrix]:
    """Return the symmetric √C and C^−½ of a covariance (..., N, N), in float64.

    Along a direction without variance both are 0: C^−½ is the pseudo-inverse of √C. Raises ValueError for a covariance
    that is not finite.

    >>> root, inverse = root_and_inverse(torch.diag(torch.tensor([4.0, 0.0])))
    >>> root.diagonal(), inverse.diagonal()
    (tensor([2., 0.], dtype=torch.float64), tensor([0.5000, 0.0000], dtype=torch.float64))
    """
    if not covariance.isfinite().all():
        raise ValueError("Expected a finite covariance, got one with inf or nan: check the features it was made of.")
    roots, axes = _roots_and_axes(_exact(covariance))
    seen = roots > 0
    inverses = torch.where(seen, 1 / roots.where(seen, torch.ones_like(roots)), 0)
    return _rebuilt(roots, axes), _rebuilt(inverses, axes)


def _exact(matrix: Matrix) -> Matrix:
    device = "cpu" if matrix.device.type == "mps" else matrix.device  # Apple GPUs have no float64
    return matrix.to(device, torch.float64)


def _roots_and_axes(matrix: Matrix) -> tuple[Eigenvalues, Matrix]:
    values, axes = torch.linalg.eigh(matrix)
    return _roots(values), axes


def _rebuilt(values: Eigenvalues, axes: Matrix) -> Matrix:
    """The symmetric matrix with these eigenvalues along these axes, its columns."""
    return (axes * values[..., None, :]) @ axes.mT


def _roots(values: Eigenvalues) -> Eigenvalues:
    seen = values > ROUNDING * values.amax(-1, keepdim=True)
    return torch.where(seen, values.where(seen, torch.ones_like(values)).sqrt(), 0)
