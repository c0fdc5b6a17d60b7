"""What stands behind the transparent parts of a picture."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def extend_colours(
    picture: Float[Tensor, "3 height width"], alpha: Float[Tensor, "1 height width"]
) -> Float[Tensor, "3 height width"]:
    """Lay a picture that was read on white on its own colours instead, blurred ever more with the distance.

    So no white shows at the edges once the picture is transparent again. Pull and push over halved sizes: Gortler et
    al., "The Lumigraph" (1996), section 3.4.

    >>> import torch
    >>> alpha = torch.tensor([[[1.0, 0.5, 0.0, 0.0]]])
    >>> red = torch.tensor([1.0, 0.0, 0.0]).view(3, 1, 1).expand(3, 1, 4)
    >>> extend_colours(red * alpha + (1 - alpha), alpha)[:, 0]
    tensor([[1., 1., 1., 1.],
            [0., 0., 0., 0.],
            [0., 0., 0., 0.]])
    """
    return _filled(picture - (1 - alpha), alpha).clamp(0, 1)


def _filled(colours: Float[Tensor, "3 _ _"], alpha: Float[Tensor, "1 _ _"]) -> Float[Tensor, "3 _ _"]:
    """Fill up colours that are weighted by alpha, from a picture of half the size."""
    height, width = alpha.shape[1:]
    if height == width == 1:
        return colours / alpha.clamp(min=1e-6)
    size = (height + 1) // 2, (width + 1) // 2
    half = functional.adaptive_avg_pool2d(colours, size), functional.adaptive_avg_pool2d(alpha, size)
    behind = functional.interpolate(_filled(*half)[None], (height, width), mode="bilinear")[0]
    return colours + (1 - alpha) * behind
