"""How good a stylised picture is, in three numbers that agree with the eye, as one network sees it.

cut: the share of the relative style cost that is gone, 1 − Σ_l E_l(X, S) / E_l(0, S) : Σ_l E_l(C, S) / E_l(0, S).
content: ‖F_X − F_C‖² / ‖F_C‖² at relu4_2, 0 for the photo itself.
grain: the finest band of the chroma, against the larger of the photo's and the painting's; above 1 it shows as coloured
speckle. The chroma is the picture minus its luma, its finest band what a Gaussian of σ = 0.7 px takes away.

The judge is always the true VGG-16 in float32, whichever network made the picture.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from nstlib import networks, pictures
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.style import mean_gram, style_distance
from nstlib.transfer.colour import grey
from nstlib.transfer.shapes import Picture

CONTENT_LAYER = "relu4_2"
LAYERS = (*STYLE_LAYERS, CONTENT_LAYER)
SIGMA = 0.7  # pixels
REACH = 3  # pixels, more than four σ


@dataclass(frozen=True)
class Score:
    """cut, content and grain of one picture, and what is left of the style cost at each layer.

    >>> Score(cut=0.9, content=0.2, grain=1.1, left={"relu1_1": 0.05})
    Score(cut=0.9, content=0.2, grain=1.1, left={'relu1_1': 0.05})
    """

    cut: float
    content: float
    grain: float
    left: dict[str, float]


class PictureJudge:
    """``judge(picture)`` scores a picture that was made from `content` and `style`, both resized to `size`.

    The picture has the resized content's shape. `network` is a float32 network with LAYERS; without one the true
    VGG-16 is loaded. Raises what loading it raises, and NstError for pictures too small for relu5_1.

    >>> from nstlib import painted
    >>> photo, painting = painted.paint("mosaic", 32), painted.paint("night", 32)
    >>> judge = PictureJudge(photo, painting, 32, networks.load("minivgg", LAYERS))
    >>> score = judge(photo)
    >>> score.cut, score.content
    (0.0, 0.0)
    >>> round(judge(painting).cut, 3)
    1.0
    """

    @torch.no_grad()
    def __init__(self, content: Picture, style: Picture, size: int, network: Network | None = None) -> None:
        self.network = network or networks.load("vgg16", LAYERS)
        self.content, self.style = (pictures.resize(picture, size) for picture in (content, style))
        for picture in (self.content, self.style):
            pictures.require_side(picture, self.network.minimum_side, self.network.deepest)
        features_s = self.network(self.style[None])
        self.targets = {layer: mean_gram(features_s[layer][0]) for layer in STYLE_LAYERS}
        features_c = self.network(self.content[None])
        self.content_target = features_c[CONTENT_LAYER]
        self.before = sum(self._left(features_c).values())

    @torch.no_grad()
    def __call__(self, picture: Picture) -> Score:
        """Score one picture."""
        features = self.network(picture[None])
        left = self._left(features)
        difference = features[CONTENT_LAYER] - self.content_target
        content = difference.square().sum() / self.content_target.square().sum()
        fine = max(chroma_grain(self.content), chroma_grain(self.style))
        return Score(
            1 - sum(left.values()) / self.before, content.item(), chroma_grain(picture) / max(fine, 1e-6), left
        )

    def _left(self, features: dict[str, Tensor]) -> dict[str, float]:
        """E_l(X, S) / E_l(0, S) by style layer."""
        return {
            layer: (
                style_distance(mean_gram(features[layer][0]), goal) / style_distance(torch.zeros_like(goal), goal)
            ).item()
            for layer, goal in self.targets.items()
        }


def chroma_grain(picture: Float[Tensor, "3 height width"]) -> float:
    """Root mean square of the finest band of the chroma, 0 for a grey or a flat picture.

    >>> chroma_grain(torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0)).expand(3, 8, 8)) < 1e-6
    True
    """
    chroma = picture - grey(picture)
    return (chroma - _blurred(chroma)).square().mean().sqrt().item()


def _blurred(picture: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 height width"]:
    """Convolve with a Gaussian of SIGMA pixels, the border repeated."""
    positions = torch.arange(-REACH, REACH + 1)
    weights = torch.exp(-positions.square() / (2 * SIGMA**2))
    weights /= weights.sum()
    padded = functional.pad(picture[:, None], (REACH,) * 4, mode="replicate")
    across = functional.conv2d(padded, weights.view(1, 1, 1, -1))
    return functional.conv2d(across, weights.view(1, 1, -1, 1))[:, 0]
