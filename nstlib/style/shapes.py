"""The shapes in the formulas, each given its name once.

A name means one number throughout a signature: two blocks with `n_filters` have equally many. One that begins with an
underscore may differ, as the sizes of two pictures do. `*#batch` stands for leading dimensions, which broadcast.
"""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "*#batch n_filters height width"]
FeaturesOfAnySize = Float[Tensor, "*#batch n_filters _height _width"]
FeaturesByLayer = Mapping[str, Float[Tensor, "*_batch _n_filters _height _width"]]
Unrolled = Float[Tensor, "*#batch n_filters height*width"]
Matrix = Float[Tensor, "*#batch n_filters n_filters"]  # a Gram matrix, or one divided by M
Cost = Float[Tensor, "*#batch"]


def require_same_filters(n_x: int, n_s: int) -> int:
    """Return N, which two pictures' blocks or summaries must share; ValueError where they do not.

    >>> require_same_filters(16, 16)
    16
    """
    if n_x != n_s:
        raise ValueError(
            f"Expected summaries of equally many filters, got {n_x} and {n_s}: "
            "summarise the same layer of the same network for both pictures."
        )
    return n_x
