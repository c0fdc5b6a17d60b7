"""What else could style be? Other statistics of a layer's features, each with its distance (lesson 07).

A statistic has two parts, so that a style is summarised once and then compared at every step of the optimiser:
`summarise` turns features (..., N, H, W) into one tensor, `distance` turns two such summaries into a number, (...).
All of them forget where a feature stood, take pictures of different sizes, are differentiable, and sum half-precision
features in float32. A distance raises ValueError for summaries of different N; a summary raises it for features that
`nstlib.style.unroll` refuses, and TypeError for integers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.style.costs import mean_gram, style_distance, unroll
from nstlib.style.products import full_precision, matrix_product
from nstlib.style.roots import trace_of_root
from nstlib.style.shapes import Cost, Features, FeaturesOfAnySize, Matrix, Unrolled, require_same_filters

PerFilter = Float[Tensor, "*#batch n_filters"]
PairPerFilter = Float[Tensor, "*#batch 2 n_filters"]


@dataclass(frozen=True)
class Statistic:
    """One answer to "what is style?": a summary of the features and a distance between two summaries.

    is_drawn: whether `summarise` has a random part, which its argument `seed` decides.

    >>> features = torch.rand(3, 4, 4)
    >>> STATISTICS["moments"].cost(features, features.flip(-1)).item() < 1e-12  # a mirrored texture is the same style
    True
    """

    formula: str
    summarise: Callable[[Features], Tensor]
    distance: Callable[[Tensor, Tensor], Cost]
    source: str
    is_drawn: bool = False

    def cost(self, features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize) -> Cost:
        """The distance between the summaries of two blocks, which may differ in size."""
        return self.distance(self.summarise(features_x), self.summarise(features_s))

    def drawn(self, seed: int) -> "Statistic":
        """The same statistic with the random part that a seed gives; itself where nothing is random.

        >>> sliced, (x, s) = STATISTICS["sliced_wasserstein"], torch.rand(2, 3, 4, 4)
        >>> sliced.cost(x, s) == sliced.drawn(0).cost(x, s), sliced.cost(x, s) == sliced.drawn(1).cost(x, s)
        (tensor(True), tensor(False))
        """
        return replace(self, summarise=partial(self.summarise, seed=seed)) if self.is_drawn else self


def mean_square(features: Features) -> PerFilter:
    """The diagonal of G/M: (1/M) Σ_i F_ki², how much of each filter there is; (..., N, H, W) becomes (..., N).

    >>> mean_square(torch.tensor([[[1.0, 3.0]], [[0.0, 2.0]]]))  # (1 + 9) / 2, (0 + 4) / 2
    tensor([5., 2.])
    """
    return unroll(full_precision(features)).square().mean(-1)


def mean_square_distance(x: PerFilter, s: PerFilter) -> Cost:
    """Σ_k (x_k − s_k)² / (4 N²): the diagonal's part of E_l, from two (..., N).

    >>> mean_square_distance(torch.tensor([5.0, 2.0]), torch.tensor([1.0, 2.0]))  # 4² / (4 · 2²)
    tensor(1.)
    """
    n_filters = require_same_filters(x.shape[-1], s.shape[-1])
    return (x - s).square().sum(-1) / (4 * n_filters**2)


def moments(features: Features) -> PairPerFilter:
    """Mean and population standard deviation of each filter, as two rows: (..., N, H, W) becomes (..., 2, N).

    A flat filter's gradient is 0, not NaN. Source: Li et al., "Demystifying Neural Style Transfer" (2017).

    >>> moments(torch.tensor([[[1.0, 3.0]], [[5.0, 5.0]]]))
    tensor([[2., 5.],
            [1., 0.]])
    """
    F = unroll(full_precision(features))
    return torch.stack((F.mean(-1), F.std(-1, correction=0)), dim=-2)


def moments_distance(x: PairPerFilter, s: PairPerFilter) -> Cost:
    """Σ_k ((μ_x − μ_s)² + (σ_x − σ_s)²) / N, from two (..., 2, N).

    >>> moments_distance(torch.tensor([[2.0, 5.0], [1.0, 0.0]]), torch.tensor([[0.0, 5.0], [1.0, 0.0]]))  # 2² / 2
    tensor(2.)
    """
    n_filters = require_same_filters(x.shape[-1], s.shape[-1])
    return (x - s).square().sum((-2, -1)) / n_filters


def covariance(features: Features) -> Matrix:
    """G/M of the centred features: (1/M) Σ_i (F_ki − μ_k)(F_k'i − μ_k'), (..., N, N), which is G/M − μμᵀ.

    >>> covariance(torch.tensor([[[1.0, 3.0]], [[5.0, 7.0]]]))  # the means 2 and 6 are gone
    tensor([[1., 1.],
            [1., 1.]])
    """
    features = full_precision(features)
    return mean_gram(features - unroll(features).mean(-1)[..., None, None])


def sorted_projections(features: Features, seed: int = 0) -> Unrolled:
    """The columns of F projected on N random unit directions, and the M numbers of each direction sorted: (..., N, M).

    The seed decides the directions, and only summaries of one seed can be compared. One set of directions cannot tell
    all pairs of clouds apart, and so a run draws new ones at every step (see `Settings.redraw`), as Heitz et al., "A
    Sliced Wasserstein Loss for Neural Texture Synthesis" (2021), do.

    >>> projected = sorted_projections(torch.rand(3, 2, 4))
    >>> projected.shape, bool((projected.diff(dim=-1) >= 0).all())
    (torch.Size([3, 8]), True)
    """
    F = unroll(full_precision(features))
    return matrix_product(_directions(F.shape[-2], seed, F.dtype, F.device), F).sort(-1).values


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # else what a lesson's inference mode left here could not be differentiated
def _directions(n_filters: int, seed: int, dtype: torch.dtype, device: torch.device) -> Matrix:
    """N random unit vectors as rows: drawn and moved to their device once for both pictures and all layers of N."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(n_filters, n_filters, generator=generator, dtype=torch.float64)
    return (directions / directions.norm(dim=-1, keepdim=True)).to(device, dtype)


