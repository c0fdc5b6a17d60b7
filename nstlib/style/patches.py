"""Patches of features: a cost that knows which answers stand side by side, as no sum over positions does.

Each 3 × 3 positions of a layer make a patch of 9 N numbers. A patch of X looks for the one in S that is most like it,
by the cosine of the angle between them. Sources: Li and Wand, "Combining Markov Random Fields and Convolutional Neural
Networks for Image Synthesis" (2016), arXiv:1601.04589; Kolkin et al., "Neural Neighbor Style Transfer" (2022),
arXiv:2203.13215.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nstlib.style.costs import unroll
from nstlib.style.products import full_precision, matrix_product
from nstlib.style.shapes import Cost, FeaturesOfAnySize, require_same_filters

CHUNK_NUMBERS = 2**22  # cosines that are in memory together, 16 MB

Patches = Float[Tensor, "*#batch n_numbers _n_patches"]
Indices = Int[Tensor, "*#batch _n_patches"]


def patches(features: FeaturesOfAnySize, size: int = 3) -> Patches:
    """Every patch of size × size positions as a column: (..., N, H, W) becomes (..., N·size², (H−size+1)(W−size+1)).

    They overlap, and none reaches over the border. Raises ValueError for features with fewer rows or columns.

    >>> patches(torch.arange(12.0).reshape(1, 3, 4), size=2)[:, :2]  # the first two of 2 · 3
    tensor([[0., 1.],
            [1., 2.],
            [4., 5.],
            [5., 6.]])
    """
    unroll(features)  # refuses what is no block
    if min(features.shape[-2:]) < size:
        raise ValueError(
            f"Expected at least {size} rows and columns, got {tuple(features.shape[-2:])}: "
            "take a shallower layer, a larger picture or smaller patches."
        )
    windows = features.unfold(-2, size, 1).unfold(-2, size, 1)  # (..., N, rows, columns, size, size)
    return windows.movedim((-2, -1), (-4, -3)).flatten(-2).flatten(-4, -2)


@torch.no_grad()
def nearest_patches(features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize, size: int = 3) -> Indices:
    """For every patch of X the column of the patch in S with the largest cosine, the first of equals.

    The cosines are compared in chunks, so that memory grows with the number of patches and not with its square. Raises
    ValueError for features of different N, or too small for a patch.

    >>> x = torch.tensor([[[1.0, 0.0]], [[1.0, 1.0]]])  # at two positions two filters answer (1, 1) and (0, 1)
    >>> s = torch.tensor([[[0.0, 5.0, 9.0]], [[4.0, 5.0, 0.0]]])  # (0, 4), (5, 5) and (9, 0)
    >>> nearest_patches(x, s, size=1)
    tensor([1, 0])
    """
    x, s = _unit_patches(features_x, features_s, size)
    step = max(1, CHUNK_NUMBERS // s.shape[-1])
    return torch.cat([matrix_product(s.mT, chunk).argmax(-2) for chunk in x.split(step, dim=-1)], dim=-1)


def patch_cost(features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize, size: int = 3) -> Cost:
    """The mean over X's patches p of 1 − max_q cos(p, q), q being the patches of S: 0 where each has its like in S.

    S may have patches that X never uses. The gradient takes the partners as given, which is exact wherever no two are
    equally near. Raises what `nearest_patches` raises.

    >>> texture = torch.rand(4, 6, 6)
    >>> patch_cost(texture.roll(1, -1)[..., 1:], texture).item() < 1e-6  # moved as a whole: every patch is still there
    True
    >>> patch_cost(texture.flatten(1)[:, torch.randperm(36)].reshape(4, 6, 6), texture).item() > 0.01
    True
    """
    nearest = nearest_patches(features_x, features_s, size)
    x, s = _unit_patches(features_x, features_s, size)
    partners = torch.take_along_dim(s.expand(*nearest.shape[:-1], -1, -1), nearest[..., None, :], dim=-1)
    return 1 - (x * partners).sum(-2).mean(-1)


def _unit_patches(features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize, size: int) -> tuple[Patches, Patches]:
    x, s = (_unit(patches(full_precision(features), size)) for features in (features_x, features_s))
    require_same_filters(features_x.shape[-3], features_s.shape[-3])
    return x, s


def _unit(columns: Patches) -> Patches:
    """Each column divided by its length; one of zeros stays so, and has no gradient."""
    squares = columns.square().sum(-2, keepdim=True)
    seen = squares > 0
    return torch.where(seen, columns / squares.where(seen, torch.ones_like(squares)).sqrt(), 0)
