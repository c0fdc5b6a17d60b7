"""Give a content's features the style's statistic in closed form, where an optimiser would lower a cost step by step.

A transform takes two blocks (..., N, H, W), which may differ in H and W, and returns a block of the content's shape. It
is the same affine map at every position, so what stood where still stands there. A picture with such features is found
by `nstlib.transfer.rebuild`; the papers train a decoder for it. Half-precision features give float32.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.style.costs import unroll
from nstlib.style.products import full_precision
from nstlib.style.roots import ROUNDING, root_and_inverse
from nstlib.style.shapes import Features, FeaturesOfAnySize, Matrix, require_same_filters
from nstlib.style.statistics import PairPerFilter, covariance, moments

Column = Float[Tensor, "*#batch n_filters 1 1"]


def adain(features_c: Features, features_s: FeaturesOfAnySize, strength: float = 1.0) -> Features:
    """σ_S (F − μ_C) / σ_C + μ_S, filter by filter: the content's features with the style's mean and deviation.

    `strength` blends with the features as they were: 0 returns them, 1 is the formula. A flat filter, of which no
    multiple has a spread, becomes μ_S. Raises ValueError unless both blocks have equally many filters. Source: Huang
    and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization" (2017), arXiv:1703.06868.

    >>> content, style = torch.tensor([[[1.0, 3.0]]]), torch.tensor([[[10.0, 10.0, 20.0, 20.0]]])
    >>> adain(content, style)  # mean 2 and deviation 1 become 15 and 5
    tensor([[[10., 20.]]])
    >>> adain(content, style, strength=0.5)
    tensor([[[ 5.5000, 11.5000]]])
    """
    features_c = full_precision(features_c)
    require_same_filters(features_c.shape[-3], features_s.shape[-3])
    mean_c, spread_c = _columns(moments(features_c))
    mean_s, spread_s = _columns(moments(features_s).to(features_c))
    flat = spread_c.square() <= ROUNDING * mean_c.square()
    scale = torch.where(flat, 0, spread_s / spread_c.where(~flat, torch.ones_like(spread_c)))
    return _blended(features_c, scale * (features_c - mean_c) + mean_s, strength)


def wct(features_c: Features, features_s: FeaturesOfAnySize, strength: float = 1.0) -> Features:
    """√Σ_S Σ_C^−½ (F − μ_C) + μ_S: the content's features with the style's mean and covariance Σ_S.

    Σ_C^−½ whitens, √Σ_S colours; both are symmetric. On the pixels of two pictures this is lesson 07's `match_colour`.
    Computed in float64. In a direction in which the content does not vary, and where N ≥ M there are some, nothing can
    be coloured. `strength` blends as in `adain`. Raises ValueError unless both blocks have equally many filters, and
    for features that are not finite. Source: Li et al., "Universal Style Transfer via Feature Transforms" (2017),
    arXiv:1705.08086.

    >>> content, style = torch.rand(2, 3, 4, 5)
    >>> torch.allclose(covariance(wct(content, style)), covariance(style), atol=1e-6)
    True
    """
    return _linear(_whiten_and_colour, features_c, features_s, strength)


def transport(features_c: Features, features_s: FeaturesOfAnySize, strength: float = 1.0) -> Features:
    """A (F − μ_C) + μ_S, A = Σ_C^−½ (√Σ_C Σ_S √Σ_C)^½ Σ_C^−½: mean and covariance of S, with the least change.

    Of all affine maps that give the content's features the style's mean and covariance, this one moves them least:
    the mean of ‖change‖² over positions is N times `statistics.gaussian_distance`. The rest is as in `wct`. Sources:
    Gelbrich, "On a formula for the L² Wasserstein metric" (1990); as a transform of features Lu et al., "A Closed-form
    Solution to Universal Style Transfer" (2019), arXiv:1906.00668.

    >>> content, style = torch.rand(2, 3, 4, 5)
    >>> torch.allclose(covariance(transport(content, style)), covariance(style), atol=1e-6)
    True
    """
    return _linear(_least_change, features_c, features_s, strength)


def _whiten_and_colour(cov_c: Matrix, cov_s: Matrix) -> Matrix:
    return root_and_inverse(cov_s)[0] @ root_and_inverse(cov_c)[1]


def _least_change(cov_c: Matrix, cov_s: Matrix) -> Matrix:
    root, inverse = root_and_inverse(cov_c)
    return inverse @ root_and_inverse(root @ cov_s @ root)[0] @ inverse


def _linear(
    map_of: Callable[[Matrix, Matrix], Matrix], features_c: Features, features_s: FeaturesOfAnySize, strength: float
) -> Features:
    """A (F − μ_C) + μ_S, with A from the two covariances."""
    features_c = full_precision(features_c)
    require_same_filters(features_c.shape[-3], features_s.shape[-3])
    device = "cpu" if features_c.device.type == "mps" else features_c.device  # Apple GPUs have no float64
    c, s = (block.to(device, torch.float64) for block in (features_c, features_s))
    F_c, F_s = unroll(c), unroll(s)
    A = map_of(covariance(c), covariance(s))
    moved = A @ (F_c - F_c.mean(-1, keepdim=True)) + F_s.mean(-1, keepdim=True)
    return _blended(features_c, moved.unflatten(-1, c.shape[-2:]).to(features_c), strength)


def _columns(rows: PairPerFilter) -> tuple[Column, Column]:
    """Mean and deviation of each filter, to be broadcast over its positions."""
    mean, spread = rows[..., None, None].unbind(-4)
    return mean, spread


def _blended(before: Features, after: Features, strength: float) -> Features:
    return before + strength * (after - before)