def wasserstein_distance(
    x: Float[Tensor, "*#batch n_directions n_positions_x"], s: Float[Tensor, "*#batch n_directions n_positions_s"]
) -> Cost:
    """The mean over directions of ∫ (q_x(u) − q_s(u))² du, q being the quantile functions of the sorted numbers.

    For M_X = M_S this is the mean of (x − s)². Otherwise both staircases are cut at the steps of either, so that the
    integral is exact and a texture is at distance 0 from itself repeated.

    >>> wasserstein_distance(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))  # (0² + 2²) / 2
    tensor(2.)
    >>> wasserstein_distance(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0, 2.0, 2.0]]))
    tensor(0.)
    """
    n_directions = require_same_filters(x.shape[-2], s.shape[-2])
    m_x, m_s = x.shape[-1], s.shape[-1]
    if m_x == m_s:
        return (x - s).square().mean((-2, -1))
    cuts = torch.cat((torch.arange(m_x + 1) * m_s, torch.arange(m_s + 1) * m_x)).unique()  # in units of 1/(M_X M_S)
    left, width = cuts[:-1], cuts.diff().to(x) / (m_x * m_s)
    difference = x[..., (left // m_s).to(x.device)] - s[..., (left // m_x).to(x.device)]
    return (width * difference.square()).sum((-2, -1)) / n_directions


def gaussian(features: Features) -> Float[Tensor, "*#batch n_filters n_filters+1"]:
    """Mean μ and covariance C of the columns of F, as (..., N, 1 + N): the Gaussian that has them.

    >>> gaussian(torch.tensor([[[1.0, 3.0]], [[5.0, 7.0]]]))
    tensor([[2., 1., 1.],
            [6., 1., 1.]])
    """
    mean = unroll(full_precision(features)).mean(-1, keepdim=True)
    return torch.cat((mean, covariance(features)), dim=-1)


def gaussian_distance(
    x: Float[Tensor, "*#batch n_filters n_filters+1"], s: Float[Tensor, "*#batch n_filters n_filters+1"]
) -> Cost:
    """W₂² / N = (‖μ_x − μ_s‖² + tr(C_x + C_s − 2 (√C_s C_x √C_s)^½)) / N, the work of moving one Gaussian to the other.

    Source: Gelbrich, "On a formula for the L² Wasserstein metric" (1990); as a style cost in crowsonkb's
    style-transfer-pytorch. Covariances may be singular. For N = 1 it is (μ_x − μ_s)² + (σ_x − σ_s)²:

    >>> gaussian_distance(torch.tensor([[2.0, 9.0]]), torch.tensor([[0.0, 1.0]]))  # 2² + (3 − 1)²
    tensor(8.)
    """
    n_filters = require_same_filters(x.shape[-2], s.shape[-2])
    difference = x[..., 0] - s[..., 0]
    c_x, c_s = x[..., 1:], s[..., 1:]
    traces = (c_x + c_s).diagonal(dim1=-2, dim2=-1).sum(-1)
    moved = difference.square().sum(-1) + traces - 2 * trace_of_root(c_x, c_s)
    return moved.clamp_min(0) / n_filters  # rounding may leave a little less than 0


STATISTICS: dict[str, Statistic] = {
    "gram": Statistic("Σ (G_X/M_X − G_S/M_S)² / (4 N²)", mean_gram, style_distance, "Gatys et al. 2015"),
    "diagonal": Statistic(
        "Σ_k (G_X,kk/M_X − G_S,kk/M_S)² / (4 N²)", mean_square, mean_square_distance, "a part of Gatys et al. 2015"
    ),
    "moments": Statistic(
        "Σ_k ((μ_X − μ_S)² + (σ_X − σ_S)²) / N", moments, moments_distance, "Li et al. 2017, batch-norm statistics"
    ),
    "covariance": Statistic("Σ (Cov_X − Cov_S)² / (4 N²)", covariance, style_distance, "Gatys et al. 2015, centred"),
    "sliced_wasserstein": Statistic(
        "mean over directions of ∫ (q_X − q_S)² du", sorted_projections, wasserstein_distance, "Heitz et al. 2021", True
    ),
    "gaussian": Statistic(
        "(‖μ_X − μ_S‖² + tr(C_X + C_S − 2 (√C_S C_X √C_S)^½)) / N",
        gaussian,
        gaussian_distance,
        "Gelbrich 1990, as a style cost crowsonkb 2021",
    ),
}
