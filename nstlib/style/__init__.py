"""The mathematics of style transfer, importing PyTorch alone.

costs: the Gram matrix, content and style cost, and the style cost's gradient by hand. shapes: the names of the shapes.
products: the precision in which matrices are multiplied. statistics: what can take the Gram matrix's place, with roots
of covariances. transforms: features given a style's statistic in closed form. patches: a cost that knows neighbours.
conventions: the style cost as other programs write it. weighting: presets for the layer weights λ_l.
"""

from nstlib.style import conventions, patches, statistics, transforms, weighting
from nstlib.style.costs import (
    chroma_roughness,
    content_cost,
    gram_matrix,
    layer_style_cost,
    mean_gram,
    style_cost,
    style_distance,
    style_gradient,
    total_cost,
    total_variation,
    unroll,
)

__all__ = [
    "chroma_roughness",
    "content_cost",
    "conventions",
    "gram_matrix",
    "layer_style_cost",
    "mean_gram",
    "patches",
    "statistics",
    "style_cost",
    "style_distance",
    "style_gradient",
    "total_cost",
    "total_variation",
    "transforms",
    "unroll",
    "weighting",
]
