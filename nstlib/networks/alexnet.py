"""AlexNet: five convolutions, the first of which is large and takes steps of four pixels (lesson 09c).

Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014), arXiv:1404.5997, whose
single-column network torchvision trained on ImageNet.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from nstlib.errors import NstError
from nstlib.networks.vgg import Architecture, Pooling

KERNELS = {"conv1": (11, 4, 2), "conv2": (5, 1, 2)}  # side, stride, padding; the others have 3, 1, 1
POOLED = ("conv1", "conv2")  # followed by a max pool of 3 × 3, stride 2
ALEXNET_LAYERS = ("relu1", "relu2", "relu3", "relu4", "relu5")


@dataclass(frozen=True)
class AlexNetArchitecture(Architecture):
    """AlexNet's layers: ``conv1``, ``relu1``, ``pool1``, ``conv2`` and so on, without block and index.

    >>> ALEXNET.layers[:4], ALEXNET.convolutions["conv2"]
    (('conv1', 'relu1', 'pool1', 'conv2'), (64, 192))
    """

    @property
    def convolutions(self) -> dict[str, tuple[int, int]]:
        """Name -> (channels in, filters) of each convolution, in order."""
        channels = (3, *self.widths)
        return {f"conv{number}": (channels[number - 1], channels[number]) for number in range(1, len(channels))}

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer's name, from the picture to the depth."""
        names = []
        for name in self.convolutions:
            names += [name, name.replace("conv", "relu")]
            names += [name.replace("conv", "pool")] if name in POOLED else []
        return tuple(names)

    def stage(self, name: str, pooling: Pooling) -> nn.Module:
        """Make one layer. NstError for average pooling, for which its filters were never tried."""
        if pooling == "average":
            raise NstError("Expected pooling='max' for AlexNet, got 'average': leave it out, or load a VGG.")
        if name.startswith("conv"):
            side, stride, padding = KERNELS.get(name, (3, 1, 1))
            return nn.Conv2d(*self.convolutions[name], side, stride, padding)
        return nn.ReLU(inplace=False) if name.startswith("relu") else nn.MaxPool2d(3, 2)

    def least_side(self, layers: Iterable[str]) -> int:
        """Least picture side, in pixels, that leaves one position at the deepest of `layers`.

        >>> ALEXNET.least_side(["relu1"]), ALEXNET.least_side(["relu5"])
        (7, 31)
        """
        side = 1
        for name in reversed(self.until_deepest(layers)):
            if name.startswith("pool"):
                side = 2 * (side - 1) + 3
            elif name == "conv1":
                kernel, stride, padding = KERNELS[name]
                side = stride * (side - 1) + kernel - 2 * padding
        return side


ALEXNET = AlexNetArchitecture(widths=(64, 192, 384, 256, 256), depths=(1, 1, 1, 1, 1))
