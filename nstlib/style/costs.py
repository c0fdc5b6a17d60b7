"""The mathematics of style transfer as pure functions, in the notation of lesson 00.

Features of one layer are a block (..., N, H, W): N filters, M = H·W positions. Leading dimensions, for example a batch,
are kept: each item is worked on alone, so a cost of (B, N, H, W) features has shape (B,), and they broadcast.
float16 and bfloat16 features are summed in float32 and give float32; other dtypes stay, also inside torch.autocast.
What cannot be computed raises ValueError, or TypeError for tensors that are not floating point.
Source: Gatys, Ecker, Bethge, "A Neural Algorithm of Artistic Style" (2015), whose equations are cited by number.
"""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from nstlib.style.products import full_precision, matrix_product, product_with_itself
from nstlib.style.shapes import Cost, Features, FeaturesByLayer, FeaturesOfAnySize, Matrix, Unrolled


def unroll(features: Features) -> Unrolled:
    """F, a row a filter, a column a position: (..., N, H, W) becomes (..., N, M); ValueError for any other shape."""
    if features.ndim < 3 or 0 in features.shape[-3:]:
        raise ValueError(
            f"Given was a tensor of shape {tuple(features.shape)}; expected is (..., n_filters, height, width), none "
            "of these three 0: pass a layer's block as the network returns it, not yet unrolled."
        )
    return features.flatten(-2)


def gram_matrix(features: Features) -> Matrix:
    """G = F Fᵀ, G_kk' = Σ_i F_ki F_k'i: (..., N, H, W) becomes (..., N, N), divided by nothing (equation 3)."""
    return product_with_itself(unroll(features))


def mean_gram(features: Features) -> Matrix:
    """G / M, (..., N, N): the mean over positions, comparable between pictures of different sizes.

    It is the target to keep: `style_distance` and `style_gradient` take it, so a style is summed once, not every step.
    """
    return gram_matrix(features) / (features.shape[-2] * features.shape[-1])


def content_cost(features_x: Features, features_c: Features) -> Cost:
    """J_content = ½ Σ (x − c)² (equation 1), place by place: raises ValueError where filters or sizes differ."""
    shape_x, shape_c = tuple(features_x.shape[-3:]), tuple(features_c.shape[-3:])
    if shape_x != shape_c:
        raise ValueError(
            f"Given were features (filters, height, width) of {shape_x} and {shape_c}; the content cost expects equal "
            "ones: take the same layer of two pictures of one size."
        )
    return (unroll(full_precision(features_x)) - unroll(full_precision(features_c))).square().sum((-2, -1)) / 2


def _difference(mean_gram_x: Matrix, mean_gram_s: Matrix) -> Matrix:
    shape_x, shape_s = tuple(mean_gram_x.shape[-2:]), tuple(mean_gram_s.shape[-2:])
    if shape_x != shape_s or len(set(shape_x)) != 1:
        raise ValueError(
            f"Given were matrices of {shape_x} and {shape_s}; expected is N × N for both, N being the layer's filters: "
            "take the mean_gram of the same layer of the same network for both pictures."
        )
    return mean_gram_x - mean_gram_s


def style_distance(mean_gram_x: Matrix, mean_gram_s: Matrix) -> Cost:
    """E_l from two means: Σ (G_X/M_X − G_S/M_S)² / (4 N²); raises ValueError unless both are N × N."""
    difference = _difference(mean_gram_x, mean_gram_s)
    return difference.square().sum((-2, -1)) / (4 * difference.shape[-1] ** 2)


def layer_style_cost(features_x: FeaturesOfAnySize, features_s: FeaturesOfAnySize) -> Cost:
    """E_l = Σ (G_X/M_X − G_S/M_S)² / (4 N²); the sizes may differ, N must agree (ValueError).

    For equal sizes it is Gatys' Σ (G_X − G_S)² / (4 N² M²) (equation 4).
    """
    return style_distance(mean_gram(features_x), mean_gram(features_s))


def style_cost(features_x: FeaturesByLayer, features_s: FeaturesByLayer, layer_weights: Mapping[str, float]) -> Cost:
    """J_style = Σ_l λ_l E_l over the layers of `layer_weights` (equation 5); features may hold further layers.

    Raises ValueError for no weights and for a weight whose layer is missing in either features.
    """
    missing = [name for name in layer_weights if name not in features_x or name not in features_s]
    if missing or not layer_weights:
        raise ValueError(
            f"Given were weights for {list(layer_weights)}, without features of both pictures for {missing}; expected "
            "are one or more weights and both features for each: ask the network for these layers or weigh others."
        )
    return sum(weight * layer_style_cost(features_x[name], features_s[name]) for name, weight in layer_weights.items())


def total_cost(j_content: Cost | float, j_style: Cost | float, alpha: float, beta: float) -> Cost | float:
    """J = α J_content + β J_style (equation 7)."""
    return alpha * j_content + beta * j_style


def style_gradient(features_x: Features, mean_gram_s: Matrix) -> Unrolled:
    """∂E_l/∂F = (G_X/M_X − G_S/M_S) F / (N² M_X), of F's shape (..., N, M); the ¼ of E_l has cancelled two 2s.

    For equal sizes it is (G_X − G_S) F / (N² M²) (equation 6; its "0 where F < 0" is the ReLU's mask, a step further
    down). Raises ValueError where N differs.
    """
    features_x = full_precision(features_x)
    F = unroll(features_x)
    D = _difference(mean_gram(features_x), mean_gram_s).to(F.dtype)
    return matrix_product(D, F) / (F.shape[-2] ** 2 * F.shape[-1])


def total_variation(x: Float[Tensor, "*batch channels height width"]) -> Cost:
    """Σ |difference of neighbours|, downwards and across, over all channels: (..., C, H, W) becomes (...).

    The anisotropic form of Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal algorithms" (1992).
    """
    x = full_precision(x)
    unroll(x)  # refuses what is no picture
    return x.diff(dim=-2).abs().sum((-3, -2, -1)) + x.diff(dim=-1).abs().sum((-3, -2, -1))
