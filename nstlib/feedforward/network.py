"""The generator: a network that is given a photo and returns the painted picture, in one pass.

Its plan is that of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer" (2016),
arXiv:1603.08155: two convolutions halve the map, residual blocks work on a quarter of the side, and the map is enlarged
again. It differs in some points. It has fewer filters, and no tanh at its end. It normalises each picture by itself
(Ulyanov, Vedaldi and Lempitsky, 2016, arXiv:1607.08022). The map of half the side is added once more on the way back,
which keeps the photo's drawing (as in Ronneberger, Fischer and Brox, "U-Net", 2015, arXiv:1505.04597). Borders are
repeated. A map is enlarged by interpolation ahead of a convolution, since a transposed convolution leaves a
checkerboard (Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", 2016). And one channel of noise
joins the first map (as in Ulyanov et al., "Texture Networks", 2016, arXiv:1603.03417): where the photo is flat, a
convolution sees the same numbers at every position, and without noise it could paint no stroke there.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64)  # filters at the full side, at half of it and at a quarter
N_BLOCKS = 5  # residual blocks
EPSILON = 1e-5
NOISE_SIDE = 256  # pixels after which the noise comes again
NOISE_CHANNELS = 1

Features = Float[Tensor, "batch n_filters height width"]
Pictures = Float[Tensor, "batch 3 height width"]
Noise = Float[Tensor, "height width"]


class InstanceNorm(nn.Module):
    """Instance normalisation: σ_S (F − μ) / σ + μ_S, with μ and σ of each picture and filter, σ_S and μ_S learned.

    σ² is the mean of (F − μ)² over the positions, plus 1e-5. It is AdaIN for a single style: where AdaIN measures σ_S
    and μ_S on a painting, here they are weights. They begin as 1 and 0. Ulyanov, Vedaldi and Lempitsky, "Instance
    Normalization" (2016), arXiv:1607.08022, who call them γ and β.

    >>> normalised = InstanceNorm(1)(torch.tensor([[[[1.0, 3.0]]], [[[10.0, 30.0]]]]))  # two pictures, one filter
    >>> normalised.flatten().round(decimals=3)
    tensor([-1.,  1., -1.,  1.], grad_fn=<RoundBackward1>)
    """

    def __init__(self, n_filters: int) -> None:
        super().__init__()
        self.sigma_s = nn.Parameter(torch.ones(n_filters))
        self.mu_s = nn.Parameter(torch.zeros(n_filters))

    def forward(self, features: Features) -> Features:
        """(B,N,H,W) -> (B,N,H,W)."""
        return torch.cat([self._alone(picture) for picture in features.split(1)])

    def _alone(self, picture: Features) -> Features:
        """Normalise one picture: on a batch of one, batch normalisation computes this very formula."""
        return functional.batch_norm(picture, None, None, self.sigma_s, self.mu_s, training=True, eps=EPSILON)


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

    noise: (H,W) in [0,1], `still_noise(H, W)` unless given: the same photo is always painted alike. It joins the first
    map after that is normalised, so that it is equally strong in a pale photo and in a strong one.

    `nstlib.feedforward.Painter` takes a photo of any size, and clamps.

    >>> generator = seeded_generator(seed=0, widths=(8, 8, 8), n_blocks=1)
    >>> generator(torch.rand(2, 3, 32, 40)).shape
    torch.Size([2, 3, 32, 40])
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, n_blocks: int = N_BLOCKS) -> None:
        super().__init__()
        full, half, quarter = widths
        self.widths, self.n_blocks = tuple(widths), n_blocks
        self.shrink = nn.Sequential(
            Block(3, full, 9), Block(full + NOISE_CHANNELS, half, 3, stride=2), Block(half, quarter, 3, stride=2)
        )
        self.work = nn.Sequential(*(Residual(quarter) for _ in range(n_blocks)))
        self.to_half = Block(quarter, half, 3)
        self.to_full = Block(half, full, 3)
        self.to_picture = _convolution(full, 3, 9)

    def forward(self, photos: Pictures, noise: Noise | None = None) -> Pictures:
        """(B,3,H,W) -> (B,3,H,W)."""
        noise = still_noise(*photos.shape[2:]) if noise is None else noise
        at_full = self.shrink[0](photos - 0.5)
        channel = (noise - 0.5).to(at_full).expand(len(photos), 1, -1, -1)
        at_half = self.shrink[1](torch.cat([at_full, channel], 1))
        at_quarter = self.work(self.shrink[2](at_half))
        at_half = at_half + self.to_half(_doubled(at_quarter))
        return self.to_picture(self.to_full(_doubled(at_half))) + 0.5


def still_noise(height: int, width: int, shift: tuple[int, int] = (0, 0)) -> Noise:
    """Return the noise of every picture, float32 (H,W) in [0,1]; `shift`: by so many rows and columns.

    Uniform random numbers, one for every 2 × 2 positions, are smoothed from one to the next.

    It is the same at every call, and comes again after 256 pixels, without a seam. Neighbours are alike, since the
    next convolution takes every second position: in a film, noise that changed from pixel to pixel would flicker as it
    moves.

    >>> still_noise(2, 300).shape, bool((still_noise(2, 300)[:, :44] == still_noise(2, 300)[:, 256:]).all())
    (torch.Size([2, 300]), True)
    """
    coarse = torch.rand(1, 1, NOISE_SIDE // 2, NOISE_SIDE // 2, generator=torch.Generator().manual_seed(0))
    around = functional.pad(coarse, (1, 1, 1, 1), mode="circular")
    tile = _doubled(around)[0, 0, 2:-2, 2:-2].roll(shift, (0, 1))
    return tile.repeat(-(-height // NOISE_SIDE), -(-width // NOISE_SIDE))[:height, :width]


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


def _doubled(features: Features) -> Features:
    return functional.interpolate(features, scale_factor=2, mode="bilinear")
