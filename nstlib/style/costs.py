"""The mathematics of style transfer as pure functions, in the notation of lesson 00.

The features of one layer are a block (..., N, H, W): N filters, M = H·W positions. Leading dimensions, such as a batch,
are kept, and each picture is worked on alone: the cost of (B, N, H, W) features has shape (B,). They broadcast.
float16 and bfloat16 features are summed in float32 and give float32; other dtypes stay as they are, also inside
torch.autocast. Features that are not floating point raise TypeError, shapes that do not fit ValueError.

Source: Gatys, Ecker, Bethge, "A Neural Algorithm of Artistic Style" (2015), whose equations are cited by number.
"""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from nstlib.style.products import full_precision, matrix_product, product_with_itself
from nstlib.style.shapes import Cost, Features, FeaturesByLayer, FeaturesOfAnySize, Matrix, Unrolled


def unroll(features: Features) -> Unrolled:
    """F, with a row for each filter and a column for each position: (..., N, H, W) becomes (..., N, H·W).

    The dtype stays. Raises ValueError for any other shape.

    >>> import torch
    >>> unroll(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))  # 1 filter, 2 × 2 positions in reading order
    tensor([[1., 2., 3., 4.]])
    """
    if features.ndim < 3 or 0 in features.shape[-3:]:
        raise ValueError(
            f"Expected (..., n_filters, height, width), none of these three 0, got {tuple(features.shape)}: "
            "pass a layer's block as the network returns it, not yet unrolled."
        )
    return features.flatten(-2)


def gram_matrix(features: Features) -> Matrix:
    """G = F Fᵀ, G_kk' = Σ_i F_ki F_k'i: (..., N, H, W) becomes (..., N, N), divided by nothing (equation 3).

    >>> import torch
    >>> features = torch.tensor([[[1.0], [2.0]], [[3.0], [0.0]]])  # 2 filters, 2 × 1 positions
    >>> gram_matrix(features)  # 1·1 + 2·2, 1·3 + 2·0, 3·3 + 0·0
    tensor([[5., 3.],
            [3., 9.]])
    """
    return product_with_itself(unroll(features))


def mean_gram(features: Features) -> Matrix:
    """G / M, (..., N, N): the mean over positions, which pictures of different sizes have in common.

    This is the target to keep: `style_distance` and `style_gradient` take it, so that a style is summed only once.

    >>> import torch
    >>> features = torch.tensor([[[1.0], [2.0]], [[3.0], [0.0]]])
    >>> mean_gram(features)
    tensor([[2.5000, 1.5000],
            [1.5000, 4.5000]])
    >>> torch.equal(mean_gram(features.tile(1, 5, 5)), mean_gram(features))  # a texture repeated is the same texture
    True
    """
    return gram_matrix(features) / (features.shape[-2] * features.shape[-1])


def content_cost(features_x: Features, features_c: Features) -> Cost:
    """J_content = ½ Σ (x − c)², position by position (equation 1): two (..., N, H, W) become (...).

    Raises ValueError where filters or sizes differ.

    >>> import torch
    >>> x, c = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 5.0]]])
    >>> content_cost(x, c)  # ½ (0² + 3²)
    tensor(4.5000)
    """
    shape_x, shape_c = tuple(features_x.shape[-3:]), tuple(features_c.shape[-3:])
    if shape_x != shape_c:
        raise ValueError(
            f"Expected equal numbers of filters, rows and columns, got {shape_x} and {shape_c}: "
            "take the same layer of two pictures of one size."
        )
    return (unroll(full_precision(features_x)) - unroll(full_precision(features_c))).square().sum((-2, -1)) / 2


def _difference(mean_gram_x: Matrix, mean_gram_s: Matrix) -> Matrix:
    shape_x, shape_s = tuple(mean_gram_x.shape[-2:]), tuple(mean_gram_s.shape[-2:])
    if shape_x != shape_s or len(set(shape_x)) != 1:
        raise ValueError(
            f"Expected N × N for both matrices, N being the layer's filters, got {shape_x} and {shape_s}: "
            "take the mean_gram of the same layer of the same network for both pictures."
        )
    return mean_gram_x - mean_gram_s


def style_distance(mean_gram_x: Matrix, mean_gram_s: Matrix) -> Cost:
    """E_l from two means: Σ (G_X/M_X − G_S/M_S)² / (4 N²), two (..., N, N) become (...).

    Raises ValueError unless both are N × N.

    >>> import torch
    >>> style_distance(torch.tensor([[9.0, 2.0], [2.0, 1.0]]), torch.tensor([[1.0, 2.0], [2.0, 1.0]]))  # 8² / (4 · 2²)
    tensor(4.)
    """
    difference = _difference(mean_gram_x, mean_gram_s)
    return difference.square().sum((-2, -1)) / (4 * difference.shape[-1] ** 2)


def layer_style_cost(features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize) -> Cost:
    """E_l = Σ (G_X/M_X − G_S/M_S)² / (4 N²): the two sizes may differ, N must agree (ValueError).

    For equal sizes this is Gatys' Σ (G_X − G_S)² / (4 N² M²) (equation 4).

    >>> import torch
    >>> x, s = torch.full((1, 2, 2), 3.0), torch.full((1, 1, 5), 1.0)
    >>> layer_style_cost(x, s)  # (9 − 1)² / 4
    tensor(16.)
    """
    return style_distance(mean_gram(features_x), mean_gram(features_s))


