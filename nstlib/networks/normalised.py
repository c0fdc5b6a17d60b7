"""Gatys' weight normalisation: every filter answers 1 on average, and the network still says the same."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.errors import NstError
from nstlib.networks.vgg import Network


@torch.no_grad()
def weight_normalised(network: Network, batch: Float[Tensor, "batch 3 height width"]) -> Network:
    """Return a copy whose filters, behind their ReLU, have mean 1 over all positions of the pictures in `batch`.

    Filter k's weights and bias are multiplied by s_k = 1 / (its mean answer), and what the next convolution takes from
    it is divided by s_k. Since ReLU(s a) = s ReLU(a) for s > 0, and pooling likewise, features are the original's times
    s_k, exactly; so G_kk' is multiplied by s_k s_k'. A filter that answers to none of the pictures stays as it is. One
    that answers rarely becomes very strong where it does: with few pictures such filters outweigh all others.

    Source: Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks" (2016), section 2. Raises
    NstError where a picture is too small for the deepest layer.

    >>> from nstlib import networks
    >>> batch = torch.linspace(0, 1, 3 * 16 * 16).view(1, 3, 16, 16)
    >>> network = weight_normalised(networks.load("random-vgg19", ["relu1_1"]), batch)
    >>> means = network(batch)["relu1_1"].mean((0, 2, 3))
    >>> bool(torch.isclose(means[means > 0], torch.tensor(1.0)).all())
    True
    """
    if min(batch.shape[-2:]) < network.minimum_side:
        raise NstError(
            f"Expected pictures of at least {network.minimum_side} pixels a side, which leave a position at "
            f"{network.deepest}, got {batch.shape[-2]} × {batch.shape[-1]}: resize them."
        )
    answers = network.with_layers(list(network.convolutions))(batch)
    means = {name: block.clamp_min(0).mean((0, 2, 3)) for name, block in answers.items()}
    scaled = copy.deepcopy(network)
    before = None
    for name, convolution in scaled.convolutions.items():
        scale = torch.where(means[name] > 0, 1 / means[name], torch.ones_like(means[name]))
        convolution.weight.mul_(scale[:, None, None, None])
        convolution.bias.mul_(scale)
        if before is not None:
            convolution.weight.div_(before[None, :, None, None])
        before = scale
    return scaled
