"""What moves through a run of style transfer: pictures, blocks of features, single numbers.

Sizes begin with an underscore because two pictures, and two layers, may differ in them.
"""

from jaxtyping import Float
from torch import Tensor

Picture = Float[Tensor, "3 _height _width"]
Mask = Float[Tensor, "_height _width"]
Block = Float[Tensor, "_n_filters _height _width"]
Scalar = Float[Tensor, ""]