def style_cost(features_x: FeaturesByLayer, features_s: FeaturesByLayer, layer_weights: Mapping[str, float]) -> Cost:
    """J_style = Σ_l λ_l E_l over the layers of `layer_weights` (equation 5); the features may hold further layers.

    Raises ValueError for no weights, and for a weight whose layer is missing in either features.

    >>> import torch
    >>> x = {"relu1_1": torch.full((1, 2, 2), 3.0), "relu2_1": torch.full((1, 1, 1), 2.0)}
    >>> s = {"relu1_1": torch.full((1, 4, 4), 1.0), "relu2_1": torch.full((1, 2, 2), 0.0)}
    >>> style_cost(x, s, {"relu1_1": 0.5, "relu2_1": 2.0})  # 0.5 · 16 + 2 · 4
    tensor(16.)
    """
    missing = [name for name in layer_weights if name not in features_x or name not in features_s]
    if missing or not layer_weights:
        raise ValueError(
            f"Expected one or more weights, and both pictures' features for each, got weights for "
            f"{list(layer_weights)} without both features of {missing}: ask the network for these layers too, "
            "or weigh others."
        )
    return sum(weight * layer_style_cost(features_x[name], features_s[name]) for name, weight in layer_weights.items())


def total_cost(j_content: Cost | float, j_style: Cost | float, alpha: float, beta: float) -> Cost | float:
    """J = α J_content + β J_style (equation 7).

    >>> total_cost(2.0, 3.0, alpha=1, beta=10)
    32.0
    """
    return alpha * j_content + beta * j_style


def style_gradient(features_x: Features, mean_gram_s: Matrix) -> Unrolled:
    """∂E_l/∂F = (G_X/M_X − G_S/M_S) F / (N² M_X), of F's shape (..., N, M); the ¼ of E_l has cancelled two 2s.

    For equal sizes this is (G_X − G_S) F / (N² M²) (equation 6; its "0 where F < 0" is the mask of the ReLU, one step
    further down). Raises ValueError where N differs.

    >>> import torch
    >>> x, s = torch.full((1, 2, 2), 3.0, requires_grad=True), torch.full((1, 1, 5), 1.0)
    >>> style_gradient(x, mean_gram(s))  # (9 − 1) · 3 / 4
    tensor([[6., 6., 6., 6.]], grad_fn=<DivBackward0>)
    >>> layer_style_cost(x, s).backward()
    >>> x.grad  # autograd agrees
    tensor([[[6., 6.],
             [6., 6.]]])
    """
    features_x = full_precision(features_x)
    F = unroll(features_x)
    D = _difference(mean_gram(features_x), mean_gram_s).to(F.dtype)
    return matrix_product(D, F) / (F.shape[-2] ** 2 * F.shape[-1])


def total_variation(x: Float[Tensor, "*batch channels height width"]) -> Cost:
    """Σ |difference of neighbours|, downwards and across, over all channels: (..., C, H, W) becomes (...).

    The anisotropic form of Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal algorithms" (1992).
    Raises ValueError for a tensor without channels, height and width.

    >>> import torch
    >>> total_variation(torch.tensor([[[0.0, 1.0], [0.0, 3.0]]]))  # across 1 + 3, downwards 0 + 2
    tensor(6.)
    """
    x = full_precision(x)
    unroll(x)  # refuses what is no picture
    return x.diff(dim=-2).abs().sum((-3, -2, -1)) + x.diff(dim=-1).abs().sum((-3, -2, -1))


def chroma_roughness(x: Float[Tensor, "*batch 3 height width"]) -> Cost:
    """Σ (difference of neighbours)², downwards and across, of the chroma c = x − mean over R, G, B: coloured grain.

    Since |c|² = |x|² − (R + G + B)²/3, this is what the two chroma axes of any orthonormal basis whose third axis is
    grey have to say. (..., 3, H, W) becomes (...); a grey picture gives 0, whatever its brightness does. Quadratic
    smoothness is Tikhonov's regularisation (1963). Raises ValueError for anything but three channels.

    >>> import torch
    >>> chroma_roughness(torch.tensor([1.0, 4.0]).expand(3, 1, 2))  # grey
    tensor(0.)
    >>> red = torch.tensor([[[0.0, 3.0]], [[0.0, 0.0]], [[0.0, 0.0]]])
    >>> chroma_roughness(red)  # c jumps by (2, −1, −1)
    tensor(6.)
    """
    if x.ndim < 3 or x.shape[-3] != 3:
        raise ValueError(f"Expected (..., 3, height, width), got {tuple(x.shape)}: pass a picture in RGB.")
    x = full_precision(x)
    unroll(x)  # refuses what is no picture
    c = x - x.mean(-3, keepdim=True)
    return c.diff(dim=-2).square().sum((-3, -2, -1)) + c.diff(dim=-1).square().sum((-3, -2, -1))
