"""Layer weights λ_l for J_style = Σ_l λ_l E_l: every function returns a dictionary from a layer's name to its weight.

Name the layers from shallow to deep; where a function takes a dictionary, its keys are the layers. The weights sum to
1, except in `relative` and `relative_geometric`. Every function raises ValueError for no layers, for a layer named
twice or unknown, and for numbers that are not positive and finite.
"""

import math
from collections.abc import Iterable, Mapping

from jaxtyping import Float
from torch import Tensor

Number = float | Float[Tensor, ""]


def _names(layers: Iterable[str], chosen: str | None = None) -> list[str]:
    names = [] if isinstance(layers, str) else list(layers)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Expected layer names in a list, each once, got {layers!r}: pass ['relu1_1', …].")
    if chosen is not None and chosen not in names:
        raise ValueError(f"Expected one of the layers {', '.join(names)}, got {chosen!r}: choose one of these.")
    return names


def _positive(numbers: Mapping[str, Number], meaning: str) -> dict[str, float]:
    values = {layer: float(numbers[layer]) for layer in _names(numbers)}
    wrong = {layer: value for layer, value in values.items() if not 0 < value < math.inf}
    if wrong:
        raise ValueError(
            f"Expected a positive, finite {meaning} for each layer, got {wrong}: "
            "leave such a layer out, or find out why its features are all zero or not finite."
        )
    return values


def _normalised(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {layer: weight / total for layer, weight in weights.items()}


def equal(layers: Iterable[str]) -> dict[str, float]:
    """λ_l = 1/L (Gatys et al. 2015, with a VGG-19 whose every filter was scaled to mean activation 1).

    >>> equal(["relu1_1", "relu2_1"])
    {'relu1_1': 0.5, 'relu2_1': 0.5}
    """
    names = _names(layers)
    return dict.fromkeys(names, 1 / len(names))


def inverse_n2(n_filters: Mapping[str, Number]) -> dict[str, float]:
    """λ_l ∝ 1/N² from each layer's number of filters, Σ λ_l = 1 (Gatys' own code for the ordinary VGG-19).

    >>> inverse_n2({"relu1_1": 1, "relu2_1": 2})  # 1 : 1/4
    {'relu1_1': 0.8, 'relu2_1': 0.2}
    """
    return _normalised({layer: n**-2 for layer, n in _positive(n_filters, "number of filters").items()})


def geometric(layers: Iterable[str], ratio: float = 1 / 2) -> dict[str, float]:
    """λ ∝ 1, ratio, ratio² … from the first layer to the last, Σ λ_l = 1; raises ValueError unless ratio > 0.

    The default halves, as Novak & Nikulin (2016) do; crowsonkb/style-transfer-pytorch takes a quarter: 256:64:16:4:1.

    >>> geometric(["relu1_1", "relu2_1"], ratio=1 / 4)  # 4 : 1
    {'relu1_1': 0.8, 'relu2_1': 0.2}
    """
    if not 0 < ratio < math.inf:
        raise ValueError(f"Expected a positive ratio, got {ratio}: 0.5 halves the weight from layer to layer.")
    return _normalised({layer: ratio**depth for depth, layer in enumerate(_names(layers))})


def relative(style_zero_costs: Mapping[str, Number]) -> dict[str, float]:
    """λ_l = K_s / (L · E_l(S, 0)) from each layer's cost of S against zero features, K_s being their mean.

    Then Σ_l λ_l E_l / K_s is the mean over layers of E_l(X, S) / E_l(S, 0), 1 for a picture without features (compare
    Cheng et al., "Style-Aware Normalized Loss for Improving Arbitrary Style Transfer", 2021).

    >>> relative({"relu1_1": 3.0, "relu2_1": 1.0})  # K_s = 2: the layer with the larger cost weighs less
    {'relu1_1': 0.3333333333333333, 'relu2_1': 1.0}
    """
    costs = _positive(style_zero_costs, "cost against zero")
    mean = sum(costs.values()) / len(costs)
    return {layer: mean / (len(costs) * cost) for layer, cost in costs.items()}


def relative_geometric(style_zero_costs: Mapping[str, Number], ratio: float = 1 / 4) -> dict[str, float]:
    """λ_l = g_l K_s / E_l(S, 0), with g_l ∝ 1, ratio, ratio² … and Σ g_l = 1; raises ValueError unless ratio > 0.

    Then Σ_l λ_l E_l / K_s is a weighted mean of the relative costs E_l(X, S) / E_l(S, 0), in which shallow layers, and
    with them the palette and the brush, count most. Name the layers from shallow to deep. The ratio of a quarter is
    that of crowsonkb/style-transfer-pytorch, 256:64:16:4:1.

    >>> relative_geometric({"relu1_1": 3.0, "relu2_1": 1.0})  # K_s = 2, g = 4/5 and 1/5
    {'relu1_1': 0.5333333333333333, 'relu2_1': 0.4}
    """
    shares = geometric(style_zero_costs, ratio)
    return {layer: len(shares) * shares[layer] * weight for layer, weight in relative(style_zero_costs).items()}


def balanced(gradient_norms: Mapping[str, Number]) -> dict[str, float]:
    """λ_l · norm_l equal for all layers, Σ λ_l = 1; norm_l is ‖∂E_l/∂X‖, so all layers pull equally hard.

    >>> balanced({"relu1_1": 1.0, "relu2_1": 3.0})  # 0.75 · 1 = 0.25 · 3
    {'relu1_1': 0.75, 'relu2_1': 0.25}
    """
    return _normalised({layer: 1 / norm for layer, norm in _positive(gradient_norms, "gradient norm").items()})


def leave_one_out(layers: Iterable[str], dropped: str) -> dict[str, float]:
    """λ_l = 1/(L−1), and 0 for the dropped layer; raises ValueError where no other layer remains.

    >>> leave_one_out(["relu1_1", "relu2_1", "relu3_1"], "relu2_1")
    {'relu1_1': 0.5, 'relu2_1': 0.0, 'relu3_1': 0.5}
    """
    names = _names(layers, dropped)
    if len(names) == 1:
        raise ValueError(f"Expected two or more layers, so that one remains, got {dropped!r} alone: add one.")
    return {layer: 0.0 if layer == dropped else 1 / (len(names) - 1) for layer in names}


def single(layers: Iterable[str], kept: str) -> dict[str, float]:
    """λ_l = 1 for the kept layer and 0 for the others.

    >>> single(["relu1_1", "relu2_1"], "relu2_1")
    {'relu1_1': 0.0, 'relu2_1': 1.0}
    """
    return {layer: float(layer == kept) for layer in _names(layers, kept)}


PRESETS = {preset.__name__: preset for preset in (equal, inverse_n2, geometric, relative, relative_geometric, balanced)}
