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
    device = "cpu" if c_x.device.type == "mps" else c_x.device  # Apple GPUs have no float64
    exact_x, exact_s = (matrix.to(device, torch.float64) for matrix in (c_x, c_s))
    try:
        values, vectors = torch.linalg.eigh(exact_s)
        root = (vectors * _roots(values)[..., None, :]) @ vectors.mT
        found = _roots(torch.linalg.eigvalsh(root @ exact_x @ root)).sum(-1)
    except torch.linalg.LinAlgError:
        found = (exact_x + exact_s).sum((-2, -1)) * torch.nan
    return found.to(c_x)


def _roots(values: Eigenvalues) -> Eigenvalues:
    seen = values > ROUNDING * values.amax(-1, keepdim=True)
    return torch.where(seen, values.where(seen, torch.ones_like(values)).sqrt(), 0)
