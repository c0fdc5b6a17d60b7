"""The generator: a network that is given a photo and returns the painted picture, in one pass.

Its plan is that of Johnson, Alahi and Li, "Perceptual Losses for Real-Time Style Transfer" (2016), arXiv:1603.08155:
two convolutions halve the map, residual blocks work on a quarter of the side, and the map is enlarged again. Here it
has fewer filters; it normalises each picture by itself (Ulyanov, Vedaldi and Lempitsky, 2016, arXiv:1607.08022);
borders are repeated; and a map is enlarged by interpolation ahead of a convolution, since a transposed convolution
leaves a checkerboard (Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", 2016).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64)  # filters at the full side, at half of it and at a quarter
N_BLOCKS = 5  # residual blocks
EPSILON = 1e-5

Features = Float[Tensor, "batch n_filters height width"]
Pictures = Float[Tensor, "batch 3 height width"]


class InstanceNorm(nn.Module):
    """Instance normalisation, γ (F − μ) / σ + β: μ and σ are each picture's and filter's own, γ and β are learned.

    σ² is the mean of (F − μ)² over the positions, plus 1e-5.

    It is AdaIN without a painting: β and γ stand where AdaIN has a painting's μ and σ.
    Ulyanov, Vedaldi and Lempitsky, "Instance Normalization" (2016), arXiv:1607.08022.

    >>> normalised = InstanceNorm(1)(torch.tensor([[[[1.0, 3.0]]], [[[10.0, 30.0]]]]))  # two pictures, one filter
    >>> normalised.flatten().round(decimals=3)
    tensor([-1.,  1., -1.,  1.], grad_fn=<RoundBackward1>)
    """

    def __init__(self, n_filters: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(n_filters))
        self.beta = nn.Parameter(torch.zeros(n_filters))

    def forward(self, features: Features) -> Features:
        """(B,N,H,W) -> (B,N,H,W)."""
        return torch.cat([self._alone(picture) for picture in features.split(1)])

    def _alone(self, picture: Features) -> Features:
        """Normalise one picture: on a batch of one, batch normalisation computes this very formula."""
        return functional.batch_norm(picture, None, None, self.gamma, self.beta, training=True, eps=EPSILON)


class Block(nn.Module):
    """A convolution with repeated borders, instance normalisation, and a ReLU.

    >>> Block(3, 8, kernel=3, stride=2)(torch.rand(1, 3, 8, 8)).shape
    torch.Size([1, 8, 4, 4])
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = _convolution(n_in, n_out, kernel, stride)
        self.norm = InstanceNorm(n_out)

    def forward(self, features: Features) -> Features:
        """(B,N,H,W) -> (B,N',H/stride,W/stride)."""
        return functional.relu(self.norm(self.convolution(features)))


class Residual(nn.Module):
    """F + g(F), where g is a block and then a convolution with its normalisation: He et al. (2016), arXiv:1512.03385.

    >>> Residual(8)(torch.rand(1, 8, 4, 4)).shape
    torch.Size([1, 8, 4, 4])
    """

    def __init__(self, n_filters: int) -> None:
        super().__init__()
        self.block = Block(n_filters, n_filters, kernel=3)
        self.convolution = _convolution(n_filters, n_filters, 3)
        self.norm = InstanceNorm(n_filters)

    def forward(self, features: Features) -> Features:
        """(B,N,H,W) -> (B,N,H,W)."""
        return features + self.norm(self.convolution(self.block(features)))


class Generator(nn.Module):
    """``generator(photos)`` -> pictures of the same shape, (B,3,H,W), H and W multiples of 4; values may leave [0, 1].

    `nstlib.feedforward.paint` takes a photo of any size, and clamps.

    >>> generator = seeded_generator(seed=0, widths=(8, 8, 8), n_blocks=1)
    >>> generator(torch.rand(2, 3, 32, 40)).shape
    torch.Size([2, 3, 32, 40])
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, n_blocks: int = N_BLOCKS) -> None:
        super().__init__()
        full, half, quarter = widths
        self.widths, self.n_blocks = tuple(widths), n_blocks
        self.shrink = nn.Sequential(
            Block(3, full, 9), Block(full, half, 3, stride=2), Block(half, quarter, 3, stride=2)
        )
        self.work = nn.Sequential(*(Residual(quarter) for _ in range(n_blocks)))
        self.enlarge = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), Block(quarter, half, 3))
        self.enlarge.extend([nn.Upsample(scale_factor=2, mode="bilinear"), Block(half, full, 3)])
        self.to_picture = _convolution(full, 3, 9)

    def forward(self, photos: Pictures) -> Pictures:
        """(B,3,H,W) -> (B,3,H,W)."""
        features = self.enlarge(self.work(self.shrink(photos - 0.5)))
        return self.to_picture(features) + 0.5


def seeded_generator(seed: int, widths: Sequence[int] = WIDTHS, n_blocks: int = N_BLOCKS) -> Generator:
    """Return an untrained generator whose weights the seed decides; torch's own generator stays where it was.

    >>> one, other = (seeded_generator(3, widths=(8, 8, 8), n_blocks=1) for _ in range(2))
    >>> bool(torch.equal(one.to_picture.weight, other.to_picture.weight))
    True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(widths, n_blocks)


def _convolution(n_in: int, n_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, kernel, stride, padding=kernel // 2, padding_mode="replicate")
